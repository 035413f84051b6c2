"""The erasures of the journal done again: an old copy of the database may have been put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from petition.services.privacy.erasure import ErasureContext, clean_up
from petition.store.db import Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.privacy import blocks, erasure, retention
from petition.store.privacy.erasure_journal import (
    BLOCKED,
    ERASED,
    EVERY_CAMPAIGN,
    UNBLOCKED,
    Journal,
    JournalEntry,
)

T = TypeVar("T")  # Python 3.11 has no other way to say it

BATCH: Final = 500
"""As many go into one transaction."""


@dataclass(kw_only=True)
class Noted:
    """The journal: the last erasure by campaign and address; blocks and their ends, in order."""

    erased: dict[str, dict[bytes, datetime]] = field(default_factory=dict)
    blocks: dict[bytes, JournalEntry] = field(default_factory=dict)


def read(journal: Journal) -> Noted:
    """The whole journal, before anything is done with it. Raises JournalBroken."""
    found = Noted()
    for line in journal.lines():
        if line.verb in (ERASED, BLOCKED) and line.slug != EVERY_CAMPAIGN:
            found.erased.setdefault(line.slug, {})[line.address_key] = line.at
        if line.verb in (BLOCKED, UNBLOCKED):
            found.blocks[line.address_key] = line
    return found


def erased(session: Session, journal: Journal) -> dict[tuple[int, bytes], datetime]:
    """When each address was last erased, by campaign and key. Raises JournalBroken."""
    by_slug = read(journal).erased
    return {
        (campaign_id, key): at
        for slug, campaign_id in retention.campaign_ids(session).items()
        for key, at in by_slug.get(slug, {}).items()
    }


def replay(
    transaction: SessionFactory, context: ErasureContext, noted: Noted, *, at: datetime
) -> Iterator[int]:
    """Block and erase again, batch by batch; how many signatures each committed batch erased."""
    if not noted.blocks and not noted.erased:
        return
    with transaction() as session:
        ids = retention.campaign_ids(session)
    for part in batches(list(noted.blocks.values()), BATCH):
        committed(transaction, partial(_block, lines=part))
    for slug in sorted(ids.keys() & noted.erased.keys()):
        for places in batches(list(noted.erased[slug].items()), BATCH):
            erase = partial(
                _erase, context=context, campaign_id=ids[slug], erased=dict(places), at=at
            )
            number = committed(transaction, erase)
            if number:
                yield number


def _block(session: Session, lines: Sequence[JournalEntry]) -> None:
    for line in lines:
        if line.verb == BLOCKED:
            blocks.block(session, line.address_key, at=line.at)
        else:  # and leave a block that was put since the journal was read
            blocks.unblock(session, (line.address_key,), before=line.at)


def _erase(
    session: Session,
    *,
    context: ErasureContext,
    campaign_id: int,
    erased: Mapping[bytes, datetime],
    at: datetime,
) -> int:
    ids = retention.of_addresses(session, campaign_id, erased)
    gone = [found for id_ in ids if (found := erasure.erase(session, id_, at=at)) is not None]
    if gone:
        clean_up(session, context, (id_ for each in gone for id_ in each.letter_ids), at=at)
    return len(gone)


def batches(all_: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """So many at a time, until there are no more."""
    return (all_[begin : begin + most] for begin in range(0, len(all_), most))
