"""Forms that were refused because of their key: by site, how often and when last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from petition.domain.partners.refused_form import KeyFault
from petition.store.db.upsert import upsert
from petition.store.tables import Campaign, RefusedForm


@dataclass(frozen=True, kw_only=True)
class RefusedFormRecord:
    """A site that asked for a form, or sent one, in vain."""

    site: str
    """Its host; empty for sites whose name is not known, and programs."""
    reason: KeyFault
    """Why, the last time."""
    number: int
    last_hour: datetime


def has(session: Session, campaign_id: int, key: str, site: str) -> bool:
    """True where the site has a row of its own."""
    return session.get(RefusedForm, (campaign_id, key, site)) is not None


def count_sites(session: Session, campaign_id: int, key: str) -> int:
    """How many rows there are."""
    found = session.scalar(
        select(func.count()).where(
            RefusedForm.campaign_id == campaign_id, RefusedForm.partner_key == key
        )
    )
    return found or 0


def count(
    session: Session,
    campaign_id: int,
    key: str,
    site: str,
    *,
    reason: KeyFault,
    number: int,
    at: datetime,
) -> None:
    """So many more, the last one for this reason."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    upsert(
        session,
        RefusedForm,
        {
            "campaign_id": campaign_id,
            "partner_key": key,
            "site": site,
            "reason": str(reason),
            "number": number,
            "last_hour": hour,
        },
        change=lambda new: {
            "reason": new.reason,
            "number": RefusedForm.number + new.number,
            "last_hour": new.last_hour,
        },
    )


def listed(session: Session, slug: str, key: str) -> list[RefusedFormRecord]:
    """The last ones first."""
    rows = session.scalars(
        select(RefusedForm)
        .join(Campaign, Campaign.id == RefusedForm.campaign_id)
        .where(Campaign.slug == slug, RefusedForm.partner_key == key)
        .order_by(RefusedForm.last_hour.desc(), RefusedForm.number.desc(), RefusedForm.site)
    )
    return [
        RefusedFormRecord(
            site=row.site,
            reason=KeyFault(row.reason),
            number=row.number,
            last_hour=row.last_hour,
        )
        for row in rows
    ]


def delete_old(session: Session, *, before: datetime) -> None:
    """Those of sites that have not asked since."""
    session.execute(
        delete(RefusedForm)
        .where(RefusedForm.last_hour < before)
        .execution_options(synchronize_session=False)
    )
