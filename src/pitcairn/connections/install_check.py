"""Whether a page has the tag installed right: read from the page as its server sends it. Pure; `check-install` fetches.

What a tag manager or a script of the page puts in later is not in it, and that is a finding: it comes too late.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import msgspec

_ANALYTICS = re.compile(
    r"analytics\.load\(|cdn\.segment\.com/analytics|AnalyticsBrowser\.load\(|/analytics(\.min)?\.js"
)
_PLAIN = re.compile(r"^(?P<host>.*)/tag/(?:[^/]+/)?(?P<key>[^/]+)\.js$")
_POLICY = "content-security-policy"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `said` tells what was found and, where it is not right, what to do."""

    what: str
    ok: bool
    said: str


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """The tag as the page has it. `host` is where Pitcairn answers, without a slash at the end."""

    host: str
    write_key: str
    with_shim: bool

    @property
    def tag_url(self) -> str:
        return f"{self.host}/tag/{self.write_key}.js"


class _Element(msgspec.Struct):
    name: str
    attributes: dict[str, str]
    in_head: bool
    text: str = ""


class _Page(HTMLParser):
    """The scripts, style sheets and policies of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[_Element] = []
        self._in_head = True
        self._open: _Element | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._in_head = False
        if tag in {"script", "link", "style", "meta"}:
            element = _Element(tag, {name: value or "" for name, value in attrs}, self._in_head)
            self.elements.append(element)
            self._open = element if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "head":
            self._in_head = False
        if tag == "script":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._open.text += data


def installed_on(url: str, html: str) -> Installed | None:
    """The first tag of the page; None when it has none."""
    for element in _Page(html).elements:
        found = _installed(url, element)
        if found is not None:
            return found
    return None


def check_page(url: str, html: str, headers: Mapping[str, str], write_keys: Collection[str]) -> list[Finding]:
    """What the page itself tells. `headers` have names in lower case; `write_keys` are those of enabled websites."""
    elements = _Page(html).elements
    at, installed = next(
        ((n, found) for n, element in enumerate(elements) if (found := _installed(url, element))), (0, None)
    )
    if installed is None:
        said = "The HTML has neither the shim nor the tag. Put the code from the source's page into it, not into a tag manager"
        return [Finding(what="installed", ok=False, said=said)]
    kind = "with the shim" if installed.with_shim else "without the shim"
    return [
        Finding(what="installed", ok=True, said=f"The tag of {installed.host} is on the page, {kind}"),
        _key(installed, write_keys),
        _place(elements, at),
        *_policies(url, elements, headers, installed),
    ]


def check_tag(installed: Installed, status: int, content_type: str, problem: str = "") -> Finding:
    """Whether the tag's own address answers with the tag. `problem`: why no answer came."""
    ok = not problem and status == 200 and "javascript" in content_type
    if ok:
        return Finding(what="reachable", ok=True, said=f"{installed.tag_url} answers with the tag")
    answered = problem or f"it answered {status}, {content_type or 'without a type'}"
    said = f"{installed.tag_url} gives no tag: {answered}. Check the address in data-pitcairn-host, and the proxy before it"
    return Finding(what="reachable", ok=False, said=said)


def _installed(url: str, element: _Element) -> Installed | None:
    if element.name != "script":
        return None
    data = element.attributes
    host, key = data.get("data-pitcairn-host"), data.get("data-write-key")
    if host is not None and key is not None:
        return Installed(host=urljoin(url, host).rstrip("/"), write_key=key, with_shim=True)
    plain = _PLAIN.match(urljoin(url, data["src"])) if data.get("src") else None
    return Installed(host=plain["host"], write_key=plain["key"], with_shim=False) if plain else None


def _key(installed: Installed, write_keys: Collection[str]) -> Finding:
    ok = installed.write_key in write_keys
    said = f"{installed.write_key} is the write key of an enabled website"
    if not ok:
        said = f"No enabled website has the write key {installed.write_key!r}. Copy it from the source's page"
    return Finding(what="write key", ok=ok, said=said)


def _place(elements: list[_Element], at: int) -> Finding:
    tag = elements[at]
    later: list[str] = [name for name in ("async", "defer") if name in tag.attributes]
    if tag.attributes.get("type") == "module":
        later.append("type=module")
    before = [one for one in elements[:at] if _holds_up(one)]
    analytics = any(_ANALYTICS.search(one.attributes.get("src", "") + one.text) for one in before)
    if not tag.in_head:
        said = "It stands in the body, where the page may have been painted already. Move it into the head"
    elif later:
        said = f"It has {', '.join(later)}, so it comes after the first paint. Take that away"
    elif analytics:
        said = "analytics.js stands before it, and makes the visitor's id first. Move the tag before it"
    elif before:
        said = f"{len(before)} style sheets or scripts stand before it and hold it up. Move it to the start of the head"
    else:
        return Finding(what="place", ok=True, said="It stands in the head before style sheets and scripts")
    return Finding(what="place", ok=False, said=said)


def _holds_up(element: _Element) -> bool:
    if element.name == "link":
        return "stylesheet" in element.attributes.get("rel", "").lower().split()
    return (
        element.name == "script"
        and element.attributes.get("type", "") in {"", "text/javascript"}
        and not {"async", "defer"} & element.attributes.keys()
    )


def _policies(url: str, elements: list[_Element], headers: Mapping[str, str], installed: Installed) -> list[Finding]:
    texts = headers.get(_POLICY, "").split(",") + [
        one.attributes.get("content", "")
        for one in elements
        if one.name == "meta" and one.attributes.get("http-equiv", "").lower() == _POLICY
    ]
    found = []
    for text in filter(str.strip, texts):
        parts = [part.split() for part in text.split(";") if part.strip()]
        policy = {part[0].lower(): part[1:] for part in reversed(parts)}
        for directive in ("script-src", "connect-src"):
            sources = policy.get(directive, policy.get("default-src"))
            if sources is not None and not _allows(sources, installed.host, url):
                origin = "://".join(urlsplit(installed.host)[:2])
                said = f"The Content-Security-Policy does not allow {origin} in {directive}. Add it"
                found.append(Finding(what="policy", ok=False, said=said))
        if "require-trusted-types-for" in policy and not {"pitcairn", "*"} & set(policy.get("trusted-types", ["*"])):
            said = "The Content-Security-Policy allows no Trusted Types policy named pitcairn. Add it to trusted-types"
            found.append(Finding(what="policy", ok=False, said=said))
    return found or [Finding(what="policy", ok=True, said="No Content-Security-Policy stands in the way")]


def _allows(sources: list[str], host: str, page: str) -> bool:
    """Whether a source list lets requests to the host through. A nonce or a hash may: the shim hands its nonce on."""
    target, own = urlsplit(host), urlsplit(page)
    for source in (one.lower() for one in sources):
        if source in {"*", f"{target.scheme}:", "'strict-dynamic'"} or source.startswith("'nonce-"):
            return True
        if source == "'self'" and (target.scheme, target.netloc) == (own.scheme, own.netloc):
            return True
        scheme, _, name = source.rpartition("://")
        name = name.partition("/")[0]
        if scheme and scheme != target.scheme:
            continue
        if name in {target.netloc, target.hostname} or (name.startswith("*.") and target.netloc.endswith(name[1:])):
            return True
    return False
