"""Audiences that follow what happens: events, traits, time, people who become one, and each other."""

from __future__ import annotations

import pytest

from engage.world import DAY, HOUR, MINUTE, EngageWorld, did, iso, member_of, trait_is, within
from pitcairn.connections import services as connections
from pitcairn.engage import queries, services
from pitcairn.engage.models import Audience, Computation, PastValue, Status, Value

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


def test_an_event_makes_a_member_and_tells_the_destination(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Order Completed"))
    engage.did("Order Completed", "u1")
    assert engage.is_member(audience, "user_id:u1") is True
    assert engage.news() == [("u1", "buyers", True)]
    shown = queries.audience(engage.workspace_id, audience.id)
    assert shown is not None
    assert (shown.size, shown.status, shown.last_received_at) == (1, "live", engage.now)
    assert [point.size for point in queries.size_series(audience.id)] == [1]


def test_time_alone_brings_in_and_takes_out(engage: EngageWorld) -> None:
    earlier = {"oldest": {"amount": 7, "unit": "days"}, "newest": {"amount": 1, "unit": "days"}}
    engage.did("Looked", "u1")
    engage.audience("Came back", did("Looked", window=earlier))
    seen = []
    for moment in (DAY - 1, 1, 6 * DAY - 1, 1):
        engage.pass_time(moment)
        seen.append(engage.news())
    assert seen == [[], [("u1", "came_back", True)], [], [("u1", "came_back", False)]]


def test_a_date_in_a_trait_is_followed(engage: EngageWorld) -> None:
    soon = {"fact": "trait", "name": "renews_at", "operator": "within_next", "value": {"amount": 1, "unit": "days"}}
    audience = engage.audience("Renews soon", soon)
    engage.identify("u1", {"renews_at": iso(engage.now + 2 * DAY)})
    assert engage.is_member(audience, "user_id:u1") is None
    engage.pass_time(DAY + 1)
    assert engage.is_member(audience, "user_id:u1") is True
    engage.pass_time(DAY + 1)
    assert engage.is_member(audience, "user_id:u1") is False


def test_an_audience_of_an_audience_follows_it(engage: EngageWorld) -> None:
    engage.audience("Buyers", did("Bought"), told=False)
    engage.audience("Buyers on pro", {"all": [member_of("buyers"), trait_is("plan", "pro")]})
    engage.identify("u1", {"plan": "pro"})
    engage.did("Bought", "u1")
    assert engage.news() == [("u1", "buyers_on_pro", True)]


def test_an_edit_of_an_audience_reaches_those_that_ask_for_it(engage: EngageWorld) -> None:
    buyers = engage.audience("Buyers", did("Bought"), told=False)
    engage.audience("Not buyers", {"all": [did("Looked"), {"not": member_of("buyers")}]})
    engage.did("Looked", "u1")
    assert engage.news() == [("u1", "not_buyers", True)]
    services.update_audience(engage.workspace_id, buyers.id, condition=did("Looked"))
    engage.settle()
    assert engage.news() == [("u1", "not_buyers", False)]


def test_an_edit_tells_only_of_who_changes(engage: EngageWorld) -> None:
    buyers = engage.audience("Buyers", did("Bought"))
    engage.did("Bought", "u1")
    engage.did("Bought", "u2")
    engage.did("Bought", "u2")
    engage.told()
    services.update_audience(engage.workspace_id, buyers.id, condition=did("Bought", 2))
    engage.settle()
    assert engage.news() == [("u1", "buyers", False)]
    assert queries.audiences(engage.workspace_id)[0].size == 1


def test_a_computed_trait_can_be_asked_for_and_is_a_trait_of_the_person(engage: EngageWorld) -> None:
    engage.trait("Total spend", {"event": "Bought", "measure": "sum", "property": "price"}, told=False)
    rich = {"fact": "trait", "name": "total_spend", "operator": "at_least", "value": 100}
    audience = engage.audience("Big spenders", rich)
    engage.did("Bought", "u1", price=60)
    assert engage.traits("user_id:u1")["total_spend"] == 60
    engage.did("Bought", "u1", price=60)
    assert engage.is_member(audience, "user_id:u1") is True
    assert engage.traits("user_id:u1")["total_spend"] == 120


def test_a_count_that_ages_away_is_0(engage: EngageWorld) -> None:
    engage.trait("Orders", {"event": "Bought", "measure": "count", "window": within(1, "hours")})
    engage.did("Bought", "u1")
    engage.pass_time(HOUR)
    assert engage.news() == [("u1", "orders", 1), ("u1", "orders", 0)]


def test_people_who_become_one_are_told_of_as_one(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Bought", 2))
    engage.did("Bought", "a1")
    engage.did("Bought", "u1")
    assert engage.news() == []
    engage.identify("u1", anonymousId="a1")
    assert engage.news() == [("u1", "buyers", True)]
    assert engage.is_member(audience, "anonymous_id:a1") is True


def test_who_was_told_of_is_told_when_the_merge_takes_them_out(engage: EngageWorld) -> None:
    never = {"all": [did("Looked"), {"event": "Bought", "operator": "at_most", "value": 0}]}
    audience = engage.audience("Only looked", never, anonymous=True)
    engage.did("Bought", "u1")
    engage.did("Looked", "a1")
    assert engage.news() == [("a1", "only_looked", True)]
    engage.identify("u1", anonymousId="a1")
    assert sorted(engage.news()) == [("a1", "only_looked", False), ("u1", "only_looked", False)]
    assert queries.audiences(engage.workspace_id)[0].size == 0
    assert engage.is_member(audience, "user_id:u1") is False


def test_what_held_before_is_kept_with_from_when_until_when(engage: EngageWorld) -> None:
    audience = engage.audience("Active", did("Looked", window=within(1, "hours")))
    engage.did("Looked", "u1")
    entered = engage.now
    engage.pass_time(HOUR)
    (item,) = queries.memberships_of(engage.profile_id("user_id:u1"))
    assert (item.key, item.member) == ("active", False)
    (past,) = item.history
    # The engine's moments never repeat: on a clock that stands still they run a few milliseconds ahead of it.
    assert (past.value, past.since - entered < 100, abs(past.until - engage.now) < 100) == (True, True, True)
    assert audience.id == item.computation_id


def test_another_worker_takes_over_without_telling_anything_twice(engage: EngageWorld) -> None:
    engage.audience("Active", did("Looked", window=within(1, "hours")))
    engage.did("Looked", "u1")
    engage.restart()
    engage.settle()
    assert engage.news() == [("u1", "active", True)]
    engage.now += HOUR
    engage.restart()
    engage.settle()
    assert engage.news() == [("u1", "active", False)]


def test_a_disabled_audience_stands_still_and_catches_up_when_it_is_enabled(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Bought"))
    services.set_audience_enabled(engage.workspace_id, audience.id, enabled=False)
    engage.did("Bought", "u1")
    assert engage.news() == []
    services.set_audience_enabled(engage.workspace_id, audience.id, enabled=True)
    engage.settle()
    assert engage.news() == [("u1", "buyers", True)]


def test_115_a_deleted_audience_leaves_an_ordinary_trait(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"))
    engage.identify("u1", {"plan": "pro"})
    engage.identify("u2", {"plan": "pro"})
    engage.identify("u2", {"plan": "free"})
    engage.told()
    services.delete_audience(engage.workspace_id, audience.id)
    engage.settle()
    assert engage.traits("user_id:u1")["on_pro"] is True
    assert engage.traits("user_id:u2")["on_pro"] is False
    assert not Value.objects.filter(computation_id=audience.id).exists()
    assert not PastValue.objects.filter(computation_id=audience.id).exists()
    engage.pass_time(MINUTE)
    engage.identify("u1", {"on_pro": "by hand"})
    assert engage.traits("user_id:u1")["on_pro"] == "by hand"
    assert engage.news() == []


def test_a_definition_that_cannot_be_read_fails_alone(engage: EngageWorld) -> None:
    broken = engage.audience("Broken", did("Looked"))
    Computation.objects.filter(id=broken.id).update(definition={"no": "condition"}, status=Status.PREPARING)
    well = engage.audience("Buyers", did("Bought"))
    engage.did("Bought", "u1")
    assert engage.news() == [("u1", "buyers", True)]
    statuses = {audience.id: (audience.status, audience.problem) for audience in Audience.objects.all()}
    assert statuses[well.id] == ("live", "")
    assert statuses[broken.id] == ("failed", "The definition cannot be read any more. Edit it and save it again.")


def test_a_list_has_the_people_it_names_also_those_who_come_later(engage: EngageWorld) -> None:
    engage.identify("u1", {"email": "one@example.com"})
    audience = services.create_audience(engage.workspace_id, "Guests", {}, listed=True)
    for kind, value in (("email", "one@example.com"), ("user_id", "u2"), ("domain", "example.org")):
        audience.entries.create(type=kind, value=value)
    services.connect_destination(engage.workspace_id, audience.id, engage.hook)
    engage.settle()
    assert engage.news() == [("u1", "guests", True)]
    engage.identify("u2")
    engage.identify("u3", {"email": "three@example.org"})
    engage.identify("u4", {"email": "four@example.net"})
    assert engage.news() == [("u2", "guests", True), ("u3", "guests", True)]


def test_a_membership_told_to_mutiny_is_a_trait_of_visitors_on_the_next_page_view(engage: EngageWorld) -> None:
    from pitcairn.edge.computed import Asked, asked_of, computed_keys, members_and_traits

    audience = engage.audience("Buyers", did("Bought"), told=False)
    services.connect_destination(engage.workspace_id, audience.id, engage.mutiny)
    engage.did("Bought", "u1")
    keys = [one for one in computed_keys() if one.workspace_id == engage.workspace_id]
    asked = asked_of(keys, frozenset({"buyers"}), frozenset({"buyers", "plan"}))
    rows = Value.objects.filter(profile_id=engage.profile_id("user_id:u1")).values_list("computation_id", "value")
    assert members_and_traits(rows, asked) == (frozenset({"buyers"}), {"buyers": True})
    connections.set_destination_enabled(workspace_id=engage.workspace_id, destination_id=engage.mutiny, enabled=False)
    keys = [one for one in computed_keys() if one.workspace_id == engage.workspace_id]
    assert asked_of(keys, frozenset(), frozenset({"buyers"})) == Asked()


def test_an_hour_of_sizes_is_one_point(engage: EngageWorld) -> None:
    audience = engage.audience("Active", did("Looked", window=within(90, "minutes")))
    engage.did("Looked", "u1")
    engage.did("Looked", "u2")
    engage.pass_time(90 * MINUTE)
    assert [point.size for point in queries.size_series(audience.id)] == [2, 0]
