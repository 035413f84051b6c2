"""The headers of every answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from petition.config import Settings
from petition.web.http.access import PERSONAL, rule_of

# No inline script or style anywhere, so no nonce is needed and pages can be cached.
_NO_FRAME: Final = "frame-ancestors 'none'"
_FRAMED_BY: Final = "petition.framed_by"
"""In the WSGI environment: the sites that may show the answer to this request."""
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    f"object-src 'none'; {_NO_FRAME}"
)
ALWAYS: Final = (
    ("Content-Security-Policy", CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), browsing-topics=()"),
)
HSTS: Final = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
PRIVATE: Final = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
OPEN: Final = ("Referrer-Policy", "strict-origin-when-cross-origin")
"""Of pages whose address is nobody's secret: browsers send their forms with their origin."""

_FRAMES_OURS: Final = "petition.frames_ours"
"""In the WSGI environment: that the answer to this request shows pages of ours in frames."""

PREVIEW_SANDBOX: Final = " ".join(
    ("allow-forms", "allow-popups", "allow-popups-to-escape-sandbox", "allow-scripts")
)
"""What a preview may do on a page of ours: it has no origin there, and so nothing of the page's."""

FOR_SANDBOXES: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Of what frames load: in a sandbox they have no origin, and so none that is ours."""


def may_be_framed_by(origins: Iterable[str]) -> None:
    """Let pages of these sites, and of no others, show the answer to this request in a frame."""
    request.environ[_FRAMED_BY] = tuple(origins)


def may_frame_ours() -> None:
    """Let the answer to this request show pages of ours in frames, as previews."""
    request.environ[_FRAMES_OURS] = True


def secure(app: Flask, settings: Settings) -> None:
    """Give every answer its headers, errors included, and believe as many proxies as told."""
    always = (*ALWAYS, HSTS) if settings.secure else ALWAYS

    def finish(response: Response) -> Response:
        headers = response.headers
        framed_by: tuple[str, ...] = request.environ.get(_FRAMED_BY, ())
        if framed_by:
            ancestors = f"frame-ancestors {' '.join(framed_by)}"
            headers["Content-Security-Policy"] = CSP.replace(_NO_FRAME, ancestors)
        if request.environ.get(_FRAMES_OURS):
            headers["Content-Security-Policy"] = f"{CSP}; frame-src 'self'"
        there = {name.lower() for name, _ in headers}
        if framed_by:
            there.add("x-frame-options")  # it knows no list of sites
        for name, value in always:
            if name.lower() not in there:
                headers.add(name, value)
        if rule_of(current_app, request.endpoint) in PERSONAL:
            for name, value in PRIVATE:
                headers[name] = value
        elif response.status_code >= 400:
            for name, value in PRIVATE:
                # A page that carries a form again keeps the Referrer-Policy that it chose.
                if name != "Referrer-Policy" or name not in headers:
                    headers[name] = value
        else:
            headers.setdefault(*OPEN)
            headers.setdefault("Cache-Control", "no-store")
        return response

    app.after_request(finish)
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0
        )
