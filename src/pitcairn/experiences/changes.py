"""The page changes of a variation: what they may be, and what of them a visitor's browser is told.

A change names the elements it is about (`selector`, CSS) and what happens to them. The tag applies changes inside
somebody else's page, so what could run code there is refused when a change is saved: event-handler attributes,
`javascript:` addresses, script elements. Shapes and cases: `spec/changes.json`, which the tag's tests read too.
"""

import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import Any, Literal, TypeAlias

import msgspec

from pitcairn.experiences.tokens import Text, TokenError, has_tokens

# A page with more changes than this is another page, and every change is looked for again on every DOM mutation.
MAX_CHANGES = 100
# Selectors are also sent to visitors in control, and written into the tag's style sheet that hides the elements.
MAX_SELECTOR_LENGTH = 500
MAX_OTHER_SELECTORS = 5
MAX_MATCHES = 1_000
MAX_LOOK_LENGTH = 4_000
MAX_NAME_LENGTH = 100
MAX_VALUE_LENGTH = 20_000
# All changes of one variation as JSON: they travel in the answer that the page waits for.
MAX_TOTAL_LENGTH = 64_000


class ChangeError(ValueError):
    """A list of changes is not usable. The text names the path, the value and what to do."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an element was like when the change was made, so that the editor finds it again after a redesign.

    No visitor's browser is told of it. `path` are the tags of its ancestors below the body.
    """

    tag: str
    text: str = ""
    id: str = ""
    classes: tuple[str, ...] = ()
    attributes: dict[str, str] = {}
    path: tuple[str, ...] = ()


class _Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which elements a change is about.

    `otherwise` are further selectors for the same elements, in the order in which the tag tries them. With `matches` it takes
    the first selector that finds so many elements; without it, `selector`.
    """

    selector: str
    otherwise: tuple[str, ...] = ()
    matches: int | None = None
    look: Look | None = None


class TextChange(_Target, frozen=True, kw_only=True, tag="text"):
    """The element's text becomes `value`; markup in it is shown as text."""

    value: str


class HTMLChange(_Target, frozen=True, kw_only=True, tag="html"):
    """The element's content becomes the HTML in `value`."""

    value: str


class AttributeChange(_Target, frozen=True, kw_only=True, tag="attribute"):
    """The attribute `name` becomes `value`, or is removed when `value` is null."""

    name: str
    value: str | None


class StyleChange(_Target, frozen=True, kw_only=True, tag="style"):
    """The style property `name` becomes `value`."""

    name: str
    value: str


class HideChange(_Target, frozen=True, kw_only=True, tag="hide"):
    """The element is not shown."""


class InsertChange(_Target, frozen=True, kw_only=True, tag="insert"):
    """The HTML in `value` is put before or after the element, or at its start or end."""

    position: Literal["before", "after", "start", "end"]
    value: str


class MoveChange(_Target, frozen=True, kw_only=True, tag="move"):
    """The element stands before or after another one (`to`, CSS), or at its start or end."""

    to: str
    position: Literal["before", "after", "start", "end"]


Change: TypeAlias = TextChange | HTMLChange | AttributeChange | StyleChange | HideChange | InsertChange | MoveChange

CHANGE_TYPES: dict[str, type[Change]] = {
    "text": TextChange,
    "html": HTMLChange,
    "attribute": AttributeChange,
    "style": StyleChange,
    "hide": HideChange,
    "insert": InsertChange,
    "move": MoveChange,
}

_ATTRIBUTE_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:.\-]*")
_STYLE_NAME = re.compile(r"--[A-Za-z0-9_\-]+|-?[a-z]+(-[a-z0-9]+)*")
# Browsers ignore control characters and spaces in front of, and line breaks and tabs inside, a scheme.
_IGNORED_IN_SCHEME = re.compile(r"[\x00-\x20\x7f]+")
_ELEMENTS_THAT_RUN = {"script", "iframe", "frame", "object", "embed", "base", "meta", "link", "animate", "set"}
# Browsers read the content of these by rules of their own, so that one could hide in it what this check does not see.
_ELEMENTS_READ_OTHERWISE = {"title", "xmp", "noscript", "noembed", "noframes", "plaintext", "template", "math"}
_CONVERT_ERROR = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_FIELD = re.compile(r"field `(\w+)`")


def parse_changes(value: object, path: str = "changes") -> tuple[Change, ...]:
    """Checks a list of changes as JSON has it and gives it back as structs.

    Raises ChangeError for the first one that is not usable; its path is like `changes[2].selector`.
    """
    if not isinstance(value, list | tuple):
        raise ChangeError(path, f"{value!r} is not a list of changes")
    if len(value) > MAX_CHANGES:
        raise ChangeError(path, f"{len(value)} changes are too many; the limit is {MAX_CHANGES}")
    changes = tuple(parse_change(item, f"{path}[{index}]") for index, item in enumerate(value))
    length = len(msgspec.json.encode(changes))
    if length > MAX_TOTAL_LENGTH:
        raise ChangeError(path, f"together they are {length:,} bytes long; the limit is {MAX_TOTAL_LENGTH:,}")
    return changes


def parse_change(value: object, path: str = "change") -> Change:
    """Checks one change. Raises ChangeError."""
    if not isinstance(value, dict):
        raise ChangeError(path, f"{value!r} is not a change; write an object with a type and a selector")
    kind = value.get("type")
    struct = CHANGE_TYPES.get(kind) if isinstance(kind, str) else None
    if struct is None:
        raise ChangeError(f"{path}.type", f"{kind!r} is not a type of change; use one of {', '.join(CHANGE_TYPES)}")
    cleaned = {
        key: item.strip() if key in {"selector", "name", "to"} and isinstance(item, str) else item
        for key, item in value.items()
    }
    try:
        change: Change = msgspec.convert(cleaned, struct)
    except msgspec.ValidationError as error:
        raise _in_our_words(error, str(kind), path) from None
    _check_target(change, path)
    check_written(change, path)
    _check_tokens(change, path)
    return change


def check_written(change: Change, path: str = "change") -> None:
    """Checks what a change does, as saved or with its tokens filled in. Raises ChangeError."""
    match change:
        case TextChange():
            _check_length(change.value, f"{path}.value", MAX_VALUE_LENGTH)
        case HTMLChange() | InsertChange():
            _check_length(change.value, f"{path}.value", MAX_VALUE_LENGTH)
            _check_html(change.value, f"{path}.value")
        case AttributeChange():
            _check_attribute(change, path)
        case StyleChange():
            _check_style(change, path)
        case MoveChange():
            _check_selector(change.to, f"{path}.to")
        case HideChange():
            pass


def for_visitor(changes: Iterable[Change], personalized: bool) -> list[dict[str, Any]]:
    """What a visitor's browser receives: the changes, or, for control, only which elements they are about.

    Control needs the selectors so that its exposure is sent at the same moment as the other's: when the elements are
    there.
    """
    told = [_plain(change) for change in changes]
    for one in told:
        one.pop("look", None)
    if personalized:
        return told
    targets = [{key: one[key] for key in _TARGET if key in one} for one in told]
    return [target for index, target in enumerate(targets) if target not in targets[:index]]


_TARGET = ("selector", "otherwise", "matches")


def selectors(changes: Iterable[Change]) -> tuple[str, ...]:
    """By which selectors the elements of the changes may be found, each once, in order."""
    return tuple(dict.fromkeys(one for change in changes for one in (change.selector, *change.otherwise)))


def to_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The changes as the SQL store keeps them."""
    return [_plain(change) for change in changes]


def _plain(change: Change) -> dict[str, Any]:
    """The change of JSON's own types: lists, where the struct has tuples."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(change))
    return plain


def describe(change: Change) -> str:
    """One readable sentence without a full stop: what happens to which element."""
    match change:
        case TextChange():
            return f"Text of {change.selector} becomes “{shortened(change.value)}”"
        case HTMLChange():
            return f"Content of {change.selector} becomes {shortened(change.value)}"
        case AttributeChange(value=None):
            return f"{change.name} of {change.selector} is removed"
        case AttributeChange():
            return f"{change.name} of {change.selector} becomes “{shortened(change.value or '')}”"
        case StyleChange():
            return f"{change.name} of {change.selector} becomes {shortened(change.value)}"
        case HideChange():
            return f"{change.selector} is hidden"
        case InsertChange():
            places = {"before": "before", "after": "after", "start": "at the start of", "end": "at the end of"}
            return f"{shortened(change.value)} is put {places[change.position]} {change.selector}"
        case MoveChange():
            places = {"before": "before", "after": "after", "start": "to the start of", "end": "to the end of"}
            return f"{change.selector} is moved {places[change.position]} {change.to}"


def shortened(text: str, length: int = 80) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _in_our_words(error: msgspec.ValidationError, kind: str, path: str) -> ChangeError:
    match = _CONVERT_ERROR.fullmatch(str(error))
    problem = match["problem"] if match else str(error)
    field = _FIELD.search(problem)
    if field and "missing" in problem:
        problem = f"a change of type {kind!r} needs {field[1]!r}"
    elif field and "unknown" in problem:
        problem = f"{field[1]!r} is no part of a change of type {kind!r}; remove it"
    return ChangeError(path + ((match["path"] or "") if match else ""), problem)


def _check_length(text: str, path: str, limit: int) -> None:
    if len(text) > limit:
        raise ChangeError(path, f"{len(text):,} characters are too many; the limit is {limit:,}")
    if "\x00" in text:
        raise ChangeError(path, "it holds a NUL character; remove it")


def _check_tokens(change: Change, path: str) -> None:
    """Tokens must be readable, and what they leave when nothing is known must be as safe as anything else."""
    if isinstance(change, HideChange | MoveChange | StyleChange) or not has_tokens(change.value):
        return
    try:
        text = Text(change.value or "", html=isinstance(change, HTMLChange | InsertChange))
    except TokenError as error:
        raise ChangeError(f"{path}.value", str(error)) from None
    check_written(msgspec.structs.replace(change, value=text.render({})), path)


def _check_target(change: Change, path: str) -> None:
    _check_selector(change.selector, f"{path}.selector")
    if len(change.otherwise) > MAX_OTHER_SELECTORS:
        raise ChangeError(
            f"{path}.otherwise", f"{len(change.otherwise)} are too many; the limit is {MAX_OTHER_SELECTORS}"
        )
    for index, selector in enumerate(change.otherwise):
        _check_selector(selector, f"{path}.otherwise[{index}]")
    if change.matches is not None and not 1 <= change.matches <= MAX_MATCHES:
        raise ChangeError(
            f"{path}.matches", f"{change.matches} is no number of elements; it is from 1 to {MAX_MATCHES:,}"
        )
    if change.look is not None and len(msgspec.json.encode(change.look)) > MAX_LOOK_LENGTH:
        raise ChangeError(f"{path}.look", f"it is longer than {MAX_LOOK_LENGTH:,} bytes")


def _check_selector(selector: str, path: str) -> None:
    if not selector:
        raise ChangeError(path, "it is empty; write the CSS selector of the element, such as h1 or #hero .title")
    _check_length(selector, path, MAX_SELECTOR_LENGTH)
    closers = {"[": "]", "(": ")"}
    open_brackets: list[str] = []
    quote = ""
    escaped = False
    for character in selector:
        if character in "{}<" or character < " ":
            raise ChangeError(path, f"{selector!r} holds {character!r}, which no selector needs; remove it")
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in closers:
            open_brackets.append(closers[character])
        elif character in "])" and (not open_brackets or open_brackets.pop() != character):
            raise ChangeError(path, f"{selector!r} closes {character!r} without opening it")
    if quote or open_brackets or escaped:
        missing = quote or (open_brackets[-1] if open_brackets else "the character after \\")
        raise ChangeError(path, f"{selector!r} is not complete; {missing} is missing at its end")
    for place, character in (("begins", selector[0]), ("ends", selector[-1])):
        if character in ",>+~":
            raise ChangeError(path, f"{selector!r} is not complete; it {place} with {character!r}")


def check_selector(selector: str) -> None:
    """Refuses, with a ChangeError, what cannot be the selector of an element."""
    _check_selector(selector.strip(), "")


def _check_attribute(change: AttributeChange, path: str) -> None:
    name = change.name
    if not name:
        raise ChangeError(f"{path}.name", "it is empty; write the name of the attribute, such as href")
    _check_length(name, f"{path}.name", MAX_NAME_LENGTH)
    if not _ATTRIBUTE_NAME.fullmatch(name):
        raise ChangeError(f"{path}.name", f"{name!r} is not the name of an attribute")
    problem = _attribute_problem(name, change.value or "")
    if problem:
        where = "name" if change.value is None or name.lower().startswith("on") else "value"
        raise ChangeError(f"{path}.{where}", problem)
    _check_length(change.value or "", f"{path}.value", MAX_VALUE_LENGTH)


def _attribute_problem(name: str, value: str) -> str:
    """Why this attribute may not be set, or nothing."""
    name = name.lower()
    if name.startswith("on"):
        return f"{name!r} runs code when something happens; changes cannot set event handlers"
    if name == "srcdoc":
        return "'srcdoc' holds a whole page that can run code; changes cannot set it"
    scheme = _IGNORED_IN_SCHEME.sub("", value).lower()
    if scheme.startswith(("javascript:", "vbscript:", "data:text/html")):
        return f"{shortened(value, 60)!r} runs code; use an address that starts with https:// or /"
    return ""


def _check_style(change: StyleChange, path: str) -> None:
    if not change.name:
        raise ChangeError(f"{path}.name", "it is empty; write the name of the style property, such as color")
    _check_length(change.name, f"{path}.name", MAX_NAME_LENGTH)
    if not _STYLE_NAME.fullmatch(change.name):
        raise ChangeError(
            f"{path}.name", f"{change.name!r} is not a style property; write it as in CSS, such as background-color"
        )
    _check_length(change.value, f"{path}.value", MAX_VALUE_LENGTH)
    if not change.value.strip():
        raise ChangeError(f"{path}.value", f"it is empty; write what {change.name} becomes")
    if any(character in change.value for character in "{};<"):
        raise ChangeError(
            f"{path}.value", f"{shortened(change.value, 60)!r} is more than one value; make one change each"
        )
    if "javascript:" in _IGNORED_IN_SCHEME.sub("", change.value).lower():
        raise ChangeError(f"{path}.value", f"{shortened(change.value, 60)!r} runs code; use an https:// address")


class _HTMLCheck(HTMLParser):
    """Finds what could run code in a piece of HTML, assuming the worst where markup can be read in several ways."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problem = ""

    def set_cdata_mode(self, elem: str, **_: object) -> None:
        """Does nothing: tags inside style or textarea count too, for a browser may come to read them as HTML."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ELEMENTS_THAT_RUN:
            self._found(f"<{tag}> can run code or load a page; changes cannot hold it")
        if tag in _ELEMENTS_READ_OTHERWISE:
            self._found(f"<{tag}> cannot be checked; changes cannot hold it")
        for name, value in attrs:
            # In broken markup a browser may take "/" or quotes as separators where this parser does not.
            self._found(_attribute_problem(re.split(r"[/\"']", name)[-1], value or ""))
            if "</" in (value or ""):
                self._found(f"the attribute {name!r} holds '</'; leave that out")

    def _found(self, problem: str) -> None:
        self.problem = self.problem or problem


def _check_html(html: str, path: str) -> None:
    if "<!" in html or "<?" in html:
        raise ChangeError(path, "it holds a comment or a declaration ('<!' or '<?'); remove it")
    check = _HTMLCheck()
    check.feed(html)
    check.close()
    if check.problem:
        raise ChangeError(path, check.problem)
