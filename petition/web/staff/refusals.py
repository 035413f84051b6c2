"""What somebody who is signed in was refused is noted in the audit log, by our name of the page."""

from __future__ import annotations

from flask import Flask, Response, g, request

from petition.services.staff import refusals
from petition.services.staff.refusals import Refusal
from petition.store.db import UNAVAILABLE, transaction
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page


def install(app: Flask) -> None:
    """Have every refusal noted before it is told."""
    app.after_request(_note)


def _note(response: Response) -> Response:
    refusal = _refusal(response)
    if refusal is None:
        return response
    try:
        with transaction() as session:
            place = f"{request.method} {request.endpoint}"
            refusals.note(session, g.staff, refusal, place=place, at=deps().now())
    except UNAVAILABLE:
        return error_page(503)
    return response


def _refusal(response: Response) -> Refusal | None:
    """None for what is no refusal; an address that names nothing has nothing to be guessed."""
    if "staff" not in g or not request.endpoint:
        return None
    if response.status_code == 403:
        return Refusal.FORBIDDEN
    if response.status_code == 404 and request.view_args:
        return Refusal.MISSING
    return None
