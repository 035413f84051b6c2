"""Passkeys: what the page's script asks before a device makes or shows one."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g, request

from petition.domain.staff import passkeys as domain
from petition.domain.staff.passkeys import RelyingParty
from petition.services.staff import passkeys as services_passkeys, second_factor
from petition.store.db import transaction
from petition.web.http.access import HALF_SIGNED_IN, OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.staff import auth
from petition.web.staff.forms import ButtonForm

HERE: Final = "/staff/second-factor/passkey"
ASK: Final = f"{HERE}/ask"
ASK_FOR_NEW: Final = f"{HERE}/new"

passkeys = Blueprint("passkeys", __name__, url_prefix=HERE)


def party() -> RelyingParty | None:
    """For whom passkeys are made here; None where there are none."""
    return domain.relying_party(deps().settings.base_url)


def issuer() -> str:
    """As what apps and devices show this console."""
    return deps().settings.organiser or request.host.partition(":")[0]


def asked_at() -> str | None:
    """Where a script asks before one of this person's passkeys is shown; None: they have none."""
    return ASK if g.opened.person.passkeys and party() is not None else None


def asked_for_new_at() -> str | None:
    """Where it asks before a new one is made; None where none can be."""
    return ASK_FOR_NEW if party() is not None else None


@passkeys.post("/ask")
@access(HALF_SIGNED_IN, forms=OWN_PAGES)
def ask() -> Response:
    """A challenge for one of the passkeys that this person has."""
    here = party()
    if here is None or not g.opened.person.passkeys:
        return error_page(404)
    if not ButtonForm().validate():
        return error_page(403)
    with transaction() as session:
        options = services_passkeys.ask(
            session, here, g.opened.person, auth.token(), at=deps().now()
        )
    return Response(options, mimetype="application/json")


@passkeys.post("/new")
@access(HALF_SIGNED_IN, forms=OWN_PAGES)
def ask_for_new() -> Response:
    """A challenge for a passkey that is still to be made."""
    here, at = party(), deps().now()
    if here is None or not second_factor.may_enrol(g.opened, at=at):
        return error_page(404)
    if not ButtonForm().validate():
        return error_page(403)
    with transaction() as session:
        options = services_passkeys.ask_for_new(
            session,
            deps().vault,
            here,
            g.opened.person,
            auth.token(),
            issuer=issuer(),
            at=at,
        )
    return Response(options, mimetype="application/json")
