"""Messages as the contents of a file: JSON lines or Parquet."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pitcairn.connections.destination import OutgoingMessage

JSON_LINES = "JSON lines"
PARQUET = "Parquet"

_TEXTS = {"message_id": "messageId", "type": "type", "user_id": "userId", "anonymous_id": "anonymousId"}
_TIMES = {"timestamp": "timestamp", "received_at": "receivedAt"}
_OBJECTS = ("properties", "traits", "context")
_IN_COLUMNS = frozenset({*_TEXTS.values(), *_TIMES.values(), *_OBJECTS, "event"})


def json_lines(messages: Sequence[OutgoingMessage]) -> bytes:
    """One line for each message."""
    return b"".join(msgspec.json.encode(message.body) + b"\n" for message in messages)


def parquet(messages: Sequence[OutgoingMessage]) -> bytes:
    """A Parquet file: a row for each message; what has no column of its own is JSON in `other`."""
    # Half a second and 50 MB, for those who use it.
    import pyarrow as pa  # noqa: PLC0415

    bodies = [message.body for message in messages]
    moment = pa.timestamp("ms", tz="UTC")
    columns = {name: pa.array([_text(body.get(key)) for body in bodies], pa.string()) for name, key in _TEXTS.items()}
    columns["event"] = pa.array([_text(body.get("event") or body.get("name")) for body in bodies], pa.string())
    columns |= {name: pa.array([_moment(body.get(key)) for body in bodies], moment) for name, key in _TIMES.items()}
    columns |= {key: pa.array([_json(body.get(key)) for body in bodies], pa.string()) for key in _OBJECTS}
    columns["other"] = pa.array([_json(_rest(body)) for body in bodies], pa.string())
    return encode_rows(pa.table(columns))


def encode_rows(table: Any) -> bytes:
    """A table of pyarrow as the contents of a Parquet file."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def received(message: OutgoingMessage) -> datetime:
    """When the message was received, UTC; the beginning of time when it does not say."""
    return _moment(message.body.get("receivedAt")) or datetime.fromtimestamp(0, UTC)


def batch_name(messages: Sequence[OutgoingMessage]) -> str:
    """16 characters that are the same whenever the same messages are written together."""
    ids = "\n".join(str(message.body.get("messageId", "")) for message in messages)
    return hashlib.sha256(ids.encode()).hexdigest()[:16]


def _rest(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _IN_COLUMNS}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _json(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


def _moment(value: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return read if read is None or read.tzinfo else read.replace(tzinfo=UTC)
