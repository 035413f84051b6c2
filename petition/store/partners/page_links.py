"""Links to partners' own pages: one of each partner, by the hash of its token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.tables import Partner, PartnerLink


@dataclass(frozen=True, kw_only=True)
class LinkRecord:
    """A link as staff see it: its token is shown once, and nowhere kept."""

    made_by: str
    made_at: datetime
    expires_at: datetime


def put(
    session: Session, key: str, *, token: str, by: str, expires_at: datetime, at: datetime
) -> None:
    """The partner's link; an earlier one opens nothing from now on."""
    row = {
        "partner_id": session.scalars(select(Partner.id).where(Partner.key == key)).one(),
        "token_sha256": _digest(token),
        "made_by": by,
        "made_at": at,
        "expires_at": expires_at,
    }
    upsert(
        session,
        PartnerLink,
        row,
        change=lambda new: {name: new[name] for name in row if name != "partner_id"},
    )


def revoke(session: Session, key: str) -> bool:
    """False where there was none."""
    of_partner = select(Partner.id).where(Partner.key == key).scalar_subquery()
    statement = (
        delete(PartnerLink)
        .where(PartnerLink.partner_id == of_partner)
        .returning(PartnerLink.partner_id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).first() is not None


def of_partner(session: Session, key: str, *, at: datetime) -> LinkRecord | None:
    """The partner's link while it is good."""
    row = session.scalar(
        select(PartnerLink)
        .join(Partner, Partner.id == PartnerLink.partner_id)
        .where(Partner.key == key, PartnerLink.expires_at > at)
    )
    if row is None:
        return None
    return LinkRecord(made_by=row.made_by, made_at=row.made_at, expires_at=row.expires_at)


def opened(session: Session, token: str, *, at: datetime) -> tuple[str, datetime] | None:
    """The key of the partner whose link it is and until when it is good; None for any other."""
    row = session.execute(
        select(Partner.key, PartnerLink.expires_at)
        .join(PartnerLink, PartnerLink.partner_id == Partner.id)
        .where(PartnerLink.token_sha256 == _digest(token), PartnerLink.expires_at > at)
    ).first()
    return (row.key, row.expires_at) if row is not None else None


def _digest(token: str) -> str:
    """What is kept of the token: 256 random bits need no salt."""
    return sha256(token.encode()).hexdigest()
