"""Problems: what goes wrong for a program that asks the API, as RFC 9457 writes it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from flask import Response, request

from petition.domain.api.tokens import REQUESTS
from petition.domain.exports.second_person import ROWS_ALONE
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language

PLACE: Final = "/api/v1"
"""Below it everybody is a program; at the address itself, with a slash, is the page about it."""
MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = 5
"""Seconds, where nobody knows for how long it lasts."""


class ProblemKind(StrEnum):
    """What is wrong; the last part of the problem's `type`."""

    NOT_READ = "not-read"
    NO_TOKEN = "no-token"  # noqa: S105  # a name
    NOT_ALLOWED = "not-allowed"
    NO_PARTNER = "no-partner"
    NOT_FOUND = "not-found"
    METHOD = "method"
    TIMED_OUT = "timed-out"
    CLOSED = "closed"
    RUNNING = "running"
    TOO_LARGE = "too-large"
    NOT_JSON = "not-json"
    WRONG_FIELDS = "wrong-fields"
    PLEASE_CHECK = "please-check"
    OLD_TEXT = "old-text"
    OLD_TICKET = "old-ticket"
    KEY_USED = "key-used"
    TOO_MANY = "too-many"
    WRONG_HERE = "wrong-here"
    UNAVAILABLE = "unavailable"


STATUSES: Final = {
    ProblemKind.NOT_READ: 400,
    ProblemKind.NO_TOKEN: 401,
    ProblemKind.NOT_ALLOWED: 403,
    ProblemKind.NO_PARTNER: 403,
    ProblemKind.NOT_FOUND: 404,
    ProblemKind.METHOD: 405,
    ProblemKind.TIMED_OUT: 408,
    ProblemKind.CLOSED: 409,
    ProblemKind.RUNNING: 409,
    ProblemKind.TOO_LARGE: 413,
    ProblemKind.NOT_JSON: 415,
    ProblemKind.WRONG_FIELDS: 422,
    ProblemKind.PLEASE_CHECK: 422,
    ProblemKind.OLD_TEXT: 422,
    ProblemKind.OLD_TICKET: 422,
    ProblemKind.KEY_USED: 422,
    ProblemKind.TOO_MANY: 429,
    ProblemKind.WRONG_HERE: 500,
    ProblemKind.UNAVAILABLE: 503,
}
_OF_STATUS: Final = {
    400: ProblemKind.NOT_READ,
    403: ProblemKind.NOT_ALLOWED,
    404: ProblemKind.NOT_FOUND,
    405: ProblemKind.METHOD,
    408: ProblemKind.TIMED_OUT,
    410: ProblemKind.NOT_FOUND,
    413: ProblemKind.TOO_LARGE,
    415: ProblemKind.NOT_JSON,
    503: ProblemKind.UNAVAILABLE,
}
"""Of what goes wrong before, or beside, a view of the API."""


class Limited(StrEnum):
    """What there is only so much of: for one sender in an hour, or for one token."""

    REQUESTS = "requests"
    SIGNATURES = "signatures"
    TOKEN = "token"  # noqa: S105  # a name
    """Requests with one token, in an hour."""
    PEOPLE = "people"
    """That all tokens of the organiser read, in a day."""


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one part of what was sent."""

    detail: Annotated[str, msgspec.Meta(description="What is wrong, for people.")]
    pointer: Annotated[
        str | None,
        msgspec.Meta(description="Where in the body, as a JSON pointer (RFC 6901)."),
    ] = None
    parameter: Annotated[
        str | None,
        msgspec.Meta(description="The part of the address's query, or the header, if not the body"),
    ] = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem by RFC 9457: why a request was not answered as it asked."""

    type: Annotated[str, msgspec.Meta(description="The kind of problem, as an address.")]
    title: Annotated[str, msgspec.Meta(description="The kind of problem, for people.")]
    status: Annotated[int, msgspec.Meta(description="The status of the answer.")]
    detail: Annotated[str, msgspec.Meta(description="What to do about it, for people.")]
    errors: Annotated[
        tuple[FieldProblem, ...], msgspec.Meta(description="What is wrong with which part.")
    ] = ()
    noticed: Annotated[
        str,
        msgspec.Meta(
            description="With `please-check`: send it along as `noticed` to say that it was looked "
            "at and can stay as it is."
        ),
    ] = ""


def are_wanted() -> bool:
    """True where a program asks: it gets a problem, and no page."""
    return request.path.startswith(f"{PLACE}/") or request.path == PLACE


def of_status(status: int, *, retry_after: int = 60) -> Response:
    """The problem for what went wrong outside of a view. `retry_after` is in seconds, for 429."""
    if status == 429:
        return too_many(retry_after)
    kind = _OF_STATUS.get(status)
    if kind is None:
        kind = ProblemKind.WRONG_HERE if status >= 500 else ProblemKind.NOT_READ
    response = answer(kind)
    response.status_code = status
    return response


def answer(
    kind: ProblemKind,
    errors: Sequence[FieldProblem] = (),
    *,
    noticed: str = "",
    retry_after: int | None = None,
) -> Response:
    """The problem as an answer; `retry_after` is in seconds."""
    title, detail = words(kind, retry_after or 0)
    problem = Problem(
        type=f"{deps().settings.base_url}{PLACE}/#{kind}",
        title=title,
        status=STATUSES[kind],
        detail=detail,
        errors=tuple(errors),
        noticed=noticed,
    )
    response = Response(msgspec.json.encode(problem), STATUSES[kind], content_type=MEDIA_TYPE)
    response.headers["Content-Language"] = language().code
    response.headers["Vary"] = "Accept-Language"
    _say_when(response, kind, retry_after)
    return response


def too_many(retry_after: int, limited: Limited = Limited.REQUESTS) -> Response:
    """More than one sender may ask for, with when to come again, in seconds."""
    response = answer(ProblemKind.TOO_MANY, retry_after=retry_after)
    number, seconds = _policy(limited)
    response.headers["RateLimit-Policy"] = f'"{limited}";q={number};w={seconds}'
    response.headers["RateLimit"] = f'"{limited}";r=0;t={retry_after}'
    return response


def _policy(limited: Limited) -> tuple[int, int]:
    """How many in how many seconds."""
    limits = deps().settings.limits
    match limited:
        case Limited.REQUESTS:
            return limits.pages.an_hour, 3600
        case Limited.SIGNATURES:
            return limits.forms, 3600
        case Limited.TOKEN:
            return REQUESTS, 3600
        case Limited.PEOPLE:
            return ROWS_ALONE, 86_400


def _say_when(response: Response, kind: ProblemKind, retry_after: int | None) -> None:
    headers = response.headers
    if kind == ProblemKind.TOO_MANY:
        headers["Retry-After"] = str(retry_after or RETRY_AFTER)
    elif kind in {ProblemKind.UNAVAILABLE, ProblemKind.RUNNING}:
        headers["Retry-After"] = str(RETRY_AFTER)
    elif kind == ProblemKind.NO_TOKEN:
        headers["WWW-Authenticate"] = "Bearer"


def words(kind: ProblemKind, retry_after: int = 0) -> tuple[str, str]:
    """Title and detail in the language of the request."""
    match kind:
        case ProblemKind.NOT_READ:
            return _("This did not work"), _("We could not read that request.")
        case ProblemKind.NO_TOKEN:
            return _("A token is needed"), _(
                "Send a token that is still good, as “Authorization: Bearer …”."
            )
        case ProblemKind.NOT_ALLOWED:
            return _("Not allowed"), _("This cannot be done from here, or with this token.")
        case ProblemKind.NO_PARTNER:
            return _("Not allowed"), _(
                "This key belongs to no partner of the campaign, or the partner is blocked or has "
                "not accepted its arrangement."
            )
        case ProblemKind.NOT_FOUND:
            return _("Nothing here"), _("There is nothing at this address.")
        case ProblemKind.METHOD:
            return _("That does not work here"), _(
                "This address does not accept that kind of request."
            )
        case ProblemKind.TIMED_OUT:
            return _("This took too long"), _(
                "Your form did not arrive in time. Please send it again."
            )
        case ProblemKind.CLOSED:
            return _("The campaign takes no signatures"), _(
                "It has not begun yet, or it is closed. Nothing has been stored or sent."
            )
        case ProblemKind.RUNNING:
            return _("This is being done"), _(
                "The first request with this key has no answer yet. Please send it again later."
            )
        case ProblemKind.TOO_LARGE:
            return _("Too much text"), _("What you sent is too long. Please shorten it.")
        case ProblemKind.NOT_JSON:
            return _("This is not JSON"), _("Send the body as application/json.")
        case ProblemKind.WRONG_FIELDS:
            return _("Something is missing or wrong"), _("Nothing has been stored or sent.")
        case ProblemKind.PLEASE_CHECK:
            return _("Please have a look"), _(
                "Show this to the person. If it can stay as it is, send it again with “noticed”."
            )
        case ProblemKind.OLD_TEXT:
            return _("The text has changed"), _(
                "Fetch the texts again, show them, and let the person answer again."
            )
        case ProblemKind.OLD_TICKET:
            return _("This took too long"), _(
                "The form was open for too long. Please check it and send it again."
            )
        case ProblemKind.KEY_USED:
            return _("This key was used already"), _(
                "Another request came with this key. Take a new key for each signature."
            )
        case ProblemKind.TOO_MANY:
            return _("Too many attempts"), _(
                "Please try again later. Time to wait: %(time)s.",
                time=language().span(retry_after or RETRY_AFTER),
            )
        case ProblemKind.WRONG_HERE:
            return _("Something went wrong"), _("This is our fault. Please try again in a moment.")
        case ProblemKind.UNAVAILABLE:
            return _("Please try again in a moment"), _(
                "We could not save this just now. Nothing was half-saved: please send it again."
            )
