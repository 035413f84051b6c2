"""The calls as pages need them, read from the database at most every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy.orm import Session

from petition.domain.campaign import DRAFT, OPEN, CampaignView
from petition.domain.supporter import Provider
from petition.errors import NotFound
from petition.services import publishing
from petition.services.publishing import Countries
from petition.store import campaigns, counts, outbox, reviews, targets
from petition.store.db import DatabaseFault

T = TypeVar("T")  # Python 3.11 has no other way to say it

FRESH = 5.0
"""Seconds that a call is shown as it was last read."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A call with its count, as of a fold, and what else is public about who signed."""

    view: CampaignView
    count: int
    folded_at: datetime | None
    countries: Countries | None
    has_names: bool
    """True when at least one name is to be read."""


class Calls:
    """A small cache in front of the campaigns, per process. Misses are not kept."""

    def __init__(self, reading: Callable[[], AbstractContextManager[Session]]) -> None:
        self._reading = reading
        self._kept: dict[object, tuple[float, object]] = {}
        self._lock = threading.RLock()  # making a page reads its call

    def shown(self, slug: str, language: str) -> Shown:
        """The call with its count; raises NotFound."""
        return self._keep(("shown", slug, language), lambda s: _shown(s, slug, language))

    def of_text(self, text_id: int) -> CampaignView:
        """The call in the very words that a form showed; raises NotFound."""
        return self._keep(("text", text_id), lambda s: campaigns.view_of_text(s, text_id))

    def languages(self, slug: str) -> tuple[str, ...]:
        """The languages of a call, its default first; raises NotFound."""
        return self._keep(("languages", slug), lambda s: _languages(s, slug))

    def slug(self, campaign_id: int) -> str:
        """A campaign's name in addresses; raises NotFound."""
        return self._keep(("slug", campaign_id), lambda s: campaigns.slug(s, campaign_id))

    def open_slugs(self) -> tuple[str, ...]:
        """The campaigns that take signatures now."""
        return self._keep(
            "open", lambda s: tuple(c.slug for c in campaigns.listed(s) if c.state == OPEN)
        )

    def public_slugs(self) -> tuple[str, ...]:
        """The campaigns that people may read, open or closed."""
        return self._keep(
            "public", lambda s: tuple(c.slug for c in campaigns.listed(s) if c.state != DRAFT)
        )

    def providers(self) -> Mapping[str, Provider]:
        """The table of mail providers, by domain."""
        return self._keep("providers", _providers)

    def target_domains(self, slug: str) -> tuple[str, ...]:
        """Patterns of the target's own mail domains; raises NotFound."""
        return self._keep(
            ("target domains", slug),
            lambda s: targets.patterns(s, campaigns.by_slug(s, slug).id),
        )

    def forget(self) -> None:
        """Read everything anew at the next call."""
        with self._lock:
            self._kept.clear()

    def keep(self, key: object, make: Callable[[], T]) -> T:
        """What `make` makes, made again after FRESH seconds."""
        found = self._kept.get(key)
        if found is not None and time.monotonic() < found[0]:
            return found[1]  # type: ignore[return-value]  # the key says which type
        with self._lock:
            found = self._kept.get(key)
            if found is not None and time.monotonic() < found[0]:
                return found[1]  # type: ignore[return-value]
            try:
                value = make()
            except DatabaseFault:
                if found is None:
                    raise
                # The database is away: pages stay up as they were.
                value = cast(T, found[1])
            if len(self._kept) > 1000:
                self._kept.clear()
            self._kept[key] = (time.monotonic() + FRESH, value)
        return value

    def _keep(self, key: object, read: Callable[[Session], T]) -> T:
        def make() -> T:
            with self._reading() as session:
                return read(session)

        return self.keep(key, make)


def _shown(session: Session, slug: str, language: str) -> Shown:
    view = campaigns.view(session, slug, language)
    if view.state == "draft":
        raise NotFound
    return Shown(
        view=view,
        count=counts.total(session, view.id),
        folded_at=counts.folded_at(session, view.id),
        countries=publishing.countries(session, view.id),
        has_names=reviews.any_shown(session, view.id),
    )


def _languages(session: Session, slug: str) -> tuple[str, ...]:
    row = campaigns.by_slug(session, slug)
    if row.state == "draft":
        raise NotFound
    return campaigns.languages(session, row.id)


def _providers(session: Session) -> Mapping[str, Provider]:
    return {
        row.domain: Provider(
            domain=row.domain,
            same_as=row.same_as,
            ignores_dots=row.ignores_dots,
            ignores_tags=row.ignores_tags,
        )
        for row in outbox.providers(session)
    }
