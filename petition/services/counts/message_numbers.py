"""Message numbers: how many messages came to each step, for staff, by command and in the console.

They are as of the last fold. Who may see no personal data gets full tens, and none under ten.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from petition.domain.counts.small_cells import rounded
from petition.domain.messages.steps import By, Step
from petition.domain.staff.audit_actions import AuditAction
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.messages import counts
from petition.store.staff import audit

Steps = Mapping[Step, int]


@dataclass(frozen=True, kw_only=True)
class MessageNumbers:
    """A campaign's messages by step, and the same for each target, country, day or variant."""

    slug: str
    total: Steps
    by: By | None
    rows: Mapping[str, Steps]
    """Empty where nothing is asked by."""

    def as_csv(self) -> str:
        """A table: a row for each value, or one for the campaign."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([self.by or "campaign", *Step])
        for value, steps in (self.rows if self.by else {self.slug: self.total}).items():
            writer.writerow([value, *(steps[step] for step in Step)])
        return out.getvalue()


def numbers(session: Session, slug: str, by: By | None, *, exact: bool) -> MessageNumbers:
    """Raises NotFound. `exact` is for who may see personal data."""
    campaign = campaigns.by_slug(session, slug)
    total = counts.totals(session, campaign.id)
    rows = counts.by(session, campaign.id, by) if by else {}
    if exact:
        return MessageNumbers(slug=slug, total=total, by=by, rows=rows)
    tens = {value: _in_tens(steps) for value, steps in rows.items()}
    return MessageNumbers(
        slug=slug,
        total=_in_tens(total),
        by=by,
        rows={value: steps for value, steps in tens.items() if any(steps.values())},
    )


def note_taken(
    session: Session, slug: str, by: By | None, *, who: str, exact: bool, at: datetime
) -> None:
    """Somebody of staff takes them out; noted before they leave."""
    audit.note(
        session,
        who=who,
        action=AuditAction.MESSAGE_NUMBERS,
        outcome="done",
        at=at,
        detail=f"{slug}: {f'by {by}' if by else 'all'}{'' if exact else ', in tens'}",
    )


def _in_tens(steps: Steps) -> Steps:
    return {step: rounded(number) for step, number in steps.items()}
