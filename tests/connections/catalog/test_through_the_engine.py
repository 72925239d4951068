"""Destinations of the catalog with the pipeline before them and the engine behind them, as they run."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from django.conf import settings as django_settings

from connections.delivery.target import Answer, Target
from connections.delivery.world import HOUR, DeliveryWorld
from connections.listener import listening
from pipeline.world import identify, track
from pitcairn.connections import services
from pitcairn.connections.catalog.s3.signing import Credentials, signed
from pitcairn.experiences.exposures import exposure_id

pytestmark = pytest.mark.django_db(transaction=True, databases=list(django_settings.DATABASES))

VIEW = "Mutiny Experience Viewed"


def connected(world: DeliveryWorld, slug: str, **settings: Any) -> int:
    return services.create_destination(
        workspace_id=world.workspace_id, slug=slug, source_ids=[world.website], settings=settings, enabled=True
    ).id


def test_an_experience_view_of_the_tag_reaches_segment_under_its_own_id(world: DeliveryWorld) -> None:
    target = Target()
    world.run(target.__aenter__())
    made = connected(world, "segment", writeKey="segment-write-key", host=target.url.removesuffix("/hook"))
    world.targets[made] = target
    world.process(
        track("view-1", VIEW, context={"library": {"name": "pitcairn-tag"}}, properties={"experience": "Hero"}),
        track("view-2", VIEW, context={"library": {"name": "analytics.js"}}),
        track("m-3", "Signed Up", userId="u-1"),
    )
    world.settle()
    (asked,) = target.asked
    assert asked.path == "/v1/batch"
    (batch,) = asked.messages
    (sent,) = batch["batch"]
    assert (sent["messageId"], sent["event"], sent["properties"]) == ("view-1", VIEW, {"experience": "Hero"})
    assert sent["context"]["forwardedBy"] == "pitcairn"
    assert not {"receivedAt", "sentAt", "writeKey"} & set(sent)
    stored = {one.message_id: one for one in world.messages()}
    assert stored["view-2"].filtered[str(made)] == "NO_MATCHING_MAPPING"
    (row,) = world.log(made)
    assert "segment-write-key" not in repr(row)


def test_an_experience_view_that_is_sent_again_is_the_same_to_segment(world: DeliveryWorld) -> None:
    """Ids, variation, unit and dedupe key arrive as they were reported; every attempt carries the same message id."""
    answers = iter([Answer(503), Answer(503)])
    target = Target(lambda asked: next(answers, Answer()))
    world.run(target.__aenter__())
    made = connected(world, "segment", writeKey="segment-write-key", host=target.url.removesuffix("/hook"))
    world.targets[made] = target
    view = exposure_id(
        b"secret", "n1", experience_id=1, segment_id=21, variation_id=31, visitor="visitor-1", reason="assigned"
    )
    properties = {
        "experience": "Hero",
        "audienceSegment": "Small company",
        "personalized": True,
        "experienceId": 1,
        "audienceSegmentId": 21,
        "variation": "Small",
        "variationId": 31,
        "unit": "visitor",
        "visitorId": "visitor-1",
        "exposureId": view,
        "dedupeKey": view,
        "reason": "assigned",
        "pageUrl": "https://acme.example/",
    }
    reported = track(view, VIEW, context={"library": {"name": "pitcairn-tag"}}, properties=properties)
    world.process(reported, reported)
    world.pass_time(HOUR)
    world.process(reported)
    world.pass_time(HOUR)
    sent = [message for asked in target.asked for batch in asked.messages for message in batch["batch"]]
    assert len(sent) == 3
    assert {one["messageId"] for one in sent} == {view}
    assert {one["properties"]["dedupeKey"] for one in sent} == {view}
    assert all(one["properties"] == properties for one in sent)
    assert len(view) < 100


def test_memberships_reach_the_webhook_for_audiences(world: DeliveryWorld) -> None:
    target = Target()
    world.run(target.__aenter__())
    made = connected(world, "webhook-audiences", url=target.url)
    world.targets[made] = target
    personas = {"computation_key": "big_spenders", "computation_class": "audience"}
    world.process(
        identify("m-1", {"big_spenders": True}, userId="u-1", context={"personas": personas}),
        identify("m-2", {"big_spenders": True}, userId="u-2"),
    )
    world.settle()
    assert target.taken == ["m-1"]


@pytest.mark.parametrize(("kind", "ending"), [("JSON lines", ".jsonl"), ("Parquet", ".parquet")])
def test_files_are_written(world: DeliveryWorld, settings: Any, tmp_path: Path, kind: str, ending: str) -> None:
    settings.DATA = tmp_path
    made = connected(world, "files", format=kind)
    world.process(*(track(f"m-{n}", "Looked", userId=f"u-{n}") for n in range(20)))
    world.settle()
    (path,) = (tmp_path / "files" / "messages" / "2026-11-02").iterdir()
    assert path.suffix == ending
    if kind == "JSON lines":
        assert sorted(json.loads(line)["messageId"] for line in path.read_text("utf-8").splitlines()) == sorted(
            f"m-{n}" for n in range(20)
        )
    assert {row.outcome for row in world.log(made)} == {"delivered"}


def test_files_that_cannot_be_written_wait(world: DeliveryWorld, settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    in_the_way = tmp_path / "files"
    in_the_way.write_text("a file where the folder should be")
    made = connected(world, "files")
    world.process(track("m-1", "Looked", userId="u-1"))
    world.settle()
    assert [(row.outcome, row.reason) for row in world.log(made)] == [("retried", "ENOTDIR")]
    in_the_way.unlink()
    world.pass_time(3_600_000)
    (path,) = (tmp_path / "files" / "messages" / "2026-11-02").iterdir()
    assert json.loads(path.read_bytes())["messageId"] == "m-1"


@pytest.mark.parametrize(("kind", "ending"), [("JSON lines", ".jsonl.gz"), ("Parquet", ".parquet")])
def test_objects_are_put_into_a_store_that_checks_what_comes(world: DeliveryWorld, kind: str, ending: str) -> None:
    """As an S3-compatible store does: it signs the request that came, from its decoded path, and compares."""
    keys = Credentials(key_id="AKIDEXAMPLE", secret="very secret", region="eu-west-1")

    server = listening()
    store = world.run(server.__aenter__())
    made = connected(
        world, "s3", bucket="company-events", region=keys.region, accessKeyId=keys.key_id,
        secretAccessKey=keys.secret, prefix="kind=all/(x)!", endpoint=store.url, format=kind,
    )  # fmt: skip
    world.process(*(track(f"m-{n}", "Looked", userId=f"u-{n}") for n in range(20)))
    world.settle()
    world.run(server.__aexit__(None, None, None))
    assert {row.outcome for row in world.log(made)} == {"delivered"}
    assert keys.secret not in repr(world.log(made))
    ids: list[str] = []
    for one in store.received:
        path = unquote(one.path)
        assert one.method == "PUT"
        assert path.startswith("/company-events/kind=all/(x)!/2026-11-02/")
        assert path.endswith(ending)
        again = signed(
            keys, method="PUT", host=one.headers["host"], path=path, body=one.body,
            headers={"Content-Type": one.headers["content-type"]},
            now=datetime.strptime(one.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
        )  # fmt: skip
        assert one.headers["authorization"] == again["Authorization"]
        if kind == "Parquet":
            ids += pq.read_table(io.BytesIO(one.body)).column("message_id").to_pylist()
        else:
            ids += [json.loads(line)["messageId"] for line in gzip.decompress(one.body).splitlines()]
    assert sorted(ids) == sorted(f"m-{n}" for n in range(20))
