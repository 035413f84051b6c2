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
from typing import Any, Final

from petition.domain.exports.contents import Contents
from petition.domain.exports.spreadsheet import BYTE_ORDER_MARK, guarded
from petition.domain.signatures import consent
from petition.domain.signatures.states import HANDED_TO_TARGET
from petition.domain.signatures.supporter import Person
from petition.errors import PetitionError
from petition.services.staff import panic
from petition.store.campaigns import campaigns
from petition.store.db import Session, SessionFactory
from petition.store.exports import contents, ledger
from petition.store.exports.ledger import FiltersRecord
from petition.store.signatures import consents, signatures
from petition.store.signatures.signatures import ExportRow, Filters
from petition.store.staff import audit
from petition.store.vault.vault import SALT_LENGTH, Vault

FOR_TARGET: Final = ("reference", "given_name", "family_name", "country")
"""What the target receives: what people agreed to hand over, and by what it can be recalled."""

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

    @property
    def taken(self) -> Filters:
        """What is in it: the target gets only those who chose to hand their name over."""
        return _AGREED if self.for_target else self.filters

    def file_name(self, at: datetime) -> str:
        """A name that says what the file holds, so that nobody sends one list for the other."""
        return file_name(self.slug, at, is_for_target=self.for_target)


def file_name(slug: str, at: datetime, *, is_for_target: bool) -> str:
    """The same, of a file that was ordered before."""
    return f"{slug}-{Contents.of(is_for_target)}-{at:%Y%m%dT%H%MZ}.csv"


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
    the last: an entry without them is a file that was cut off. Raises NotFound or NotForTarget
    before that.
    """
    if order.for_target:
        check_filters(order.filters)
    salt = os.urandom(SALT_LENGTH) if order.for_target else None
    with transaction() as session:
        campaign_id, export_id = _begin(session, order, salt, at=now())
    begun(export_id)
    digest, total = sha256(), 0
    if order.for_excel:
        yield from _hashed(digest, BYTE_ORDER_MARK)
    with reading() as session:
        table = _table(session, order, vault, campaign_id, export_id, salt, transaction)
        yield from _hashed(digest, _lines([table.columns]))
        for page in table.pages:
            lines = [_line(row, table.cells, vault) for row in page]
            yield from _hashed(digest, _lines(lines))
            total += len(page)
            progress(len(page))
    with transaction() as session:
        ledger.finish_export(session, export_id, rows=total, sha256=digest.hexdigest(), at=now())


def _begin(session: Session, order: Export, salt: bytes | None, *, at: datetime) -> tuple[int, int]:
    """Write the order down, in the ledger and in the audit log; the ids of campaign and list."""
    panic.check_lists(session)
    campaign_id = campaigns.by_slug(session, order.slug).id
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
        ),
        reference_salt=salt,
        at=at,
    )
    audit.note(
        session,
        who=order.by,
        action="export",
        outcome="done",
        at=at,
        detail=f"{order.slug}: list {export_id}{' for the target' if order.for_target else ''}",
    )
    return campaign_id, export_id


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
    campaign_id: int,
    export_id: int,
    salt: bytes | None,
    transaction: SessionFactory,
) -> _Table:
    """Which signatures leave is written down as they do; of a list for the target, before."""
    if salt is not None:
        ids = signatures.ids(session, campaign_id, order.taken)
        pages = _by_reference(session, campaign_id, vault, salt, ids)
        _note_all(ids, export_id, transaction)
        return _Table(columns=FOR_TARGET, cells=_target_cells(vault, salt), pages=pages)
    columns = columns_of(session, campaign_id)
    return _Table(
        columns=columns,
        cells=[_cell(column) for column in columns],
        pages=_noted(signatures.pages(session, campaign_id, order.taken), export_id, transaction),
    )


def columns_of(session: Session, campaign_id: int) -> tuple[str, ...]:
    """The columns of a campaign's native export: one more for each question that only it asks."""
    further = consents.further_purposes(session, campaign_id)
    return tuple(dict.fromkeys((*COLUMNS, *(f"{purpose}{CONSENT}" for purpose in further))))


def _line(row: ExportRow, cells: Sequence[Cell], vault: Vault) -> list[str]:
    person = vault.open(row.sealed, row.entry_id, row.key_number)
    return [cell(row, person) for cell in cells]


def recall(session: Session, vault: Vault, export_id: int) -> Iterator[bytes]:
    """What an export holds that must be taken out of it, as CSV. Raises NotFound.

    The target is told which rows, and neither why nor when: that is nobody's there to know.
    """
    export = ledger.find(session, export_id)
    rows = contents.recalled(session, export_id)
    salt = export.reference_salt
    if salt is not None:
        yield _lines([("reference",)])
        yield _lines(
            [(each,) for each in sorted(vault.reference(salt, r.signature_id) for r in rows)]
        )
    elif export.for_target:  # from when its rows had numbers
        yield _lines([("signature_id",)])
        yield _lines([(str(row.signature_id),) for row in rows])
    else:
        yield _lines([("signature_id", "recalled_because", "recalled_at")])
        yield _lines([(str(row.signature_id), row.why, _time(row.at)) for row in rows])


def _target_cells(vault: Vault, salt: bytes) -> list[Cell]:
    def reference(row: ExportRow, person: Person) -> str:
        return vault.reference(salt, row.signature_id)

    return [reference, *(_cell(column) for column in FOR_TARGET[1:])]


def _by_reference(
    session: Session, campaign_id: int, vault: Vault, salt: bytes, ids: Sequence[int]
) -> Iterator[Sequence[ExportRow]]:
    """In the order of the references, which is that of nothing else."""
    order = sorted(ids, key=lambda id_: vault.reference(salt, id_))
    return signatures.in_order(session, campaign_id, _AGREED, order)


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


def _hashed(digest: Any, chunk: bytes) -> Iterator[bytes]:
    digest.update(chunk)
    yield chunk


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
