"""What destinations are told while a sync is paused, resumed, repeated, or goes through everybody."""

from __future__ import annotations

import json

import pytest

from engage.world import EngageWorld, did, news_of, trait_is
from eventstore.rows import delivery
from pages import signed_in, text, user
from pitcairn.connections import services as connections
from pitcairn.dashboard import stores
from pitcairn.engage import queries, services, sync_pass
from pitcairn.engage.queries_syncs import dry_run, sync_log
from pitcairn.engage.services import AudienceError
from pitcairn.engage.views.syncs import left_words
from pitcairn.workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


def test_after_a_pause_only_what_is_different_is_told(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"))
    for person in ("u1", "u2", "u3", "u4"):
        engage.identify(person, {"plan": "free" if person in {"u3", "u4"} else "pro"})
    assert engage.news() == [("u1", "on_pro", True), ("u2", "on_pro", True)]
    services.pause(engage.workspace_id, audience.id, engage.hook)
    engage.settle()
    engage.identify("u1", {"plan": "free"})
    engage.identify("u2", {"plan": "free"})
    engage.identify("u2", {"plan": "pro"})
    engage.identify("u3", {"plan": "pro"})
    engage.identify("u4", {"plan": "pro"})
    engage.identify("u4", {"plan": "free"})
    assert engage.news() == []
    assert queries.syncs(audience.id)[0].state == "paused"
    services.resume(engage.workspace_id, audience.id, engage.hook)
    engage.settle()
    assert engage.news() == [("u1", "on_pro", False), ("u3", "on_pro", True)]
    assert queries.syncs(audience.id)[0].state == "live"
    engage.identify("u1", {"plan": "pro"})
    assert engage.news() == [("u1", "on_pro", True)]


def test_a_resync_tells_of_every_member_again_under_new_message_ids(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"))
    for person in ("u1", "u2", "u3"):
        engage.identify(person, {"plan": "pro"})
    engage.identify("u3", {"plan": "free"})
    first = engage.told()
    services.resync(engage.workspace_id, audience.id, engage.hook)
    engage.settle()
    second = engage.told()
    assert [news_of(body) for body in second] == [("u1", "on_pro", True), ("u2", "on_pro", True)]
    assert not {body["messageId"] for body in first} & {body["messageId"] for body in second}
    (sync,) = queries.syncs(audience.id)
    assert (sync.state, sync.done, sync.total, sync.queued) == ("live", 3, 3, 6)


def test_who_changes_while_a_sync_goes_through_everybody_is_told_once(
    engage: EngageWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_pass, "SLICE", 1)
    people = [f"u{number}" for number in range(1, 7)]
    for person in people:
        engage.identify(person, {"plan": "pro"})
    audience = engage.audience("On pro", trait_is("plan", "pro"), told=False)
    services.connect_destination(engage.workspace_id, audience.id, engage.hook)
    engage.worker.work()
    engage.worker.work()
    begun = engage.news()
    assert begun
    assert len(begun) < len(people)
    ahead = next(person for person in people if person not in {who for who, *_ in begun})
    behind = begun[0][0]
    for person in (ahead, behind):
        engage.accept(
            {
                "type": "identify",
                "userId": person,
                "messageId": f"x{person}-{engage.workspace_id}",
                "traits": {"plan": "free"},
            },
            at=engage.now,
        )
    engage.settle()
    rest = engage.news()
    assert sorted(begun + rest) == sorted(
        [(person, "on_pro", True) for person in people if person != ahead] + [(behind, "on_pro", False)]
    )


def test_a_pause_in_the_middle_of_the_first_sync_loses_nobody(
    engage: EngageWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_pass, "SLICE", 1)
    people = [f"u{number}" for number in range(1, 6)]
    for person in people:
        engage.identify(person, {"plan": "pro"})
    audience = engage.audience("On pro", trait_is("plan", "pro"), told=False)
    services.connect_destination(engage.workspace_id, audience.id, engage.hook)
    engage.worker.work()
    engage.worker.work()
    services.pause(engage.workspace_id, audience.id, engage.hook)
    engage.settle()
    told = engage.news()
    assert 0 < len(told) < len(people)
    engage.identify(told[0][0], {"plan": "free"})
    assert engage.news() == []
    services.resume(engage.workspace_id, audience.id, engage.hook)
    engage.settle()
    left = {person for person in people if person not in {who for who, *_ in told}}
    assert sorted(engage.news()) == sorted(
        [(person, "on_pro", True) for person in left] + [(told[0][0], "on_pro", False)]
    )


def test_a_first_sync_says_how_far_it_is_how_fast_and_for_how_long_yet(
    engage: EngageWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_pass, "SLICE", 2)
    for number in range(10):
        engage.identify(f"u{number}", {"plan": "pro"})
    audience = engage.audience("On pro", trait_is("plan", "pro"), told=False)
    services.connect_destination(engage.workspace_id, audience.id, engage.hook)
    seen = []
    for _ in range(3):
        engage.worker.work()
        (sync,) = queries.syncs(audience.id)
        seen.append((sync.state, sync.done, sync.total))
        engage.now += 1_000
    assert seen == [("first", 2, 10), ("first", 4, 10), ("first", 6, 10)]
    # Two seconds lie between the first slice and the third.
    assert sync.rate == pytest.approx(3, rel=0.05)
    assert (sync.seconds_left, sync.queued) == (1, 6)
    assert left_words(sync) == "6 of 10, 3 a second, about 1 s left"
    engage.settle()
    (sync,) = queries.syncs(audience.id)
    assert (sync.state, sync.done, sync.seconds_left, left_words(sync)) == ("live", 10, None, "")


def test_the_log_of_a_member_has_what_was_sent_and_answered(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"))
    engage.identify("u1", {"plan": "pro"})
    engage.identify("u2", {"plan": "pro"})
    engage.identify("u1", {"plan": "free"})
    for at, body in enumerate(engage.told()):
        sent = {"request": json.dumps(body), "response": f"answer {at}", "message_ids": [body["messageId"]]}
        row = delivery(engage.workspace_id, destination_id=engage.hook, at=engage.now / 1000 + at, **sent)
        engage.store.insert("deliveries", [row])
    (sync,) = queries.syncs(audience.id)
    log = sync_log(engage.store, engage.workspace_id, sync.id, engage.profile_id("user_id:u1"))
    assert [(item.value, item.type, item.status, item.response) for item in log] == [
        (False, "identify", 200, "answer 2"), (True, "identify", 200, "answer 0"),
    ]  # fmt: skip
    assert [json.loads(item.request)["traits"]["on_pro"] for item in log] == [False, True]
    page = explained(engage, audience.id, "user_id:u1")
    assert "Identify on_pro: false" in page
    assert "answer 2" in page
    assert "answer 1" not in page


def explained(engage: EngageWorld, audience_id: int, identifier: str) -> str:
    """The page that says why somebody is in the audience, as text."""
    owner = signed_in(user(Workspace.objects.get(id=engage.workspace_id), Role.OWNER, "owner@acme.example"))
    stores.provide(engage.store)
    try:
        return text(owner.get(f"/audiences/{audience_id}/people/{engage.profile_id(identifier)}/"))
    finally:
        stores.provide(None)


def test_a_disabled_destination_gets_nothing_and_nothing_later_for_it(engage: EngageWorld) -> None:
    engage.audience("Buyers", did("Bought"))
    ids = {"workspace_id": engage.workspace_id, "destination_id": engage.hook}
    connections.set_destination_enabled(**ids, enabled=False)
    engage.did("Bought", "u1")
    connections.set_destination_enabled(**ids, enabled=True)
    engage.did("Bought", "u2")
    assert engage.news() == [("u2", "buyers", True)]


def test_a_disconnected_destination_is_told_nothing_more(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Bought"))
    services.disconnect_destination(engage.workspace_id, audience.id, engage.hook)
    engage.did("Bought", "u1")
    assert engage.news() == []


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(engage: EngageWorld) -> None:
    audience = engage.audience("On pro", trait_is("plan", "pro"), told=False)
    engage.identify("u1", {"plan": "pro"})
    engage.identify("u2", {"plan": "pro"})
    run = dry_run(engage.workspace_id, audience.id, engage.hook, send_track=True, sample=1)
    assert (run.people, run.left_out) == (2, 0)
    assert [body["type"] for body in run.calls] == ["identify", "track"]
    assert run.calls[0]["traits"] == {"on_pro": True}
    assert engage.told() == []


def test_what_cannot_be_connected_says_why(engage: EngageWorld) -> None:
    audience = engage.audience("Buyers", did("Bought"), told=False)
    with pytest.raises(AudienceError, match="Nothing would be sent") as refused:
        services.connect_destination(engage.workspace_id, audience.id, engage.hook, send_identify=False)
    assert refused.value.field == "send_identify"
    with pytest.raises(AudienceError, match="There is no destination 0 in this workspace"):
        services.connect_destination(engage.workspace_id, audience.id, 0)
    with pytest.raises(AudienceError, match="need different names"):
        services.connect_destination(engage.workspace_id, audience.id, engage.hook, entered="X", exited="X")
