"""Which addresses may be sent to: public ones, and those that the operator allows by `PITCAIRN_DELIVERY_NETWORKS`.

Whoever may set up a destination chooses where this server connects to. Without a guard that is a way into the network the
server stands in: its own ports, the databases beside it, a cloud's metadata service. So every URL is read strictly, by the
parser that the HTTP client uses; every address a name resolves to is checked; and the connection goes to a checked address,
not to the name, so that a second answer of the name server changes nothing.

Sources: the IANA special-purpose address registries (2024), RFC 6890, 6052 (NAT64), 3056 (6to4), 4380 (Teredo), 5214 (ISATAP).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import msgspec
from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

URL_LENGTH = 4_000
LOWEST_FREE_PORT = 1_024
WEB_PORTS = frozenset({80, 443})
# Ports from 1024 on that no web server uses, and where a request could be taken for another protocol: the Fetch standard's
# blocked ports (fetch.spec.whatwg.org, "port blocking").
OTHER_PROTOCOLS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
)

LOOPBACK = "127.0.0.1"
_PRIVATE_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to itself
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT; clouds put services there
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's wire server: public by number, reached only from inside
            "169.254.0.0/16",  # link-local, with the metadata services
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
"""All that is handed out for hosts. Loopback, link-local, unique-local, multicast and IPv4-compatible are outside of it."""
_PRIVATE_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # IETF protocols: Teredo, benchmarks, ORCHID
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address in disguise
            "3fff::/20",
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_AUTHORITY = re.compile(r"[a-z]+://([^/?#]*)", re.IGNORECASE)
_LOCALHOST = re.compile(r"(?:^|\.)localhost\.?$")
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?")


class AddressRefused(Exception):
    """A URL or an address that must not be connected to. The text says which, why, and what to do."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that may be tried. When its host is a name, what the name resolves to is still to be checked."""

    url: URL
    host: str
    """As the name server is asked for it; an address without brackets."""
    port: int


class Guard:
    """Says which addresses may be connected to. `networks` are those allowed although they are private."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._allowed = tuple(networks)

    def target(self, url: str) -> Target:
        """The URL, read. Raises `AddressRefused` when it is none, is spelled oddly, or names a private address."""
        read = _read(url)
        host = read.raw_host or ""
        port = read.port or 0
        if port not in WEB_PORTS and (port < LOWEST_FREE_PORT or port in OTHER_PROTOCOLS):
            raise AddressRefused(
                f"Port {port} of {shown(url)} belongs to another protocol than HTTP. Use 80, 443 or one above 1023."
            )
        address = _literal(host, url)
        if address is not None:
            self.check(str(address), host)
        elif _LOCALHOST.search(host):
            self.check(LOOPBACK, host)  # whatever a name server says of it (RFC 6761)
        return Target(url=read, host=host, port=port)

    def check(self, address: str, host: str) -> None:
        """Raises `AddressRefused` when `address`, to which `host` resolved, is private."""
        reason = self.refusal(address)
        if reason is not None:
            named = f"{host}, which is {address}," if host != address else host
            raise AddressRefused(
                f"{named} is not reached: it is {reason}. If it must be, its operator adds the network to "
                "PITCAIRN_DELIVERY_NETWORKS."
            )

    def refusal(self, address: str) -> str | None:
        """Why this address is not connected to, in a few words; None when it may be."""
        try:
            read = ipaddress.ip_address(address)
        except ValueError:
            return "no address"
        if isinstance(read, ipaddress.IPv6Address) and read.scope_id is not None:
            return "an address of one network interface"
        for inner in _inside(read):
            if not self._is_allowed(inner) and not self._is_allowed(read):
                reason = _private(inner)
                if reason is not None:
                    return reason
        return None

    def _is_allowed(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


def shown(url: str) -> str:
    """A URL for error texts and logs: short, and without what can be secret, its credentials, path and query."""
    bare = re.sub(r"^([a-z][a-z0-9+.-]*:)?(//)?([^/?#]*@)?", r"\1\2", url.strip()[:URL_LENGTH], flags=re.IGNORECASE)
    found = re.match(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?[^/?#\\\s]*", bare, re.IGNORECASE)
    return repr((found[0] if found else "")[:100])


def _read(url: str) -> URL:
    if len(url) > URL_LENGTH:
        raise AddressRefused(f"The address has {len(url)} characters; use at most {URL_LENGTH}.")
    # Parsers disagree on what these mean, and so would a check and a connection.
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise AddressRefused(f"{shown(url)} has a space, a backslash or a control character in it. Leave it out.")
    try:
        read = URL(url)
    except (ValueError, UnicodeError) as error:
        raise AddressRefused(f"{shown(url)} is no address: {error}.") from error
    if read.scheme not in {"http", "https"}:
        raise AddressRefused(f"{shown(url)} is no web address. It must begin with https:// or http://.")
    written = _AUTHORITY.match(url)
    if not read.raw_host or written is None:
        raise AddressRefused(f"{shown(url)} has no host. Write it as https://host/path.")
    if read.raw_user is not None or read.raw_password is not None or "@" in written[1]:
        raise AddressRefused(f"{shown(url)} has a user name or password in it. Give them in a header instead.")
    if "[" in written[1] and ":" not in read.raw_host:
        raise AddressRefused(f"{shown(url)} has no IPv6 address in its brackets.")
    return read


def _literal(host: str, url: str) -> Address | None:
    """The address that `host` is, or None when it is a name."""
    if ":" in host:
        if "%" in host:
            raise AddressRefused(f"{shown(url)} names a network interface. Only public addresses are sent to.")
        try:
            return ipaddress.IPv6Address(host)
        except ValueError as error:
            raise AddressRefused(f"{shown(url)} has no address in its brackets: {error}.") from error
    labels = host.rstrip(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # 2130706433, 0x7f.1, 0177.0.0.1 and 127.1 all are 127.0.0.1 to the C library.
        try:
            return ipaddress.IPv4Address(host)
        except ValueError as error:
            raise AddressRefused(
                f"{shown(url)} writes an address in an unusual way. Write it as four decimal numbers, or use a name."
            ) from error
    if len(host) > 253 or not _HOST_NAME.fullmatch(host):
        raise AddressRefused(f"{shown(url)} has no host name that can be looked up.")
    return None


def _inside(address: Address) -> tuple[Address, ...]:
    """The addresses that a connection to `address` can end at: itself, or the IPv4 address that it wraps."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    number = int(address)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (ipaddress.IPv4Address(number & 0xFFFF_FFFF),)
    if (number >> 32) & 0xFFFF_FFFF in _ISATAP:
        return (address, ipaddress.IPv4Address(number & 0xFFFF_FFFF))
    return (address,)


def _private(address: Address) -> str | None:
    if address.is_loopback:
        return "this server itself"
    if address.is_link_local:
        return "a link-local address"
    if isinstance(address, ipaddress.IPv4Address):
        found = any(address in network for network in _PRIVATE_4)
    else:
        found = address not in _GLOBAL_6 or any(address in network for network in _PRIVATE_6)
    return "a private or reserved address" if found else None
