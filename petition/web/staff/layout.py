"""What every page of the console needs around it."""

from __future__ import annotations

from flask import g

from petition.domain.signatures import states
from petition.store.campaigns import campaigns
from petition.store.db import reading
from petition.web.http.locale import _
from petition.web.http.rendering import page
from petition.web.staff.forms import SignOutForm


def console_page(template: str, **context: object) -> str:
    """A page of the console, for who is signed in; `slug` is the campaign that it is about."""
    if isinstance(slug := context.get("slug"), str):
        with reading() as session:
            context["at_risk"] = campaigns.presentation(session, slug).at_risk
    return page(
        template,
        staff=g.staff,
        account="/staff/account",
        sign_out=SignOutForm(),
        state_names=_state_names(),
        **context,
    )


def _state_names() -> dict[str, str]:
    """The states of signatures and campaigns, in the reader's words."""
    return {
        states.PENDING: _("pending"),
        states.CONFIRMED: _("confirmed"),
        states.WITHDRAWN: _("withdrawn"),
        states.HELD: _("held"),
        states.REJECTED: _("rejected"),
        "draft": _("draft"),
        "open": _("open"),
        "closed": _("closed"),
    }
