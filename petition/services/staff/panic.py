"""One action that closes everything at once, and one that lets letters and lists go on.

For the moment in which somebody may have an account, or the console, who should not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from petition.errors import PetitionError
from petition.services.privacy import erasure
from petition.store import jobs
from petition.store.db import Session
from petition.store.exports import kept_files
from petition.store.staff import accounts, audit, pauses, sign_ins
from petition.store.staff.pauses import Paused

ACTION: Final = "panic"


class ListsPaused(PetitionError):
    """Lists are paused: somebody closed everything. `petition staff resume` lets them go on."""


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What a panic ended."""

    sessions: int
    """Of everybody, also of who pressed the button."""
    links: int
    """Of invitations that nobody had used."""
    devices: int
    """That had signed in before: each is a stranger again."""
    files: int
    """Lists that waited to be fetched."""

    @property
    def words(self) -> str:
        """As the audit log has it."""
        return ", ".join(f"{name} {number}" for name, number in asdict(self).items())


def panic(session: Session, *, by: str, at: datetime) -> Closed:
    """End all sessions, revoke links and devices, delete waiting files, pause letters and lists."""
    pauses.pause(session, Paused, at=at)
    done = Closed(
        sessions=accounts.revoke_everybody(session, at=at),
        links=accounts.revoke_invites(session, at=at),
        devices=sign_ins.delete_all_devices(session),
        files=kept_files.delete_all(session),
    )
    if done.files:
        jobs.ask(session, erasure.FORGET, at=at)
    audit.note(session, who=by, action=ACTION, outcome="done", at=at, detail=done.words)
    return done


def resume(session: Session, *, by: str, at: datetime) -> bool:
    """Letters and lists go on; sessions and links stay ended. False when nothing was paused."""
    if not pauses.lift(session):
        return False
    audit.note(session, who=by, action="resume", outcome="done", at=at)
    return True


def check_lists(session: Session) -> None:
    """Raises ListsPaused."""
    if pauses.since(session, Paused.LISTS) is not None:
        raise ListsPaused
