"""Moderation: what staff decided about each public name and comment."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, func, literal_column, not_, select, update
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.domain.signatures.moderation import ALL_NAMES, NameFilter
from petition.store.db.upsert import upsert
from petition.store.tables import Entry, Review, Signature

Query = Select[*tuple[Any, ...]]

# Written out, not bound: the partial index ix_entries_waiting is used only where the plan can see
# the very values.
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


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What was decided about one, by whom and when."""

    verdict: str
    by: str
    at: datetime


def these(session: Session, campaign_id: int, ids: Sequence[int]) -> list[Public]:
    """Those of these signatures whose name may be public, decided about or not."""
    query = (
        _public()
        .outerjoin(Review, Review.entry_id == Entry.id)
        .where(Signature.campaign_id == campaign_id, Entry.signature_id.in_(ids))
        .order_by(Entry.signature_id)
    )
    return _found(session, query)


def count_waiting(session: Session, campaign_id: int, wanted: NameFilter = ALL_NAMES) -> int:
    """How many nobody has decided about."""
    query = _waiting(campaign_id, wanted).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(query)) or 0


def count_waiting_of_all(session: Session) -> dict[int, int]:
    """The same of every campaign."""
    # "+ 0", as below.
    campaign = Signature.campaign_id + 0
    query = (
        _public()
        .outerjoin(Review, Review.entry_id == Entry.id)
        .where(not_(Entry.reviewed), Review.id.is_(None))
        .with_only_columns(campaign, func.count())
        .group_by(campaign)
    )
    return {row[0]: row[1] for row in session.execute(query)}


class Words(NamedTuple):
    """What was typed, sealed, of one that nobody has decided about."""

    signature_id: int
    entry_id: int
    sealed: bytes
    key_number: int


def waiting_words(
    session: Session,
    campaign_id: int,
    wanted: NameFilter = ALL_NAMES,
    *,
    after: int = 0,
    not_with: Iterable[int] = (),
) -> Generator[Words, None, None]:
    """Those that nobody has decided about, by signature, which is about the order they came.

    All of them, and of each no more than its words; `not_with` are forms to leave out.
    """
    query = _waiting(campaign_id, wanted).where(Entry.signature_id > after)
    left_out = tuple(not_with)
    if left_out:
        query = query.where(Entry.id.not_in(left_out))
    columns = (Entry.signature_id, Entry.id, Entry.sealed, Entry.key_number)
    with session.execute(
        query.with_only_columns(*columns).execution_options(yield_per=500)
    ) as found:
        for row in found:
            yield Words(*row)


def _waiting(campaign_id: int, wanted: NameFilter) -> Query:
    return _of_places(
        _public()
        .outerjoin(Review, Review.entry_id == Entry.id)
        # "+ 0" keeps SQLite from reading all signatures of the campaign by their index.
        .where(Signature.campaign_id + 0 == campaign_id, not_(Entry.reviewed), Review.id.is_(None))
        .order_by(Entry.signature_id),
        wanted,
    )


def _of_places(query: Query, wanted: NameFilter) -> Query:
    """Only of that language and country: what is asked of the words, the reader looks at."""
    if wanted.language is not None:
        query = query.where(Entry.language == wanted.language)
    if wanted.country is not None:
        query = query.where(Entry.country == wanted.country)
    return query


@dataclass(frozen=True, kw_only=True)
class Decided:
    """Which decisions are asked for."""

    verdicts: tuple[str, ...]
    until: datetime | None = None
    """Only those from before."""
    wanted: NameFilter = ALL_NAMES


def decided(
    session: Session, campaign_id: int, which: Decided, *, before: int, most: int
) -> list[Public]:
    """The names that were decided so, the last decided first."""
    query = _decided(campaign_id, which).where(Review.id < before)
    return _found(session, query.order_by(Review.id.desc()).limit(most))


def decided_later(
    session: Session, campaign_id: int, which: Decided, *, after: int, most: int
) -> list[int]:
    """The reviews decided next after that one."""
    query = _decided(campaign_id, which).where(Review.id > after)
    return list(session.scalars(query.with_only_columns(Review.id).order_by(Review.id).limit(most)))


def _decided(campaign_id: int, which: Decided) -> Query:
    query = (
        _public()
        .join(Review, Review.entry_id == Entry.id)
        .where(Review.campaign_id == campaign_id, Review.verdict.in_(which.verdicts))
    )
    if which.until is not None:
        query = query.where(Review.at < which.until)
    return _of_places(query, which.wanted)


def locked(session: Session, signature_id: int) -> tuple[int, Public] | None:
    """(campaign, public signature), so that its name stays what it is until the commit.

    None when it is not confirmed, or its name is not to be public. Whoever decides takes this lock;
    what was decided is read once it is held.
    """
    _lock(session, Signature.id == signature_id)
    row = session.execute(
        _public()
        .add_columns(Signature.campaign_id)
        .outerjoin(Review, Review.entry_id == Entry.id)
        .where(Signature.id == signature_id)
    ).first()
    return (row.campaign_id, _as_public(row)) if row is not None else None


def locked_standing(session: Session, entry_id: int) -> tuple[int, Standing] | None:
    """(signature, what is decided about this form), under the same lock; None where nothing is."""
    _lock(session, Entry.id == entry_id)
    row = session.execute(
        select(Entry.signature_id, Review.verdict, Review.by, Review.at)
        .join(Review, Review.entry_id == Entry.id)
        .where(Entry.id == entry_id)
    ).first()
    if row is None:
        return None
    return row.signature_id, Standing(verdict=row.verdict, by=row.by, at=row.at)


def _lock(session: Session, condition: ColumnElement[bool]) -> None:
    session.execute(
        select(Entry.id)
        .join(Signature, (Signature.id == Entry.signature_id) & (Signature.entry_id == Entry.id))
        .where(condition)
        .with_for_update(key_share=True, of=[Signature, Entry])
    )


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
    _mark(session, Entry.id == entry_id, is_reviewed=True)


def put_back(session: Session, entry_id: int, before: Standing | None) -> None:
    """What was decided about this form is again what it was, and stands where it stood."""
    of_entry = Review.entry_id == entry_id
    done = (
        delete(Review).where(of_entry)
        if before is None
        else update(Review)
        .where(of_entry)
        .values(verdict=before.verdict, by=before.by, at=before.at)
    )
    session.execute(done.execution_options(synchronize_session=False))
    if before is None:
        _mark(session, Entry.id == entry_id, is_reviewed=False)


def delete_review(session: Session, signature_id: int) -> None:
    """The name or its visibility changed: staff look again before anything is shown."""
    forms = select(Entry.id).where(Entry.signature_id == signature_id)
    session.execute(
        delete(Review)
        .where(Review.entry_id.in_(forms))
        .execution_options(synchronize_session=False)
    )
    _mark(session, Entry.signature_id == signature_id, is_reviewed=False)


def _mark(session: Session, which: ColumnElement[bool], *, is_reviewed: bool) -> None:
    """What ix_entries_waiting goes by."""
    session.execute(
        update(Entry)
        .where(which, Entry.reviewed.is_not(is_reviewed))
        .values(reviewed=is_reviewed)
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
