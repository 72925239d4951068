"""Files and Amazon S3: what is in them, where they are, and what a crash or a retry leaves."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pyarrow.parquet as pq
import pytest

from pitcairn.connections.catalog.files.destination import write
from pitcairn.connections.catalog.s3.signing import Credentials, signed
from pitcairn.connections.destination import OutgoingMessage, Request, WriteFailed
from pitcairn.connections.registry import catalog

JSON_LINES = {"folder": "messages", "format": "JSON lines"}
PARQUET = {"folder": "messages", "format": "Parquet"}
S3 = {"bucket": "company-events", "region": "eu-west-1", "accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "very secret"}


def message(number: int, received_at: str = "2026-11-23T14:05:06.007Z", **body: Any) -> OutgoingMessage:
    known = {
        "type": "track",
        "messageId": f"m-{number}",
        "userId": "u-1",
        "event": "Ordered",
        "receivedAt": received_at,
    }
    return OutgoingMessage(body={**known, **body}, person="u-1", source_id=1)


def lines(path: Path) -> list[str]:
    return [json.loads(line)["messageId"] for line in path.read_text("utf-8").splitlines()]


def test_json_lines_are_sorted_by_the_hour_of_receipt_and_grow(tmp_path: Path) -> None:
    write([message(1), message(2), message(3, "2026-11-23T15:00:00.000Z")], JSON_LINES, tmp_path)
    write([message(4)], JSON_LINES, tmp_path)
    day = tmp_path / "messages" / "2026-11-23"
    assert sorted(path.name for path in day.iterdir()) == ["14.jsonl", "15.jsonl"]
    assert lines(day / "14.jsonl") == ["m-1", "m-2", "m-4"]
    assert lines(day / "15.jsonl") == ["m-3"]
    assert json.loads((day / "15.jsonl").read_bytes()) == message(3, "2026-11-23T15:00:00.000Z").body


@pytest.mark.parametrize("broken", [b'{"messageId":"half', b"x" * 200_000, b""])
@pytest.mark.parametrize("whole", [b"", b'{"messageId":"m-0"}\n'])
def test_a_line_that_was_left_half_written_is_taken_away(tmp_path: Path, broken: bytes, whole: bytes) -> None:
    path = tmp_path / "messages" / "2026-11-23" / "14.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(whole + broken)
    write([message(1)], JSON_LINES, tmp_path)
    assert lines(path) == (["m-0"] if whole else []) + ["m-1"]


def test_a_message_that_does_not_say_when_it_came_is_kept_too(tmp_path: Path) -> None:
    write([message(1, "no time")], JSON_LINES, tmp_path)
    assert lines(tmp_path / "messages" / "1970-01-01" / "00.jsonl") == ["m-1"]


def test_parquet(tmp_path: Path) -> None:
    messages = [
        message(1, properties={"total": 5.5}, timestamp="2026-11-23T14:05:05.000Z", context={"ip": "203.0.113.9"}),
        message(2, type="page", event=None, name="Pricing", userId=None, anonymousId="a-1", integrations={"All": True}),
    ]
    write(messages, PARQUET, tmp_path)
    write(messages, PARQUET, tmp_path)  # a retry replaces what is there
    (path,) = (tmp_path / "messages" / "2026-11-23").iterdir()
    assert path.name.startswith("14-")
    table = pq.read_table(path)
    assert str(table.schema.field("received_at").type) == "timestamp[ms, tz=UTC]"
    first, second = table.to_pylist()
    assert first == {
        "message_id": "m-1",
        "type": "track",
        "event": "Ordered",
        "user_id": "u-1",
        "anonymous_id": None,
        "timestamp": datetime(2026, 11, 23, 14, 5, 5, tzinfo=UTC),
        "received_at": datetime(2026, 11, 23, 14, 5, 6, 7_000, tzinfo=UTC),
        "properties": '{"total":5.5}',
        "traits": None,
        "context": '{"ip":"203.0.113.9"}',
        "other": None,
    }
    assert (second["event"], second["user_id"], second["anonymous_id"]) == ("Pricing", None, "a-1")
    assert json.loads(second["other"]) == {"integrations": {"All": True}, "name": "Pricing"}


@pytest.mark.parametrize("folder", ["../elsewhere", "/etc", "a/b", "..", ".", "", "a\0b", ".hidden", "a" * 81])
def test_a_folder_stays_where_it_belongs(tmp_path: Path, folder: str) -> None:
    check = catalog()["files"].check
    assert check is not None
    assert not folder or "folder" in check({"folder": folder})
    inside = tmp_path / "files"
    with pytest.raises(WriteFailed) as caught:
        write([message(1)], {**JSON_LINES, "folder": folder}, inside)
    assert not caught.value.retry
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_does_not_take_it_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "messages").write_text("a file where the folder should be")
    with pytest.raises(WriteFailed) as caught:
        write([message(1)], JSON_LINES, tmp_path)
    assert (caught.value.reason, caught.value.retry) == ("ENOTDIR", True)


def test_the_catalog_writes_into_the_data_folder(tmp_path: Path, settings: Any) -> None:
    settings.DATA = tmp_path
    entry = catalog()["files"]
    assert entry.write is not None
    entry.write([message(1)], {**entry.manifest.defaults})
    assert lines(tmp_path / "files" / "messages" / "2026-11-23" / "14.jsonl") == ["m-1"]


# ── Amazon S3 ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_signature_of_the_reference() -> None:
    """The worked example "PUT Object" of the S3 API reference, "Signature calculations for the Authorization header"."""
    made = signed(
        Credentials(
            key_id="AKIAIOSFODNN7EXAMPLE", secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region="us-east-1"
        ),
        method="PUT",
        host="examplebucket.s3.amazonaws.com",
        path="/test$file.text",
        body=b"Welcome to Amazon S3.",
        headers={"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        now=datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert made["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )


def put(messages: Sequence[OutgoingMessage], **changes: Any) -> list[Request]:
    prepare = catalog()["s3"].prepare
    assert prepare is not None
    return list(prepare(messages, {**S3, **changes}))


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, "https://company-events.s3.eu-west-1.amazonaws.com/2026-11-23/14-"),
        ({"prefix": "/a/b/"}, "https://company-events.s3.eu-west-1.amazonaws.com/a/b/2026-11-23/14-"),
        ({"prefix": "kind=all"}, "https://company-events.s3.eu-west-1.amazonaws.com/kind%3Dall/2026-11-23/14-"),
        ({"bucket": "company.events"}, "https://s3.eu-west-1.amazonaws.com/company.events/2026-11-23/14-"),
        ({"region": "cn-north-1"}, "https://company-events.s3.cn-north-1.amazonaws.com.cn/2026-11-23/14-"),
        ({"endpoint": "https://storage.example:9000/"}, "https://storage.example:9000/company-events/2026-11-23/14-"),
        ({"endpoint": "https://r2.example/acc"}, "https://r2.example/acc/company-events/2026-11-23/14-"),
    ],
    ids=str,
)
def test_where_objects_go(changes: dict[str, Any], begins: str) -> None:
    (request,) = put([message(1)], **changes)
    assert request.method == "PUT"
    assert request.url.startswith(begins)
    assert request.url.endswith(".jsonl.gz")
    check = catalog()["s3"].check
    assert check is not None
    assert not check({**S3, **changes})


def test_objects_hold_the_messages_by_the_hour() -> None:
    messages = [message(1), message(2), message(3, "2026-11-24T00:00:00.000Z")]
    first, second = put(messages)
    assert [json.loads(line)["messageId"] for line in gzip.decompress(first.body).splitlines()] == ["m-1", "m-2"]
    assert "/2026-11-24/00-" in second.url
    (again, _) = put(messages)
    assert (again.url, again.body) == (first.url, first.body)
    (parquet,) = put(messages[:2], format="Parquet")
    assert parquet.url.endswith(".parquet")
    assert pq.read_table(io.BytesIO(parquet.body)).column("message_id").to_pylist() == ["m-1", "m-2"]


@pytest.mark.parametrize(
    "changes", [{}, {"prefix": "kind=all/(x)!"}, {"endpoint": "https://storage.example:9000"}], ids=str
)
def test_a_store_that_checks_the_signature_finds_it_right(changes: dict[str, Any]) -> None:
    """A store takes the request apart and signs it again, from the decoded path."""
    (request,) = put([message(1)], **changes)
    parts = urlsplit(request.url)
    sent = dict(request.headers)
    authorization = sent.pop("Authorization")
    assert sent["x-amz-content-sha256"] == hashlib.sha256(request.body).hexdigest()
    again = signed(
        Credentials(key_id=S3["accessKeyId"], secret=S3["secretAccessKey"], region=S3["region"]),
        method="PUT",
        host=parts.netloc,
        path=unquote(parts.path),
        body=request.body,
        headers={"Content-Type": sent["Content-Type"]},
        now=datetime.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )
    assert again["Authorization"] == authorization
    assert parts.path == quote(unquote(parts.path), safe="/-_.~")
