"""Who of staff is signed in. The cookie holds a secret; the session lives in the database."""

from __future__ import annotations

from datetime import timedelta

from flask import abort, g, request, session
from werkzeug.wrappers import Response

from petition.domain.staff.roles import Grant, Permissions, Right, Role
from petition.domain.staff.second_factor import ENROL_WITHIN
from petition.errors import NotFound
from petition.services.staff.accounts import SESSION_IDLE, SESSION_LIFE
from petition.services.staff.second_factor import SignedIn
from petition.services.staff.signing_in import DEVICE_LIFE
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.staff import accounts, roles
from petition.store.staff.accounts import StaffMember
from petition.web.http.dependencies import deps

KEY = "sid"
STEP = timedelta(minutes=1)


def current_staff() -> StaffMember | None:
    """The member of staff who sent this request; None when nobody has given their password.

    Whether they have given the second factor as well is in `g.opened`, and asked by the guard.
    """
    held = session.get(KEY)
    if not held:
        return None
    at = deps().now()
    with reading() as found:
        opened = accounts.of_session(
            found, held, at=at, life=SESSION_LIFE, idle=SESSION_IDLE, half=ENROL_WITHIN
        )
        granted = roles.grants(found, opened.person.id) if opened is not None else ()
    if opened is None:
        return None
    if opened.seen_at < at - STEP:  # a look is no reason to wait for who writes
        with transaction() as writing:
            accounts.seen(writing, held, at=at, step=STEP)
    g.staff, g.opened = opened.person, opened
    g.permissions = Permissions(grants=granted)
    return opened.person


def require(right: Right | None) -> None:
    """End the request of who lacks the right on the campaign that the address names.

    Which campaign that is, is read here and not in a view, so that none can forget it. Who has
    nothing to do with it learns no more than that there is no such page. An address without a
    campaign is about all of them.
    """
    slug = (request.view_args or {}).get("slug")
    g.campaign = None
    g.rights = g.permissions.everywhere
    if slug is not None:
        with reading() as found:
            g.campaign = campaigns.by_slug(found, slug)
        g.rights = g.permissions.on(g.campaign.id)
        if not g.rights:
            raise NotFound
    if right is not None and right not in g.rights:
        abort(403)


def has_permission(right: Right) -> bool:
    """True when who is signed in has this right where the address leads."""
    return right in g.rights


def role_here() -> Role:
    """As what somebody is here: on the campaign that the address names, else on all."""
    grants: tuple[Grant, ...] = g.permissions.grants
    here = [each.role for each in grants if each.campaign_id == g.campaign.id]
    everywhere = [each.role for each in grants if each.campaign_id is None]
    return (here + everywhere)[0]


def begin(response: Response, token: str) -> Response:
    """The password was right. A clean cookie, so that nothing from before lives on."""
    session.clear()
    session[KEY] = token
    return response


def log_in(response: Response, signed_in: SignedIn) -> Response:
    """The second factor was right: the session has a new secret, and its forms stay good.

    A second cookie makes the device known: it holds a random secret and opens nothing.
    """
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


def token() -> str:
    """The session's secret, in a view that who is there has opened."""
    return str(session[KEY])


def device() -> str:
    """The secret of the device that sent this request; empty when it has none."""
    return request.cookies.get(_device_cookie(), "")[:100]


def _device_cookie() -> str:
    # Not __Host-: that would have the browser send it to public pages too.
    return "__Secure-staff-device" if deps().settings.secure else "staff-device"


def leave() -> str | None:
    """Forget the cookie; the token that it held."""
    held = session.get(KEY)
    session.clear()
    return held
