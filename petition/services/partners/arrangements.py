"""What is arranged with a partner: staff set the terms, and the partner's person accepts them.

A partner's sites show the form once it accepted, and its own question as long as it has accepted
the terms as they are now.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from petition.domain.exports.recipient import recipient_of
from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.domain.partners import terms as domain
from petition.domain.partners.questions import asked_by
from petition.domain.partners.terms import Terms
from petition.domain.tokens import ACCEPT, ACCEPT_LIFE, Tokens
from petition.errors import NotFound, PetitionError
from petition.services.partners.partners import note, of_campaign
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.partners import partners, questions, terms
from petition.store.partners.partners import PartnerRecord
from petition.store.partners.terms import TermsRecord


class NotToAccept(PetitionError):
    """These terms are accepted already, or there are newer ones, or the partner is blocked."""


def set_terms(
    session: Session, key: str, new: Terms, *, campaign: str | None, by: str, at: datetime
) -> bool:
    """Arrange this from now on; the partner has to accept it. False when that was so.

    Its questions name who asks: they go on in the same words, under the new name. Raises NotFound.
    """
    partner = of_campaign(session, key, campaign)
    before = terms.newest(session, partner.id)
    if before is not None and before.terms == new:
        return False
    version = terms.add(session, partner.id, new, by=by, at=at)
    note(session, partner, "terms", by=by, at=at, more=f" {version}")
    for asked in partner.asked:
        question = asked_by(new, asked.question.text)
        questions.put(session, partner.id, asked.language, question, by=by, at=at)
    return True


def ask_anew(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> None:
    """The same terms, to be accepted once more: with another key for the partner's lists.

    Until then it gets no list, and its question is not asked. Raises NotFound, and NotToAccept
    where nothing is arranged, or something waits already.
    """
    partner = of_campaign(session, key, campaign)
    newest = terms.newest(session, partner.id)
    if newest is None or not newest.is_accepted or partner.is_blocked:
        raise NotToAccept
    version = terms.add(session, partner.id, newest.terms, by=by, at=at)
    note(session, partner, "anew", by=by, at=at, more=f" {version}")


def accept_link(tokens: Tokens, base_url: str, terms_id: int, *, at: datetime) -> str:
    """The link by which these terms can be accepted: once, and for two weeks."""
    token = tokens.sign(ACCEPT, str(terms_id), expires=at + ACCEPT_LIFE)
    return f"{base_url}/accept/{token}"


def send(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> None:
    """Owe the partner's contact the link. Raises NotFound, and NotToAccept where nothing waits."""
    partner = of_campaign(session, key, campaign)
    newest = terms.newest(session, partner.id)
    if newest is None or newest.is_accepted or partner.is_blocked:
        raise NotToAccept
    to = Recipient.partner(partner.id)
    outbox.enqueue(session, [NewLetter(kind=letter.ARRANGEMENT, to=to, due_at=at)])
    note(session, partner, "asked", by=by, at=at, more=f" {newest.version}")


def to_accept(session: Session, terms_id: int) -> tuple[PartnerRecord, TermsRecord]:
    """The partner and the terms that a link is for. Raises NotFound."""
    found = terms.find(session, terms_id)
    partner = partners.by_id(session, found.partner_id) if found is not None else None
    if found is None or partner is None:
        raise NotFound("there are no such terms")
    return partner, found


class Acceptable(StrEnum):
    """What can be done with the terms that a link is for."""

    OPEN = "open"
    ACCEPTED = "accepted"
    OUTDATED = "outdated"
    """There are newer ones, or the partner is blocked."""


def state(session: Session, partner: PartnerRecord, found: TermsRecord) -> Acceptable:
    """Whether these terms can still be accepted."""
    if found.is_accepted:
        return Acceptable.ACCEPTED
    newest = terms.newest(session, partner.id)
    is_newest = newest is not None and newest.id == found.id
    return Acceptable.OPEN if is_newest and not partner.is_blocked else Acceptable.OUTDATED


def accept(
    session: Session, terms_id: int, name: str, *, recipient: str = "", at: datetime
) -> None:
    """The partner's person accepts these terms, once, with the key for its lists or none.

    The log names the partner, not the person: their name stands with the terms. Raises NotFound,
    TermsRefused, RecipientRefused, NotToAccept.
    """
    partner, found = to_accept(session, terms_id)
    person = domain.accepting_name(name)
    kept = recipient_of(recipient) if recipient.strip() else None
    accepted = terms.accept(session, terms_id, by=person, recipient=kept, at=at)
    if partner.is_blocked or not accepted:
        raise NotToAccept
    by = f"partner {partner.key}"
    note(session, partner, "accepted", by=by, at=at, more=f" {found.version}")
