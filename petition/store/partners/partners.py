"""Partners: made once, then live or blocked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from petition.domain.partners.partner import PartnerState
from petition.store.db import stored_json
from petition.store.tables import Campaign, Partner


@dataclass(frozen=True, kw_only=True)
class PartnerRecord:
    """A partner of one campaign."""

    key: str
    campaign: str
    """The campaign's slug."""
    name: str
    origins: tuple[str, ...]
    state: PartnerState
    made_by: str
    made_at: datetime

    @property
    def is_live(self) -> bool:
        """True when its sites show the form."""
        return self.state == PartnerState.LIVE


def of_campaign(session: Session, slug: str) -> Mapping[str, PartnerRecord]:
    """Key to partner, the oldest first."""
    rows = session.execute(
        select(Partner, Campaign.slug)
        .join(Campaign, Campaign.id == Partner.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(Partner.id)
    )
    return {row.key: _record(row, campaign) for row, campaign in rows}


def by_key(session: Session, key: str) -> PartnerRecord | None:
    """The partner with this key, of whichever campaign."""
    found = session.execute(
        select(Partner, Campaign.slug)
        .join(Campaign, Campaign.id == Partner.campaign_id)
        .where(Partner.key == key)
    ).first()
    return _record(found[0], found[1]) if found is not None else None


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


def _record(row: Partner, campaign: str) -> PartnerRecord:
    return PartnerRecord(
        key=row.key,
        campaign=campaign,
        name=row.name,
        origins=stored_json.read(row.origins, tuple[str, ...]),
        state=PartnerState(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
    )
