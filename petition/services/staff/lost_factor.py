"""A lost second factor: a link for one more, made by another owner or on the server.

The link alone opens nothing: its page asks for the password. The old factor works until the new one
is set up, so that nobody whose link was never used is without one. Who made it, for whom and why
stands in the audit log, and both are told by letter.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import Recipient
from petition.domain.staff.reset_reasons import ResetReason
from petition.domain.staff.second_factor import ENROL_WITHIN
from petition.errors import NotFound, PetitionError
from petition.services.staff import accounts as services_accounts
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.staff import accounts, audit, roles, sign_ins
from petition.store.staff.accounts import LinkPurpose

LINK_LIFE: Final = timedelta(hours=24)


class NothingToReset(PetitionError):
    """This account has no second factor: it is set up at the next sign-in."""


class OwnFactor(PetitionError):
    """Somebody else must make this link: a stolen session must not."""


def make_link(session: Session, email: str, *, reason: ResetReason, by: str, at: datetime) -> str:
    """The token of a link that works once, within a day. All sessions of the account end.

    Raises NotFound, NothingToReset and OwnFactor.
    """
    person = accounts.by_email(session, email)
    if person is None or person.disabled:
        raise NotFound(f"there is no open account of {email}")
    if email == by:
        raise OwnFactor
    if not person.has_second_factor:
        raise NothingToReset
    token = secrets.token_urlsafe(32)
    accounts.add_link(session, person.id, token, LinkPurpose.NEW_FACTOR, expires_at=at + LINK_LIFE)
    accounts.revoke_all(session, person.id, at=at)
    sign_ins.delete_devices(session, person.id)
    audit.note(
        session,
        who=by,
        action="reset second factor",
        outcome="done",
        at=at,
        detail=f"{email}: {reason}",
    )
    told = [
        NewLetter(kind=letters.RESET_TOLD, to=Recipient.staff(owner_id), due_at=at)
        for owner_id in sorted(roles.owners(session))
        if owner_id != person.id
    ]
    letter = NewLetter(kind=letters.RESET, to=Recipient.staff(person.id), due_at=at)
    outbox.enqueue(session, [letter, *told])
    return token


def follow_link(session: Session, token: str, *, at: datetime) -> str | None:
    """The password was right, too: spend the link, and open a session that may set up another one.

    None for a dead link.
    """
    person = accounts.use_link(session, token, LinkPurpose.NEW_FACTOR, at=at)
    if person is None:
        return None
    audit.note(session, who=person.email, action="new second factor", outcome="begun", at=at)
    return services_accounts.begin(session, person.id, enrols_until=at + ENROL_WITHIN, at=at)
