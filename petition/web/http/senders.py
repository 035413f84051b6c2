"""Who sends a request, and whether that is too much: by the peer that the trusted proxies name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask, g, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.abuse.actions import Action
from petition.services.abuse import limits
from petition.services.abuse.limits import LimitResult, Sender
from petition.services.abuse.senders import Peer
from petition.store.db import transaction
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
UNLIMITED: Final = frozenset({"static.file", "health.healthz", "health.readyz"})
"""Endpoints that anybody may ask as often as they like."""
COUNTED: Final = "petition.counted"
"""In the WSGI environment: the request was counted before Flask was asked."""
KEEPS_FORM: Final = frozenset(
    {
        "public.sign",
        "embed.sign",
        "message.preview",
        "message.edit",
        "message.send",
        "message.own_mailbox",
        "link_requests.resend",
        "link_requests.request_link",
        "link_requests.type_code",
    }
)
"""Endpoints that answer `too_much()` themselves, with the form as it was typed."""


def install(app: Flask) -> None:
    """Count every request; and know who sends before a view opens its transaction.

    Knowing may take a transaction of its own.
    """

    def begin() -> BaseResponse | None:
        g.pop("sender", None)
        g.peer = peer_of(request.environ)
        counted = request.endpoint in UNLIMITED or COUNTED in request.environ
        g.too_much = None if counted else _count()
        if g.too_much is not None and request.endpoint not in KEEPS_FORM:
            return error_page(429, retry_after=g.too_much.retry_after)
        if request.method not in CHANGES_NOTHING:
            current_sender()
        return None

    app.before_request(begin)


def too_much() -> LimitResult | None:
    """How long the sender of this request has to wait, where they send too many of all kinds."""
    counted: LimitResult | None = g.too_much
    return counted


def _count() -> LimitResult | None:
    peer: Peer = g.peer
    if deps().senders.are_hidden(peer):
        return None
    counted = deps().requests.count(peer.network, _share, at=deps().now())
    return counted if counted.over else None


def _share(number: int) -> LimitResult:
    """So many more requests, for all processes to know. Raises DatabaseFault."""
    sender = current_sender()
    with transaction() as session:
        return limits.count(session, sender, Action.OTHER, at=deps().now(), number=number)


def current_sender() -> Sender:
    """The sender of this request; in a view that only reads, call it outside transactions."""
    if "sender" not in g:
        g.sender = deps().senders.of(g.peer, at=deps().now())
    sender: Sender = g.sender
    return sender


def peer_of(environ: WSGIEnvironment) -> Peer:
    """The other end: the connection's, or what the trusted proxies say (web/http/security)."""
    return Peer(
        address=environ.get("REMOTE_ADDR") or "",
        forwarded="HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ,
    )
