"""The signed id of an exposure: nothing but what the server decided is one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.experiences.exposures import EVENT, Exposure, exposure_id, read_exposure

SECRET = b"the workspace's secret"
DECIDED: dict[str, Any] = {"experience_id": 3, "segment_id": 5, "variation_id": 8, "visitor": "visitor-1"}


def reported(secret: bytes = SECRET, nonce: str = "0a1b", **changed: Any) -> dict[str, Any]:
    """The properties with which the tag reports an exposure of what was decided."""
    decided = {**DECIDED, **changed}
    return {
        "exposureId": exposure_id(secret, nonce, **decided),
        "experienceId": decided["experience_id"],
        "audienceSegmentId": decided["segment_id"],
        "variationId": decided["variation_id"] or None,
        "visitorId": decided["visitor"],
        "pageUrl": "https://acme.example/",
        "experience": "Corporate Website Experiment",
    }


def test_what_was_decided_is_an_exposure() -> None:
    found = read_exposure(SECRET, EVENT, reported())
    assert found == Exposure(
        id=reported()["exposureId"],
        experience_id=3,
        segment_id=5,
        variation_id=8,
        visitor="visitor-1",
        page_url="https://acme.example/",
    )
    assert found.personalized


def test_control_has_no_variation() -> None:
    found = read_exposure(SECRET, EVENT, reported(variation_id=0))
    assert found is not None
    assert (found.variation_id, found.personalized) == (0, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"experienceId": 4},
        {"audienceSegmentId": 6},
        {"variationId": None},
        {"variationId": 9},
        {"visitorId": "visitor-2"},
        {"exposureId": ""},
        {"exposureId": None},
        {"exposureId": 7},
        {"exposureId": "exp-0a1b-3"},
        {"exposureId": "exp-0a1b-3-"},
        {"exposureId": "exp-0a1b-3-ä"},
        {"exposureId": "exp-0a1b-3-\ud800"},
        {"visitorId": None},
        {"visitorId": ["visitor-1"]},
        {"visitorId": "\ud800"},
        {"experienceId": "3"},
        {"experienceId": 3.0},
        {"experienceId": True},
        {"variationId": {}},
        {"variationId": [1]},
    ],
)
def test_what_was_changed_is_none(changed: dict[str, Any]) -> None:
    assert read_exposure(SECRET, EVENT, {**reported(), **changed}) is None


@pytest.mark.parametrize("part", range(4))
def test_one_signature_stands_in_one_id(part: int) -> None:
    """Otherwise one decision could be reported as many exposures."""
    parts = reported()["exposureId"].split("-")
    parts[part] = parts[part] + "0"
    assert read_exposure(SECRET, EVENT, {**reported(), "exposureId": "-".join(parts)}) is None


def test_another_workspace_signs_otherwise() -> None:
    assert read_exposure(b"another secret", EVENT, reported()) is None


def test_another_event_is_none() -> None:
    assert read_exposure(SECRET, "Clicked Login Button", reported()) is None


@pytest.mark.parametrize("missing", ["exposureId", "visitorId", "experienceId", "audienceSegmentId", "variationId"])
def test_what_is_missing_makes_it_none(missing: str) -> None:
    properties = reported()
    del properties[missing]
    assert read_exposure(SECRET, EVENT, properties) is None


@pytest.mark.parametrize("page_url", [None, 5, ["x"]])
def test_an_odd_page_is_no_reason_to_lose_it(page_url: object) -> None:
    found = read_exposure(SECRET, EVENT, {**reported(), "pageUrl": page_url})
    assert found is not None
    assert found.page_url == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("exposureId", "visitorId", "experienceId", "audienceSegmentId", "variationId", "pageUrl")


@given(st.dictionaries(st.sampled_from(KEYS), JSON, min_size=1))
def test_anything_may_stand_there(properties: dict[str, Any]) -> None:
    assert read_exposure(SECRET, EVENT, properties) is None
    mixed = read_exposure(SECRET, EVENT, {**reported(), **properties})
    signed = {key: value for key, value in properties.items() if key != "pageUrl"}
    assert (mixed is not None) == all(type(reported()[k]) is type(v) and reported()[k] == v for k, v in signed.items())


@given(nonces=st.lists(st.text("0123456789abcdef", min_size=1, max_size=16), unique=True, min_size=2, max_size=5))
def test_every_page_view_has_an_id_of_its_own(nonces: list[str]) -> None:
    ids = {reported(nonce=nonce)["exposureId"] for nonce in nonces}
    assert len(ids) == len(nonces)
    assert all(len(one) <= 100 for one in ids), "it is a messageId as well"
