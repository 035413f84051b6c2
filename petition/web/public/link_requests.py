"""Link requests: the letter once more, a link to one's signature, a code typed by hand.

Every answer is the same for every address; the mailbox tells its owner.
"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain.abuse.actions import AN_HOUR
from petition.services.letters import link_requests as services
from petition.services.letters.link_requests import DATA, RESEND, TooManyInAll, TooManyTries
from petition.services.signatures import signing
from petition.services.vault import address_keys
from petition.store.db import reading, transaction
from petition.timing import pad_duration
from petition.web.http.access import OWN_PAGES, PUBLIC, access
from petition.web.http.cached_response import shared, uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender, too_much
from petition.web.http.too_many import too_many, wait_words
from petition.web.http.url_converters import query
from petition.web.public.campaign_page import page_context, plain_page, shown_call
from petition.web.public.forms import CodeForm, LinkRequestForm

link_requests = Blueprint("link_requests", __name__)

BUTTON = "ask-button"
"""Where a message leads that is about no field."""


@link_requests.get("/code")
@access(PUBLIC)
def code_short() -> BaseResponse:
    """As older letters name it, without a language."""
    return _to_the_call("code")


@link_requests.get("/<lang:code>/code")
@access(PUBLIC)
def code_short_in(code: str) -> BaseResponse:
    """The address that a letter can name without naming the call, in the letter's language."""
    return _to_the_call("code", code)


@link_requests.get("/my")
@access(PUBLIC)
def my_short() -> BaseResponse:
    """The same for who asks for a link."""
    return _to_the_call("my")


def _to_the_call(place: str, wanted: str | None = None) -> BaseResponse:
    """To that page of the one open call; with several, to the list of them."""
    slugs = deps().campaign_cache.open_slugs()
    if len(slugs) != 1:
        return redirect(f"/{query()}")
    languages = deps().campaign_cache.languages(slugs[0])
    if wanted in languages:
        return redirect(f"/{wanted}/{slugs[0]}/{place}{query()}")
    best = i18n.negotiate(request.headers.get("Accept-Language", ""), languages)
    response = redirect(f"/{best}/{slugs[0]}/{place}{query()}")
    response.headers["Vary"] = "Accept-Language"
    return response


@link_requests.post("/<lang:code>/<slug:slug>/resend")
@access(PUBLIC, forms=OWN_PAGES)
def resend(code: str, slug: str) -> BaseResponse:
    """The letter once more."""
    return _request_link(code, slug, RESEND)


@link_requests.get("/<lang:code>/<slug:slug>/my")
@access(PUBLIC)
def show_link_request(code: str, slug: str) -> Response:
    """Ask for a link to one's own signature."""
    shown = shown_call(code, slug)
    return shared((slug, code, "my"), lambda: _request_page(shown, LinkRequestForm(), DATA))


@link_requests.post("/<lang:code>/<slug:slug>/my")
@access(PUBLIC, forms=OWN_PAGES)
def request_link(code: str, slug: str) -> BaseResponse:
    """A link to one's own signature, by letter."""
    return _request_link(code, slug, DATA)


@link_requests.get("/<lang:code>/<slug:slug>/asked")
@access(PUBLIC)
def link_requested(code: str, slug: str) -> Response:
    """Where asking ends. The same page for everybody."""
    return plain_page(code, slug, "asked")


def _request_link(code: str, slug: str, kind: str) -> BaseResponse:
    shown = shown_call(code, slug)
    form = LinkRequestForm()
    form.target_domains = deps().campaign_cache.target_domains(slug)
    keep_form(lambda words: _request_page(shown, form, kind, words))
    over = too_much()
    if over is not None:
        return _request_later(shown, form, kind, over.retry_after)
    if not form.validate():
        return uncached(_request_page(shown, form, kind), 422)
    key, earlier = _key(form), _keys_ever(form)
    with transaction() as session:
        counted = services.request_link(
            session,
            shown.view.id,
            key,
            kind,
            earlier=earlier,
            sender=current_sender(),
            at=deps().now(),
        )
    if counted.over:
        return _request_later(shown, form, kind, counted.retry_after)
    return redirect(f"/{code}/{slug}/asked", 303)


def _request_later(
    shown: CachedCampaign, form: LinkRequestForm, kind: str, seconds: int
) -> Response:
    return too_many(_request_page(shown, form, kind, wait_words(seconds)), seconds)


def _request_page(shown: CachedCampaign, form: LinkRequestForm, kind: str, wait: str = "") -> str:
    return page(
        "public/link_request.html",
        form=form,
        errors=[(BUTTON, wait)] if wait else _errors(form, "email"),
        wait=wait,
        kind=kind,
        **page_context(shown.view, "/my"),
    )


@link_requests.get("/<lang:code>/<slug:slug>/code")
@access(PUBLIC)
def show_code(code: str, slug: str) -> Response:
    """The form for the code."""
    shown = shown_call(code, slug)
    return shared((slug, code, "code"), lambda: _code_page(shown, CodeForm(), []))


@link_requests.post("/<lang:code>/<slug:slug>/code")
@access(PUBLIC, forms=OWN_PAGES)
def type_code(code: str, slug: str) -> BaseResponse:
    """Confirm by the code from the letter. A wrong code and a wrong address look alike."""
    shown = shown_call(code, slug)
    form = CodeForm()
    keep_form(lambda words: _code_page(shown, form, [("code", words)]))
    over = too_much()
    if over is not None:
        return _code_later(shown, form, wait_words(over.retry_after), over.retry_after)
    if not form.validate():
        return uncached(_code_page(shown, form, _errors(form, "email", "code")), 422)
    at = deps().now()
    with transaction() as session:
        counted = services.count_sender(session, current_sender(), at=at)
    if counted.over:
        return _code_later(shown, form, wait_words(counted.retry_after), counted.retry_after)
    try:
        entry_id = _entry_of(shown, form, at)
    except TooManyTries:
        problem = _(
            "Too many codes were typed for this address today. The link in the email still works."
        )
        return _code_later(shown, form, problem, int(services.A_DAY.total_seconds()))
    except TooManyInAll:
        problem = _(
            "Too many codes are being typed at this moment. The link in the email still works; "
            "or please try again in an hour."
        )
        return _code_later(shown, form, problem, int(AN_HOUR.total_seconds()))
    if entry_id is None:
        problem = _("This code does not match this address. Please check both.")
        return uncached(_code_page(shown, form, [("code", problem)]), 422)
    with transaction() as session:
        found = signing.confirm(session, entry_id, at=at)
    done = "confirmed" if found is None or found.signs else "message/thanks"
    return redirect(f"/{code}/{slug}/{done}", 303)


def _code_later(shown: CachedCampaign, form: CodeForm, problem: str, seconds: int) -> Response:
    return too_many(_code_page(shown, form, [("code", problem)], wait=problem), seconds)


def _entry_of(shown: CachedCampaign, form: CodeForm, at: datetime) -> int | None:
    """The form that this code confirms; raises TooManyTries and TooManyInAll."""
    key, settings = _key(form), deps().settings
    with transaction() as session:
        services.count_try(
            session,
            shown.view.id,
            key,
            sender=current_sender(),
            hourly=settings.code_tries,
            at=at,
        )
    with pad_duration(), reading() as session:  # an address that has signed has forms to look at
        return services.entry_of_code(
            session,
            settings.secret_key,
            shown.view.id,
            _keys_ever(form),
            form.code.data or "",
            at=at,
        )


def _code_page(
    shown: CachedCampaign, form: CodeForm, errors: list[tuple[str, str]], wait: str = ""
) -> str:
    return page(
        "public/code.html", form=form, errors=errors, wait=wait, **page_context(shown.view, "/code")
    )


def _errors(form: LinkRequestForm, *names: str) -> list[tuple[str, str]]:
    return [(name, str(form[name].errors[0])) for name in names if form[name].errors]


def _keys_ever(form: LinkRequestForm) -> frozenset[bytes]:
    """What stands for the address, and what did before the provider table changed."""
    assert form.address is not None  # the form is valid
    return address_keys.ever(
        deps().vault,
        deps().campaign_cache.providers(),
        form.address.local_part,
        form.address.ascii_domain,
    )


def _key(form: LinkRequestForm) -> bytes:
    assert form.address is not None  # the form is valid
    return signing.address_key(
        deps().vault,
        deps().campaign_cache.providers(),
        form.address.local_part,
        form.address.ascii_domain,
    )
