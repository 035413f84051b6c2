"""One action that closes everything at once, and one that lets letters and lists go on.

For the moment in which somebody may have an account, or the console, who should not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from petition.domain.staff.second_factor import ENROL_WITHIN
from petition.errors import PetitionError
from petition.services.privacy import erasure
from petition.services.staff.accounts import SESSION_IDLE, SESSION_LIFE
from petition.store import jobs
from petition.store.api import tokens
from petition.store.db import Session
from petition.store.exports import kept_files, requests
from petition.store.staff import accounts, audit, audit_rows, pauses, sign_ins
from petition.store.staff.audit_rows import Search
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
    """That nobody had used: of invitations, and for lost second factors."""
    devices: int
    """That had signed in before: each is a stranger again."""
    files: int
    """Lists that waited to be fetched."""
    requests: int = 0
    """For long lists, that waited for a second person or to be made."""
    tokens: int = 0
    """Of the API: each has to be made anew."""

    @property
    def words(self) -> str:
        """As the audit log has it."""
        return ", ".join(f"{name} {number}" for name, number in asdict(self).items())

    @classmethod
    def of(cls, words: str) -> Closed:
        """The other way round, also of a row from before there was a number more."""
        pairs = (each.split(" ") for each in words.split(", "))
        return cls(**{name: int(number) for name, number in pairs})


def would_close(session: Session, *, at: datetime) -> Closed:
    """What a panic would end now."""
    return Closed(
        sessions=accounts.count_sessions(
            session, at=at, life=SESSION_LIFE, idle=SESSION_IDLE, half=ENROL_WITHIN
        ),
        links=accounts.count_links(session, at=at),
        devices=sign_ins.count_devices(session),
        files=kept_files.count(session),
        requests=requests.count_open(session, at=at),
        tokens=tokens.count_good(session, at=at),
    )


def panic(session: Session, *, by: str, at: datetime) -> Closed:
    """End all sessions, links, devices, requests, tokens and waiting files; pause letters and
    lists."""
    done = would_close(session, at=at)
    pauses.pause(session, Paused, at=at)
    accounts.revoke_everybody(session, at=at)
    accounts.revoke_links(session, at=at)
    sign_ins.delete_all_devices(session)
    kept_files.delete_all(session)
    requests.refuse_all(session, by=by, at=at)
    tokens.revoke_all(session, at=at)
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


@dataclass(frozen=True, kw_only=True)
class LastPanic:
    """The last time that somebody closed everything."""

    at: datetime
    by: str
    closed: Closed


def last(session: Session) -> LastPanic | None:
    """As the audit log has it; None where it has none."""
    found = audit_rows.page(session, Search(action=ACTION), most=1).rows
    if not found or not found[0].detail:
        return None
    row = found[0]
    return LastPanic(at=row.at, by=row.who, closed=Closed.of(found[0].detail))


def check_lists(session: Session) -> None:
    """Raises ListsPaused."""
    if pauses.since(session, Paused.LISTS) is not None:
        raise ListsPaused
