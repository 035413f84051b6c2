"""Between the HTTP server and the WSGI app: a whole request first, then one of a few threads."""

from petition.web.http.gateway.bodies import BODY_BYTES, BODY_SECONDS
from petition.web.http.gateway.deferral import DEFERRAL, DEFERRED, Answer, Deferral
from petition.web.http.gateway.exchange import App
from petition.web.http.gateway.gateway import REFUSED, Gateway

__all__ = [
    "BODY_BYTES",
    "BODY_SECONDS",
    "DEFERRAL",
    "DEFERRED",
    "REFUSED",
    "Answer",
    "App",
    "Deferral",
    "Gateway",
]
