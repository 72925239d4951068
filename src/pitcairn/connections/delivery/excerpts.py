"""What the log and the event tester keep of requests and answers: beginnings, without secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from pitcairn.connections.destination import Reply, Request

EXCERPT_LENGTH = 2_000
HIDDEN = "•••"
SHORTEST_SECRET = 4
"""A shorter one would blank out half of any text."""
HIDDEN_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-signature", "cookie", "set-cookie", "x-api-key", "x-amz-security-token"}
)
"""Headers whose value is a secret, or made of one."""


class Excerpts:
    """For one destination; `secrets` are the values of its secret settings."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings: set[str] = set()
        for secret in secrets:
            if len(secret) >= SHORTEST_SECRET:
                spellings |= _spellings(secret)
        ordered = sorted(spellings, key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def clean(self, text: str) -> str:
        """The text with every spelling of a secret blanked out."""
        return self._secret.sub(HIDDEN, text) if self._secret else text

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown = {}
        for name, value in headers.items():
            if name.lower() in HIDDEN_HEADERS:
                scheme, _, rest = value.partition(" ")
                shown[name] = f"{scheme} {HIDDEN}" if rest and name.lower().endswith("authorization") else HIDDEN
            else:
                shown[name] = self.clean(value)
        return shown

    def body(self, body: bytes, length: int = EXCERPT_LENGTH) -> str:
        # A secret may lie across the cut: clean more than is shown.
        text = self.clean(body[: length * 4 + 1_000].decode("utf-8", "replace").replace("\0", "\ufffd"))
        return text if len(text) <= length else text[:length] + "…"

    def request(self, request: Request) -> str:
        lines = [f"{request.method} {self.clean(request.url)}"]
        lines += [f"{name}: {value}" for name, value in self.headers(request.headers).items()]
        return "\n".join(lines) + "\n\n" + self.body(request.body)

    def reply(self, reply: Reply) -> str:
        lines = [str(reply.status)]
        lines += [f"{name}: {value}" for name, value in self.headers(reply.headers).items()]
        return self.clean("\n".join(lines))[:EXCERPT_LENGTH] + "\n\n" + self.body(reply.body)


def _spellings(secret: str) -> set[str]:
    """The secret as itself and as it stands in JSON, in addresses, and in base64 alone and in a Basic header."""
    found = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}
    for text in (secret, f"{secret}:", f":{secret}"):
        found.add(base64.b64encode(text.encode()).decode().rstrip("="))
    return found
