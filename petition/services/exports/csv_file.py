"""CSV exports: signatures in constant memory, with an entry in the ledger."""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from petition.domain.exports.recipient import recipient_of
from petition.domain.exports.spreadsheet import BYTE_ORDER_MARK, guarded
from petition.domain.partners import references
from petition.domain.partners.disclosures import FOR_PARTNER
from petition.domain.signatures import consent
from petition.domain.signatures.states import HANDED_TO_TARGET
from petition.domain.signatures.supporter import Person
from petition.errors import PetitionError
from petition.services.exports.encryption import encrypted
from petition.services.partners import handing_over
from petition.services.staff import panic
from petition.store.campaigns import campaigns
from petition.store.db import Session, SessionFactory
from petition.store.exports import contents, ledger
from petition.store.exports.ledger import ExportRecord, FiltersRecord
from petition.store.partners import opt_ins, partners
from petition.store.signatures import consents, signatures
from petition.store.signatures.signatures import ExportRow, Filters
from petition.store.staff import audit
from petition.store.vault.vault import SALT_LENGTH, Vault

FOR_TARGET: Final = ("reference", "given_name", "family_name", "country")
"""What the target receives: what people agreed to hand over, and by what it can be recalled."""
ENCRYPTED: Final = ".age"
"""Behind the name of a file that is encrypted."""

CONSENT: Final = "_consent"
"""Behind a purpose it names the column of that question's answer."""

NOTED_TOGETHER: Final = 5
"""Pages of signatures (store/signatures/signatures.py) that go on record in one commit."""

Cell = Callable[[ExportRow, Person], str]
"""What stands in one column, of one signature."""


def _typed_cell(field: str) -> Cell:
    return lambda row, person: guarded(getattr(person, field))


@dataclass(frozen=True, kw_only=True)
class Export:
    """An order for a file: who takes it out, why, and what it holds."""

    slug: str
    by: str
    reason: str
    filters: Filters
    for_target: bool
    for_excel: bool = False
    """With a byte-order mark, or Excel takes the letters for others."""
    partner: str | None = None
    """The key of the partner whose list it is: who said yes to it, encrypted to its own key."""
    recipient: str | None = None
    """The key that any other list is encrypted to; None: it leaves in clear."""

    @property
    def taken(self) -> Filters:
        """What is in it: the target gets only those who chose to hand their name over."""
        return _AGREED if self.for_target else self.filters


def file_name(slug: str, list_: ExportRecord) -> str:
    """A name that says what the file holds, so that nobody sends one list for the other."""
    whose = f"-{list_.partner}" if list_.partner is not None else ""
    end = ENCRYPTED if list_.is_encrypted else ""
    return f"{slug}-{list_.contents}{whose}-{list_.started_at:%Y%m%dT%H%MZ}.csv{end}"


class NotForTarget(PetitionError):
    """The target's list takes all confirmed who agreed: a choice among them tells of each."""


_AGREED: Final = Filters(visibilities=HANDED_TO_TARGET)
"""Whom the target's list holds: who confirmed and chose to hand their name over."""


def check_filters(filters: Filters) -> None:
    """Raises NotForTarget for a choice that would tell the target more than a name."""
    if filters != Filters():
        raise NotForTarget(
            "the target's list takes no choice of state, time or news: nobody agreed to tell that"
        )


def export(
    order: Export,
    vault: Vault,
    *,
    reading: SessionFactory,
    transaction: SessionFactory,
    now: Callable[[], datetime],
    begun: Callable[[int], None] = lambda export_id: None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Generator[bytes, None, None]:
    """The file in chunks, all from one snapshot; `progress` hears of each chunk's rows.

    `begun` hears of the export's id once it stands in the ledger.

    The ledger has the order before the first byte leaves, and the row count and SHA-256 after
    the last: an entry without them is a file that was cut off. Of an encrypted file it is that of
    the encrypted bytes. Raises NotFound, NotForTarget, NoListFor or RecipientRefused before that.
    """
    if order.for_target:
        check_filters(order.filters)
    salt = os.urandom(SALT_LENGTH) if order.for_target else None
    with transaction() as session:
        begun_list = _begin(session, order, salt, at=now())
    begun(begun_list.export_id)
    rows: list[int] = []

    def plain() -> Iterator[bytes]:
        if order.for_excel:
            yield BYTE_ORDER_MARK
        with reading() as session:
            table = _table(session, order, vault, begun_list, transaction, at=now())
            yield _lines([table.columns])
            for page in table.pages:
                yield _lines([_line(row, table.cells, vault) for row in page])
                rows.append(len(page))
                progress(len(page))

    to = begun_list.recipient
    digest = sha256()
    for chunk in encrypted(plain(), to) if to is not None else plain():
        digest.update(chunk)
        yield chunk
    with transaction() as session:
        ledger.finish_export(
            session, begun_list.export_id, rows=sum(rows), sha256=digest.hexdigest(), at=now()
        )


def count(session: Session, campaign_id: int, order: Export) -> int:
    """How many signatures the list would hold now."""
    if order.partner is None:
        return signatures.count(session, campaign_id, order.taken)
    of = partners.by_key(session, order.partner)
    return opt_ins.number(session, of.id) if of is not None else 0


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A list that stands in the ledger and is made from now on."""

    campaign_id: int
    export_id: int
    salt: bytes | None
    """What makes the references of the target's list its own."""
    partner: handing_over.ListFor | None
    recipient: str | None


def _begin(session: Session, order: Export, salt: bytes | None, *, at: datetime) -> _Begun:
    """Write the order down, in the ledger and in the audit log."""
    panic.check_lists(session)
    campaign_id = campaigns.by_slug(session, order.slug).id
    to = recipient_of(order.recipient) if order.recipient is not None else None
    partner = None
    if order.partner is not None:
        partner = handing_over.list_for(session, order.slug, order.partner)
        to = partner.recipient
    contents.begin(session, campaign_id)
    filters = order.taken
    export_id = ledger.begin_export(
        session,
        campaign_id=campaign_id,
        by=order.by,
        reason=order.reason,
        filters=FiltersRecord(
            for_target=order.for_target,
            since=filters.since.isoformat() if filters.since else None,
            state=filters.states,
            updates=filters.updates,
            visibility=filters.visibilities,
            partner=order.partner,
            recipient=to,
        ),
        reference_salt=salt,
        at=at,
    )
    whose = " for the target" if order.for_target else ""
    whose = f" for partner {order.partner}" if order.partner is not None else whose
    audit.note(
        session,
        who=order.by,
        action="export",
        outcome="done",
        at=at,
        detail=f"{order.slug}: list {export_id}{whose}",
    )
    return _Begun(
        campaign_id=campaign_id, export_id=export_id, salt=salt, partner=partner, recipient=to
    )


@dataclass(frozen=True, kw_only=True)
class _Table:
    """What stands in the file: its head, how a row becomes cells, and the rows by the page."""

    columns: Sequence[str]
    cells: Sequence[Cell]
    pages: Iterable[Sequence[ExportRow]]


def _table(
    session: Session,
    order: Export,
    vault: Vault,
    begun: _Begun,
    transaction: SessionFactory,
    *,
    at: datetime,
) -> _Table:
    """Which signatures leave is written down as they do; of a list with references, before."""
    campaign_id, salt = begun.campaign_id, begun.salt
    if begun.partner is not None:
        return _partners_table(session, vault, begun, begun.partner, transaction, at=at)
    if salt is not None:

        def reference(signature_id: int) -> str:
            return vault.reference(salt, signature_id)

        ids = signatures.ids(session, campaign_id, order.taken)
        pages = _by_reference(session, campaign_id, _AGREED, reference, ids)
        _note_all(ids, begun.export_id, transaction)
        cells = [_reference_cell(reference), *map(_cell, FOR_TARGET[1:])]
        return _Table(columns=FOR_TARGET, cells=cells, pages=pages)
    columns = columns_of(session, campaign_id)
    pages = signatures.pages(session, campaign_id, order.taken)
    return _Table(
        columns=columns,
        cells=[_cell(column) for column in columns],
        pages=_noted(pages, begun.export_id, transaction),
    )


def _partners_table(
    session: Session,
    vault: Vault,
    begun: _Begun,
    of: handing_over.ListFor,
    transaction: SessionFactory,
    *,
    at: datetime,
) -> _Table:
    said = opt_ins.answered(session, of.partner_id, since=of.kept_since(at))

    def reference(signature_id: int) -> str:
        return references.reference(vault.ring.partners, of.key, signature_id)

    def answered(row: ExportRow, person: Person) -> str:
        return _time(said[row.signature_id])

    ids = sorted(said)
    pages = _by_reference(session, begun.campaign_id, Filters(), reference, ids)
    _note_all(ids, begun.export_id, transaction)
    cells = [_reference_cell(reference), *map(_cell, FOR_PARTNER[1:-1]), answered]
    return _Table(columns=FOR_PARTNER, cells=cells, pages=pages)


def columns_of(session: Session, campaign_id: int) -> tuple[str, ...]:
    """The columns of a campaign's native export: one more for each question that only it asks."""
    further = consents.further_purposes(session, campaign_id)
    return tuple(dict.fromkeys((*COLUMNS, *(f"{purpose}{CONSENT}" for purpose in further))))


def _line(row: ExportRow, cells: Sequence[Cell], vault: Vault) -> list[str]:
    person = vault.open(row.sealed, row.entry_id, row.key_number)
    return [cell(row, person) for cell in cells]


def recall(session: Session, vault: Vault, export_id: int) -> Iterator[bytes]:
    """What an export holds that must be taken out of it, as CSV. Raises NotFound.

    The target or partner is told which rows, and neither why nor when: that is nobody's there to
    know.
    """
    export = ledger.find(session, export_id)
    rows = contents.recalled(session, export_id)
    salt, partner = export.reference_salt, export.partner
    if partner is not None:
        key = vault.ring.partners
        yield _references(references.reference(key, partner, r.signature_id) for r in rows)
    elif salt is not None:
        yield _references(vault.reference(salt, r.signature_id) for r in rows)
    elif export.for_target:  # from when its rows had numbers
        yield _lines([("signature_id",)])
        yield _lines([(str(row.signature_id),) for row in rows])
    else:
        yield _lines([("signature_id", "recalled_because", "recalled_at")])
        yield _lines([(str(row.signature_id), row.why, _time(row.at)) for row in rows])


def _references(found: Iterable[str]) -> bytes:
    return _lines([("reference",), *((each,) for each in sorted(found))])


def _reference_cell(reference: Callable[[int], str]) -> Cell:
    return lambda row, person: reference(row.signature_id)


def _by_reference(
    session: Session,
    campaign_id: int,
    filters: Filters,
    reference: Callable[[int], str],
    ids: Sequence[int],
) -> Iterator[Sequence[ExportRow]]:
    """In the order of the references, which is that of nothing else."""
    return signatures.in_order(session, campaign_id, filters, sorted(ids, key=reference))


def _note_all(ids: Sequence[int], export_id: int, transaction: SessionFactory) -> None:
    """All of them are on record before the first one leaves: each page holds some from anywhere."""
    size = NOTED_TOGETHER * signatures.PAGE
    with transaction() as session:
        for begin in range(0, len(ids), size):
            contents.note_page(session, export_id, ids[begin : begin + size])


def _noted(
    pages: Iterator[Sequence[ExportRow]], export_id: int, transaction: SessionFactory
) -> Iterator[Sequence[ExportRow]]:
    """The same pages; which signatures they hold is on record before any of them leaves.

    Some pages are noted together: a commit waits for the disk. A file that is cut off may so have
    more on record than it holds, never less.
    """
    while together := list(itertools.islice(pages, NOTED_TOGETHER)):
        with transaction() as session:
            contents.note_page(session, export_id, _ids(together))
        yield from together


def _ids(pages: Iterable[Sequence[ExportRow]]) -> list[int]:
    return [row.signature_id for page in pages for row in page]


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


_CELLS: Final[dict[str, Cell]] = {
    "signature_id": lambda row, person: str(row.signature_id),
    "campaign": lambda row, person: row.campaign,
    "state": lambda row, person: row.state,
    "signed_at": lambda row, person: _time(row.signed_at),
    "confirmed_at": lambda row, person: _time(row.confirmed_at),
    "given_name": lambda row, person: guarded(person.given_name),
    "family_name": lambda row, person: guarded(person.family_name),
    "email": lambda row, person: guarded(person.email),
    "country": lambda row, person: row.country,
    "postcode": lambda row, person: guarded(person.postcode),
    "language": lambda row, person: row.language,
    "visibility": lambda row, person: row.visibility,
    "comment": lambda row, person: guarded(person.comment),
    "updates_consent": lambda row, person: row.updates,
    "updates_consent_at": lambda row, person: _time(row.updates_at),
    "partner_consent": lambda row, person: row.further.get(consent.PARTNER, ""),
    "consent_text_sha256": lambda row, person: row.text_sha256,
    "partner": lambda row, person: row.partner or "",
    "source": lambda row, person: guarded(row.source or ""),
    "utm_source": lambda row, person: guarded(row.utm_source or ""),
    "utm_medium": lambda row, person: guarded(row.utm_medium or ""),
    "utm_campaign": lambda row, person: guarded(row.utm_campaign or ""),
}
"""Column to what stands in it."""
# A field that the form got later stands at the end, as programs may go by the place of a column.
for _name in Person.__struct_fields__:
    _CELLS.setdefault(_name, _typed_cell(_name))

COLUMNS: Final = tuple(_CELLS)


def _cell(column: str) -> Cell:
    """What stands in a column; one that no export has always is that of a further question."""
    return _CELLS.get(column) or _answer_cell(column.removesuffix(CONSENT))


def _answer_cell(purpose: str) -> Cell:
    return lambda row, person: row.further.get(purpose, "")


def _time(at: datetime | None) -> str:
    """ISO 8601 in UTC, to the second."""
    # Ten times as fast as strftime, which was an eighth of an export.
    return f"{at.isoformat()[:19]}Z" if at is not None else ""
