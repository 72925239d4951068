r"""Which pages an experience is on: patterns that people write, as regular expressions the server and the tag share.

A pattern is compared with the page's *place*: `host/path`, without scheme, query and fragment; a slash at the end does
not count. `*` stands for anything. A pattern that starts with `/` means that path on any host. A whole address may be
pasted.

The regular expression is written in what Python's `re` and JavaScript's `RegExp` have in common and is *searched* in
`host + path` (`location.host + location.pathname`): it carries its own anchors. Every `*` but the last takes the
shortest text that lets the next literal match and never gives it back, `(?=(.*?literal))\1`, which is right where `*`
is the only wildcard and keeps matching fast however the page's address is made.
Cases for both languages: `spec/page_patterns.json`.
"""

import re
import string
from urllib.parse import quote, urlsplit

MAX_PATTERN_LENGTH = 500

_SCHEME = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
# What browsers leave as it is in a path; everything else they percent-encode.
_LEFT_ALONE = "".join(set(string.punctuation) - set('"<>`{}^?#'))
# Nearly every address a browser reports: nothing to encode, to lower or to leave out, so nothing to take apart.
_PLAIN_ADDRESS = re.compile(r"https?://([a-z0-9.\-]+)(/[A-Za-z0-9/_.~\-]*)?(?=[?#]|$)")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class PagePatternError(ValueError):
    """A page pattern cannot be understood. The text says why and what to write."""


def compile_page_pattern(pattern: str) -> str:
    """The source of the regular expression for a pattern. Raises PagePatternError."""
    text = pattern.strip()
    if not text:
        raise PagePatternError("the page is empty; write an address such as example.com/pricing, or * for every page")
    if len(text) > MAX_PATTERN_LENGTH:
        raise PagePatternError(f"{len(text)} characters are too many for a page; the limit is {MAX_PATTERN_LENGTH}")
    whole = bool(_SCHEME.match(text))
    text = re.split(r"[?#]", _SCHEME.sub("", text))[0]
    host, slash, path = text.partition("/")
    host = host.rpartition("@")[2].lower()
    if not host and (whole or not slash):
        raise PagePatternError(f"{pattern!r} names no page; write an address such as example.com/pricing")
    if any(character.isspace() for character in host):
        raise PagePatternError(f"{pattern!r} is not a page: {host!r} is not a host name")
    if host and host != "localhost" and not re.search(r"[.:*]", host):
        raise PagePatternError(f"{pattern!r} is not a page; write /{text} for that path on any host")
    if whole:
        host = re.sub(":443$" if pattern.strip().lower().startswith("https:") else ":80$", "", host)
    try:
        host = _ascii_host(host)
    except UnicodeError:
        raise PagePatternError(f"{pattern!r} is not a page: {host!r} is not a host name") from None
    glob = re.sub(r"\*+", "*", (host + slash + quote(path, safe=_LEFT_ALONE)).rstrip("/"))
    head = "^" if host else "^[^/]*"
    if glob.endswith("/*"):
        # "/pricing/" is "/pricing/*" with nothing after the slash, and "/pricing" is the same page as "/pricing/".
        glob, tail = glob[:-2], "(?:/.*)?$"
        if glob.endswith("/*"):
            # The slash before "*/*" must not be taken for the one at the page's own end.
            glob, tail = glob[:-1], "(?:.*/.*|.*[^/])$"
    elif glob.endswith("*"):
        glob, tail = glob[:-1], ".*$"
    else:
        tail = "/*$"
    return head + _literals(glob) + tail


def linear_page_pattern(pattern: str) -> str:
    """The same for engines without lookahead, whose matching is linear whatever the pattern (RE2). Raises PagePatternError."""
    return re.sub(r"\(\?=\((\.\*\?(?:[^\\()]|\\.)*)\)\)\\\d+", r"\1", compile_page_pattern(pattern))


def place(url: str) -> str:
    """`host/path` of an address, as a browser's `location.host + location.pathname` gives it, or nothing."""
    plain = _PLAIN_ADDRESS.match(url)
    if plain is not None:
        return plain[1] + (plain[2] or "/")
    try:
        parts = urlsplit(url.strip())
        host = _ascii_host(parts.netloc.rpartition("@")[2].lower())
    except ValueError:
        return ""
    host = host.removesuffix(_DEFAULT_PORTS.get(parts.scheme, "\0"))
    return host + (quote(parts.path, safe=_LEFT_ALONE) or "/")


def matches(pattern: str, url: str) -> bool:
    """Whether the page at this address is one the pattern means. Raises PagePatternError."""
    return re.search(compile_page_pattern(pattern), place(url)) is not None


def _ascii_host(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _literals(glob: str) -> str:
    first, *others = (_SPECIAL.sub(r"\\\g<0>", literal) for literal in glob.split("*"))
    if not others:
        return first
    # The last literal stands at the place's end, so the `*` before it must be free to reach there.
    *middle, last = others
    return (
        first + "".join(f"(?=(.*?{literal}))\\{group}" for group, literal in enumerate(middle, start=1)) + f".*{last}"
    )
