"""Opening and closing a campaign, noted in the audit log."""

from __future__ import annotations

from datetime import datetime

from petition.domain.staff.audit_actions import AuditAction
from petition.services.campaigns import content_files
from petition.store.db import Session
from petition.store.staff import audit


def open_(session: Session, slug: str, *, by: str, at: datetime) -> bool:
    """Let signatures in; False where it was open already. Raises NotFound."""
    moved = content_files.open_(session, slug, at=at)
    if moved:
        _note(session, AuditAction.OPEN_CAMPAIGN, slug, by=by, at=at)
    return moved


def close(session: Session, slug: str, *, by: str, at: datetime) -> bool:
    """Take no more signatures; False where it was closed already. Raises NotFound."""
    moved = content_files.close(session, slug, at=at)
    if moved:
        _note(session, AuditAction.CLOSE_CAMPAIGN, slug, by=by, at=at)
    return moved


def _note(session: Session, action: AuditAction, slug: str, *, by: str, at: datetime) -> None:
    audit.note(session, who=by, action=action, outcome="done", at=at, detail=slug)
