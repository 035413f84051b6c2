"""Asking with an address alone: for the letter once more, for a link, with a code typed by hand.

Every answer is the same for every address; the mailbox tells its owner.
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.beat import on_the_beat
from petition.services import asking as services, signing
from petition.services.asking import DATA, RESEND, TooManyTries
from petition.store.db import reading, transaction
from petition.web.access import PUBLIC, access
from petition.web.calls import Shown
from petition.web.errors import error_page
from petition.web.forms import AskForm, CodeForm
from petition.web.frame import frame, plain_page, shown_call, uncached
from petition.web.house import _, house, page
from petition.web.pages import shared
from petition.web.security import from_elsewhere

asking = Blueprint("asking", __name__)


@asking.get("/code")
@access(PUBLIC)
def code_short() -> BaseResponse:
    """The address that a letter can name without naming the call."""
    return _to_the_call("code")


@asking.get("/my")
@access(PUBLIC)
def my_short() -> BaseResponse:
    """The same for who asks for a link."""
    return _to_the_call("my")


def _to_the_call(place: str) -> BaseResponse:
    """To that page of the one open call; with several, to the list of them."""
    slugs = house().calls.open_slugs()
    if len(slugs) != 1:
        return redirect("/")
    languages = house().calls.languages(slugs[0])
    best = i18n.negotiate(request.headers.get("Accept-Language", ""), languages)
    response = redirect(f"/{best}/{slugs[0]}/{place}")
    response.headers["Vary"] = "Accept-Language"
    return response


@asking.post("/<lang:code>/<slug:slug>/resend")
@access(PUBLIC)
def resend(code: str, slug: str) -> BaseResponse:
    """The letter once more."""
    return _ask(code, slug, RESEND)


@asking.get("/<lang:code>/<slug:slug>/my")
@access(PUBLIC)
def show_ask(code: str, slug: str) -> Response:
    """Ask for a link to one's own signature."""
    shown = shown_call(code, slug)
    return shared((slug, code, "my"), lambda: _ask_page(shown, AskForm(), DATA))


@asking.post("/<lang:code>/<slug:slug>/my")
@access(PUBLIC)
def ask(code: str, slug: str) -> BaseResponse:
    """A link to one's own signature, by letter."""
    return _ask(code, slug, DATA)


@asking.get("/<lang:code>/<slug:slug>/asked")
@access(PUBLIC)
def asked(code: str, slug: str) -> Response:
    """Where asking ends. The same page for everybody."""
    return plain_page(code, slug, "asked")


def _ask(code: str, slug: str, kind: str) -> BaseResponse:
    shown = shown_call(code, slug)
    if from_elsewhere(house().settings.base_url):
        return error_page(403)
    form = AskForm()
    form.target_domains = house().calls.target_domains(slug)
    if not form.validate():
        return uncached(_ask_page(shown, form, kind), 422)
    key = _key(form)
    with transaction() as session:
        services.ask(session, shown.view.id, key, kind, at=house().now())
    return redirect(f"/{code}/{slug}/asked", 303)


def _ask_page(shown: Shown, form: AskForm, kind: str) -> str:
    return page(
        "public/ask.html",
        form=form,
        errors=_errors(form, "email"),
        kind=kind,
        **frame(shown.view, "/my"),
    )


@asking.get("/<lang:code>/<slug:slug>/code")
@access(PUBLIC)
def show_code(code: str, slug: str) -> Response:
    """The form for the code."""
    shown = shown_call(code, slug)
    return shared((slug, code, "code"), lambda: _code_page(shown, CodeForm(), []))


@asking.post("/<lang:code>/<slug:slug>/code")
@access(PUBLIC)
def type_code(code: str, slug: str) -> BaseResponse:
    """Confirm by the code from the letter. A wrong code and a wrong address look alike."""
    shown = shown_call(code, slug)
    if from_elsewhere(house().settings.base_url):
        return error_page(403)
    form = CodeForm()
    if not form.validate():
        return uncached(_code_page(shown, form, _errors(form, "email", "code")), 422)
    try:
        entry_id = _entry_of(shown, form)
    except TooManyTries:
        problem = _(
            "Too many codes were typed for this address today. The link in the letter still works."
        )
        response = uncached(_code_page(shown, form, [("code", problem)]), 429)
        response.headers["Retry-After"] = str(int(services.A_DAY.total_seconds()))
        return response
    if entry_id is None:
        problem = _("This code and this address do not go together. Please compare both.")
        return uncached(_code_page(shown, form, [("code", problem)]), 422)
    with transaction() as session:
        signing.confirm(session, entry_id, at=house().now())
    return redirect(f"/{code}/{slug}/confirmed", 303)


def _entry_of(shown: Shown, form: CodeForm) -> int | None:
    """The form that this code confirms; raises TooManyTries."""
    key, at = _key(form), house().now()
    with transaction() as session:
        services.count_try(session, shown.view.id, key, at=at)
    with on_the_beat(), reading() as session:  # an address that has signed has forms to look at
        return services.entry_of_code(
            session,
            house().settings.secret_key,
            shown.view.id,
            key,
            form.code.data or "",
            at=at,
        )


def _code_page(shown: Shown, form: CodeForm, errors: list[tuple[str, str]]) -> str:
    return page("public/code.html", form=form, errors=errors, **frame(shown.view, "/code"))


def _errors(form: AskForm, *names: str) -> list[tuple[str, str]]:
    return [(name, str(form[name].errors[0])) for name in names if form[name].errors]


def _key(form: AskForm) -> bytes:
    assert form.address is not None  # the form is valid
    return signing.address_key(
        house().vault,
        house().calls.providers(),
        form.address.local_part,
        form.address.ascii_domain,
    )
