"""Moderation: staff look at each public name and comment before anybody else does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from petition.domain.signatures.moderation import IN_PUBLIC, SHOWN, last_publication
from petition.domain.signatures.supporter import Person
from petition.errors import NotFound, PetitionError, SealBroken
from petition.store.db import Session
from petition.store.privacy import staff_views
from petition.store.signatures import moderation
from petition.store.signatures.moderation import Public
from petition.store.staff import audit
from petition.store.vault.vault import Vault

PAGE: Final = 20
SHOWN_PAGE: Final = 10
NEWEST: Final = 2**63 - 1
"""Above every review."""
QUOTES: Final = 3
QUOTE_LENGTH: Final = 240
"""Characters of a comment on the campaign's own page; all of it is on the page of names."""
FIRST_NAMES: Final = 8
VOICES_AT_ONCE: Final = 30
VOICES_LOOKED_AT: Final = 300
"""Most approved names that are opened to find comments among them."""


class NotPublic(PetitionError):
    """This signature is not confirmed, or its name is not to be public."""


class Changed(PetitionError):
    """The name or comment has changed since it was read."""


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
    seen: str
    """Stands for exactly these words: a decision about them cannot hit others."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """An approved comment of somebody who let everyone see it, or a part of it."""

    given_name: str
    country: str
    comment: str
    language: str
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class Voices:
    """What a campaign's own page shows of those who let everyone see it, the last approved first.

    No time stands with it, and the order is that in which staff decided, not that of signing.
    """

    quotes: tuple[Quote, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """(given name, country), of others than the quotes."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Names to read, with where the pages before and after begin."""

    names: tuple[Named, ...]
    older: int | None
    """What to go on before; None on the last page."""
    newer: int | None
    """What the page above goes on before, NEWEST for the first one; None on that itself."""


def queue(session: Session, vault: Vault, campaign_id: int, *, after: int = 0) -> tuple[Named, ...]:
    """The next that wait for a decision, oldest first."""
    found = moderation.waiting(session, campaign_id, after=after, most=PAGE)
    return tuple(_open(vault, each) for each in found)


@dataclass(frozen=True, kw_only=True)
class Commented:
    """Those with a comment that wait."""

    number: int
    names: tuple[Named, ...]
    """The first of them, a page at most."""


def commented(session: Session, vault: Vault, campaign_id: int, *, after: int = 0) -> Commented:
    """Those with a comment: how many wait, and the next of them, oldest first.

    A comment is sealed, so all that wait are opened: a thousandth of a second for some hundred.
    """
    found = [
        each.signature_id
        for each in moderation.waiting_words(session, campaign_id)
        if vault.open(each.sealed, each.entry_id, each.key_number).comment
    ]
    ids = [each for each in found if each > after][:PAGE]
    names = moderation.waiting_these(session, campaign_id, ids) if ids else []
    return Commented(number=len(found), names=tuple(_open(vault, each) for each in names))


def shown(
    session: Session, vault: Vault, campaign_id: int, *, before: int = NEWEST, at: datetime
) -> Page:
    """What everyone may read, the last approved first: when somebody signed does not show.

    What was approved in a day appears at one time, and comments stand first on each page.
    """
    page = _page(
        session, vault, campaign_id, IN_PUBLIC, before, SHOWN_PAGE, until=last_publication(at)
    )
    names = (_without_comment(each) for each in page.names)
    return Page(
        names=tuple(sorted(names, key=lambda each: not each.comment)),
        older=page.older,
        newer=page.newer,
    )


def voices(session: Session, vault: Vault, campaign_id: int, *, at: datetime) -> Voices:
    """A few approved comments, and names beside them."""
    until = last_publication(at)
    quotes: list[Quote] = []
    names: list[tuple[str, str]] = []
    before = NEWEST
    for _ in range(VOICES_LOOKED_AT // VOICES_AT_ONCE):
        found = moderation.decided(
            session, campaign_id, IN_PUBLIC, before=before, most=VOICES_AT_ONCE, until=until
        )
        for public in found:
            try:
                person = vault.open(public.sealed, public.entry_id, public.key_number)
            except SealBroken:
                continue  # the page is about the campaign, and stays up without one name
            if public.verdict == SHOWN and person.comment and len(quotes) < QUOTES:
                quotes.append(_quote(person, public))
            elif len(names) < FIRST_NAMES:
                names.append((person.given_name, public.country))
        if len(found) < VOICES_AT_ONCE or len(quotes) == QUOTES:
            break
        before = found[-1].review_id or 0
    return Voices(quotes=tuple(quotes), names=tuple(names))


def _quote(person: Person, public: Public) -> Quote:
    comment = " ".join(person.comment.split())
    is_cut = len(comment) > QUOTE_LENGTH
    if is_cut:
        start = comment[:QUOTE_LENGTH]
        comment = f"{start.rpartition(' ')[0] or start}…"
    return Quote(
        given_name=person.given_name,
        country=public.country,
        comment=comment,
        language=public.language,
        is_cut=is_cut,
    )


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
    session: Session, vault: Vault, campaign_id: int, verdict: str, *, before: int = NEWEST
) -> Page:
    """What staff decided so, the last first."""
    return _page(session, vault, campaign_id, (verdict,), before, PAGE)


def decide(
    session: Session,
    vault: Vault,
    signature_id: int,
    verdict: str,
    *,
    seen: str | None,
    campaign_id: int | None,
    by: str,
    at: datetime,
) -> None:
    """Decide about one, or decide anew. Raises NotPublic, Changed, or NotFound.

    `seen` and `campaign_id` are what the reader had before them, where that is known: a supporter
    may have corrected the name meanwhile, and nobody has read that one.
    """
    found = moderation.locked(session, signature_id)
    if found is None:
        raise NotPublic(f"signature {signature_id} is not one whose name may be public")
    its_campaign, public = found
    if campaign_id not in {None, its_campaign}:
        raise NotFound
    if seen not in {None, _open(vault, public).seen}:
        raise Changed
    moderation.decide(session, its_campaign, public.entry_id, verdict, by=by, at=at)
    audit.note(
        session,
        who=by,
        action=f"review {verdict}",
        outcome="done",
        at=at,
        detail=f"signature {signature_id}",
    )


def _page(
    session: Session,
    vault: Vault,
    campaign_id: int,
    verdicts: tuple[str, ...],
    before: int,
    most: int,
    until: datetime | None = None,
) -> Page:
    found = moderation.decided(
        session, campaign_id, verdicts, before=before, most=most + 1, until=until
    )
    names = tuple(_open(vault, each) for each in found[:most])
    ids = [each.review_id for each in found[:most] if each.review_id is not None]
    return Page(
        names=names,
        older=ids[-1] if len(found) > most else None,
        newer=_newer(session, campaign_id, verdicts, ids[0], most, until) if ids else None,
    )


def _newer(
    session: Session,
    campaign_id: int,
    verdicts: tuple[str, ...],
    after: int,
    most: int,
    until: datetime | None,
) -> int | None:
    above = moderation.decided_later(
        session, campaign_id, verdicts, after=after, most=most + 1, until=until
    )
    if not above:
        return None
    return above[-1] if len(above) > most else NEWEST


def _open(vault: Vault, public: Public) -> Named:
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
        seen=_seen(public.entry_id, person),
    )


def _name(person: Person) -> str:
    return " ".join(part for part in (person.given_name, person.family_name) if part)


def _seen(entry_id: int, person: Person) -> str:
    words = "\x1f".join((str(entry_id), person.given_name, person.family_name, person.comment))
    return sha256(words.encode()).hexdigest()[:16]


def _without_comment(each: Named) -> Named:
    """As it is shown: only an approved comment."""
    return each if each.verdict == SHOWN else replace(each, comment="")
