"""Errors as pages: kind, in the reader's language, and never a trace of what is inside."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, make_response, request
from werkzeug.exceptions import HTTPException, abort

from petition import i18n
from petition.errors import NotFound, StoreUnavailable
from petition.store.db import UNAVAILABLE
from petition.web.http import problems
from petition.web.http.access import LINK, LOOKING, rule_of
from petition.web.http.cached_response import uncached
from petition.web.http.gateway import REFUSED
from petition.web.http.locale import _, language, set_locale
from petition.web.http.rendering import page

RETRY_AFTER = "5"

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Answer every error with our own page."""
    app.before_request(_refuse)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, lambda _error: error_page(404))
    for failure in (StoreUnavailable, *UNAVAILABLE):
        app.register_error_handler(failure, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def keep_form(again: Callable[[str], str]) -> None:
    """From here on, a database that fails is told on the form as it was typed.

    `again` makes that page, with the words that it is given.
    """
    g.form_again = again


def only_reads() -> None:
    """Say that this form changes nothing: a database that fails has then lost nothing."""
    g.only_reads = True


def _refuse() -> None:
    """What the gateway would not take, before anything else looks at it."""
    g.pop("form_again", None)
    g.pop("only_reads", None)
    if REFUSED in request.environ:
        abort(request.environ[REFUSED])


def error_page(status: int, *, retry_after: int = 60) -> Response:
    """The page for a status, with its headers, in the language of the address or the reader.

    A program that asks the API gets a problem instead of a page.

    `retry_after` is in seconds, for 429.
    """
    _choose_language()
    if problems.are_wanted():
        return problems.of_status(status, retry_after=retry_after)
    title, message = _words(status)
    if status == 429 and retry_after > 60:
        wait = language().span(retry_after)
        message = _("Please try again later. Time to wait: %(time)s.", time=wait)
    body = page("errors/error.html", status=status, title=title, message=message, back_url="/")
    response = make_response(body, status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    if status == 429:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _choose_language() -> None:
    """That of the address, unless the view has chosen one: its first part, or what `lang` says."""
    for code in (request.path.split("/")[1], request.args.get("lang", "")):
        if "language" not in g and code in i18n.codes():
            set_locale(code)


def _words(status: int) -> tuple[str, str]:
    match status:
        case 403:
            return _("Not allowed"), _("You cannot open this page with this account or from here.")
        case 404 | 410:
            return _("Page not found"), _(
                "There is no page at this address. Perhaps a character is missing from it."
            )
        case 405:
            return _("That does not work here"), _(
                "This address does not accept that kind of request."
            )
        case 408:
            return _("This took too long"), _(
                "Your form did not arrive in time. Please send it again."
            )
        case 413:
            return _("Too much text"), _("What you sent is too long. Please shorten it.")
        case 429:
            return _("Too many attempts"), _("Please wait a minute and try again.")
        case 503:
            return _("Please try again in a moment"), _missed()
        case 500:
            return _("Something went wrong"), _("This is our fault. Please try again in a moment.")
        case _:
            return _("This did not work"), _("We could not read that request.")


def _missed() -> str:
    """What did not work: who only reads has nothing that could have been kept."""
    if request.method in LOOKING or g.get("only_reads"):
        return _("This page cannot be shown right now.")
    return _("We could not save this just now. Nothing was half-saved: please send it again.")


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    response = error_page(status)
    if status == 405:
        response.headers["Allow"] = dict(error.get_headers()).get("Allow", "GET")
    return response


def _unavailable(error: Exception) -> Response:
    log.error("unavailable: %s at %s", type(error).__name__, request.endpoint)
    again = g.get("form_again")
    if again is not None:
        # Or the page of the form needs what is away.
        with contextlib.suppress(*UNAVAILABLE):
            return _later(again(_missed()))
    if request.method == "POST" and rule_of(current_app, request.endpoint) == LINK:
        return _later(_send_again())
    return error_page(503)


def _later(body: str) -> Response:
    response = uncached(body, 503)
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def _send_again() -> str:
    """One button that sends once more what came: the form behind a link cannot be drawn now."""
    _choose_language()
    title, message = _words(503)
    fields = [each for each in request.form.items(multi=True) if each[0] != "again"]
    return page("errors/send_again.html", status=503, title=title, message=message, fields=fields)


def _unexpected(error: Exception) -> Response:
    """A fault of ours. The log has the places in the code, never the values."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("unexpected: %s at %s", type(error).__name__, " > ".join(places))
    return error_page(500)
