"""Public names: what everyone may read of the names and comments that staff approved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from petition.domain.signatures.moderation import IN_PUBLIC, SHOWN, last_publication
from petition.domain.signatures.supporter import Person
from petition.errors import SealBroken
from petition.services.signatures.moderation import NEWEST, Named, Page, page_of
from petition.store.db import Session
from petition.store.signatures import moderation
from petition.store.signatures.moderation import Decided, Public
from petition.store.vault.vault import Vault

SHOWN_PAGE: Final = 10
QUOTES: Final = 3
QUOTE_LENGTH: Final = 240
"""Characters of a comment on the campaign's own page; all of it is on the page of names."""
FIRST_NAMES: Final = 8
VOICES_AT_ONCE: Final = 30
VOICES_LOOKED_AT: Final = 300
"""Most approved names that are opened to find comments among them."""


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


def shown(
    session: Session, vault: Vault, campaign_id: int, *, before: int = NEWEST, at: datetime
) -> Page:
    """What everyone may read, the last approved first: when somebody signed does not show.

    What was approved in a day appears at one time, and comments stand first on each page.
    """
    which = Decided(verdicts=IN_PUBLIC, until=last_publication(at))
    page = page_of(session, vault, campaign_id, which, before, SHOWN_PAGE)
    names = (_without_comment(each) for each in page.names)
    return Page(
        names=tuple(sorted(names, key=lambda each: not each.comment)),
        older=page.older,
        newer=page.newer,
    )


def voices(session: Session, vault: Vault, campaign_id: int, *, at: datetime) -> Voices:
    """A few approved comments, and names beside them."""
    which = Decided(verdicts=IN_PUBLIC, until=last_publication(at))
    quotes: list[Quote] = []
    names: list[tuple[str, str]] = []
    before = NEWEST
    for _ in range(VOICES_LOOKED_AT // VOICES_AT_ONCE):
        found = moderation.decided(session, campaign_id, which, before=before, most=VOICES_AT_ONCE)
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


def _without_comment(each: Named) -> Named:
    """As it is shown: only an approved comment."""
    return each if each.verdict == SHOWN else replace(each, comment="")
