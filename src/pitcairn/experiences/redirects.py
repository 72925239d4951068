"""Where a redirect leads: the target's address with what the visitor's own address brings along.

The page's query is kept, and so is its fragment; where both say the same parameter, or both have a fragment, the target's
own holds. A page that is the target of a redirect is not redirected by it, and belongs to no arm of it either: who comes
there directly, or arrives, has nothing left to be decided.
"""

from __future__ import annotations

from urllib.parse import unquote_plus, urljoin, urlsplit, urlunsplit

import msgspec

from pitcairn.experiences.page_patterns import place

MAX_URL_LENGTH = 2_000
"""What every browser and server takes."""
_SCHEMES = frozenset({"http", "https"})


class Redirect(msgspec.Struct, frozen=True):
    """`url` is a whole address, or one that begins with a slash and means the page's own host."""

    url: str

    def target(self, page_url: str) -> str:
        """The address to go to from this page; empty when that cannot be said, or would be no page on the web."""
        try:
            page, target = urlsplit(page_url), urlsplit(urljoin(page_url, self.url))
        except ValueError:
            return ""
        if target.scheme not in _SCHEMES or not target.netloc:
            return ""
        own = _parameters(target.query)
        names = {_name(one) for one in own}
        kept = [one for one in _parameters(page.query) if _name(one) not in names]
        return urlunsplit(
            target._replace(
                path=target.path or "/", query="&".join((*own, *kept)), fragment=target.fragment or page.fragment
            )
        )

    def is_at(self, page_url: str) -> bool:
        """Whether the page at this address is the target already: the same place, with all that the target's query says."""
        try:
            target = urljoin(page_url, self.url)
            page, own = urlsplit(page_url), _parameters(urlsplit(target).query)
        except ValueError:
            return False
        return place(target).rstrip("/") == place(page_url).rstrip("/") and set(own) <= set(_parameters(page.query))


def host_of(url: str) -> str:
    """The host and port that a whole address names, in lower case; empty for one on the page's own host."""
    return urlsplit(url).netloc.lower()


def url_problem(url: str) -> str:
    """Why this is not where a redirect may lead, or nothing."""
    if len(url) > MAX_URL_LENGTH:
        return f"{len(url):,} characters are too many for an address; the limit is {MAX_URL_LENGTH:,}"
    if any(character <= " " or character == "\\" for character in url) or "{{" in url:
        return f"{url!r} holds a character that no address has; write it as the browser shows it"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return f"{url!r} is not an address; write /pricing-b, or one that starts with https://"
    if url.startswith("/") and not url.startswith("//"):
        return ""
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return f"{url!r} is not an address to go to; write /pricing-b, or one that starts with https://"
    if "@" in parts.netloc:
        return f"{url!r} names a user; leave out what stands before the @"
    return ""


def _parameters(query: str) -> list[str]:
    return [one for one in query.split("&") if one]


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])
