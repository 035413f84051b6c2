"""Trials: staff send themselves a message as a target would get it."""

from __future__ import annotations

from datetime import datetime

from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound
from petition.services.messages import targets
from petition.services.messages.targets import Which
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.messages import trials
from petition.store.staff import audit


def send(
    session: Session, which: Which, *, staff_id: int, language: str, variant: int, at: datetime
) -> None:
    """Owe one to that account, by the outbox. Raises NotFound, also where there is no such text."""
    target = targets.find(session, which.slug, which.key)
    view = campaigns.view(session, which.slug, language)
    if not 0 <= variant < len(view.call.messages):
        raise NotFound("there is no such text")
    trials.add(
        session,
        staff_id=staff_id,
        target_id=target.id,
        text_id=view.text_id,
        variant=variant,
        at=at,
    )
    audit.note(
        session,
        who=which.by,
        action=AuditAction.MESSAGE_TRIAL,
        outcome="done",
        at=at,
        detail=f"{which.slug}: {which.key}, {language}-{variant + 1}",
    )
