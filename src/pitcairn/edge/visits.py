"""A visit as decisions see it: the page, what the browser says, what is known of the visitor, and where their address is.

The edge makes one for every question of the tag; whoever explains a decision makes one from what they are told.
"""

from __future__ import annotations

import functools

import msgspec

from pitcairn.conditions import Fact, Facts
from pitcairn.edge.device import device
from pitcairn.edge.ip_data import NOWHERE, IPData
from pitcairn.edge.profile_reader import VisitorProfile
from pitcairn.experiences.decisions import Visit
from pitcairn.experiences.page_patterns import place
from pitcairn.experiences.running import Programme
from pitcairn.profiles.visits import PageView, viewed

_place = functools.lru_cache(4096)(place)

_OF_VISITS = frozenset({Fact.VISIT, Fact.FIRST_UTM, Fact.LAST_UTM, Fact.FIRST_REFERRER, Fact.LAST_REFERRER})
_OF_ADDRESSES = frozenset({Fact.LOCATION, Fact.COMPANY, Fact.COUNTRY, Fact.TIME})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser says of a page view. `country` is what a proxy says; empty texts are unknown."""

    visitor: str
    url: str
    at: int
    """ms since 1970"""
    referrer: str = ""
    user_agent: str = ""
    language: str = ""
    time_zone: str = ""
    country: str = ""
    address: str = ""
    """The visitor's IP address."""


def visit_of(asked: Asked, profile: VisitorProfile, programme: Programme, ip_data: IPData) -> Visit:
    """The visit. What no condition of the programme asks about is not looked up."""
    facts = programme.facts
    agent = device(asked.user_agent)
    record = profile.visits
    if not facts.isdisjoint(_OF_VISITS):
        record = viewed(record, PageView(asked.url, asked.referrer, asked.at))
    located = NOWHERE
    if asked.address and not facts.isdisjoint(_OF_ADDRESSES):
        located = ip_data.look_up(asked.address)
    return Visit(
        place=_place(asked.url),
        visitor=asked.visitor,
        assignments=profile.assignments,
        seen=record.seen,
        facts=Facts(
            traits=profile.traits,
            audiences=profile.audiences,
            accounts=profile.accounts,
            now=asked.at,
            page_url=asked.url,
            referrer=asked.referrer,
            device=agent.type,
            browser=agent.browser,
            os=agent.os,
            country=asked.country or located.country,
            language=asked.language,
            time_zone=asked.time_zone or located.location.get("time_zone", ""),
            location=located.location,
            company=located.company,
            first_utm=record.first_utm,
            last_utm=record.last_utm,
            first_referrer=record.first_referrer,
            last_referrer=record.last_referrer,
            visits=record.visits,
            pages=record.pages,
            first_seen=record.first_at,
        ),
    )
