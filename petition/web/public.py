"""The public pages: the call, signing it, and what comes after."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain import consent
from petition.domain.campaign import CampaignView
from petition.domain.source import Source, is_ours
from petition.domain.supporter import Person
from petition.errors import CampaignClosed
from petition.services import retaining, signing
from petition.services.signing import Sign
from petition.store.db import reading
from petition.web.access import PUBLIC, access
from petition.web.calls import Shown
from petition.web.counted import counted
from petition.web.errors import error_page
from petition.web.finding import linked_data
from petition.web.forms import SignForm
from petition.web.frame import frame, plain_page, shown_call, uncached
from petition.web.hinting import Hints, hints_for
from petition.web.house import _, house, language, page, speak
from petition.web.pages import shared
from petition.web.security import from_elsewhere
from petition.web.tickets import ticket, view_of

public = Blueprint("public", __name__)

FIELDS = (
    "given_name",
    "family_name",
    "email",
    "country",
    "postcode",
    "comment",
    "visibility",
    "updates",
    "agree",
    "website",
)
"""In the order of the page, which is that of the messages."""
TAGS = ("source", "utm_source", "utm_medium", "utm_campaign")
TAG_LENGTH = 64


@public.get("/")
@access(PUBLIC)
def index() -> BaseResponse:
    """The open campaigns; with one only, a redirect to it."""
    slugs = house().calls.open_slugs()
    if len(slugs) == 1:
        return _to_language(slugs[0])
    code = i18n.negotiate(request.headers.get("Accept-Language", ""), i18n.codes())
    speak(code)
    return make_response(page("public/index.html", calls=[_listed(slug, code) for slug in slugs]))


def _listed(slug: str, code: str) -> tuple[str, str, str]:
    languages = house().calls.languages(slug)
    best = code if code in languages else languages[0]
    call = house().calls.shown(slug, best).view.call
    return call.title, call.ask, f"/{best}/{slug}"


@public.get("/<slug:slug>")
@access(PUBLIC)
def choose_language(slug: str) -> BaseResponse:
    """To the call in the reader's language."""
    return _to_language(slug)


def _to_language(slug: str) -> BaseResponse:
    languages = house().calls.languages(slug)
    best = i18n.negotiate(request.headers.get("Accept-Language", ""), languages)
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    response = redirect(f"/{best}/{slug}{query}")
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
@access(PUBLIC)
def sign(code: str, slug: str) -> BaseResponse:
    """Keep a signature. New or known, the answer is the same."""
    shown = shown_call(code, slug)
    if from_elsewhere(house().settings.base_url):
        return error_page(403)
    if not shown.view.is_open(house().now()):
        return redirect(f"/{code}/{slug}", 303)
    form = _sent(slug)
    hints = hints_for(form)
    view = view_of(form.ticket.data or "", shown.view)
    if form.errors or hints or view is None:
        return _ask_again(shown, form, hints, ticket_old=view is None)
    try:
        _sign(view, form)
    except CampaignClosed:
        house().calls.forget()
        return redirect(f"/{code}/{slug}", 303)
    return redirect(f"/{code}/{slug}/thanks", 303)


def _sent(slug: str) -> SignForm:
    """The form that came in, looked at."""
    form = SignForm()
    form.target_domains = house().calls.target_domains(slug)
    form.validate()
    return form


def _sign(view: CampaignView, form: SignForm) -> None:
    assert form.address is not None
    signing.sign(
        house().intake,
        house().vault,
        house().calls.providers(),
        view,
        Sign(
            person=Person(
                given_name=form.text("given_name"),
                family_name=form.text("family_name"),
                email=form.address.normalized,
                postcode=form.text("postcode").upper(),
                comment=form.text("comment"),
            ),
            local_part=form.address.local_part,
            domain=form.address.ascii_domain,
            country=form.text("country"),
            updates=form.text("updates"),
            visibility=form.text("visibility"),
            source=Source(
                source=form.tag("source"),
                utm_source=form.tag("utm_source"),
                utm_medium=form.tag("utm_medium"),
                utm_campaign=form.tag("utm_campaign"),
            ),
            way=consent.WEB,
        ),
        at=house().now(),
    )


def _ask_again(shown: Shown, form: SignForm, hints: Hints, *, ticket_old: bool) -> Response:
    """The form once more, with what was typed, a fresh ticket, and what is wrong or doubtful."""
    errors = [(name, str(form[name].errors[0])) for name in FIELDS if form[name].errors]
    if ticket_old and not errors:
        errors = [
            ("sign-button", _("The form was open for long. Please check it and send it again."))
        ]
    form.ticket.data = ticket(shown.view)
    form.noticed.data = hints.noticed
    return uncached(_campaign_page(shown, form, errors, hints), 422)


def _blank_form(view: CampaignView, tags: dict[str, str]) -> SignForm:
    return SignForm(data={**tags, "ticket": ticket(view)})


def _tags() -> dict[str, str]:
    return {name: request.args.get(name, "")[:TAG_LENGTH] for name in TAGS}


def _tags_of(form: SignForm) -> dict[str, str]:
    return {name: form.text(name)[:TAG_LENGTH] for name in TAGS if form.text(name)}


def _campaign_page(
    shown: Shown,
    form: SignForm,
    errors: Sequence[tuple[str, str]] = (),
    hints: Hints = Hints(),  # noqa: B008  # it is frozen
) -> str:
    view = shown.view
    return page(
        "public/campaign.html",
        form=form,
        errors=errors,
        hints=hints,
        countries=(("", ""), *language().countries()),
        linked_data=linked_data(shown),
        **counted(shown),
        **frame(view, tags=_tags_of(form)),
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


def _privacy_page(shown: Shown) -> str:
    with reading() as session:
        clock = retaining.shown(session, shown.view.id)
    return page("public/privacy.html", clock=clock, **frame(shown.view, "/privacy"))
