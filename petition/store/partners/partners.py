"""Partners: made once, then live or blocked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from petition.domain.partners.partner import PartnerState
from petition.domain.partners.terms import Terms
from petition.store.db import stored_json
from petition.store.db.conditions import Condition, any_row
from petition.store.partners import questions, terms
from petition.store.partners.questions import AskedQuestion
from petition.store.partners.terms import NOTHING_ACCEPTED, Acceptance
from petition.store.tables import Campaign, Partner


@dataclass(frozen=True, kw_only=True)
class PartnerRecord:
    """A partner of one campaign."""

    id: int
    """Ours alone: outside, a partner has its key."""
    key: str
    campaign: str
    """The campaign's slug."""
    name: str
    origins: tuple[str, ...]
    state: PartnerState
    made_by: str
    made_at: datetime
    terms: Terms | None
    """What its person accepted last; None before they did."""
    accepted_at: datetime | None
    accepts_now: bool
    """True while the newest terms are accepted."""
    recipient: str | None
    """The public key that its person gave when they accepted last: for its lists."""
    asked: tuple[AskedQuestion, ...]
    """Its own question in each language that it is asked in, once the terms are accepted."""

    @property
    def has_accepted(self) -> bool:
        """True once its person accepted terms, be they the newest ones or not."""
        return self.terms is not None

    @property
    def is_blocked(self) -> bool:
        return self.state == PartnerState.BLOCKED

    @property
    def is_live(self) -> bool:
        """True when its sites show the form."""
        return not self.is_blocked and self.has_accepted

    def question(self, language: str) -> AskedQuestion | None:
        """What its form asks beside the campaign's questions in this language, if anything."""
        if self.is_blocked or not self.accepts_now:
            return None
        return next((each for each in self.asked if each.language == language), None)


def is_any() -> Condition:
    """Whether there is one, of whichever campaign."""
    return any_row(Partner)


def of_campaign(session: Session, slug: str) -> Mapping[str, PartnerRecord]:
    """Key to partner, the oldest first."""
    return {each.key: each for each in _where(session, Campaign.slug == slug)}


def by_key(session: Session, key: str) -> PartnerRecord | None:
    """The partner with this key, of whichever campaign."""
    return next(iter(_where(session, Partner.key == key)), None)


def by_id(session: Session, partner_id: int) -> PartnerRecord | None:
    return next(iter(_where(session, Partner.id == partner_id)), None)


def _where(session: Session, condition: ColumnElement[bool]) -> list[PartnerRecord]:
    rows = session.execute(
        select(Partner, Campaign.slug)
        .join(Campaign, Campaign.id == Partner.campaign_id)
        .where(condition)
        .order_by(Partner.id)
    ).all()
    if not rows:
        return []
    ids = [row.id for row, _ in rows]
    accepted, asked = terms.acceptance(session, ids), questions.current(session, ids)
    return [_record(row, slug, accepted, asked.get(row.id, {})) for row, slug in rows]


def add(
    session: Session,
    campaign_id: int,
    *,
    key: str,
    name: str,
    origins: tuple[str, ...],
    by: str,
    at: datetime,
) -> None:
    """A new partner, live."""
    session.add(
        Partner(
            campaign_id=campaign_id,
            key=key,
            name=name,
            origins=stored_json.written(origins),
            state=PartnerState.LIVE,
            made_by=by,
            made_at=at,
        )
    )
    session.flush()


def set_state(session: Session, key: str, to: PartnerState) -> bool:
    """True when that changed anything."""
    statement = (
        update(Partner)
        .where(Partner.key == key, Partner.state != to)
        .values(state=to)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement.returning(Partner.id)).first() is not None


def _record(
    row: Partner,
    campaign: str,
    accepted: Mapping[int, Acceptance],
    asked: Mapping[str, AskedQuestion],
) -> PartnerRecord:
    acceptance = accepted.get(row.id, NOTHING_ACCEPTED)
    return PartnerRecord(
        id=row.id,
        key=row.key,
        campaign=campaign,
        name=row.name,
        origins=stored_json.read(row.origins, tuple[str, ...]),
        state=PartnerState(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
        terms=acceptance.terms,
        accepted_at=acceptance.at,
        accepts_now=acceptance.now,
        recipient=acceptance.recipient,
        asked=tuple(asked.values()),
    )
