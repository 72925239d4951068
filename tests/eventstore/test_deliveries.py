"""What the event store tells about deliveries, over the embedded engine and over the wire."""

from __future__ import annotations

import json
from datetime import timedelta

from eventstore.rows import START, delivery, message, refusal
from pitcairn.eventstore import EventStore
from pitcairn.eventstore.records import from_ms

BEGIN = from_ms(int(START * 1000))
END = BEGIN + timedelta(hours=1)


def fill(store: EventStore, workspace: int) -> None:
    """Ten messages for destination 1: three filtered, one taken inside, six queued, of which four arrived and one failed."""
    store.insert(
        "messages",
        [
            *(message(workspace, message_id=f"q{n}", routed_to=[1, 2], delivered_to=[]) for n in range(6)),
            *(
                message(workspace, message_id=f"f{n}", filtered=json.dumps({"1": "FILTERED_BY_RULES"}), delivered_to=[])
                for n in range(3)
            ),
            message(workspace, message_id="t"),
            message(workspace, message_id="before", received_at=START - 1, routed_to=[1]),
        ],
    )
    store.insert("refusals", [refusal(workspace), refusal(workspace, reason="multi_user_error")])
    store.insert(
        "deliveries",
        [
            delivery(
                workspace,
                message_ids=["q0", "q1", "q2"],
                types=["track"] * 3,
                events=["A"] * 3,
                source_ids=[1, 1, 2],
                attempts=[1, 1, 1],
                latencies_ms=[1000, 1000, 1000],
                again=[False, False, False],
            ),
            delivery(
                workspace,
                message_ids=["q3"],
                outcome="retried",
                reason="500",
                status=500,
                detail="busy",
                request="POST",
            ),
            delivery(workspace, message_ids=["q3"], at=START + 61, attempts=[2], latencies_ms=[61_000]),
            delivery(workspace, message_ids=["q4"], outcome="failed", reason="400", status=400),
            delivery(workspace, message_ids=["q4"], at=START + 120, latencies_ms=[0], again=[True]),
            delivery(workspace, message_ids=["before"], at=START + 1, latencies_ms=[2000]),
            delivery(workspace, message_ids=["x"], destination_id=2, outcome="partial", reason="500"),
        ],
    )


def test_the_steps_of_one_destination(store: EventStore, workspace_id: int) -> None:
    fill(store, workspace_id)
    overview = store.delivery_overview(workspace_id, BEGIN, END, None, 1)
    assert (overview.received, overview.ingest_failed, overview.filtered) == (9, 0, 3)
    assert (overview.delivered, overview.failed, overview.pending, overview.personalized) == (4, 1, 1, 0)
    assert overview.filtered + overview.pending + overview.failed + overview.delivered == overview.received
    assert [(one.reason, one.count) for one in overview.filter_reasons] == [("FILTERED_BY_RULES", 3)]
    assert [(one.reason, one.count) for one in overview.retry_reasons] == [("500", 1)]
    assert [(one.reason, one.count) for one in overview.failure_reasons] == [("400", 1)]
    assert overview.sent_again == 1
    assert overview.p95_ms is not None
    assert 1_000 <= overview.p95_ms <= 61_000


def test_the_built_in_personalization_counts_by_slug_and_sources(store: EventStore, workspace_id: int) -> None:
    fill(store, workspace_id)
    taken = store.delivery_overview(workspace_id, BEGIN, END, None, 9, personalizes=("mutiny", [1]))
    assert (taken.received, taken.delivered, taken.personalized, taken.p95_ms) == (1, 1, 1, None)
    elsewhere = store.delivery_overview(workspace_id, BEGIN, END, None, 9, personalizes=("mutiny", [2]))
    assert elsewhere.received == 0


def test_the_steps_of_the_workspace_and_of_a_source(store: EventStore, workspace_id: int) -> None:
    fill(store, workspace_id)
    everything = store.delivery_overview(workspace_id, BEGIN, END)
    assert (everything.received, everything.ingest_failed, everything.delivered) == (10, 1, 5)
    assert [one.reason for one in everything.ingest_reasons] == ["no_id"]
    assert everything.pending == 12 - 4 - 1
    other = store.delivery_overview(workspace_id, BEGIN, END, 2)
    assert (other.received, other.delivered) == (0, 1)


def test_samples(store: EventStore, workspace_id: int) -> None:
    fill(store, workspace_id)
    [failed] = store.delivery_samples(workspace_id, BEGIN, END, "failed", destination_id=1)
    assert (failed.message_id, failed.reason, failed.status, failed.attempt) == ("q4", "400", 400, 1)
    assert json.loads(failed.message)["messageId"] == "q4"
    filtered = store.delivery_samples(workspace_id, BEGIN, END, "filtered", reason="FILTERED_BY_RULES", limit=2)
    assert [(one.destination_id, one.message_id) for one in filtered] == [(1, "f0"), (1, "f1")]
    [refused] = store.delivery_samples(workspace_id, BEGIN, END, "ingest")
    assert (refused.reason, refused.message) == ("no_id", '{"type":"track"}')
    [retried] = store.delivery_samples(workspace_id, BEGIN, END, "retried", reason="500")
    assert (retried.detail, retried.request) == ("busy", "POST")
    assert store.delivery_samples(workspace_id, BEGIN, END, "failed", reason="500") == []


def test_series_has_every_step(store: EventStore, workspace_id: int) -> None:
    fill(store, workspace_id)
    points = store.delivery_series(workspace_id, BEGIN, BEGIN + timedelta(minutes=4), step_seconds=60, destination_id=1)
    assert [point.at for point in points] == [BEGIN + timedelta(minutes=n) for n in range(4)]
    assert [(p.received, p.delivered, p.failed, p.retried) for p in points] == [
        (9, 4, 1, 1), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0),
    ]  # fmt: skip
    assert points[2].p95_ms is None


def test_the_log_newest_first(store: EventStore, workspace_id: int) -> None:
    fill(store, workspace_id)
    found = store.delivery_attempts(workspace_id, message_id="q3")
    assert [(one.outcome, one.attempts) for one in found] == [("delivered", [2]), ("retried", [1])]
    assert len(store.delivery_attempts(workspace_id, destination_id=1, outcome="delivered")) == 4
    early = store.delivery_attempts(workspace_id, before=BEGIN + timedelta(seconds=30), limit=2)
    assert [one.at for one in early] == [BEGIN + timedelta(seconds=1)] * 2
    assert store.delivery_attempts(workspace_id + 1) == []


def test_a_block_is_known_by_its_number(store: EventStore, workspace_id: int) -> None:
    row = delivery(workspace_id)
    assert not store.has_flush(row["flush"])
    store.insert("deliveries", [row])
    assert store.has_flush(row["flush"])


def test_pages_of_a_replay_keep_receipts_together(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "messages",
        [
            message(workspace_id, message_id=f"m{n}-{i}", received_at=START + n, source_id=1 + n % 2)
            for n in range(4)
            for i in range(3)
        ],
    )
    position, pages = BEGIN, []
    while position < END:
        found, position = store.replayed(workspace_id, [1, 2], position, END, 2)
        pages.append([one.message_id for one in found])
    assert [one for page in pages for one in page] == [f"m{n}-{i}" for n in range(4) for i in range(3)]
    assert all(len(page) in {0, 3} for page in pages)
    only, _ = store.replayed(workspace_id, [2], BEGIN, END, 100)
    assert {one.source_id for one in only} == {2}
