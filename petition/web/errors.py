"""Errors as pages: kind, in the reader's language, and never a trace of what is inside."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, make_response, request
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from petition import i18n
from petition.errors import NotFound, StoreUnavailable
from petition.web.house import _, page, speak

RETRY_AFTER = "5"

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Answer every error with our own page."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, lambda _error: error_page(404))
    for failure in (StoreUnavailable, OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(failure, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def error_page(status: int) -> Response:
    """The page for a status, with its headers, in the language of the address or the reader."""
    code = request.path.split("/")[1]
    if "language" not in g and code in i18n.codes():
        speak(code)
    title, message = _words(status)
    body = page("errors/error.html", status=status, title=title, message=message, back_url="/")
    response = make_response(body, status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _words(status: int) -> tuple[str, str]:
    match status:
        case 403:
            return _("Not allowed"), _("This page is not for this account or this way in.")
        case 404 | 410:
            return _("Nothing here"), _(
                "There is no page at this address. Perhaps a letter is missing."
            )
        case 405:
            return _("Not this way"), _("This address does not take that kind of request.")
        case 413:
            return _("Too much text"), _("What was sent is too long. Please shorten it.")
        case 429:
            return _("Too many tries"), _("Please wait a minute and try again.")
        case 503:
            return (
                _("Please try again in a moment"),
                _("We could not keep this just now. Nothing was half-saved: please send it again."),
            )
        case 500:
            return _("Something broke"), _("This is our fault. Please try again in a moment.")
        case _:
            return _("This did not work"), _("We could not read that request.")


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
    return error_page(503)


def _unexpected(error: Exception) -> Response:
    """A fault of ours. The log has the places in the code, never the values."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("unexpected: %s at %s", type(error).__name__, " > ".join(places))
    return error_page(500)
