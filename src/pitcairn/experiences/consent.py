"""What a visitor allows, from what they chose, what their browser signals, and what the website's source asks for.

The tag has the same rules (`browser/tag/consent.ts`); the edge decides by these, and *why* explains by these.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Consent(StrEnum):
    ALLOWED = "allowed"
    PENDING = "pending"
    """The source asks, and there is no answer yet: pages are personalized, and nothing is stored or counted."""
    REFUSED = "refused"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser says of it: the stored choice (`in`, `out` or nothing), Global Privacy Control, and whether its page takes
    silence for a refusal, which nobody but the page knows."""

    choice: str = ""
    gpc: bool = False
    refused_by_page: bool = False


def is_refused(choice: str, *, gpc: bool, honours_gpc: bool) -> bool:
    """Whether the visitor is to be left alone. Who opted in on this website has said more than a general signal."""
    return choice == "out" or (honours_gpc and gpc and choice != "in")


def consent_of(said: Said, *, asks_consent: bool, honours_gpc: bool) -> Consent:
    if is_refused(said.choice, gpc=said.gpc, honours_gpc=honours_gpc) or (said.refused_by_page and said.choice != "in"):
        return Consent.REFUSED
    return Consent.PENDING if asks_consent and said.choice != "in" else Consent.ALLOWED


def consent_words(said: Said, consent: Consent, *, honours_gpc: bool) -> str:
    """Why it is so, in a sentence without its full stop."""
    if consent is Consent.ALLOWED:
        return "The visitor has opted in" if said.choice == "in" else "The source asks for no consent"
    if consent is Consent.PENDING:
        return "The visitor has not answered yet: the page is personalized, but nothing is stored or counted"
    if said.choice == "out":
        return "The visitor has opted out, so they see the original"
    if said.gpc and honours_gpc:
        return (
            "The browser sends Global Privacy Control, which the source takes for an opt-out, so they see the original"
        )
    return "The page takes silence for an opt-out, so they see the original"
