"""Who of staff is logged in. The cookie holds a secret; the session lives in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import g, request, session
from werkzeug.wrappers import Response

from petition.services.staff.accounts import (
    EDITORS,
    EXPORTERS,
    MODERATORS,
    ROLES,
    SESSION_IDLE,
    SESSION_LIFE,
    SignedIn,
)
from petition.services.staff.signing_in import DEVICE_LIFE
from petition.store.db import reading, transaction
from petition.store.staff import accounts
from petition.store.staff.accounts import StaffMember
from petition.web.http.access import EDITOR, EXPORTER, MODERATOR, STAFF
from petition.web.http.dependencies import deps

KEY = "sid"
STEP = timedelta(minutes=1)
PASS: Final[Mapping[str, tuple[str, ...]]] = {
    STAFF: ROLES,
    EXPORTER: EXPORTERS,
    EDITOR: EDITORS,
    MODERATOR: MODERATORS,
}
"""Which roles pass which rule."""


def current_staff() -> StaffMember | None:
    """The member of staff who sent this request; None when nobody is signed in."""
    token = session.get(KEY)
    if not token:
        return None
    at = deps().now()
    with reading() as found:
        person = accounts.of_session(found, token, at=at, life=SESSION_LIFE, idle=SESSION_IDLE)
    if person is None:
        return None
    with transaction() as writing:
        accounts.seen(writing, token, at=at, step=STEP)
    g.staff = person
    return person


def has_permission(person: StaffMember, rule: str) -> bool:
    """True when this member of staff passes a rule."""
    return person.role in PASS[rule]


def log_in(response: Response, signed_in: SignedIn) -> Response:
    """Begin with a clean cookie, so that nothing from before signing in lives on.

    A second cookie makes the device known: it holds a random secret and opens nothing.
    """
    session.clear()
    session[KEY] = signed_in.token
    response.set_cookie(
        _device_cookie(),
        signed_in.device,
        max_age=DEVICE_LIFE,
        path="/staff",
        secure=deps().settings.secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def device() -> str:
    """The secret of the device that sent this request; empty when it has none."""
    return request.cookies.get(_device_cookie(), "")[:100]


def _device_cookie() -> str:
    # Not __Host-: that would have the browser send it to public pages too.
    return "__Secure-staff-device" if deps().settings.secure else "staff-device"


def leave() -> str | None:
    """Forget the cookie; the token that it held."""
    token = session.get(KEY)
    session.clear()
    return token
