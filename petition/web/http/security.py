"""The headers of every answer."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from petition.config import Settings
from petition.web.http.access import PERSONAL, rule_of

# No inline script or style anywhere, so no nonce is needed and pages can be cached.
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'"
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


def secure(app: Flask, settings: Settings) -> None:
    """Give every answer its headers, errors included, and believe as many proxies as told."""
    always = (*ALWAYS, HSTS) if settings.secure else ALWAYS

    def finish(response: Response) -> Response:
        headers = response.headers
        there = {name.lower() for name, _ in headers}
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
