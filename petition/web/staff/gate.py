"""The gate: who is signed in. The cookie holds a secret; the session lives in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import g, session

from petition.services.staffing import (
    EDITORS,
    EXPORTERS,
    MODERATORS,
    ROLES,
    SESSION_IDLE,
    SESSION_LIFE,
)
from petition.store import staff
from petition.store.db import reading, transaction
from petition.store.tables import Staff
from petition.web.access import EDITOR, EXPORTER, MODERATOR, STAFF
from petition.web.house import house

KEY = "sid"
STEP = timedelta(minutes=1)
PASS: Final[Mapping[str, tuple[str, ...]]] = {
    STAFF: ROLES,
    EXPORTER: EXPORTERS,
    EDITOR: EDITORS,
    MODERATOR: MODERATORS,
}
"""Which roles pass which rule."""


def who() -> Staff | None:
    """The member of staff who sent this request; None when nobody is signed in."""
    token = session.get(KEY)
    if not token:
        return None
    at = house().now()
    with reading() as found:
        person = staff.of_session(found, token, at=at, life=SESSION_LIFE, idle=SESSION_IDLE)
        if person is None:
            return None
        found.expunge(person)
    with transaction() as writing:
        staff.seen(writing, token, at=at, step=STEP)
    g.staff = person
    return person


def may(person: Staff, rule: str) -> bool:
    """True when this member of staff passes a rule."""
    return person.role in PASS[rule]


def admit(token: str) -> None:
    """Begin with a clean cookie, so that nothing from before signing in lives on."""
    session.clear()
    session[KEY] = token


def leave() -> str | None:
    """Forget the cookie; the token that it held."""
    token = session.get(KEY)
    session.clear()
    return token
