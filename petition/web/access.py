"""Who may open which door: every view says it by a decorator, and none opens without."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final, TypeVar

from flask import Flask, abort, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.errors import PetitionError

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC: Final = "public"
"""Anybody. Sets no cookie, names nobody, may be cached."""
LINK: Final = "link"
"""Who holds the link from a letter. Never cached, indexed or passed on by Referer."""
LOOPBACK: Final = "loopback"
"""Who sits at this machine."""
STAFF_DOOR: Final = "staff door"
"""Anybody, on the way to signing in."""
STAFF: Final = "staff"
"""Who is signed in."""
EXPORTER: Final = "exporter"
"""Who is signed in and may take lists out."""
EDITOR: Final = "editor"
"""Who is signed in and may change a campaign."""
MODERATOR: Final = "moderator"
"""Who is signed in and may decide what of people's words is shown."""

SIGNED_IN: Final = frozenset({STAFF, EXPORTER, EDITOR, MODERATOR})
"""Rules that ask who is there; which roles pass stands in staff/gate."""
RULES: Final = (PUBLIC, LINK, LOOPBACK, STAFF_DOOR, *sorted(SIGNED_IN))
PERSONAL: Final = frozenset(RULES) - {PUBLIC}


class Unruled(PetitionError):
    """A view has no access rule."""


def access(rule: str) -> Callable[[View], View]:
    """Say who may open this view."""

    def mark(view: View) -> View:
        view.access = rule  # type: ignore[attr-defined]
        return view

    return mark


def rule_of(app: Flask, endpoint: str | None) -> str:
    """The rule of an endpoint; PUBLIC for addresses that lead nowhere."""
    view = app.view_functions.get(endpoint or "")
    return getattr(view, "access", PUBLIC) if view is not None else PUBLIC


def guard(app: Flask, who: Callable[[], Any], may: Callable[[Any, str], bool]) -> None:
    """Put the rules in force. Raises Unruled when a view has none: the app does not start.

    `who` says who is signed in, `may` whether they pass a rule of SIGNED_IN.
    """
    for endpoint, view in app.view_functions.items():
        if getattr(view, "access", None) not in RULES:
            raise Unruled(f"{endpoint} has no access rule")

    def check() -> BaseResponse | None:
        rule = rule_of(app, request.endpoint)
        if rule == LOOPBACK and not _from_loopback():
            abort(404)
        if rule in SIGNED_IN:
            person = who()
            if person is None:
                return redirect("/staff/sign-in", 303)
            if not may(person, rule):
                abort(403)
        return None

    app.before_request(check)


def _from_loopback() -> bool:
    """True for a caller on this machine, and not for one that a proxy passed on."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
