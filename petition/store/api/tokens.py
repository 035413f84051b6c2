"""Tokens of the API: made once, then used, then past their end or revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.orm import Session

from petition.domain.api.tokens import Scope
from petition.store.db import stored_json
from petition.store.tables import ApiToken, Campaign, Partner


@dataclass(frozen=True, kw_only=True)
class TokenRecord:
    """A token, without what it opens by."""

    id: int
    shown: str
    campaign_id: int
    campaign: str
    """The campaign's slug."""
    partner_id: int | None
    partner: str | None
    """The key of the partner whose it is; None for the organiser's."""
    partner_name: str | None
    scopes: tuple[Scope, ...]
    made_by: str
    made_at: datetime
    expires_at: datetime
    last_used_on: date | None
    revoked_at: datetime | None
    list_id: int | None
    """The newest list in the ledger that it took out."""

    def is_good(self, at: datetime) -> bool:
        """True while it opens something."""
        return self.revoked_at is None and at < self.expires_at


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """A token to keep."""

    campaign_id: int
    partner_id: int | None
    hash: bytes
    shown: str
    scopes: tuple[Scope, ...]
    made_by: str
    made_at: datetime
    expires_at: datetime


def add(session: Session, new: NewRow) -> None:
    """A new token."""
    session.add(
        ApiToken(
            campaign_id=new.campaign_id,
            partner_id=new.partner_id,
            hash=new.hash,
            shown=new.shown,
            scopes=stored_json.written(new.scopes),
            made_by=new.made_by,
            made_at=new.made_at,
            expires_at=new.expires_at,
        )
    )
    session.flush()


def by_hash(session: Session, hash_: bytes) -> TokenRecord | None:
    return next(iter(_where(session, ApiToken.hash == hash_)), None)


def by_shown(session: Session, shown: str) -> TokenRecord | None:
    return next(iter(_where(session, ApiToken.shown == shown)), None)


def of_campaign(session: Session, slug: str) -> list[TokenRecord]:
    """Every token of the campaign, its partners' too, the newest first."""
    return _where(session, Campaign.slug == slug)


def revoke(session: Session, shown: str, *, at: datetime) -> bool:
    """True when that changed anything."""
    return bool(_revoke(session, ApiToken.shown == shown, at=at))


def revoke_all(session: Session, *, at: datetime) -> None:
    """None opens anything any more."""
    _revoke(session, at=at)


def _revoke(session: Session, *where: ColumnElement[bool], at: datetime) -> Sequence[int]:
    statement = (
        update(ApiToken)
        .where(ApiToken.revoked_at.is_(None), *where)
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(statement.returning(ApiToken.id)).all()


def count_good(session: Session, *, at: datetime) -> int:
    """How many open something."""
    query = select(func.count()).where(ApiToken.revoked_at.is_(None), ApiToken.expires_at > at)
    return session.scalar(query) or 0


def count_use(session: Session, token_id: int, *, at: datetime) -> int:
    """It is used once more; how often in this hour. Its row is held until the transaction ends."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    number = session.scalar(
        update(ApiToken)
        .where(ApiToken.id == token_id)
        .values(
            last_used_on=at.date(),
            used_hour=hour,
            used_number=case((ApiToken.used_hour == hour, ApiToken.used_number + 1), else_=1),
        )
        .returning(ApiToken.used_number)
        .execution_options(synchronize_session=False)
    )
    return number or 0


def lock(session: Session, token_id: int) -> None:
    """Hold the token's row until the transaction ends: two of its hand-outs are one behind the
    other."""
    session.execute(select(ApiToken.id).where(ApiToken.id == token_id).with_for_update())


def set_list(session: Session, token_id: int, export_id: int) -> None:
    """The list in the ledger that it takes out from now on."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id)
        .values(list_id=export_id)
        .execution_options(synchronize_session=False)
    )


def list_of(session: Session, token_id: int) -> int | None:
    """The newest list that it took out."""
    return session.scalar(select(ApiToken.list_id).where(ApiToken.id == token_id))


def _where(session: Session, condition: ColumnElement[bool]) -> list[TokenRecord]:
    rows = session.execute(
        select(ApiToken, Campaign.slug, Partner.key, Partner.name)
        .join(Campaign, Campaign.id == ApiToken.campaign_id)
        .outerjoin(Partner, Partner.id == ApiToken.partner_id)
        .where(condition)
        .order_by(ApiToken.id.desc())
    )
    return [
        TokenRecord(
            id=row.id,
            shown=row.shown,
            campaign_id=row.campaign_id,
            campaign=slug,
            partner_id=row.partner_id,
            partner=key,
            partner_name=name,
            scopes=stored_json.read(row.scopes, tuple[Scope, ...]),
            made_by=row.made_by,
            made_at=row.made_at,
            expires_at=row.expires_at,
            last_used_on=row.last_used_on,
            revoked_at=row.revoked_at,
            list_id=row.list_id,
        )
        for row, slug, key, name in rows
    ]
