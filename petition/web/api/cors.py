"""Cross-origin: pages of any site may read what anybody may read, and send signatures.

No answer carries or takes a cookie. Who may send a signature from a page is decided where it is
taken (web/api/signing.py). Tokens are for programs on servers: no page of a browser may send one.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, request

from petition.web.http import problems
from petition.web.http.access import TOKEN, rule_of

_TOLD: Final = "ETag, Retry-After, RateLimit, RateLimit-Policy, Content-Language"
_TAKEN: Final = "Content-Type, Idempotency-Key"
_A_DAY: Final = "86400"


def install(app: Flask) -> None:
    """Say it on every answer of the API; call it before the headers of every answer are put."""
    app.after_request(_open)


def _open(response: Response) -> Response:
    if not problems.are_wanted() or _takes_token():
        return response
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = _TOLD
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = headers.get("Allow", "GET")
        headers["Access-Control-Allow-Headers"] = _TAKEN
        headers["Access-Control-Max-Age"] = _A_DAY
    return response


def _takes_token() -> bool:
    """True of an answer that a token opened."""
    return rule_of(current_app, request.endpoint) == TOKEN
