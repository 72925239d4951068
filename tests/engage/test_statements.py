"""Segment's behaviour with audiences and computed traits: statements 97 to 118 of the facts, by number."""

from __future__ import annotations

from typing import Any

import pytest

from engage.world import DAY, HOUR, MINUTE, EngageWorld, did, member_of, news_of, trait_is, within
from pitcairn.connections import services as connections
from pitcairn.engage import services
from pitcairn.engage.live import now_ms
from pitcairn.engage.services import AudienceError
from pitcairn.profiles import api_resources
from pitcairn.profiles.api import Found
from pitcairn.profiles.api_arguments import Arguments

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


MEASURES: dict[tuple[str, str], Any] = {
    ("count", ""): 5, ("sum", "price"): 28.5, ("average", "price"): 5.7, ("minimum", "price"): 2.5, ("maximum", "price"): 10,
    ("mode", "color"): "blue", ("mode", "price"): 3, ("first", "color"): "red", ("last", "color"): "amber",
    ("unique", "color"): ["amber", "blue", "red"], ("unique_count", "color"): 3,
}  # fmt: skip


def test_97_computed_traits_give_the_values_of_the_table(engage: EngageWorld) -> None:
    for minutes, price, color in ((9, 10, "red"), (7, 3, "blue"), (5, 10, "blue"), (3, 3, "red"), (1, 2.5, "amber")):
        engage.did("Order Completed", "u1", ago=minutes * MINUTE, price=price, color=color)
    for (measure, name), value in MEASURES.items():
        definition = {"event": "Order Completed", "measure": measure, "property": name}
        if not name:
            del definition["property"]
        engage.trait(f"{measure} {name}", definition)
        assert engage.news() == [("u1", f"{measure}_{name}".rstrip("_"), value)]
    # What occurs once is not the most frequent.
    engage.did("Signed Up", "u1", plan="pro")
    engage.trait("Most frequent plan", {"event": "Signed Up", "measure": "mode", "property": "plan"})
    assert engage.news() == []


def test_98_the_key_stays_when_the_name_changes_and_is_never_given_out_again(engage: EngageWorld) -> None:
    made = engage.audience("Order Completed last 30days", did("Order Completed"))
    assert made.key == "order_completed_last_30days"
    changed = services.update_audience(engage.workspace_id, made.id, name="Buyers")
    assert (changed.name, changed.key) == ("Buyers", "order_completed_last_30days")
    services.delete_audience(engage.workspace_id, made.id)
    again = services.create_audience(engage.workspace_id, "Order Completed last 30days", did("Order Completed"))
    assert again.key == "order_completed_last_30days_2"


def test_99_who_did_it_within_7_days_leaves_after_168_hours(engage: EngageWorld) -> None:
    audience = engage.audience("Active", did("Looked", window=within(7, "days")))
    engage.did("Looked", "u1")
    engage.pass_time(168 * HOUR - 1)
    assert engage.is_member(audience, "user_id:u1") is True
    engage.pass_time(1)
    assert engage.is_member(audience, "user_id:u1") is False
    assert engage.news() == [("u1", "active", True), ("u1", "active", False)]


def test_100_and_not_who_is_a_count_of_0(engage: EngageWorld) -> None:
    both = {"all": [did("Looked"), {"event": "Bought", "operator": "at_most", "value": 0}]}
    audience = engage.audience("Lookers", both)
    engage.did("Looked", "u1")
    assert engage.is_member(audience, "user_id:u1") is True
    engage.did("Bought", "u1")
    assert engage.is_member(audience, "user_id:u1") is False


def test_101_differs_is_false_where_there_is_nothing(engage: EngageWorld) -> None:
    differs = {"fact": "trait", "name": "plan", "operator": "differs", "value": "pro"}
    audience = engage.audience("Not on pro", differs)
    engage.identify("u1", {"city": "Bern"})
    engage.identify("u2", {"plan": "free"})
    engage.identify("u3", {"plan": "pro"})
    members = [engage.is_member(audience, f"user_id:u{number}") for number in (1, 2, 3)]
    assert members == [None, True, None]


def test_102_a_funnel_counts_every_time_it_began(engage: EngageWorld) -> None:
    abandoned = did(
        "Added",
        then=[{"did": False, "event": "Ordered", "within": {"amount": 1, "unit": "days"}}],
        window=within(30, "days"),
    )
    audience = engage.audience("Abandoned", abandoned)
    engage.did("Added", "u1")
    engage.pass_time(HOUR)
    engage.did("Ordered", "u1")
    engage.pass_time(HOUR)
    engage.did("Added", "u1")
    engage.pass_time(2 * DAY)
    assert engage.is_member(audience, "user_id:u1") is True


def test_103_audiences_that_ask_for_each_other_in_a_circle_are_refused(engage: EngageWorld) -> None:
    first = engage.audience("First", did("Looked"))
    engage.audience("Second", member_of("first"))
    third = services.create_audience(engage.workspace_id, "Third", member_of("second"))
    with pytest.raises(AudienceError, match="circle: 'first' asks for 'third', which asks for 'second'") as refused:
        services.update_audience(engage.workspace_id, first.id, condition=member_of("third"))
    assert refused.value.field == "condition"
    with pytest.raises(AudienceError, match="circle"):
        services.update_audience(engage.workspace_id, third.id, condition=member_of("third"))


def test_104_an_account_none_of_whose_users_did_it(engage: EngageWorld) -> None:
    quiet = {"users": "none", "condition": did("Looked")}
    audience = engage.audience("Quiet companies", quiet, target="account")
    for person, company in (("u1", "acme"), ("u2", "acme"), ("u3", "globex")):
        engage.send({
            "type": "group", "messageId": f"g{person}-{engage.workspace_id}", "userId": person, "groupId": company,
        })  # fmt: skip
    assert sorted(engage.news()) == [(person, "quiet_companies", True) for person in ("u1", "u2", "u3")]
    engage.did("Looked", "u1")
    assert sorted(engage.news()) == [("u1", "quiet_companies", False), ("u2", "quiet_companies", False)]
    assert engage.is_member(audience, "user_id:u3") is True


def test_105_anonymous_people_count_only_with_the_option(engage: EngageWorld) -> None:
    known = engage.audience("Known", did("Looked"))
    everybody = engage.audience("Everybody", did("Looked"), anonymous=True)
    engage.did("Looked", "a1")
    assert engage.is_member(known, "anonymous_id:a1") is None
    assert engage.is_member(everybody, "anonymous_id:a1") is True
    assert engage.news() == [("a1", "everybody", True)]


def test_106_entering_is_an_identify_a_track_or_both(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Bought"))
    services.connect_destination(engage.workspace_id, audience.id, engage.hook, send_track=True)
    engage.did("Bought", "u1")
    identify, track = engage.told()
    assert (identify["type"], identify["traits"]) == ("identify", {"buyers": True})
    assert (track["type"], track["event"]) == ("track", "Audience Entered")
    assert track["properties"] == {"audience_key": "buyers", "buyers": True}
    assert track["properties"]["buyers"] is True


def test_107_leaving_is_false_and_audience_exited(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"))
    services.connect_destination(engage.workspace_id, audience.id, engage.hook, send_track=True)
    engage.identify("u1", {"plan": "pro"})
    engage.told()
    engage.identify("u1", {"plan": "free"})
    identify, track = engage.told()
    assert identify["traits"] == {"on_pro": False}
    assert (track["event"], track["properties"]) == ("Audience Exited", {"audience_key": "on_pro", "on_pro": False})


def test_108_context_personas_says_what_it_is_about(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Bought"))
    engage.did("Bought", "u1")
    (body,) = engage.told()
    assert body["context"]["personas"] == {
        "computation_class": "audience",
        "computation_id": f"aud_{audience.id}",
        "computation_key": "buyers",
        "namespace": f"spa_{engage.workspace_id}",
        "space_id": f"spa_{engage.workspace_id}",
    }


def test_109_the_first_sync_tells_of_every_member_and_later_ones_of_changes(engage: EngageWorld) -> None:
    for person in ("u1", "u2", "u3"):
        engage.did("Bought" if person != "u3" else "Looked", person)
    engage.audience("Buyers", did("Bought"))
    assert engage.news() == [("u1", "buyers", True), ("u2", "buyers", True)]
    engage.did("Bought", "u1")
    engage.did("Looked", "u2")
    engage.settle()
    assert engage.news() == []
    engage.did("Bought", "u3")
    assert engage.news() == [("u3", "buyers", True)]


def test_110_two_emails_are_two_calls_when_entering_and_when_leaving(engage: EngageWorld) -> None:
    engage.audience("On pro", trait_is("plan", "pro"))
    engage.identify("u1", {"email": "one@example.com"})
    engage.identify("u1", {"email": "two@example.com"})
    engage.identify("u1", {"plan": "pro"})
    assert [body["traits"]["email"] for body in engage.told()] == ["one@example.com", "two@example.com"]
    engage.identify("u1", {"plan": "free"})
    assert [(body["traits"]["email"], body["traits"]["on_pro"]) for body in engage.told()] == [
        ("one@example.com", False), ("two@example.com", False),
    ]  # fmt: skip


def test_111_a_new_identifier_of_a_member_is_told_and_nothing_else_is_again(engage: EngageWorld) -> None:
    engage.audience("On pro", trait_is("plan", "pro"))
    engage.identify("u1", {"plan": "pro", "email": "one@example.com"})
    engage.told()
    engage.identify("u1", {"email": "two@example.com"})
    (body,) = engage.told()
    assert body["traits"] == {"email": "two@example.com", "on_pro": True}


def test_112_calls_are_for_the_connected_destination_alone(engage: EngageWorld) -> None:
    engage.audience("Buyers", did("Bought"))
    engage.did("Bought", "u1")
    (body,) = engage.told()
    assert body["integrations"] == {"All": False, "Webhook": True}


def test_113_membership_is_a_trait_of_the_profile_api(engage: EngageWorld) -> None:
    engage.audience("On pro", trait_is("plan", "pro"))
    engage.identify("u1", {"plan": "pro"})
    asked = Found(workspace_id=engage.workspace_id, profile_id=engage.profile_id("user_id:u1"), url="/")
    assert api_resources.traits(asked, Arguments({"include": "on_pro"}))["traits"] == {"on_pro": True}
    engage.identify("u1", {"plan": "free"})
    assert api_resources.traits(asked, Arguments({"class": "audience"}))["traits"] == {"on_pro": False}


def test_114_a_computed_trait_is_told_when_its_value_changes(engage: EngageWorld) -> None:
    engage.trait("Highest price", {"event": "Bought", "measure": "maximum", "property": "price"})
    for price in (5, 3, 5, 8):
        engage.did("Bought", "u1", price=price)
    assert engage.news() == [("u1", "highest_price", 5), ("u1", "highest_price", 8)]


def test_116_without_history_earlier_events_do_not_count_but_traits_do(engage: EngageWorld) -> None:
    engage.now = now_ms() - DAY
    engage.identify("u1", {"plan": "pro"})
    engage.did("Bought", "u2")
    both = {"any": [did("Bought"), trait_is("plan", "pro")]}
    audience = engage.audience("Buyers", both, historical=False)
    members = [engage.is_member(audience, f"user_id:u{number}") for number in (1, 2)]
    assert members == [True, None]
    engage.pass_time(2 * DAY)
    engage.did("Looked", "u2")
    assert engage.is_member(audience, "user_id:u2") is None
    engage.did("Bought", "u2")
    assert engage.is_member(audience, "user_id:u2") is True


def test_117_the_email_of_a_track_is_in_its_context(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"))
    services.connect_destination(engage.workspace_id, audience.id, engage.hook, send_track=True)
    engage.identify("u1", {"plan": "pro", "email": "one@example.com"})
    identify, track = engage.told()
    assert identify["traits"]["email"] == "one@example.com"
    assert track["context"]["traits"] == {"email": "one@example.com"}
    assert "email" not in track["properties"]


@pytest.mark.parametrize("historical", [True, False])
def test_118_a_new_destination_gets_everybody_when_history_is_on(engage: EngageWorld, historical: bool) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"), historical=historical, told=False)
    engage.identify("u1", {"plan": "pro"})
    other = connections.create_destination(
        workspace_id=engage.workspace_id, slug="webhook", name="Other", source_ids=[],
        settings={"url": "https://other.example/in"}, enabled=True,
    ).id  # fmt: skip
    services.connect_destination(engage.workspace_id, audience.id, other)
    engage.settle()
    assert [news_of(body) for body in engage.told(other)] == ([("u1", "on_pro", True)] if historical else [])
    engage.identify("u2", {"plan": "pro"})
    assert [news_of(body) for body in engage.told(other)] == [("u2", "on_pro", True)]
