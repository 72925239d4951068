"""Whose visits results leave out: as it is typed, and what it means."""

import pytest

from pitcairn.experiments.internal_traffic import (
    Internal,
    InternalRules,
    InternalTrafficError,
    read_networks,
    trait_condition,
)

INTERNAL = Internal(
    {
        1: InternalRules(
            networks=("203.0.113.0/24", "2001:db8::/32", "198.51.100.7"),
            traits=("email ends with @acme.example", "internal is true"),
        )
    }
)


@pytest.mark.parametrize(
    ("ip", "traits", "internal"),
    [
        ("203.0.113.77", {}, True),
        ("198.51.100.7", {}, True),
        ("2001:db8::1", {}, True),
        ("198.51.100.8", {}, False),
        ("", {}, False),
        ("no address", {}, False),
        ("", {"email": "jo@acme.example"}, True),
        ("", {"email": "jo@acme.example.org"}, False),
        ("", {"internal": True}, True),
        ("", {"internal": "true"}, True),
        ("", {"internal": False}, False),
    ],
)
def test_who_is_internal(ip: str, traits: dict[str, object], internal: bool) -> None:
    assert INTERNAL.is_internal(1, ip, traits) is internal
    assert not INTERNAL.is_internal(2, ip, traits)


@pytest.mark.parametrize("line", ["300.1.1.1", "10.0.0.0/99", "office"])
def test_what_is_no_address_is_refused(line: str) -> None:
    with pytest.raises(InternalTrafficError, match="is no address; write one such as"):
        read_networks([line])


@pytest.mark.parametrize("line", ["email", "email ends @acme.example", "is true"])
def test_what_is_no_question_is_refused(line: str) -> None:
    with pytest.raises(InternalTrafficError, match="is not understood; write a trait"):
        trait_condition([line])
