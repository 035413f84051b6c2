"""Senders: what an address of the network counts as, and the hash that stands for it for one day.

An address is in no row and no log line. Its hash cannot be tried out without both the secret key
of the settings and the random value of its day, and that value is deleted with the day's hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from hmac import digest
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Network = IPv4Network | IPv6Network

HASH_LENGTH: Final = 16
SECRET_LENGTH: Final = 32
"""Bytes of a day's random value."""
NO_NETWORK: Final = IPv6Network("::/64")
"""Where an address cannot be read: all such requests are one sender."""

_NEARBY: Final = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback and private networks. Not Python's `is_private`: that has documentation's as well."""


def network_of(text: str) -> Network:
    """The sender's network: an IPv4 address by itself, an IPv6 address's /64.

    Takes what proxies write: `192.0.2.1:5678`, `[2001:db8::1]:443`, `fe80::1%eth0`.
    """
    address = _address(text)
    if isinstance(address, IPv6Address):
        return IPv6Network((address, 64), strict=False)
    return IPv4Network(address) if address is not None else NO_NETWORK


def is_nearby(text: str) -> bool:
    """True for a peer on this machine, in a private network, or on a socket without an address."""
    address = _address(text)
    if address is None:
        return not text.strip()
    return any(address in network for network in _NEARBY)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@dataclass(frozen=True, kw_only=True)
class SenderKey:
    """The key of one day's hashes."""

    day: date
    key: bytes = field(repr=False)

    @classmethod
    def of_day(cls, secret_key: str, day: date, secret: bytes) -> SenderKey:
        """From the settings' secret key and the day's random value: neither alone is enough."""
        derived = digest(secret_key.encode(), b"petition.senders", sha256)
        return cls(day=day, key=digest(derived, secret, sha256))

    def sender(self, network: Network) -> bytes:
        """What stands for a sender in the counts."""
        packed = network.network_address.packed
        return digest(self.key, b"sender" + packed, sha256)[:HASH_LENGTH]

    def pair(self, sender: bytes, subject: bytes) -> bytes:
        """What stands for a sender together with a subject; names neither."""
        return digest(self.key, b"pair" + sender + subject, sha256)[:HASH_LENGTH]
