"""Rekeying: finding signatures again after the table of mail providers changed, restartable.

Until it has run, old keys and new ones stand beside each other: the worker counts letters by
today's table, whoever asks with an address is found by every key that it may have had, and a
second form under the new key makes a second signature, which this job makes one with the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from typing import Final

from petition.domain.signatures.mail_providers import Providers
from petition.errors import SealBroken
from petition.services.privacy import journal_replay
from petition.services.privacy.erasure import ErasureContext, clean_up
from petition.services.vault import address_keys
from petition.services.vault.address_keys import AddressKeys
from petition.store.db import Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.letters import mailbox_limits
from petition.store.privacy import erasure
from petition.store.privacy.erasure_journal import ERASED, JournalEntry
from petition.store.signatures import by_address, mail_providers, rekeying
from petition.store.signatures.rekeying import Keys, Sealed, Stale
from petition.store.staff import audit
from petition.store.vault.vault import Vault

BATCH: Final = 500


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was done."""

    looked_at: int = 0
    rekeyed: int = 0
    merged: int = 0
    count_fell_by: int = 0
    erased: int = 0
    """Signed before their address was erased under its new key."""
    unreadable: int = 0

    def with_(self, other: Report) -> Report:
        """Both together; the unreadable ones are those of the last look at them."""
        sums = {each.name: getattr(self, each.name) + getattr(other, each.name) for each in _SUMS}
        return Report(**sums, unreadable=other.unreadable)


_SUMS: Final = tuple(each for each in fields(Report) if each.name != "unreadable")


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """A batch, its addresses read."""

    fingerprint: str
    last: int
    changed: list[tuple[Stale, AddressKeys]] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)


def left(session: Session) -> int:
    """How many signatures were keyed with another table than today's."""
    return rekeying.left(session, mail_providers.table(session).fingerprint)


def rekey(
    vault: Vault,
    context: ErasureContext,
    reading: SessionFactory,
    transaction: SessionFactory,
    *,
    at: datetime,
) -> Iterator[Report]:
    """Key anew what was keyed with another table; yields what each batch did.

    Each step is committed by itself, and a signature says which table keyed it: after an
    interruption the next run goes on. Two runs at once do the same work once. It ends when a
    whole pass has found nothing to do. Raises JournalBroken, and has done nothing then.
    """
    moved = True
    while moved:
        moved, last, unreadable = False, -1, 0
        with reading() as session:
            erased = _Erased(context, journal_replay.erased(session, context.journal))
        while (looked := _look(vault, reading, after=last)) is not None:
            last, unreadable = looked.last, unreadable + len(looked.unreadable)
            done = _do(transaction, looked, erased, at=at)
            moved = moved or done.looked_at > 0
            yield Report().with_(done).with_(Report(unreadable=unreadable))


def _look(vault: Vault, reading: SessionFactory, *, after: int) -> _Looked | None:
    """The next batch; None when there is no more."""
    with reading() as session:
        providers = mail_providers.table(session)
        batch = rekeying.batch(session, providers.fingerprint, after=after, most=BATCH)
        if not batch:
            return None
        looked = _Looked(fingerprint=providers.fingerprint, last=batch[-1].signature_id)
        for stale in batch:
            try:
                keys = _keys(session, vault, providers, stale)
            except SealBroken:
                looked.unreadable.append(stale.signature_id)
                continue
            known = (stale.address_key, stale.mailbox_key)
            if keys is None or (keys.address, keys.mailbox) == known:
                looked.same.append(stale.signature_id)
            else:
                looked.changed.append((stale, keys))
    return looked


def _keys(session: Session, vault: Vault, providers: Providers, stale: Stale) -> AddressKeys | None:
    """What stands for the signature's address today; None when every form of it was emptied."""
    email = _email(vault, stale.form)
    if not email:  # somebody sent it in for a blocked address: an older form may tell
        others = rekeying.other_forms(session, stale.signature_id, but=stale.form.entry_id)
        email = next(filter(None, (_email(vault, form) for form in others)), "")
    return address_keys.of_email(vault, providers, email) if email else None


def _email(vault: Vault, form: Sealed) -> str:
    return vault.open(form.sealed, form.entry_id, form.key_number).email


@dataclass(frozen=True)
class _Erased:
    """Whose owner had all of it erased while another signature of theirs had the new key."""

    context: ErasureContext
    by_key: dict[tuple[int, bytes], datetime]

    def when(self, stale: Stale, keys: AddressKeys) -> datetime | None:
        """When the signature should have gone; None for one that stays."""
        at = self.by_key.get((stale.campaign_id, keys.address))
        return at if at is not None and stale.created_at <= at else None

    def note(self, slug: str, key: bytes, at: datetime) -> None:
        """An old copy of the database knows the address by its former key."""
        self.context.journal.add(JournalEntry(verb=ERASED, slug=slug, address_key=key, at=at))


def _do(transaction: SessionFactory, looked: _Looked, erased: _Erased, *, at: datetime) -> Report:
    """Mailboxes first: they are counted by the new key from the moment that a letter is due."""
    moves = {stale.mailbox_key: keys.mailbox for stale, keys in looked.changed}
    if moves:
        committed(transaction, lambda session: mailbox_limits.move_mailboxes(session, moves))
    done = committed(transaction, lambda session: _mark(session, looked))
    # One signature, in a transaction of its own: nobody has to wait long for it.
    for stale, keys in looked.changed:
        gone_at = erased.when(stale, keys)
        if gone_at is not None:
            change = partial(_erase, stale=stale, erased=erased, gone_at=gone_at, at=at)
        else:
            change = partial(_change, stale=stale, keys=keys, fingerprint=looked.fingerprint, at=at)
        done = done.with_(committed(transaction, change))
    return done


def _mark(session: Session, looked: _Looked) -> Report:
    there = sorted(rekeying.lock(session, looked.same))
    rekeying.mark(session, there, looked.fingerprint)
    return Report(looked_at=len(there))


def _erase(
    session: Session, *, stale: Stale, erased: _Erased, gone_at: datetime, at: datetime
) -> Report:
    known = by_address.place(session, stale.signature_id)
    if known is None or known.address_key != stale.address_key:
        return Report()
    erased.note(known.slug, stale.address_key, gone_at)
    gone = erasure.erase(session, stale.signature_id, at=at)
    if gone is None:
        return Report()
    clean_up(session, erased.context, gone.letter_ids, at=at)
    fell = int(stale.is_counted)
    return Report(looked_at=1, erased=1, count_fell_by=fell)


def _change(
    session: Session, *, stale: Stale, keys: AddressKeys, fingerprint: str, at: datetime
) -> Report:
    new = Keys(address=keys.address, own_mailbox=keys.own_mailbox, keyed_by=fingerprint)
    other = rekeying.of_key(session, stale.campaign_id, keys.address)
    if other is not None and other != stale.signature_id:
        merged = rekeying.merge(session, stale, other, new, at=at)
        if merged is None:
            return Report()  # it changed meanwhile: the next pass looks again
        done = Report(looked_at=1, rekeyed=1, merged=1, count_fell_by=merged.fell)
    elif rekeying.set_keys(session, stale, new):
        done = Report(looked_at=1, rekeyed=1)
    else:
        return Report()
    if stale.confirmed:  # perhaps between the two transactions
        mailbox_limits.note_confirmed(session, keys.mailbox)
    return done


def note(session: Session, report: Report, *, by: str, at: datetime) -> None:
    """Put what was done into the audit log."""
    detail = (
        f"{report.rekeyed} keyed anew, {report.merged} merged, "
        f"{report.erased} erased, the count fell by {report.count_fell_by}"
    )
    audit.note(session, who=by, action="rekey", outcome="done", at=at, detail=detail)
