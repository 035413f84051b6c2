"""Moderation: staff look at each public name and comment before anybody else does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from petition.domain.signatures.moderation import ALL_NAMES, NameFilter
from petition.domain.signatures.supporter import Person
from petition.errors import NotFound, PetitionError
from petition.store.db import Session
from petition.store.privacy import staff_views
from petition.store.signatures import moderation, review_changes, review_claims
from petition.store.signatures.moderation import Decided, Public, Standing
from petition.store.signatures.review_changes import Change
from petition.store.staff import audit
from petition.store.vault.vault import Vault

PAGE: Final = 20
NEWEST: Final = 2**63 - 1
"""Above every review."""


class NotPublic(PetitionError):
    """This signature is not confirmed, or its name is not to be public."""


class Changed(PetitionError):
    """The name or comment has changed since it was read."""


class DecidedMeanwhile(PetitionError):
    """Somebody else has decided about it since it was read: theirs stands."""


class Claimed(PetitionError):
    """Somebody else is reading it now, and decides."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What somebody had before them: a decision about it cannot hit anything else."""

    words: str
    """Stands for exactly these words."""
    decision: str
    """The same for what had been decided about them."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name and comment as staff read them, or as everyone does."""

    signature_id: int
    entry_id: int
    review_id: int | None
    name: str
    comment: str
    language: str
    """Of the form, and so most likely of the comment: whoever reads it out needs to know."""
    country: str
    verdict: str | None
    by: str | None
    at: datetime | None
    seen: Seen


@dataclass(frozen=True, kw_only=True)
class Page:
    """Names to read, with where the pages before and after begin."""

    names: tuple[Named, ...]
    older: int | None
    """What to go on before; None on the last page."""
    newer: int | None
    """What the page above goes on before, NEWEST for the first one; None on that itself."""


def note_read(
    session: Session,
    slug: str,
    names: Sequence[Named],
    *,
    by: str,
    role: str,
    at: datetime,
) -> None:
    """These are about to be read by staff: the log has who, each person's own page their role."""
    if not names:
        return
    staff_views.note(session, [each.entry_id for each in names], role=role, at=at)
    detail = f"{slug}: {len(names)}"
    audit.note(session, who=by, action="view names", outcome="done", at=at, detail=detail)


def decided(
    session: Session,
    vault: Vault,
    campaign_id: int,
    verdict: str,
    wanted: NameFilter = ALL_NAMES,
    *,
    before: int = NEWEST,
) -> Page:
    """What staff decided so, the last first."""
    which = Decided(verdicts=(verdict,), wanted=wanted)
    return page_of(session, vault, campaign_id, which, before, PAGE)


def these(
    session: Session, vault: Vault, campaign_id: int, ids: Sequence[int]
) -> tuple[Named, ...]:
    """Those of these signatures whose name may be public, as they stand now."""
    return tuple(opened(vault, each) for each in moderation.these(session, campaign_id, ids))


def new_batch() -> str:
    """For decisions that are made, and undone, together."""
    return secrets.token_hex(8)


def decide(
    session: Session,
    vault: Vault,
    signature_id: int,
    verdict: str,
    *,
    seen: Seen | None,
    campaign_id: int | None,
    by: str,
    at: datetime,
    batch: str | None = None,
) -> None:
    """Decide about one, or decide anew.

    Raises NotPublic, NotFound, and what says that it is not as `by` had it before them: Changed,
    DecidedMeanwhile or Claimed. `seen` and `campaign_id` are what the reader had there, where that
    is known: a supporter may have corrected the name meanwhile, and nobody has read that one.
    """
    found = moderation.locked(session, signature_id)
    if found is None:
        raise NotPublic(f"signature {signature_id} is not one whose name may be public")
    its_campaign, public = found
    if campaign_id not in {None, its_campaign}:
        raise NotFound
    if seen is not None and _was_pressed_twice(opened(vault, public), seen, verdict, by=by):
        return
    if review_claims.holder(session, public.entry_id, at=at) not in {None, by}:
        raise Claimed(f"somebody else is reading signature {signature_id}: wait five minutes")
    _keep(session, its_campaign, public, verdict, batch or new_batch(), by=by, at=at)
    audit.note(
        session,
        who=by,
        action=f"review {verdict}",
        outcome="done",
        at=at,
        detail=f"signature {signature_id}",
    )


def _was_pressed_twice(now: Named, seen: Seen, verdict: str, *, by: str) -> bool:
    """Whether `by` has decided so already. Raises Changed and DecidedMeanwhile."""
    if seen.words != now.seen.words:
        raise Changed
    if seen.decision == now.seen.decision:
        return False
    if (now.by, now.verdict) != (by, verdict):
        raise DecidedMeanwhile
    return True


def _keep(
    session: Session,
    campaign_id: int,
    public: Public,
    verdict: str,
    batch: str,
    *,
    by: str,
    at: datetime,
) -> None:
    before = _standing(public)
    moderation.decide(session, campaign_id, public.entry_id, verdict, by=by, at=at)
    review_claims.release(session, public.entry_id)
    review_changes.add(
        session,
        Change(
            campaign_id=campaign_id,
            entry_id=public.entry_id,
            batch=batch,
            now=Standing(verdict=verdict, by=by, at=at),
            before=before,
        ),
    )


def _standing(public: Public) -> Standing | None:
    if public.verdict is None or public.by is None or public.at is None:
        return None
    return Standing(verdict=public.verdict, by=public.by, at=public.at)


def page_of(
    session: Session, vault: Vault, campaign_id: int, which: Decided, before: int, most: int
) -> Page:
    """Names that were decided so, and where the pages around them begin."""
    found = moderation.decided(session, campaign_id, which, before=before, most=most + 1)
    names = tuple(opened(vault, each) for each in found[:most])
    ids = [each.review_id for each in found[:most] if each.review_id is not None]
    return Page(
        names=names,
        older=ids[-1] if len(found) > most else None,
        newer=_newer(session, campaign_id, which, ids[0], most) if ids else None,
    )


def _newer(session: Session, campaign_id: int, which: Decided, after: int, most: int) -> int | None:
    above = moderation.decided_later(session, campaign_id, which, after=after, most=most + 1)
    if not above:
        return None
    return above[-1] if len(above) > most else NEWEST


def opened(vault: Vault, public: Public) -> Named:
    """A name as staff read it."""
    person = vault.open(public.sealed, public.entry_id, public.key_number)
    return Named(
        signature_id=public.signature_id,
        entry_id=public.entry_id,
        review_id=public.review_id,
        name=_name(person),
        comment=person.comment,
        language=public.language,
        country=public.country,
        verdict=public.verdict,
        by=public.by,
        at=public.at,
        seen=Seen(words=_seen(public.entry_id, person), decision=_decision(public)),
    )


def _name(person: Person) -> str:
    return " ".join(part for part in (person.given_name, person.family_name) if part)


def _seen(entry_id: int, person: Person) -> str:
    words = "\x1f".join((str(entry_id), person.given_name, person.family_name, person.comment))
    return sha256(words.encode()).hexdigest()[:16]


def _decision(public: Public) -> str:
    standing = (str(public.verdict), str(public.by), str(public.at and public.at.timestamp()))
    return sha256("\x1f".join(standing).encode()).hexdigest()[:8]
