"""Sections of a partner: its branches, each with a link that is counted apart."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from petition.domain.partners import section
from petition.domain.partners.partner import name_of
from petition.domain.partners.section import MOST_SECTIONS, SectionExists, TooManySections
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound
from petition.store.db import Session
from petition.store.partners import sections
from petition.store.partners.partners import PartnerRecord
from petition.store.staff import audit

OWN: Final = ""
"""Who made it, where the partner did on its own page."""


def add(session: Session, of: PartnerRecord, name: str, *, by: str, at: datetime) -> None:
    """A new section. Raises NameRefused, SectionExists, TooManySections.

    What partners do themselves stands with the section: no public page writes the audit log.
    """
    kept = name_of(name)
    if sections.count(session, of.key) >= MOST_SECTIONS:
        raise TooManySections
    source = section.new_source(of.key)
    if not sections.add(session, of.key, name=kept, source=source, by=by, at=at):
        raise SectionExists
    if by != OWN:
        _note(session, of, source, "added", by=by, at=at)


def remove(session: Session, of: PartnerRecord, source: str, *, by: str, at: datetime) -> None:
    """Its name goes; what it brought stays, and counts. Raises NotFound."""
    if not sections.remove(session, of.key, source):
        raise NotFound
    _note(session, of, source, "removed", by=by, at=at)


def _note(
    session: Session, of: PartnerRecord, source: str, outcome: str, *, by: str, at: datetime
) -> None:
    # Its tag, not its name: a stranger may have written that.
    detail = f"{of.campaign}: {source}"
    action = AuditAction.PARTNER_SECTION
    audit.note(session, who=by, action=action, outcome=outcome, at=at, detail=detail)
