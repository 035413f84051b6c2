"""A form in which nothing could be wrong is kept before Flask is asked; every other is Flask's.

On the day when the whole country signs, two thirds of a form's work would be the framework's and
that of the library of forms. Nothing is refused here: with any doubt, Flask answers, and where a
form was tried and not kept, it is told why. What a person gets is what Flask gave the first one
who signed at this address: a form that is kept has one answer.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask

from petition import i18n
from petition.errors import PetitionError
from petition.services.signatures import signing
from petition.services.signatures.signing import Prepared
from petition.store.db import DatabaseFault
from petition.web.http.dependencies import dependencies_of
from petition.web.http.gateway import DEFERRAL, DEFERRED, REFUSED, Answer, Deferral
from petition.web.http.senders import COUNTED, peer_of
from petition.web.signing import plain_forms
from petition.web.signing.form_tickets import view_in

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OUTCOME: Final = "petition.outcome"
"""In the WSGI environment: the error with which this form was tried before Flask was asked."""

_SIGN: Final = "/sign"
_THANKS: Final = "/thanks"
_LONGEST: Final = 8 * 1024
"""Bytes of a form that is looked at here."""
_TYPE: Final = "application/x-www-form-urlencoded"
_SEE_OTHER: Final = "303 "


class PlainRequests:
    """In front of the app, behind what finds out who asks."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app, self._inner = app, inner
        self._answers: dict[str, Answer] = {}
        """By path: what Flask answered to a form that was kept."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.endswith(_SIGN) or not _is_plain(environ, self._app):
            return self._inner(environ, start_response)
        answer = self._answers.get(path)
        if answer is None:
            return self._first(path, environ, start_response)
        try:
            prepared = self._prepared(path, environ)
        except (PetitionError, DatabaseFault):  # nothing was kept: Flask meets it again
            prepared = None
        if prepared is None:
            return self._inner(environ, start_response)
        environ[COUNTED] = True
        return self._keep(prepared, answer, environ, start_response)

    def _prepared(self, path: str, environ: WSGIEnvironment) -> Prepared | None:
        """What is to be kept; the request is counted only where that is something."""
        deps = dependencies_of(self._app)
        code, slug = path[1 : -len(_SIGN)].split("/")
        shown = deps.campaign_cache.shown(slug, code).view
        fields = plain_forms.fields_of(_body(environ))
        view = view_in(deps, fields.get("ticket", ""), shown) if fields else None
        at = deps.now()
        if fields is None or view is None or not shown.is_open(at):
            return None
        command = plain_forms.command_of(fields, view, deps.campaign_cache.target_domains(slug))
        if command is None:
            return None
        peer = peer_of(environ)
        sender = deps.senders.of(peer, at=at)
        hidden = deps.senders.are_hidden(peer)
        if not hidden and not deps.requests.count_here(peer.network, at=at):
            return None
        providers = deps.campaign_cache.providers()
        return signing.prepare(deps.vault, providers, view, command, sender=sender, at=at)

    def _keep(
        self,
        prepared: Prepared,
        answer: Answer,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        group_commit = dependencies_of(self._app).group_commit
        deferral: Deferral | None = environ.get(DEFERRAL)
        if deferral is not None:

            def then(error: PetitionError | None, at: float) -> None:
                if error is None:
                    deferral.answer(answer, at=at)
                else:
                    environ[OUTCOME] = error
                    deferral.ask_app(environ)

            group_commit.submit_later(prepared.new_entry, prepared.charge, then)
            return DEFERRED
        try:
            group_commit.submit(prepared.new_entry, prepared.charge)
        except PetitionError as error:
            environ[OUTCOME] = error
            return self._inner(environ, start_response)
        start_response(answer.status_line, answer.headers.copy())
        return [b""]

    def _first(
        self, path: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Flask's answer; remembered if it is that of a form that was kept."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
            named = dict(headers)
            leads_on = named.get("Location") == path.removesuffix(_SIGN) + _THANKS
            if status.startswith(_SEE_OTHER) and leads_on and "Set-Cookie" not in named:
                self._answers[path] = Answer(status, headers.copy())
            return start_response(status, headers, exc_info)  # type: ignore[arg-type]

        return self._inner(environ, start)  # type: ignore[arg-type]


def _is_plain(environ: WSGIEnvironment, app: Flask) -> bool:
    """Whether a browser sent a form of ours, and nothing that somebody would have to look at."""
    parts = environ["PATH_INFO"].split("/")
    length = environ.get("CONTENT_LENGTH") or ""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and len(parts) == 4
        and parts[1] in i18n.codes()
        and environ.get("CONTENT_TYPE") == _TYPE
        and length.isdecimal()
        and int(length) <= _LONGEST
        and not environ["QUERY_STRING"]
        and "HTTP_COOKIE" not in environ
        and REFUSED not in environ
        and OUTCOME not in environ
        and _is_from_own_page(environ, dependencies_of(app).settings.base_url)
    )


def _is_from_own_page(environ: WSGIEnvironment, base_url: str) -> bool:
    """As web/http/access looks at it, without what only odd browsers send."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return bool(site == "same-origin")
    return environ.get("HTTP_ORIGIN") in {None, base_url}


def _body(environ: WSGIEnvironment) -> bytes:
    """The form's bytes; whoever comes after us reads them as well."""
    body: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def install(app: Flask) -> None:
    """Keep plain forms; call it before what finds out who asks is put around the app."""
    app.wsgi_app = PlainRequests(app, app.wsgi_app)  # type: ignore[method-assign]
