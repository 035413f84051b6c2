"""Moderation: what staff decided about each public name and comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, delete, func, literal_column, select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.store.db.upsert import upsert
from petition.store.tables import Entry, Review, Signature

Query = Select[*tuple[Any, ...]]

# Written out, not bound: the partial index ix_entries_public is used only where the plan can see
# the very value.
_PUBLIC: Final = Entry.visibility == literal_column("'public'")


@dataclass(frozen=True, kw_only=True)
class Public:
    """A signature whose name may be seen by everyone, if staff say so; what was typed is sealed."""

    signature_id: int
    entry_id: int
    sealed: bytes
    key_number: int
    country: str
    language: str
    review_id: int | None
    """None while nobody has decided."""
    verdict: str | None
    by: str | None
    at: datetime | None


def waiting(session: Session, campaign_id: int, *, after: int, most: int) -> list[Public]:
    """Those that nobody has decided about, by signature, which is about the order they came."""
    query = _waiting(campaign_id).where(Entry.signature_id > after).limit(most)
    return _found(session, query)


def waiting_these(session: Session, campaign_id: int, ids: Sequence[int]) -> list[Public]:
    """The same, of these signatures only."""
    return _found(session, _waiting(campaign_id).where(Entry.signature_id.in_(ids)))


def count_waiting(session: Session, campaign_id: int) -> int:
    """How many nobody has decided about."""
    query = _waiting(campaign_id).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(query)) or 0


class Words(NamedTuple):
    """What was typed, sealed, of one that nobody has decided about."""

    signature_id: int
    entry_id: int
    sealed: bytes
    key_number: int


def waiting_words(session: Session, campaign_id: int) -> Iterator[Words]:
    """The same as `waiting`, to the last of them and no more of each than its words."""
    query = _waiting(campaign_id)
    columns = (Entry.signature_id, Entry.id, Entry.sealed, Entry.key_number)
    for row in session.execute(query.with_only_columns(*columns).execution_options(yield_per=500)):
        yield Words(*row)


def _waiting(campaign_id: int) -> Query:
    return (
        _public()
        .outerjoin(Review, Review.entry_id == Entry.id)
        # "+ 0" keeps SQLite from reading all signatures of the campaign by their index.
        .where(Signature.campaign_id + 0 == campaign_id, Review.id.is_(None))
        .order_by(Entry.signature_id)
    )


def decided(
    session: Session,
    campaign_id: int,
    verdicts: tuple[str, ...],
    *,
    before: int,
    most: int,
    until: datetime | None = None,
) -> list[Public]:
    """Those with one of these verdicts, the last decided first; all, or those before `until`."""
    query = _decided(campaign_id, verdicts, until).where(Review.id < before)
    return _found(session, query.order_by(Review.id.desc()).limit(most))


def decided_later(
    session: Session,
    campaign_id: int,
    verdicts: tuple[str, ...],
    *,
    after: int,
    most: int,
    until: datetime | None = None,
) -> list[int]:
    """The reviews decided next after that one."""
    query = _decided(campaign_id, verdicts, until).where(Review.id > after)
    return list(session.scalars(query.with_only_columns(Review.id).order_by(Review.id).limit(most)))


def _decided(campaign_id: int, verdicts: tuple[str, ...], until: datetime | None) -> Query:
    query = (
        _public()
        .join(Review, Review.entry_id == Entry.id)
        .where(Review.campaign_id == campaign_id, Review.verdict.in_(verdicts))
    )
    return query if until is None else query.where(Review.at < until)


def locked(session: Session, signature_id: int) -> tuple[int, Public] | None:
    """(campaign, public signature), so that its name stays what it is until the commit.

    None when it is not confirmed, or its name is not to be public.
    """
    row = session.execute(
        _public()
        .add_columns(Signature.campaign_id)
        .outerjoin(Review, Review.entry_id == Entry.id)
        .where(Signature.id == signature_id)
        .with_for_update(of=[Signature, Entry])
    ).first()
    return (row.campaign_id, _as_public(row)) if row is not None else None


def decide(
    session: Session, campaign_id: int, entry_id: int, verdict: str, *, by: str, at: datetime
) -> None:
    """Note a verdict, in place of an earlier one."""
    upsert(
        session,
        Review,
        {
            "campaign_id": campaign_id,
            "entry_id": entry_id,
            "verdict": verdict,
            "by": by,
            "at": at,
        },
        key=["entry_id"],
        change=lambda new: {"verdict": new.verdict, "by": new.by, "at": new.at},
    )


def delete_review(session: Session, signature_id: int) -> None:
    """The name or its visibility changed: staff look again before anything is shown."""
    forms = select(Entry.id).where(Entry.signature_id == signature_id)
    session.execute(
        delete(Review)
        .where(Review.entry_id.in_(forms))
        .execution_options(synchronize_session=False)
    )


def _public() -> Query:
    """Every confirmed signature whose own form says that everyone may see the name."""
    return (
        select(
            Entry.signature_id,
            Entry.id.label("entry_id"),
            Entry.sealed,
            Entry.key_number,
            Entry.country,
            Entry.language,
            Review.id.label("review_id"),
            Review.verdict,
            Review.by,
            Review.at,
        )
        .select_from(Entry)
        .join(Signature, (Signature.id == Entry.signature_id) & (Signature.entry_id == Entry.id))
        .where(_PUBLIC, Signature.state == states.CONFIRMED)
    )


def _found(session: Session, query: Query) -> list[Public]:
    return [_as_public(row) for row in session.execute(query)]


def _as_public(row: Any) -> Public:
    return Public(
        signature_id=row.signature_id,
        entry_id=row.entry_id,
        sealed=bytes(row.sealed),
        key_number=row.key_number,
        country=row.country,
        language=row.language,
        review_id=row.review_id,
        verdict=row.verdict,
        by=row.by,
        at=row.at,
    )
