"""The session of who is signed in: in a signed cookie, and no work for who brings none."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class StaffSessions(SecureCookieSessionInterface):
    """Flask's own; nearly every request is a supporter's, and has no cookie to be read."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """An empty session where the browser sent no cookie at all."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)
