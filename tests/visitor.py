"""A visitor: a test client whose requests share nothing but cookies, as on a real server."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer


class Visitor(FlaskClient):
    """Runs each request, to the last byte of its answer, outside of the test's app context.

    Flask would otherwise hand the test's own `g` to every request, so that one visitor's language,
    account and form token would show up in another's answer; and an answer that is streamed would
    find a context that no server gives it.
    """

    def open(self, *args: Any, **kwargs: Any) -> Answer:
        kwargs["buffered"] = True
        answer: Answer = Context().run(super().open, *args, **kwargs)
        return answer
