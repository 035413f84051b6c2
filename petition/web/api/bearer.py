"""Tokens: whoever asks an operation that one opens brings it, or gets a problem before its view."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, g, request

from petition.domain.api.tokens import AN_HOUR, REQUESTS, Scope
from petition.errors import NotFound
from petition.services.abuse.limits import retry_after
from petition.services.api import tokens
from petition.services.api.tokens import Use
from petition.store.api.tokens import TokenRecord
from petition.store.db import reading, transaction
from petition.store.partners import partners
from petition.web.api.operations import Operation
from petition.web.api.refusals import Refusal
from petition.web.http import problems
from petition.web.http.access import TOKEN, rule_of
from petition.web.http.dependencies import deps
from petition.web.http.problems import Limited, ProblemKind

_SCHEME: Final = "bearer"


def install(app: Flask) -> None:
    """Ask for the token in the guard, so that no view can forget it, and say what is left of it."""
    app.before_request(_check)
    app.after_request(_say_left)


def current_token() -> TokenRecord:
    """The token that opened this request."""
    used: Use = g.token_use
    return used.token


def _check() -> Response | None:
    g.pop("token_use", None)
    if rule_of(current_app, request.endpoint) != TOKEN:
        return None
    view = current_app.view_functions[request.endpoint or ""]
    operation: Operation | None = getattr(view, "operation", None)
    used = _used()
    if used is None:
        raise Refusal(ProblemKind.NO_TOKEN)
    g.token_use = used
    if used.is_over:
        return problems.too_many(_seconds(used), Limited.TOKEN)
    if (request.view_args or {}).get("slug") != used.token.campaign:
        raise NotFound
    if operation is None or operation.scope not in used.token.scopes:
        raise Refusal(ProblemKind.NOT_ALLOWED)
    if operation.scope == Scope.SIGNATURES and not _may_receive(used.token.partner_id):
        raise Refusal(ProblemKind.NO_PARTNER)
    return None


def _may_receive(partner_id: int | None) -> bool:
    """Whether people may be given out to it. Who left, a blocked partner has to learn as well."""
    if partner_id is None:
        return True
    with reading() as session:
        partner = partners.by_id(session, partner_id)
    return partner is not None and partner.accepts_now and not partner.is_blocked


def _used() -> Use | None:
    """The token's use, once more counted; None without a token that is good."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME:
        return None
    with transaction() as session:
        return tokens.use(session, token.strip(), at=deps().now())


def _seconds(used: Use) -> int:
    return retry_after(used.until, at=deps().now())


def _say_left(response: Response) -> Response:
    used: Use | None = g.get("token_use")
    if used is not None and "RateLimit" not in response.headers:
        seconds = int(AN_HOUR.total_seconds())
        response.headers["RateLimit-Policy"] = f'"{Limited.TOKEN}";q={REQUESTS};w={seconds}'
        response.headers["RateLimit"] = f'"{Limited.TOKEN}";r={used.left};t={_seconds(used)}'
    return response
