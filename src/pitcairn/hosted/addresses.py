"""Which links and images a hosted page may have. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_NEVER = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\"'<>`]")
"""What no address needs, and what has been used to make one look like another."""
_KEPT = ":/?#[]@!$&()*+,;=%-._~"
_MAIL = re.compile(r"mailto:[A-Za-z0-9.!#$%&*+/=?^_{|}~-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}(\?.*)?")
_TOKEN = "{{"  # noqa: S105 - it begins a token of a text


def link_problem(text: str) -> str:
    """What is wrong with the address of a link as it is written, tokens included; "" when nothing is.

    A token may stand only behind the host: nobody's traits may lead the reader to another website.
    """
    fixed = fixed_part(text)
    if text.startswith("mailto:"):
        if _TOKEN in text and "?" not in fixed:
            return "a token may stand only behind the ?, so that the mail goes to the address you wrote"
        return "" if _MAIL.fullmatch(fixed) else "write it as mailto:sales@example.com"
    if not is_web_address(fixed):
        return "write a whole address, such as https://www.example.com/demo, or mailto:sales@example.com"
    if _TOKEN in text and not re.fullmatch(r"https?://[^/?#]+[/?#].*", fixed):
        return "a token may stand only behind the host, such as https://www.example.com/{{ account.name }}"
    return ""


def image_problem(text: str) -> str:
    if _TOKEN in text:
        return "an image has one address for everybody, without tokens"
    return "" if is_web_address(text) else "write the whole address of an image, such as https://www.example.com/a.png"


def is_web_address(text: str) -> bool:
    """Whether it is `http://` or `https://`, with a host and without a name and password."""
    if _NEVER.search(text):
        return False
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - it raises for a port that is none
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


def fixed_part(text: str) -> str:
    """What stands before the first token, which is the same for everybody."""
    return text.partition(_TOKEN)[0]


def written_link(rendered: str, source: str) -> str | None:
    """The address with its tokens filled in, as it can stand in a page; None when a value spoilt it."""
    address = quote(rendered.strip(), safe=_KEPT)
    fixed = fixed_part(source)
    if not address.startswith(fixed) or _NEVER.search(address):
        return None
    return address if address.startswith("mailto:") or is_web_address(address) else None


def origin(address: str) -> str:
    """`https://www.example.com` of an address, for a policy that allows images from there."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
