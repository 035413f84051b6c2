"""Places: networks for which staff widen the limits, as somebody types them."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network
from typing import Final

from petition.domain.abuse.senders import Network
from petition.errors import PetitionError

WIDEST: Final = {4: 16, 6: 32}
"""The shortest prefix that is still a place, by version."""
MOST_HOURS: Final = 168
FACTOR: Final = 10
"""How many times as wide, where nobody says."""
MOST_FACTOR: Final = 100


class PlaceRefused(PetitionError):
    """This is not a network like 203.0.113.0/24 or 2001:db8:1::/48."""


class PlaceTooWide(PetitionError):
    """This is more than one place: IPv4 takes /16 and narrower, IPv6 /32 and narrower."""


def place(text: str) -> Network:
    """The network that was typed. Raises PlaceRefused or PlaceTooWide.

    An address alone is that address; what is narrower than a sender's /64 becomes its /64.
    """
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        raise PlaceRefused from None
    if network.prefixlen < WIDEST[network.version]:
        raise PlaceTooWide
    if isinstance(network, IPv6Network) and network.prefixlen > 64:
        return network.supernet(new_prefix=64)
    return network
