"""Campaigns as pages need them, read from the database at most every few seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from petition.domain.campaigns.campaign import DRAFT, OPEN, CampaignView
from petition.domain.campaigns.presentation import Presentation
from petition.domain.signatures.mail_providers import Providers
from petition.errors import NotFound
from petition.services.counts import country_figures, message_figures
from petition.services.counts.country_figures import Countries
from petition.services.messages import scoreboard
from petition.services.messages.scoreboard import Score
from petition.services.partners.questions import with_question
from petition.services.signatures import public_names
from petition.services.signatures.public_names import Voices
from petition.store.campaigns import campaigns, target_domains as campaign_target_domains
from petition.store.counts import totals
from petition.store.db import DatabaseFault, Session, SessionFactory
from petition.store.messages import target_details, targets
from petition.store.messages.target_details import TargetDetails
from petition.store.messages.targets import TargetRecord
from petition.store.partners import partners, questions, sections
from petition.store.partners.partners import PartnerRecord
from petition.store.partners.questions import AskedQuestion
from petition.store.signatures import mail_providers
from petition.store.vault.vault import Vault
from petition.ttl_cache import TtlCache

T = TypeVar("T")  # Python 3.11 has no other way to say it

FRESH = 5.0
"""Seconds that a call is shown as it was last read."""


@dataclass(frozen=True, kw_only=True)
class CachedCampaign:
    """A call with its count, as of a fold, and what else is public about who signed."""

    view: CampaignView
    count: int
    folded_at: datetime | None
    countries: Countries | None
    messages_sent: int
    """How many emails supporters sent, in tens; 0 where too few did."""
    voices: Voices

    @property
    def has_names(self) -> bool:
        """True when at least one name is to be read."""
        return bool(self.voices.quotes or self.voices.names)

    def asking(self, partner: PartnerRecord) -> CachedCampaign:
        """The same with the partner's own question on its form, where it has one."""
        asked = partner.question(self.view.language)
        return replace(self, view=with_question(self.view, asked))


class CampaignCache:
    """A small cache in front of the campaigns, per process. Misses are not kept."""

    def __init__(self, reading: SessionFactory, vault: Vault, now: Callable[[], datetime]) -> None:
        self._reading = reading
        self._vault = vault
        self._now = now
        # While the database is away, pages stay up as they were.
        self._cache = TtlCache(FRESH, stale_on=(DatabaseFault,))

    def shown(self, slug: str, language: str) -> CachedCampaign:
        """The call with its count; raises NotFound."""
        return self._keep(("shown", slug, language), lambda s: self._shown(s, slug, language))

    def _shown(self, session: Session, slug: str, language: str) -> CachedCampaign:
        view = campaigns.view(session, slug, language)
        if view.state == DRAFT:
            raise NotFound
        return CachedCampaign(
            view=view,
            count=totals.total(session, view.id),
            folded_at=totals.folded_at(session, view.id),
            countries=country_figures.countries(session, view.id),
            messages_sent=message_figures.shown(session, view.id),
            voices=self.keep(
                ("voices", view.id),
                lambda: public_names.voices(session, self._vault, view.id, at=self._now()),
            ),
        )

    def presentation(self, slug: str) -> Presentation:
        """What the campaign brings along beside its words; raises NotFound, also for a draft."""
        return self._keep(("presentation", slug), lambda s: _presentation(s, slug))

    def any_at_risk(self) -> bool:
        """True when a campaign that people may read has signers at risk, or there is none yet."""
        slugs = self.public_slugs()
        return not slugs or any(self.presentation(slug).at_risk for slug in slugs)

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

    def providers(self) -> Providers:
        """The table of mail providers, by domain."""
        return self._keep("providers", mail_providers.table)

    def target_domains(self, slug: str) -> tuple[str, ...]:
        """Patterns of the target's own mail domains; raises NotFound."""
        campaign_id = self._id(slug)
        return self._keep(
            ("target domains", slug), lambda s: campaign_target_domains.patterns(s, campaign_id)
        )

    def message_targets(self, slug: str) -> tuple[TargetRecord, ...]:
        """To whom a campaign's supporters may write; raises NotFound."""
        agreed = self._agreed(slug)
        return tuple(each for each in self._message_targets(slug) if each.key not in agreed)

    def agreed_targets(self, slug: str) -> tuple[TargetRecord, ...]:
        """Those that nobody writes to because they agreed; raises NotFound."""
        agreed = self._agreed(slug)
        return tuple(each for each in self._message_targets(slug) if each.key in agreed)

    def _message_targets(self, slug: str) -> tuple[TargetRecord, ...]:
        campaign_id = self._id(slug)
        return self._keep(("message-targets", slug), lambda s: targets.of_campaign(s, campaign_id))

    def _agreed(self, slug: str) -> frozenset[str]:
        return scoreboard.who_agreed(self._all_targets(slug))

    def _all_targets(self, slug: str) -> tuple[TargetDetails, ...]:
        campaign_id = self._id(slug)
        return self._keep(("details", slug), lambda s: target_details.of_campaign(s, campaign_id))

    def scores(self, slug: str) -> tuple[Score, ...]:
        """What each target did, received and answered; raises NotFound."""
        campaign_id, found = self._id(slug), self._all_targets(slug)
        return self._keep(("scores", slug), lambda s: scoreboard.scores(s, campaign_id, found))

    def partner(self, slug: str, key: str) -> PartnerRecord | None:
        """The campaign's partner with this key, live or blocked."""
        return self._partners(slug).get(key)

    def live_partner(self, slug: str, key: str) -> PartnerRecord | None:
        """The campaign's partner with this key, if its sites may show the form."""
        found = self.partner(slug, key) if key else None
        return found if found is not None and found.is_live else None

    def partners(self, slug: str) -> tuple[PartnerRecord, ...]:
        """All partners of the campaign, the oldest first."""
        return tuple(self._partners(slug).values())

    def _partners(self, slug: str) -> Mapping[str, PartnerRecord]:
        return self._keep(("partners", slug), lambda s: partners.of_campaign(s, slug))

    def partner_question(self, partner: PartnerRecord, text_id: int) -> AskedQuestion | None:
        """The partner's question in the very words that a form showed."""
        key = ("questions", partner.id, text_id)
        return self._keep(key, lambda s: questions.of_text(s, partner.id, text_id))

    def has_section(self, slug: str, source: str) -> bool:
        """True where a partner of the campaign has a section whose links have this tag."""
        return source in self._keep(
            ("sections", slug), lambda s: frozenset(sections.of_campaign(s, slug))
        )

    def clear(self) -> None:
        """Read everything anew at the next call."""
        self._cache.clear()

    def expire(self) -> None:
        """Read everything anew at the next call, and until then serve what is there."""
        self._cache.expire()

    def keep(self, key: object, make: Callable[[], T]) -> T:
        """What `make` makes, made again after FRESH seconds."""
        return self._cache.keep(key, make)

    def peek(self, key: object) -> object | None:
        """What is kept under a key of `keep` and fresh; None otherwise."""
        return self._cache.peek(key)

    def _id(self, slug: str) -> int:
        return self._keep(("id", slug), lambda s: campaigns.by_slug(s, slug).id)

    def _keep(self, key: object, read: Callable[[Session], T]) -> T:
        def make() -> T:
            with self._reading() as session:
                return read(session)

        return self.keep(key, make)


def _presentation(session: Session, slug: str) -> Presentation:
    if campaigns.by_slug(session, slug).state == DRAFT:
        raise NotFound
    return campaigns.presentation(session, slug)


def _languages(session: Session, slug: str) -> tuple[str, ...]:
    row = campaigns.by_slug(session, slug)
    if row.state == DRAFT:
        raise NotFound
    return campaigns.languages(session, row.id)
