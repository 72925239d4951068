"""What is remembered of somebody's visits to the websites: first and last campaign and referrer, visits, pages, and the times
at which they saw the experiences whose views are counted. Pure: values in, values out.

The same `viewed` is used by the pipeline, for the page views that messages tell of, and by decisions, for the view that is
just beginning: so a condition sees the visit as the pipeline will have it a moment later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec

VISIT_GAP_MS = 30 * 60_000
"""A page view so long after the one before begins a new visit."""
SAME_VIEW_MS = 10_000
"""The tag's question, the Page call and a doubled Page call of one view lie so close together."""
TIMES_KEPT = 20
"""Views of one experience that are remembered; no frequency cap is larger."""
UTM = ("source", "medium", "campaign", "term", "content")
_PREFIX = "utm_"
_LONGEST = 500
"""Characters of a remembered value."""


class PageView(msgspec.Struct, frozen=True):
    """A page at a time (ms since 1970). `loaded`: told of by a Page call or the tag, not by another call on the page."""

    url: str
    referrer: str
    at: int
    loaded: bool = True


class VisitRecord(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered. Times are ms since 1970, 0 before the first view; a campaign is its UTM parameters, without `utm_`.

    A touch is remembered only where there was one: the first campaign is the first that is known, however many visits
    without one came before. Referrers of the website itself do not count.
    """

    first_at: int = 0
    last_at: int = 0
    visits: int = 0
    pages: int = 0
    page: str = ""
    """A digest of the last page's address, to know it again."""
    first_utm: Mapping[str, str] = {}
    last_utm: Mapping[str, str] = {}
    first_referrer: str = ""
    last_referrer: str = ""
    seen: Mapping[str, tuple[int, ...]] = {}
    """By experience, the newest times at which it was seen; only of those with a frequency cap."""


NO_VISITS = VisitRecord()


def viewed(record: VisitRecord, view: PageView) -> VisitRecord:
    """The record with one more page view. The same record when it is the view that was counted last."""
    page = hashlib.blake2b(view.url.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    since = view.at - record.last_at
    if page == record.page and abs(since) < (SAME_VIEW_MS if view.loaded else VISIT_GAP_MS):
        return record
    utm, referrer = campaign(view.url), outside_referrer(view.referrer, view.url)
    earliest = record.first_at == 0 or view.at < record.first_at
    latest = since >= 0
    return VisitRecord(
        view.at if earliest else record.first_at,
        view.at if latest else record.last_at,
        record.visits + (1 if record.visits == 0 or since >= VISIT_GAP_MS else 0),
        record.pages + 1,
        page if latest else record.page,
        utm if utm and (earliest or not record.first_utm) else record.first_utm,
        utm if utm and (latest or not record.last_utm) else record.last_utm,
        referrer if referrer and (earliest or not record.first_referrer) else record.first_referrer,
        referrer if referrer and (latest or not record.last_referrer) else record.last_referrer,
        record.seen,
    )


def saw(record: VisitRecord, experience_id: int, at: int) -> VisitRecord:
    """The record with one more view of an experience."""
    key = str(experience_id)
    times = tuple(sorted((*record.seen.get(key, ()), at))[-TIMES_KEPT:])
    return msgspec.structs.replace(record, seen={**record.seen, key: times})


def joined(one: VisitRecord, other: VisitRecord) -> VisitRecord:
    """What is remembered of two who turned out to be one person."""
    if not other.visits:
        return _with_seen(one, other.seen)
    if not one.visits:
        return _with_seen(other, one.seen)
    first, second = (one, other) if one.first_at <= other.first_at else (other, one)
    before, last = (other, one) if one.last_at >= other.last_at else (one, other)
    return VisitRecord(
        first.first_at,
        last.last_at,
        one.visits + other.visits,
        one.pages + other.pages,
        last.page,
        first.first_utm or second.first_utm,
        last.last_utm or before.last_utm,
        first.first_referrer or second.first_referrer,
        last.last_referrer or before.last_referrer,
        _both(one.seen, other.seen),
    )


def parted(whole: VisitRecord, gone: VisitRecord, before: VisitRecord) -> VisitRecord:
    """`whole` without what `gone` brought into it; `before` is what it was when that came. The opposite of `joined`.

    What was seen since then stays with whoever keeps the profile, since nobody can tell whose it was.
    """
    later = whole.last_at > max(before.last_at, gone.last_at)
    last = whole if later else before
    seen = {
        key: tuple(at for at in times if at in before.seen.get(key, ()) or at not in gone.seen.get(key, ()))
        for key, times in whole.seen.items()
    }
    return VisitRecord(
        before.first_at or (whole.last_at if later else 0),
        last.last_at,
        max(0, whole.visits - gone.visits),
        max(0, whole.pages - gone.pages),
        last.page,
        before.first_utm or _unless(whole.first_utm, gone.first_utm),
        last.last_utm if not later else _unless(whole.last_utm, gone.last_utm) or before.last_utm,
        before.first_referrer or ("" if whole.first_referrer == gone.first_referrer else whole.first_referrer),
        last.last_referrer if not later or whole.last_referrer != gone.last_referrer else before.last_referrer,
        {key: times for key, times in seen.items() if times},
    )


def campaign(url: str) -> dict[str, str]:
    """The UTM parameters of an address by name, without `utm_`; the first of a repeated one, none that is empty."""
    if _PREFIX not in url.lower():
        return {}
    found: dict[str, str] = {}
    for name, value in parse_qsl(url.partition("?")[2].partition("#")[0]):
        short = name.lower().removeprefix(_PREFIX)
        if name.lower().startswith(_PREFIX) and short in UTM and value:
            found.setdefault(short, value[:_LONGEST])
    return found


def outside_referrer(referrer: str, url: str) -> str:
    """The referrer, unless it is a page of the same host, or nothing that can be read."""
    host = _host(referrer)
    return referrer[:_LONGEST] if host and host != _host(url) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _unless(value: Mapping[str, str], other: Mapping[str, str]) -> Mapping[str, str]:
    return {} if value == other else value


def _with_seen(record: VisitRecord, seen: Mapping[str, Iterable[int]]) -> VisitRecord:
    return msgspec.structs.replace(record, seen=_both(record.seen, seen)) if seen else record


def _both(one: Mapping[str, Iterable[int]], other: Mapping[str, Iterable[int]]) -> dict[str, tuple[int, ...]]:
    return {
        key: tuple(sorted({*one.get(key, ()), *other.get(key, ())})[-TIMES_KEPT:])
        for key in {*one.keys(), *other.keys()}
    }
