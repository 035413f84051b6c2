"""Who sends: from an address of the network to a sender, by the key of the day.

Each process keeps the day's key, and for five seconds the places with wider limits.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from ipaddress import ip_network
from typing import Final

from petition.config import Settings
from petition.domain.abuse.senders import (
    SECRET_LENGTH,
    Network,
    SenderKey,
    is_nearby,
    network_of,
)
from petition.services.abuse.limits import Sender
from petition.store.abuse import senders as store
from petition.store.db import Session, SessionFactory
from petition.ttl_cache import TtlCache

HIDDEN: Final = (
    "a proxy passes requests on, and PETITION_TRUSTED_PROXIES is 0: limits by sender are off for "
    "them"
)
LIKELY: Final = (
    "PETITION_BASE_URL begins with https, so a proxy stands in front, and PETITION_TRUSTED_PROXIES "
    "is 0: limits by sender are off, or take everybody for one sender"
)

KEPT: Final = 5.0
"""Seconds that a process goes by the places it has read."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Where a request came from, as far as the trusted proxies say."""

    address: str
    forwarded: bool
    """True when it says itself that a proxy passed it on."""

    @cached_property
    def network(self) -> Network:
        """What counts as one sender."""
        return network_of(self.address)


@dataclass(frozen=True, kw_only=True)
class _Place:
    network: Network
    factor: int
    until: datetime


class Senders:
    """What one process knows of keys and places."""

    def __init__(
        self,
        settings: Settings,
        *,
        reading: SessionFactory,
        transaction: SessionFactory,
    ) -> None:
        self._settings = settings
        self._reading = reading
        self._transaction = transaction
        self._key: SenderKey | None = None
        self._places = TtlCache(KEPT)
        self._told: date | None = None

    def of(self, peer: Peer, *, at: datetime) -> Sender:
        """The sender of a request. Opens transactions of its own, so never call it inside one."""
        key = self._key_of(at.date())
        if self.are_hidden(peer):
            self._tell(key.day, at)
            return Sender(hash=None, key=key, limits=self._settings.limits)
        factor = self._factor(peer.network, at)
        limits = self._settings.limits
        return Sender(
            hash=key.sender(peer.network),
            key=key,
            limits=limits.widened(factor) if factor > 1 else limits,
        )

    def are_hidden(self, peer: Peer) -> bool:
        """True behind a proxy that the settings do not know of: all would be one sender."""
        return self._settings.trusted_proxies == 0 and peer.forwarded and is_nearby(peer.address)

    def clear_places(self) -> None:
        """Staff changed them: read again."""
        self._places.clear()

    def _key_of(self, day: date) -> SenderKey:
        key = self._key
        if key is None or key.day != day:
            secret_key = self._settings.secret_key
            key = SenderKey.of_day(secret_key, day, self._secret_of(day))
            self._key = key
        return key

    def _secret_of(self, day: date) -> bytes:
        with self._reading() as session:
            secret = store.day_secret(session, day)
        if secret is None:
            with self._transaction() as session:
                store.add_day_secret(session, day, secrets.token_bytes(SECRET_LENGTH))
                secret = store.day_secret(session, day)
        assert secret is not None  # it was put there in this transaction, by us or by another
        return secret

    def _factor(self, network: Network, at: datetime) -> int:
        factors = (
            place.factor
            for place in self._places.keep("all", lambda: self._read_places(at))
            if place.until > at
            and place.network.version == network.version
            and place.network.supernet_of(network)  # type: ignore[arg-type]  # of one version
        )
        return max(factors, default=1)

    def _read_places(self, at: datetime) -> tuple[_Place, ...]:
        with self._reading() as session:
            found = store.allowances(session, at=at)
        return tuple(
            _Place(network=ip_network(each.network), factor=each.factor, until=each.until)
            for each in found
        )

    def _tell(self, day: date, at: datetime) -> None:
        """Once a day and process: in the log, and where `petition doctor` finds it."""
        if self._told == day:
            return
        self._told = day
        log.warning(HIDDEN)
        with self._transaction() as session:
            store.note_hidden(session, day, at=at)


def doubt(session: Session, settings: Settings) -> str | None:
    """What a host should know who runs with these settings; None when senders can be told apart."""
    if settings.trusted_proxies == 0 and store.hidden_at(session) is not None:
        return HIDDEN
    return likely_doubt(settings)


def likely_doubt(settings: Settings) -> str | None:
    """The same, as far as the settings alone tell."""
    return LIKELY if settings.secure and settings.trusted_proxies == 0 else None
