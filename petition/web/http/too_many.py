"""Too much from one sender: 429, and the form again with all that was typed."""

from __future__ import annotations

from flask import Response

from petition.web.http.cached_response import uncached
from petition.web.http.locale import _, language


def wait_words(seconds: int) -> str:
    """What a reader is told who must wait."""
    return _(
        "A lot has come from your network in a short time, so we could not accept this yet. "
        "Please send it again later. Time to wait: %(time)s.",
        time=language().span(seconds),
    )


def too_many(body: str, seconds: int) -> Response:
    """The page, with when to come again."""
    response = uncached(body, 429)
    response.headers["Retry-After"] = str(seconds)
    return response
