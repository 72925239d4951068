"""What becomes of messages: order, duplicates, profiles, merges, and what personalization is given."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from pipeline.world import NOON, World, identify, track
from pitcairn.edge import inbox
from pitcairn.pipeline import worker as worker_module
from pitcairn.pipeline.progress import lag
from pitcairn.profiles.models import Merge, Profile
from pitcairn.wire.limits import DUPLICATE_WINDOW_MS

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))


def test_a_message_arrives_field_for_field(world: World) -> None:
    message = {
        "type": "track",
        "event": "Clicked Login Button",
        "messageId": "m1",
        "userId": "u1",
        "anonymousId": "a1",
        "properties": {"plan": "free", "n": 12, "nothing": None, "list": [1, {"a.b": "ü"}], "empty": {}},
        "context": {"page": {"path": "/y"}, "library": {"name": "x"}},
        "integrations": {"All": True},
        "timestamp": "2026-11-02T11:59:58.250Z",
        "channel": "server",
        "version": 1.1,
    }
    world.process(message, sent_at="2026-11-02T11:59:59.000Z")
    [stored] = world.messages()
    assert stored.as_segment() == {
        **message,
        "timestamp": "2026-11-02T11:59:59.250Z",
        "originalTimestamp": "2026-11-02T11:59:58.250Z",
        "sentAt": "2026-11-02T11:59:59.000Z",
        "receivedAt": "2026-11-02T12:00:00.000Z",
    }
    assert stored.source_id == world.website
    assert stored.profile_id == world.profile("user_id:u1").item.id
    assert (stored.delivered_to, stored.filtered) == (["mutiny"], {})
    assert stored.received_at == datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_the_inbox_is_empty_afterwards(world: World) -> None:
    world.accept(track("m1"))
    world.accept(track("m2"))
    assert lag().requests == 2
    assert lag().oldest_received_at is not None
    assert world.work() == 1
    assert inbox.read_after(0, 10) == []
    assert (lag().requests, lag().oldest_received_at) == (0, None)


def test_people_are_resolved_in_the_order_of_the_inbox(world: World) -> None:
    """Whoever came first is the one who stays, and each message sees what those before it did."""
    world.accept(track("m1", anonymousId="a1"), identify("m2", {"plan": "free"}, anonymousId="a1", userId="u1"))
    world.accept(identify("m3", {"plan": "paid"}, userId="u1"), track("m4", anonymousId="a2"))
    world.accept(identify("m5", anonymousId="a2", userId="u2"), identify("m6", anonymousId="a2", userId="u1"))
    assert world.work() == 1
    profiles = {message.message_id: message.profile_id for message in world.messages()}
    assert profiles["m1"] == profiles["m2"] == profiles["m3"] == profiles["m6"]
    assert profiles["m4"] == profiles["m5"] == profiles["m1"] + 1
    assert world.traits("anonymous_id:a1") == {"plan": "paid"}
    assert world.profile("anonymous_id:a2").item.id == profiles["m4"]
    assert [
        batch for (batch,) in world.rows("SELECT DISTINCT batch FROM messages WHERE workspace_id = {workspace}")
    ] == [world.store.last_batch()]


def test_batches_have_numbers_in_a_row(world: World) -> None:
    for number in (1, 2, 3):
        world.process(track(f"m{number}"))
    first, *rest = sorted(message.batch for message in world.messages())
    assert rest == [first + 1, first + 2]


def test_an_alias_joins_nobody(world: World) -> None:
    world.process(identify("m1", {"plan": "free"}, userId="u1"))
    world.process({"type": "alias", "messageId": "m2", "previousId": "u1", "userId": "u2"}, identify("m3", userId="u2"))
    assert world.profile("user_id:u1").item.id != world.profile("user_id:u2").item.id
    [alias] = world.messages(type="alias")
    assert alias.profile_id == 0
    assert alias.as_segment()["previousId"] == "u1"


def test_group_and_context_traits_leave_the_person_alone(world: World) -> None:
    context = {"traits": {"email": "jo@x.example", "plan": "enterprise"}}
    world.process(
        identify("m1", {"plan": "free"}, userId="u1"),
        {"type": "group", "messageId": "m2", "groupId": "g1", "userId": "u1", "traits": {"plan": "team"}},
        track("m3", userId="u1", context=context, traits={"plan": "other"}),
    )
    assert world.traits("user_id:u1") == {"plan": "free"}
    assert world.profile("email:jo@x.example").item.id == world.profile("user_id:u1").item.id


# ── Duplicates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_duplicates_within_a_batch_and_across_batches(world: World) -> None:
    world.accept(track("m1", n=1), track("m1", n=2), track("m2"))
    world.accept(track("m2"), track("m3"))
    world.work()
    world.process(track("m3"), track("m1"), track("m4"))
    assert world.message_ids() == ["m1", "m2", "m3", "m4"]
    assert [message.extra["n"] for message in world.messages(message_id="m1")] == [1]
    refused = sorted((one.message_id, one.reason, one.detail) for one in world.refusals(reason="duplicate_message"))
    assert refused == [(one, "duplicate_message", f"messageId {one}") for one in ("m1", "m1", "m2", "m3")]


def test_duplicates_change_no_profile(world: World) -> None:
    world.process(identify("m1", {"plan": "free"}, userId="u1", timestamp="2026-11-02T11:00:00Z"))
    world.process(identify("m1", {"plan": "paid"}, userId="u1", timestamp="2026-11-02T11:30:00Z"))
    assert world.traits("user_id:u1") == {"plan": "free"}


def test_the_same_id_in_another_workspace_is_another_message(world: World) -> None:
    from pitcairn.connections.services import create_source
    from pitcairn.workspaces.services import create_workspace

    elsewhere = create_workspace("Elsewhere").id
    source = create_source(workspace_id=elsewhere, name="website").id
    world.accept(track("m1"))
    world.accept(track("m1"), source_id=source)
    world.work()
    assert world.message_ids() == ["m1"]
    assert world.refusals() == []


def test_a_refused_message_may_be_sent_again(world: World) -> None:
    world.process({"type": "track", "messageId": "m1", "anonymousId": "a1"})
    world.process(track("m1"))
    assert world.message_ids() == ["m1"]
    assert world.reasons() == {"m1": "event_not_defined"}


def test_messages_without_an_id_are_all_kept(world: World) -> None:
    nameless = {"type": "track", "event": "Looked", "anonymousId": "a1"}
    world.accept(nameless, nameless)
    world.accept(nameless)
    world.work()
    assert len(set(world.message_ids())) == 3


@pytest.fixture
def always_forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "FORGET_EVERY_SECONDS", -1.0)


def test_ids_are_forgotten_after_a_day(world: World, always_forgetting: None) -> None:
    from pitcairn.pipeline.models import SeenMessage

    world.process(track("m1"), track("m2"))
    day = DUPLICATE_WINDOW_MS
    first = SeenMessage.objects.order_by("id").first()
    assert first is not None
    SeenMessage.objects.filter(id=first.id).update(seen_at=first.seen_at - day - 1)
    world.process(track("m3"))
    assert SeenMessage.objects.count() == 2
    world.process(track("m1"), track("m2"))
    assert world.message_ids() == ["m1", "m1", "m2", "m3"] or world.message_ids() == ["m1", "m2", "m2", "m3"]


# ── Merges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_merges_are_recorded_with_the_final_survivor(world: World) -> None:
    """Three people become one in two steps: at last both merged ones go to the oldest, in both stores."""
    world.process(track("m1", anonymousId="a1"), track("m2", anonymousId="a2"), track("m3", anonymousId="a3"))
    one, two, three = (world.profile(f"anonymous_id:a{n}").item.id for n in (1, 2, 3))
    world.process(identify("m4", {"email": "jo@x.example"}, anonymousId="a3"))
    world.process(identify("m5", {"email": "jo@x.example"}, anonymousId="a2"))
    assert world.merges() == {three: two}
    world.process(identify("m6", {"email": "jo@x.example"}, anonymousId="a1"))
    assert world.merges() == {two: one, three: one}
    assert {n: world.profile(f"anonymous_id:a{n}").item.id for n in (1, 2, 3)} == {1: one, 2: one, 3: one}
    assert dict(Profile.objects.values_list("id", "merged_into")) == {one: None, two: one, three: one}
    assert list(Merge.objects.order_by("id").values_list("loser_id", "winner_id", "message_id")) == [
        (three, two, "m5"),
        (two, one, "m6"),
    ]
    assert set(world.profile("email:jo@x.example").ids) == {one, two, three}


def test_a_chain_of_merges_in_one_batch_ends_with_the_same_survivor(world: World) -> None:
    email = {"email": "jo@x.example"}
    world.process(
        track("m1", anonymousId="a1"),
        track("m2", anonymousId="a2"),
        track("m3", anonymousId="a3"),
        identify("m4", email, anonymousId="a3"),
        identify("m5", email, anonymousId="a2"),
        identify("m6", email, anonymousId="a1"),
    )
    one, two, three = sorted(Profile.objects.values_list("id", flat=True))
    assert world.merges() == {two: one, three: one}
    assert dict(Profile.objects.values_list("id", "merged_into")) == {one: None, two: one, three: one}
    assert {n: world.profile(f"anonymous_id:a{n}").item.id for n in (1, 2, 3)} == {1: one, 2: one, 3: one}
    merges = world.merges()
    assert {merges.get(message.profile_id, message.profile_id) for message in world.messages()} == {one}


def test_a_merge_tells_what_undoing_it_needs(world: World) -> None:
    """Also for identifiers that are as new as the merge."""
    import msgspec

    world.process(identify("m1", {"plan": "free"}, userId="u1"))
    world.process(track("m2", anonymousId="a1"), identify("m3", {"plan": "paid"}, anonymousId="a1", userId="u1"))
    merge = Merge.objects.get()
    detail = msgspec.json.decode(merge.detail)
    assert detail["identifiers"] == [["anonymous_id", "a1"]]
    assert {name: trait[0] for name, trait in detail["winnerTraits"].items()} == {"plan": "free"}
    loser = Profile.objects.get(id=merge.loser_id)
    assert loser.merged_into == merge.winner_id


def test_people_kept_in_memory_are_those_of_the_store(world: World) -> None:
    """One worker that remembers people, and a new one for every batch, make the same of the same calls."""
    from pitcairn.pipeline.worker import Worker

    def tell(prefix: str, *, remember: bool) -> list[Any]:
        user, other = f"{prefix}u1", f"{prefix}u2"
        for number, message in enumerate([
            track(f"{prefix}1", anonymousId=f"{prefix}a1"),
            identify(f"{prefix}2", {"plan": "free", "seats": 3}, anonymousId=f"{prefix}a2"),
            identify(f"{prefix}3", {"plan": None}, anonymousId=f"{prefix}a2", userId=user),
            identify(f"{prefix}4", {"name": "Jo"}, anonymousId=f"{prefix}a1", userId=user),
            identify(f"{prefix}5", {"name": "Kim"}, anonymousId=f"{prefix}a1", userId=other),
            identify(f"{prefix}6", {"email": f"{prefix}@x.example"}, userId=other),
            identify(f"{prefix}7", {"email": f"{prefix}@x.example"}, anonymousId=f"{prefix}a3"),
            track(f"{prefix}8", anonymousId=f"{prefix}a3"),
        ]):  # fmt: skip
            world.accept(message, at=NOON + number)
            world.work(None if remember else Worker(world.store))
        return [[world.traits(f"user_id:{one}"), len(world.profile(f"user_id:{one}").ids)] for one in (user, other)] + [
            world.profile(f"anonymous_id:{prefix}a{n}").item.identifiers[0].value.removeprefix(prefix)
            for n in (1, 2, 3)
        ]

    kept = tell("k", remember=True)
    assert kept[0] == [{"seats": 3, "name": "Jo"}, 2]
    assert kept[1][0]["name"] == "Kim"
    fresh = tell("f", remember=False)
    kept[1][0].pop("email")
    fresh[1][0].pop("email")
    assert kept == fresh


# ── What personalization is given ────────────────────────────────────────────────────────────────────────────────────


def test_only_the_connected_source_feeds_personalization(world: World) -> None:
    world.process(identify("m1", {"plan": "free"}, userId="u1"))
    world.process(identify("m2", {"seats": 3}, userId="u1"), source_id=world.backend)
    assert world.traits("user_id:u1") == {"plan": "free", "seats": 3}
    assert world.targetable("user_id:u1") == {"plan"}
    assert {message.message_id: message.delivered_to for message in world.messages()} == {"m1": ["mutiny"], "m2": []}


@pytest.mark.parametrize(
    ("integrations", "taken"),
    [
        ({"All": False}, False),
        ({"Mutiny": False}, False),
        ({"All": False, "Mutiny": True}, True),
        ({"All": True}, True),
    ],
)
def test_the_integrations_object_is_obeyed(world: World, integrations: dict[str, bool], taken: bool) -> None:
    world.process(identify("m1", {"plan": "free"}, userId="u1", integrations=integrations))
    assert world.traits("user_id:u1") == {"plan": "free"}
    assert world.targetable("user_id:u1") == ({"plan"} if taken else set())
    [message] = world.messages()
    assert message.delivered_to == (["mutiny"] if taken else [])
    assert message.filtered == ({} if taken else {str(world.mutiny): "FILTERED_BY_INTEGRATIONS_OBJECT"})


def test_a_change_of_the_configuration_counts_for_what_is_processed_after_it(world: World) -> None:
    from pitcairn.connections.services import set_destination_enabled

    world.process(identify("m1", {"plan": "free"}, userId="u1"))
    set_destination_enabled(workspace_id=world.workspace_id, destination_id=world.mutiny, enabled=False)
    world.process(identify("m2", {"seats": 3}, userId="u1"))
    assert world.targetable("user_id:u1") == {"plan"}


def test_what_a_deleted_source_sent_is_dropped_and_stops_nobody(world: World) -> None:
    from pitcairn.connections.models import Source
    from pitcairn.workspaces.services import configuration_changed

    world.accept(track("m1"), source_id=world.backend)
    world.accept(track("m2"))
    Source.objects.filter(id=world.backend).delete()
    configuration_changed()
    world.work()
    assert world.message_ids() == ["m2"]
