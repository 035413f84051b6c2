"""Taking one of one's own second factors away; the last one stays."""

from __future__ import annotations

from datetime import datetime

from petition.domain.letters import letter as letters
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound, PetitionError
from petition.services.staff.second_factor import tell
from petition.store.db import Session
from petition.store.staff import accounts, audit, passkeys, second_factors
from petition.store.staff.accounts import StaffMember


class LastFactor(PetitionError):
    """The last second factor stays until there is another one."""


def remove_passkey(
    session: Session, person: StaffMember, passkey_id: int, token: str, *, at: datetime
) -> None:
    """Raises NotFound and LastFactor: then nothing must be committed."""
    second_factors.lock(session, person.id)
    if not passkeys.remove(session, person.id, passkey_id):
        raise NotFound
    if not passkeys.count_removed(session, person.id):
        raise LastFactor
    _removed(session, person, AuditAction.PASSKEY_REMOVED, token, at=at)


def remove_app(session: Session, person: StaffMember, token: str, *, at: datetime) -> None:
    """Raises LastFactor."""
    if not second_factors.remove_app(session, person.id):
        raise LastFactor
    _removed(session, person, AuditAction.APP_REMOVED, token, at=at)


def _removed(
    session: Session, person: StaffMember, action: AuditAction, token: str, *, at: datetime
) -> None:
    """Whoever came in by it somewhere else is out."""
    accounts.revoke_others(session, person.id, token, at=at)
    audit.note(session, who=person.email, action=action, outcome="done", at=at)
    tell(session, person, letters.FACTOR_REMOVED, at=at)
