"""security.txt: whom to tell of a hole (RFC 9116)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from flask import Blueprint, Response

from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import plain_text
from petition.web.http.dependencies import deps

security_txt = Blueprint("security_txt", __name__)


@security_txt.get("/.well-known/security.txt")
@access(PUBLIC)
def show() -> Response:
    """RFC 9116; the end of its validity is always three months ahead."""
    expires = (deps().now() + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    contact = quote(deps().settings.mail_from.address, safe="@+")
    return plain_text(f"Contact: mailto:{contact}\nExpires: {expires}\n")
