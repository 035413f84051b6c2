"""The public pages: the call, signing it, and what comes after."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.signatures import consent
from petition.domain.signatures.source import TAGS, Source, is_ours, tags_in
from petition.errors import CampaignClosed, TooManyForms
from petition.services.abuse.limits import retry_after
from petition.services.privacy import retention
from petition.services.signatures import signing
from petition.services.signatures.signing import Sign
from petition.store.db import reading
from petition.web.http.access import OWN_PAGES, PUBLIC, access
from petition.web.http.cached_response import shared, uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _, language, set_locale
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender, too_much
from petition.web.http.too_many import too_many, wait_words
from petition.web.http.url_converters import query
from petition.web.public.campaign_page import page_context, plain_page, shown_call
from petition.web.public.crawlers import linked_data
from petition.web.public.progress import counted
from petition.web.signing.form_tickets import ticket, view_of
from petition.web.signing.form_warnings import Hints, hints_for
from petition.web.signing.forms import SignForm
from petition.web.signing.plain_requests import OUTCOME
from petition.web.signing.questions import on_page, with_questions

public = Blueprint("public", __name__)


@public.get("/")
@access(PUBLIC)
def index() -> BaseResponse:
    """The open campaigns; with one only, a redirect to it."""
    slugs = deps().campaign_cache.open_slugs()
    if len(slugs) == 1:
        return _to_language(slugs[0])
    return _list(i18n.negotiate(request.headers.get("Accept-Language", ""), i18n.codes()))


@public.get("/<lang:code>")
@access(PUBLIC)
def index_in(code: str) -> BaseResponse:
    """The open campaigns in this language; with one only, a redirect to it."""
    slugs = deps().campaign_cache.open_slugs()
    if len(slugs) == 1:
        spoken = deps().campaign_cache.languages(slugs[0])
        best = code if code in spoken else spoken[0]
        return redirect(f"/{best}/{slugs[0]}{query()}", 308)
    return _list(code)


def _list(code: str) -> Response:
    set_locale(code)
    slugs = deps().campaign_cache.open_slugs()
    return make_response(page("public/index.html", calls=[_listed(slug, code) for slug in slugs]))


def _listed(slug: str, code: str) -> tuple[str, str, str, str]:
    languages = deps().campaign_cache.languages(slug)
    best = code if code in languages else languages[0]
    call = deps().campaign_cache.shown(slug, best).view.call
    return call.title, call.ask, f"/{best}/{slug}", best


@public.get("/<slug:slug>")
@access(PUBLIC)
def choose_language(slug: str) -> BaseResponse:
    """To the call in the reader's language."""
    return _to_language(slug)


def _to_language(slug: str) -> BaseResponse:
    languages = deps().campaign_cache.languages(slug)
    best = i18n.negotiate(request.headers.get("Accept-Language", ""), languages)
    response = redirect(f"/{best}/{slug}{query()}")
    response.headers["Vary"] = "Accept-Language"
    return response


@public.get("/<lang:code>/<slug:slug>")
@access(PUBLIC)
def campaign(code: str, slug: str) -> Response:
    """The call with its form."""
    shown = shown_call(code, slug)
    tags = _tags()
    if not is_ours(tags):
        return uncached(_campaign_page(shown, _blank_form(shown.view, tags)))
    return shared(
        (slug, code, "", tags["source"]),
        lambda: _campaign_page(shown, _blank_form(shown.view, tags)),
    )


@public.post("/<lang:code>/<slug:slug>/sign")
@access(PUBLIC, forms=OWN_PAGES)
def sign(code: str, slug: str) -> BaseResponse:
    """Keep a signature. New or known, the answer is the same."""
    shown = shown_call(code, slug)
    if not shown.view.is_open(deps().now()):
        return redirect(f"/{code}/{slug}", 303)
    view = view_of(request.form.get("ticket", ""), shown.view)
    form = _sent(view or shown.view)
    hints = hints_for(form, at_risk=shown.view.presentation.at_risk)
    keep_form(lambda words: _form_later(shown, form, hints, words))
    over = too_much()
    if over is not None:
        return _later(shown, form, hints, over.retry_after)
    if form.errors or hints.questions or view is None:
        return _ask_again(shown, form, hints, ticket_old=view is None)
    try:
        outcome = request.environ.get(OUTCOME)
        if outcome is not None:  # the form was tried, and not kept, before Flask was asked
            raise outcome
        _sign(view, form)
    except CampaignClosed:
        deps().campaign_cache.clear()
        return redirect(f"/{code}/{slug}", 303)
    except TooManyForms as refused:
        return _later(shown, form, hints, retry_after(refused.until, at=deps().now()))
    # As redirect() would, but for its page with a link: nobody sees that, and it takes a while.
    return Response(status=303, headers={"Location": f"/{code}/{slug}/thanks"})


def _sent(view: CampaignView) -> SignForm:
    """The form that came in, looked at; it asked what stood in those words of the call."""
    form = _form_of(view)()
    form.fields = view.call.fields
    form.target_domains = deps().campaign_cache.target_domains(view.slug)
    form.validate()
    return form


def _sign(view: CampaignView, form: SignForm) -> None:
    assert form.address is not None
    signing.sign(
        deps().group_commit,
        deps().vault,
        deps().campaign_cache.providers(),
        view,
        Sign(
            person=form.person(),
            local_part=form.address.local_part,
            domain=form.address.ascii_domain,
            country=form.text("country"),
            answers=form.answers(),
            source=Source(
                source=form.tag("source"),
                utm_source=form.tag("utm_source"),
                utm_medium=form.tag("utm_medium"),
                utm_campaign=form.tag("utm_campaign"),
            ),
            way=consent.WEB,
        ),
        sender=current_sender(),
        at=deps().now(),
    )


def _ask_again(
    shown: CachedCampaign, form: SignForm, hints: Hints, *, ticket_old: bool
) -> Response:
    """The form once more, with what was typed, a fresh ticket, and what is wrong or doubtful."""
    errors = form.problems(name for name, question in on_page(shown.view.call.consents))
    if ticket_old and not errors:
        errors = [
            ("sign-button", _("The form was open for too long. Please check it and send it again."))
        ]
    form.carried |= {"ticket": ticket(shown.view), "noticed": hints.noticed}
    return uncached(_campaign_page(shown, form, errors, hints), 422)


def _later(shown: CachedCampaign, form: SignForm, hints: Hints, seconds: int) -> Response:
    return too_many(_form_later(shown, form, hints, wait_words(seconds)), seconds)


def _form_later(shown: CachedCampaign, form: SignForm, hints: Hints, wait: str) -> str:
    """The form once more, with what was typed and a fresh ticket, and when to send it again."""
    form.carried |= {"ticket": ticket(shown.view), "noticed": hints.noticed}
    return _campaign_page(shown, form, [("sign-button", wait)], wait=wait)


def _blank_form(view: CampaignView, tags: dict[str, str]) -> SignForm:
    return _form_of(view)(carried={**tags, "ticket": ticket(view)})


def _form_of(view: CampaignView) -> type[SignForm]:
    """The form with the questions of those words of the call."""
    return with_questions(SignForm, tuple(view.call.consents.values()))


def _tags() -> dict[str, str]:
    found = tags_in(request.args.items(multi=True))
    return {name: found.get(name, "") for name in TAGS}


def _tags_of(form: SignForm) -> dict[str, str]:
    found = {name: form.tag(name) for name in TAGS}
    return {name: tag for name, tag in found.items() if tag}


def _campaign_page(
    shown: CachedCampaign,
    form: SignForm,
    errors: Sequence[tuple[str, str]] = (),
    hints: Hints = Hints(),  # noqa: B008  # it is frozen
    wait: str = "",
) -> str:
    view = shown.view
    return page(
        "public/campaign.html",
        form=form,
        errors=errors,
        hints=hints,
        wait=wait,
        countries=(("", ""), *language().countries()),
        linked_data=linked_data(shown),
        **counted(shown),
        **page_context(view, tags=_tags_of(form)),
    )


@public.get("/<lang:code>/<slug:slug>/thanks")
@access(PUBLIC)
def thanks(code: str, slug: str) -> Response:
    """Check your mail. The same page for everybody."""
    return plain_page(code, slug, "thanks")


@public.get("/<lang:code>/<slug:slug>/confirmed")
@access(PUBLIC)
def confirmed(code: str, slug: str) -> Response:
    """Where the confirming click ends. The same page for everybody."""
    return plain_page(code, slug, "confirmed")


@public.get("/<lang:code>/<slug:slug>/privacy")
@access(PUBLIC)
def privacy(code: str, slug: str) -> Response:
    """What is held, why, for how long, how much of it there is, and when it goes."""
    shown = shown_call(code, slug)
    return shared((slug, code, "privacy"), lambda: _privacy_page(shown))


def _privacy_page(shown: CachedCampaign) -> str:
    with reading() as session:
        clock = retention.shown(session, shown.view.id)
    return page("public/privacy.html", clock=clock, **page_context(shown.view, "/privacy"))
