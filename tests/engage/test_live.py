"""Audiences that follow what happens: events, traits, time, merges."""

from __future__ import annotations

import pytest

from engage.world import DAY, HOUR, EngageWorld, did, member_of, trait_is, within

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


def test_an_event_makes_a_member_and_tells_the_destination(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Order Completed"))
    engage.did("Order Completed", "u1")
    assert engage.is_member(audience, "user_id:u1") is True
    assert engage.news() == [("u1", "buyers", True)]


def test_who_is_in_it_already_is_told_when_it_is_made(engage: EngageWorld) -> None:
    engage.did("Order Completed", "u1")
    engage.did("Order Looked At", "u2")
    engage.audience("Buyers", did("Order Completed"))
    assert engage.news() == [("u1", "buyers", True)]
