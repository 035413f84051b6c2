"""Access rules: who may open which view, and from where a form may come; each view has one."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final, TypeVar

from flask import Flask, abort, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import Right
from petition.errors import PetitionError

View = TypeVar("View", bound=Callable[..., Any])


class Rule(StrEnum):
    """Who may open a view."""

    PUBLIC = "public"
    """Anybody. Sets no cookie, names nobody, may be cached."""
    LINK = "link"
    """Who holds a link that was given to them. Never cached, indexed or passed on by Referer."""
    TOKEN = "token"  # noqa: S105  # a name
    """A program that brings a token of the API. The view says what the token must open."""
    LOOPBACK = "loopback"
    """Who sits at this machine."""
    STAFF_SIGN_IN = "staff sign-in"
    """Anybody, on the way to signing in."""
    HALF_SIGNED_IN = "half signed in"
    """Who has given their password, and perhaps a second factor: the way to it, and out again."""
    STAFF = "staff"
    """Who is signed in, whatever they may do."""


PUBLIC: Final = Rule.PUBLIC
LINK: Final = Rule.LINK
TOKEN: Final = Rule.TOKEN
LOOPBACK: Final = Rule.LOOPBACK
STAFF_SIGN_IN: Final = Rule.STAFF_SIGN_IN
HALF_SIGNED_IN: Final = Rule.HALF_SIGNED_IN
STAFF: Final = Rule.STAFF

AccessRule = Rule | Right
"""A right is a rule, too: who is signed in and has it, on the campaign that the address names."""
SIGNED_IN: Final = frozenset[AccessRule]({STAFF, *Right})
RULES: Final[tuple[AccessRule, ...]] = (*Rule, *Right)
PERSONAL: Final = frozenset(RULES) - {PUBLIC}


class FormOrigin(StrEnum):
    """From where a form may come."""

    OWN_PAGES = "own"
    """A form of our own pages: another site's page that sends it is refused."""
    OWN_FRAMES = "frames"
    """The same, and a frame of ours in a sandbox, whose form comes from `null`: its ticket says
    that it is one. No cookie goes with it, so that another page has nothing to borrow."""
    ANYWHERE = "any"
    """Any page or program: a mail program presses this by itself (RFC 8058)."""


OWN_PAGES: Final = FormOrigin.OWN_PAGES
OWN_FRAMES: Final = FormOrigin.OWN_FRAMES
ANYWHERE: Final = FormOrigin.ANYWHERE
FORMS: Final = tuple(FormOrigin)

LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class MissingAccessRule(PetitionError):
    """A view has no access rule."""


def access(
    rule: AccessRule, *, forms: FormOrigin | None = None, fresh: bool = False
) -> Callable[[View], View]:
    """Say who may open this view and, where it takes forms, from where they may come.

    With `fresh`, the second factor must have been given lately: what weighs most.
    """

    def mark(view: View) -> View:
        view.access = rule  # type: ignore[attr-defined]
        view.forms = forms  # type: ignore[attr-defined]
        view.fresh = fresh  # type: ignore[attr-defined]
        return view

    return mark


def rule_of(app: Flask, endpoint: str | None) -> AccessRule:
    """The rule of an endpoint; PUBLIC for addresses that lead nowhere."""
    view = app.view_functions.get(endpoint or "")
    return getattr(view, "access", PUBLIC) if view is not None else PUBLIC


def forms_of(app: Flask, endpoint: str | None) -> str | None:
    """From where the forms of an endpoint may come; None where it takes none."""
    return getattr(app.view_functions.get(endpoint or ""), "forms", None)


def is_fresh(app: Flask, endpoint: str | None) -> bool:
    """Whether an endpoint asks for a second factor that was given lately."""
    return bool(getattr(app.view_functions.get(endpoint or ""), "fresh", False))


def guard(
    app: Flask,
    base_url: str,
    who: Callable[[], Any],
    require: Callable[[Right | None], None],
    ask: Callable[[bool], BaseResponse | None],
) -> None:
    """Put the rules in force. Raises MissingAccessRule when one is missing: the app does not start.

    `who` says who has given their password. `ask` is the answer that asks for the second factor
    where it was not given, or not lately; no rule of SIGNED_IN is without it, so that a new view
    cannot forget it. `require` ends the request of who has not got a right where the address
    leads; it hears of every request of somebody who is signed in.
    """
    for endpoint, view in app.view_functions.items():
        if getattr(view, "access", None) not in RULES:
            raise MissingAccessRule(f"{endpoint} has no access rule")
    for rule in app.url_map.iter_rules():
        takes_forms = bool((rule.methods or set()) - LOOKING)
        if takes_forms != (forms_of(app, rule.endpoint) in FORMS):
            raise MissingAccessRule(f"{rule.endpoint} does not say from where its forms may come")

    def check() -> BaseResponse | None:
        rule = rule_of(app, request.endpoint)
        if rule == LOOPBACK and not from_loopback():
            abort(404)
        if _is_foreign(forms_of(app, request.endpoint), base_url):
            abort(403)
        if (rule in SIGNED_IN or rule == HALF_SIGNED_IN) and who() is None:
            return redirect("/staff/sign-in", 303)
        if rule in SIGNED_IN:
            asked = ask(False)
            if asked is not None:
                return asked
            require(rule if isinstance(rule, Right) else None)
            if is_fresh(app, request.endpoint):
                return ask(True)
        return None

    app.before_request(check)


def from_loopback() -> bool:
    """True for a caller on this machine, and not for one that a proxy passed on."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _is_foreign(forms: str | None, base_url: str) -> bool:
    """True for a form from where this one may not come."""
    if forms == OWN_FRAMES and request.headers.get("Origin") == "null":
        return False
    return forms in {OWN_PAGES, OWN_FRAMES} and is_from_elsewhere(base_url)


def is_from_elsewhere(base_url: str) -> bool:
    """True when a browser says that another site's page sent this form.

    Who says nothing passes, and so does `Origin: null`, which old browsers send from a page that
    passes on no Referer. Neither is enough by itself: a signature needs the ticket of our form,
    a link its token, staff the token of their session.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":
        return False
    # Compared, never taken apart: it is a stranger's text.
    own = {base_url.lower()}
    if request.host:
        own |= {f"http://{request.host}", f"https://{request.host}"}
    return origin.lower() not in own
