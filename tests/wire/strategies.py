"""Messages for property tests: good ones, and good ones with something wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

TYPES = ("identify", "track", "page", "screen", "group", "alias")
FIELDS = (
    "type", "userId", "anonymousId", "groupId", "previousId", "messageId", "event", "name", "category",
    "properties", "traits", "context", "integrations", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "writeKey", "own",
)  # fmt: skip

texts = st.text(max_size=8)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**66), 2**66) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(texts, json_values, max_size=4)
ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
times = st.sampled_from(
    [
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T12:00:00+02:00",
        "1900-01-01T00:00:00Z",
        "never",
        0,
        None,
        "2299-12-31T23:59:59Z",
    ]
)

odd_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**30,
        "",
        " ",
        "x",
        "\0",
        "a\0b",
        "x" * 100,
        "x" * 101,
        "x" * 500,
        "x" * 501,
        [],
        {},
        ["x"],
        {"a": 1},
    ]
)


class Parts(NamedTuple):
    """What messages are made of. Drawing deep values is slow; a test that needs very many messages brings its own."""

    ids: st.SearchStrategy[str] = ids
    texts: st.SearchStrategy[str] = texts
    objects: st.SearchStrategy[dict[str, Any]] = objects
    values: st.SearchStrategy[Any] = json_values


ANY = Parts()


@st.composite
def good_messages(draw: st.DrawFn, parts: Parts = ANY) -> dict[str, Any]:
    """A message that breaks no rule."""
    kind = draw(st.sampled_from(TYPES))
    message: dict[str, Any] = {"type": kind}
    if kind == "alias":
        message |= {"userId": draw(parts.ids), "previousId": draw(parts.ids)}
    else:
        who = draw(st.sampled_from([("userId",), ("anonymousId",), ("userId", "anonymousId")]))
        message |= {name: draw(parts.ids) for name in who}
    if kind == "group":
        message["groupId"] = draw(parts.ids)
    if kind == "track":
        message["event"] = draw(parts.ids)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "messageId": parts.ids,
        "properties": parts.objects,
        "traits": parts.objects,
        "context": parts.objects,
        "integrations": parts.objects,
        "timestamp": times,
        "sentAt": times,
        "own": parts.values,
    }
    if kind in {"page", "screen"}:
        optional |= {"name": parts.ids, "category": parts.texts}
    chosen = draw(st.integers(0, 2 ** len(optional) - 1))
    for number, (name, strategy) in enumerate(optional.items()):
        if chosen >> number & 1:
            message[name] = draw(strategy)
    return message


@st.composite
def doubtful_messages(draw: st.DrawFn, parts: Parts = ANY) -> dict[str, Any]:
    """A good message of which some fields were left out or given odd values; it may still be good."""
    message = draw(good_messages(parts))
    for name in draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True)):
        if draw(st.booleans()):
            message.pop(name, None)
        else:
            message[name] = draw(odd_values)
    return message
