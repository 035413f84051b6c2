"""Targets as staff change them: caps, what each did, and who is written to no more.

Where more than a hundred would be told that a target is written to no more, two of staff say so:
the first one's wish stands in the audit log, and is good for a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from petition.domain.messages.pacing import MOST_A_DAY, MOST_AN_HOUR
from petition.domain.messages.targets import (
    SECOND_WITHIN,
    Leaving,
    ProofRefused,
    Stand,
    needs_second,
    proof_link,
)
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import PetitionError
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.messages import leaving, target_details
from petition.store.messages.target_details import StandRecord, TargetDetails
from petition.store.staff import audit, audit_rows
from petition.store.staff.audit_rows import Search

ASKED: Final = "asked"
TAKEN_BACK: Final = "taken back"
_LATEST: Final = 100
"""Rows of the log in which a wish is looked for: whoever writes more in a day asks once more."""


class CapRefused(PetitionError):
    """A cap is a whole number, and none is over the hard one."""


class SecondNeeded(PetitionError):
    """So many would be told that it takes two: leaving the target does, noting what it did not."""


class ReplacementRefused(PetitionError):
    """Another target of the campaign that is written to takes the place, and no other."""


@dataclass(frozen=True, kw_only=True)
class Which:
    """A target, and who of staff changes it."""

    slug: str
    key: str
    by: str


def find(session: Session, slug: str, key: str) -> TargetDetails:
    """Raises NotFound."""
    return target_details.find(session, campaigns.by_slug(session, slug).id, key)


def set_caps(session: Session, which: Which, *, an_hour: int, a_day: int, at: datetime) -> None:
    """As many go to it at most. Raises NotFound and CapRefused."""
    target = _held(session, which)
    if not (1 <= an_hour <= MOST_AN_HOUR and 1 <= a_day <= MOST_A_DAY):
        raise CapRefused
    target_details.set_caps(session, target.id, an_hour=an_hour, a_day=a_day, at=at)
    _note(session, which, AuditAction.MESSAGE_CAPS, "done", f"{an_hour} an hour, {a_day} a day", at)


@dataclass(frozen=True, kw_only=True)
class NewStand:
    """What a target did, with its proof: a link, or a few words."""

    stand: Stand
    day: date
    link: str
    note: str
    ends_queue: bool = False
    """It agreed, and what was written to it before does not go any more."""


def takes_two(session: Session, slug: str, key: str, *, setting: bool) -> bool:
    """Whether so many are queued for it that one of staff cannot end that. Raises NotFound."""
    target = find(session, slug, key)
    return needs_second(leaving.count_queued(session, target.id), setting=setting)


def add_stand(
    session: Session, which: Which, new: NewStand, *, setting: bool = False, at: datetime
) -> None:
    """It did this. Raises NotFound, SecondNeeded, and ProofRefused where nothing shows it.

    Where that ends its queue, the worker cancels what waits, and tells who wrote.
    """
    target = _held(session, which)
    if new.ends_queue and takes_two(session, which.slug, which.key, setting=setting):
        raise SecondNeeded
    link = proof_link(new.link)
    if not (link or new.note) or new.day > at.date():
        raise ProofRefused
    target_details.add_stand(
        session,
        target.id,
        StandRecord(stand=new.stand, day=new.day, link=link, note=new.note, noted_at=at),
    )
    detail = new.day.isoformat()
    if new.ends_queue and new.stand == Stand.PROMISED:
        target_details.stop(session, target.id, at=at)
        detail += ", nothing queued goes"
    _note(session, which, AuditAction.TARGET_STAND, new.stand, detail, at)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Somebody of staff wants a target written to no more, and waits for somebody else."""

    by: str
    left_as: Leaving
    replaced_by: str | None

    def is_for(self, left_as: Leaving, replaced_by: str | None) -> bool:
        """Whether that is what they want."""
        return (self.left_as, self.replaced_by) == (left_as, replaced_by)


def who_asked_to_leave(session: Session, which: Which, *, at: datetime) -> Asked | None:
    """Whose wish about this target still waits: the last one, for a day."""
    since = Search(action=AuditAction.TARGET_LEFT, since=at - SECOND_WITHIN)
    begins = f"{which.slug}: {which.key}"
    for row in audit_rows.page(session, since, most=_LATEST).rows:
        found, _, more = (row.detail or "").partition(", ")
        if found == begins:
            if row.outcome != ASKED:
                return None
            left_as, _, replaced_by = more.partition(" ")
            return Asked(by=row.who, left_as=Leaving(left_as), replaced_by=replaced_by or None)
    return None


def leave(
    session: Session,
    which: Which,
    left_as: Leaving,
    replaced_by: str | None,
    *,
    setting: bool = False,
    at: datetime,
) -> bool:
    """Nobody writes to it from now on; what is queued is cancelled, or goes to the other one.

    The worker does that, and tells who wrote. False where that are so many that somebody else must
    say the same. Raises NotFound and ReplacementRefused.
    """
    target = _held(session, which)
    if (left_as == Leaving.REPLACED) != bool(replaced_by):
        raise ReplacementRefused
    others: dict[str, TargetDetails] = {}
    if replaced_by:
        everybody = target_details.of_campaign(session, campaigns.by_slug(session, which.slug).id)
        others = {each.key: each for each in everybody if each.retired_at is None}
        others.pop(which.key, None)
        if replaced_by not in others:
            raise ReplacementRefused
    if needs_second(leaving.count_queued(session, target.id), setting=setting):
        asked = who_asked_to_leave(session, which, at=at)
        if asked is None or asked.by == which.by or not asked.is_for(left_as, replaced_by):
            more = f"{left_as} {replaced_by or ''}".strip()
            _note(session, which, AuditAction.TARGET_LEFT, ASKED, more, at)
            return False
    if replaced_by:
        leaving.move_waiting(session, target.id, others[replaced_by].id)
    target_details.leave(session, target.id, left_as, replaced_by=replaced_by, at=at)
    _note(session, which, AuditAction.TARGET_LEFT, left_as, replaced_by or "", at)
    return True


def take_back(session: Session, which: Which, *, at: datetime) -> bool:
    """It is written to again; False where it was anyway. Raises NotFound."""
    target = _held(session, which)
    if target.left_as is None:
        return False
    target_details.take_back(session, target.id)
    _note(session, which, AuditAction.TARGET_LEFT, TAKEN_BACK, "", at)
    return True


def _held(session: Session, which: Which) -> TargetDetails:
    campaign_id = campaigns.by_slug(session, which.slug).id
    target_details.hold(session, campaign_id)
    return target_details.find(session, campaign_id, which.key)


def _note(
    session: Session, which: Which, action: AuditAction, outcome: str, more: str, at: datetime
) -> None:
    detail = f"{which.slug}: {which.key}" + (f", {more}" if more else "")
    audit.note(session, who=which.by, action=action, outcome=outcome, at=at, detail=detail)
