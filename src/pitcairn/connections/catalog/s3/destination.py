"""Keeps messages in a bucket of Amazon S3 or of a store that speaks its protocol, one object for each batch."""

import gzip
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from pitcairn.connections.catalog.files.encoding import PARQUET, batch_name, json_lines, parquet, received
from pitcairn.connections.catalog.s3.signing import Credentials, quoted, signed
from pitcairn.connections.destination import IncomingMessage, OutgoingMessage, Request, Send

BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
REGION = re.compile(r"[A-Za-z0-9-]{1,40}")
PREFIX = re.compile(r"[A-Za-z0-9!_.*'()/=-]{0,200}")


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Send:
    return Send()


def prepare(messages: Sequence[OutgoingMessage], settings: Mapping[str, Any]) -> Sequence[Request]:
    return [
        _put(list(group), hour, settings)
        for hour, group in groupby(messages, lambda message: f"{received(message):%Y-%m-%d/%H}")
    ]


def _put(messages: Sequence[OutgoingMessage], hour: str, settings: Mapping[str, Any]) -> Request:
    if settings.get("format") == PARQUET:
        body, ending, kind = parquet(messages), "parquet", "application/vnd.apache.parquet"
    else:
        # Without the time of packing, the same messages are the same bytes.
        body, ending, kind = (
            gzip.compress(json_lines(messages), compresslevel=5, mtime=0),
            "jsonl.gz",
            "application/gzip",
        )
    prefix = str(settings.get("prefix") or "").strip("/")
    name = f"{prefix}/{hour}-{batch_name(messages)}.{ending}".lstrip("/")
    base, path = _place(settings, name)
    credentials = Credentials(
        key_id=str(settings["accessKeyId"]), secret=str(settings["secretAccessKey"]), region=str(settings["region"])
    )
    headers = signed(
        credentials,
        method="PUT",
        host=urlsplit(base).netloc,
        path=path,
        body=body,
        headers={"Content-Type": kind},
        now=datetime.now(UTC),  # a signature holds for 15 minutes
    )
    return Request(messages=messages, url=base + quoted(path), method="PUT", body=body, headers=headers)


def _place(settings: Mapping[str, Any], name: str) -> tuple[str, str]:
    """The server's address without a path, and the object's path on it, not quoted."""
    bucket = settings["bucket"]
    endpoint = urlsplit(str(settings.get("endpoint") or ""))
    if endpoint.netloc:
        # Other stores are told the bucket in the path: few have a name of its own for each.
        return f"{endpoint.scheme}://{endpoint.netloc}", f"{endpoint.path.rstrip('/')}/{bucket}/{name}"
    ending = "amazonaws.com.cn" if str(settings["region"]).startswith("cn-") else "amazonaws.com"
    if "." in bucket:  # Amazon's certificate covers one label before s3
        return f"https://s3.{settings['region']}.{ending}", f"/{bucket}/{name}"
    return f"https://{bucket}.s3.{settings['region']}.{ending}", f"/{name}"


def check(settings: Mapping[str, Any]) -> Mapping[str, str]:
    problems: dict[str, str] = {}
    for key, pattern, rule in (
        ("bucket", BUCKET_NAME, "a bucket's name; use 3 to 63 letters, digits, dots and -"),
        ("region", REGION, "a region, such as us-east-1"),
        ("prefix", PREFIX, "a prefix; use at most 200 letters, digits and any of !_.*'()/=-"),
    ):
        value = str(settings.get(key) or "")
        if value and not pattern.fullmatch(value):
            problems[key] = f"{value!r} is not {rule}."
    return problems
