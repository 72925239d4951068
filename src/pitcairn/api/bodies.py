"""What every body of the management API is made of."""

from __future__ import annotations

from typing import TypeVar

from ninja import Schema
from pydantic import ConfigDict

from pitcairn.api.envelope import Refused

T = TypeVar("T")


class Given(Schema):
    """A body that is sent: its types are exact, and what is not known is refused, so that no slip goes unseen."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ErrorDetail(Schema):
    path: str
    message: str


class ErrorBody(Schema):
    code: str
    message: str
    details: list[ErrorDetail]


class Error(Schema):
    error: ErrorBody


def found(item: T | None, what: str) -> T:
    """The item. Raises Refused, 404, when there is none."""
    if item is None:
        raise Refused(404, f"There is no {what} in this workspace; it may have been deleted.")
    return item


def changed(body: Schema) -> frozenset[str]:
    """The names of the fields that a PATCH gives."""
    return frozenset(body.model_fields_set)
