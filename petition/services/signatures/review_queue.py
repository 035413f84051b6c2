"""The queue of names that wait: whoever is shown some has them alone for five minutes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.signatures.moderation import ALL_NAMES, NameFilter
from petition.services.signatures.moderation import PAGE, Named, opened
from petition.store.db import Session
from petition.store.signatures import moderation, review_claims
from petition.store.vault.vault import Vault

CLAIM: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits, as one of staff is shown it."""

    names: tuple[Named, ...]
    until: datetime
    """Until then nobody else is shown these."""
    with_others: int
    """How many others are reading just now; they come back when those do not decide."""


def take(
    session: Session,
    vault: Vault,
    campaign_id: int,
    wanted: NameFilter = ALL_NAMES,
    *,
    after: int = 0,
    by: str,
    at: datetime,
) -> Queue:
    """The next that wait and that nobody else reads, oldest first: `by` has them from now on.

    What `by` had before and is not among these is free again.
    """
    review_claims.lock(session, campaign_id)
    review_claims.delete_past(session, at=at)
    taken = review_claims.of_others(session, campaign_id, by=by, at=at)
    ids = _next(session, vault, campaign_id, wanted, after=after, taken=taken)
    names = tuple(opened(vault, each) for each in moderation.these(session, campaign_id, ids))
    review_claims.claim(
        session, campaign_id, [each.entry_id for each in names], by=by, until=at + CLAIM
    )
    return Queue(names=names, until=at + CLAIM, with_others=len(taken))


def _next(
    session: Session,
    vault: Vault,
    campaign_id: int,
    wanted: NameFilter,
    *,
    after: int,
    taken: list[int],
) -> list[int]:
    """Their signatures. A comment is sealed: who asks for those with one has them opened."""
    found: list[int] = []
    with closing(
        moderation.waiting_words(session, campaign_id, wanted, after=after, not_with=taken)
    ) as waiting:
        for each in waiting:
            if wanted.has_comment in {None, _has_comment(vault, each)}:
                found.append(each.signature_id)
            if len(found) == PAGE:
                break
    return found


def count_commented(session: Session, vault: Vault, campaign_id: int) -> int:
    """How many with a comment wait: all are opened, a thousandth of a second for some hundred."""
    waiting = moderation.waiting_words(session, campaign_id)
    return sum(_has_comment(vault, each) for each in waiting)


def _has_comment(vault: Vault, each: moderation.Words) -> bool:
    return bool(vault.open(each.sealed, each.entry_id, each.key_number).comment)
