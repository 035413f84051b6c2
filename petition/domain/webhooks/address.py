"""Addresses of endpoints: https with a host's name, which must lead to the public internet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from petition.errors import PetitionError

LONGEST: Final = 400
_HTTPS: Final = 443
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TOP: Final = re.compile(r"[a-z][a-z0-9-]*")
_BEHIND: Final = re.compile(r"[\w.~:/?@!$&'()*+,;=%-]*", re.ASCII)

_CLOSED_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",  # metadata of one cloud, in public space
            "169.254.0.0/16",  # link-local, and the metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_OPEN_6: Final = IPv6Network("2000::/3")
"""All that is given out to hosts; so no mapped, NAT64, local or multicast address is in it."""
_CLOSED_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo and other protocols: an IPv4 address may stand in it
            "2001:db8::/32",
            "2002::/16",  # 6to4: so does here
            "3fff::/20",
        ),
    )
)


class AddressRefused(PetitionError):
    """An endpoint has an address such as https://hooks.example.org/petition."""


@dataclass(frozen=True, kw_only=True)
class EndpointAddress:
    """An endpoint's address, taken apart."""

    host: str
    port: int
    target: str
    """Path and query, as they stand in a request."""

    @property
    def authority(self) -> str:
        """As it stands in `Host`."""
        return self.host if self.port == _HTTPS else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self.authority}{self.target}"


def address_of(text: str, *, loopback: bool = False) -> EndpointAddress:
    """The address as it is kept. Raises AddressRefused.

    The host is a name, never a number in any spelling: the certificate must be this name's, and
    where it leads is looked at when a connection is made. With `loopback`, this machine's own
    names are taken, too.
    """
    if len(text) > LONGEST or not text.isascii() or "\\" in text or not text.isprintable():
        raise AddressRefused
    try:
        parts = urlsplit(text)
        port = parts.port or _HTTPS
    except ValueError:
        raise AddressRefused from None
    if parts.scheme != "https" or "@" in parts.netloc or "#" in text or "[" in parts.netloc:
        raise AddressRefused
    if (parts.port == 0) or (port != _HTTPS and port < 1024):
        raise AddressRefused  # other services listen there
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = (parts.hostname or "").removesuffix(".")
    if not _is_name(host, loopback=loopback) or not _BEHIND.fullmatch(target):
        raise AddressRefused
    return EndpointAddress(host=host, port=port, target=target)


def _is_name(host: str, *, loopback: bool) -> bool:
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or not _TOP.fullmatch(labels[-1]):
        return False
    if labels[-1] == "localhost":
        return loopback
    return len(labels) > 1 and len(host) <= 253


def may_connect(address: str, *, loopback: bool = False) -> bool:
    """Whether an IP address is a host's on the public internet: no other is connected to."""
    try:
        ip = ip_address(address)
    except ValueError:  # with a zone behind it, or no address at all
        return False
    if loopback and ip.is_loopback and str(ip) == address:
        return True
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in each for each in _CLOSED_4)
    in_use = ip.scope_id is None and ip in _OPEN_6
    return in_use and not any(ip in each for each in _CLOSED_6)
