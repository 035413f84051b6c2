"""Handing out: what a token reads, and that every bit of it stands on record before it leaves.

A partner's token is given people who said yes to that partner, by references of its own, with what
they agreed to give it. The organiser's is given everybody who is confirmed, up to as many a day as
one person may take out alone; each day is one list in the ledger. Of who left since, both learn by
`withdrawals`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from petition.domain.exports import second_person
from petition.domain.partners import references
from petition.domain.partners.disclosures import Way
from petition.domain.privacy.retention import start
from petition.domain.signatures.supporter import Person
from petition.errors import PetitionError
from petition.services.staff import panic
from petition.store.api import confirmed, tokens
from petition.store.api.confirmed import BEGINNING, ConfirmedRow, Place, Wanted
from petition.store.api.tokens import TokenRecord
from petition.store.db import Session
from petition.store.exports import contents, ledger
from petition.store.exports.ledger import FiltersRecord
from petition.store.partners import disclosures, opt_ins, partners
from petition.store.partners.partners import PartnerRecord
from petition.store.staff import audit
from petition.store.vault.vault import Vault

SETTLED: Final = timedelta(minutes=1)
"""What is younger than that is given out the next time: a transaction that began before may still
come, and nobody would ask for its place again."""
REASON: Final = "API"


class DayUsedUp(PetitionError):
    """This token read as many people today as one person may take out alone."""


@dataclass(frozen=True, kw_only=True)
class Handed:
    """One person, as they are handed out."""

    reference: str
    row: ConfirmedRow
    person: Person


@dataclass(frozen=True, kw_only=True)
class HandedPage:
    """Some of a list, in its order."""

    handed: tuple[Handed, ...]
    next: Place
    """Where the next page begins."""
    is_more: bool


@dataclass(frozen=True, kw_only=True)
class Left:
    """Somebody who has to be taken off the list."""

    reference: str
    at: datetime | None
    is_erased: bool
    sequence: int | None
    """For partners: beside that of a signature, the higher one holds."""


@dataclass(frozen=True, kw_only=True)
class LeftPage:
    """Some of those who left, in order."""

    left: tuple[Left, ...]
    next: Place
    is_more: bool


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What is about to leave; what was typed is still sealed."""

    rows: Sequence[ConfirmedRow]
    next: Place
    is_more: bool


def take(
    session: Session, token: TokenRecord, wanted: Wanted, *, setting: bool, at: datetime
) -> Rows:
    """The next people for this token, each on record. Open them once this is committed.

    `setting`: whether long lists take a second person. Raises ListsPaused and DayUsedUp.
    """
    panic.check_lists(session)
    if token.partner_id is None:
        return _take_of_all(session, token, wanted, setting=setting, at=at)
    partner = partners.by_id(session, token.partner_id)
    assert partner is not None
    since = _kept_since(partner, at)
    found = confirmed.of_partner(session, partner.id, _one_more(wanted), answered_since=since)
    ids = [each.signature_id for each in found[: wanted.most]]
    if not ids:
        return Rows(rows=(), next=wanted.after, is_more=False)
    there = disclosures.lock(session, ids)
    # Read again: who was erased or withdrew meanwhile is in no answer, and who does so from now on
    # does it after this, which the partner learns by a higher number.
    rows = confirmed.of_partner(session, partner.id, wanted, answered_since=since, among=there)
    disclosures.note(session, partner.id, [each.signature_id for each in rows], Way.API, at=at)
    last = found[: wanted.most][-1].sequence
    assert last is not None
    return Rows(rows=rows, next=Place(number=last), is_more=len(found) > wanted.most)


def _one_more(wanted: Wanted) -> Wanted:
    """By which one sees whether more follow."""
    return replace(wanted, most=wanted.most + 1)


def _kept_since(partner: PartnerRecord, at: datetime) -> datetime:
    """Who said yes before then the partner may not have any more, by its arrangement."""
    return start(at, partner.terms.retention_months) if partner.terms is not None else at


def _take_of_all(
    session: Session, token: TokenRecord, wanted: Wanted, *, setting: bool, at: datetime
) -> Rows:
    contents.begin(session, token.campaign_id)
    tokens.lock(session, token.id)
    found = confirmed.of_campaign(
        session, token.campaign_id, _one_more(wanted), before=at - SETTLED
    )
    rows, is_more = found[: wanted.most], len(found) > wanted.most
    if rows:
        _note_list(session, token, [each.signature_id for each in rows], setting=setting, at=at)
    after = Place(at=rows[-1].confirmed_at, number=rows[-1].signature_id) if rows else wanted.after
    return Rows(rows=rows, next=after, is_more=is_more)


def _note_list(
    session: Session, token: TokenRecord, ids: Sequence[int], *, setting: bool, at: datetime
) -> None:
    """They leave in the token's list of today; of a day all tokens of the campaign share."""
    list_id = tokens.list_of(session, token.id)
    list_ = ledger.find(session, list_id) if list_id is not None else None
    if list_ is None or list_.started_at.date() != at.date():
        list_id = _begin_list(session, token, at=at)
        list_ = ledger.find(session, list_id)
    new = contents.note_more(session, list_.id, ids)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    read = ledger.rows_by_api(session, token.campaign_id, since=midnight)
    if new and second_person.needs_second(read + new, setting=setting):
        raise DayUsedUp
    ledger.add_rows(session, list_.id, new, at=at)


def _begin_list(session: Session, token: TokenRecord, *, at: datetime) -> int:
    list_id = ledger.begin_export(
        session,
        campaign_id=token.campaign_id,
        by=token.shown,
        reason=REASON,
        filters=FiltersRecord(state=("confirmed",)),
        format_=ledger.BY_API,
        at=at,
    )
    tokens.set_list(session, token.id, list_id)
    audit.note(
        session,
        who=token.shown,
        action="export",
        outcome="done",
        at=at,
        detail=f"{token.campaign}: list {list_id}",
    )
    return list_id


def opened(vault: Vault, token: TokenRecord, taken: Rows) -> HandedPage:
    """The page in words. Raises SealBroken."""
    return HandedPage(
        handed=tuple(
            Handed(
                reference=_reference(vault, token, row.signature_id),
                row=row,
                person=vault.open(row.sealed, row.entry_id, row.key_number),
            )
            for row in taken.rows
        ),
        next=taken.next,
        is_more=taken.is_more,
    )


def _reference(vault: Vault, token: TokenRecord, signature_id: int) -> str:
    """What the organiser's lists know it by; to a partner, what that partner alone knows."""
    if token.partner is None:
        return str(signature_id)
    return references.reference(vault.ring.partners, token.partner, signature_id)


def left(
    session: Session, vault: Vault, token: TokenRecord, after: Place, *, most: int, at: datetime
) -> LeftPage:
    """The next ones who have to be taken off the token's list, or its partner's."""
    if token.partner_id is None:
        return _left_of_all(session, vault, token, after, most=most, at=at)
    events = opt_ins.events_since(
        session, token.partner_id, after=after.number, most=most + 1, kinds=opt_ins.GONE
    )
    found = tuple(
        Left(
            reference=_reference(vault, token, each.signature_id),
            at=each.at,
            is_erased=each.kind == opt_ins.ERASED,
            sequence=each.sequence,
        )
        for each in events[:most]
    )
    last = events[:most][-1].sequence if events else after.number
    return LeftPage(left=found, next=Place(number=last), is_more=len(events) > most)


def _left_of_all(
    session: Session, vault: Vault, token: TokenRecord, after: Place, *, most: int, at: datetime
) -> LeftPage:
    gone = sorted(
        ((each.at or BEGINNING, each) for each in _recalled(session, token)),
        key=lambda one: (one[0], one[1].signature_id),
    )
    behind = [
        (when, each)
        for when, each in gone
        if (when, each.signature_id) > (after.at, after.number) and when < at - SETTLED
    ]
    found = behind[:most]
    return LeftPage(
        left=tuple(
            Left(
                reference=_reference(vault, token, each.signature_id),
                at=each.at,
                is_erased=each.why == contents.ERASED,
                sequence=None,
            )
            for _, each in found
        ),
        next=Place(at=found[-1][0], number=found[-1][1].signature_id) if found else after,
        is_more=len(behind) > most,
    )


def _recalled(session: Session, token: TokenRecord) -> Sequence[contents.Recalled]:
    return contents.recalled_of(session, token.campaign_id, token.shown)
