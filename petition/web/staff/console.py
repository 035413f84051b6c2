"""What every page of the console needs around it."""

from __future__ import annotations

from flask import g

from petition.domain import signature as states
from petition.web.forms import SignOutForm
from petition.web.house import _, page


def console_page(template: str, **context: object) -> str:
    """A page of the console, for who is signed in."""
    return page(
        template, staff=g.staff, sign_out=SignOutForm(), state_names=_state_names(), **context
    )


def _state_names() -> dict[str, str]:
    """The states of signatures and campaigns, in the reader's words."""
    return {
        states.PENDING: _("pending"),
        states.CONFIRMED: _("confirmed"),
        states.WITHDRAWN: _("withdrawn"),
        states.HELD: _("held"),
        states.REJECTED: _("rejected"),
        states.ERASED: _("erased"),
        "draft": _("draft"),
        "open": _("open"),
        "closed": _("closed"),
    }
