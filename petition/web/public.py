"""The public pages: the call, signing it, and confirming by the link from a letter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n, rendering
from petition.domain import consent, tokens
from petition.domain.campaign import CampaignView
from petition.domain.source import Source
from petition.domain.supporter import Person
from petition.errors import CampaignClosed, NotFound, TokenExpired, TokenRefused
from petition.services import signing
from petition.services.signing import Sign
from petition.store.db import reading, transaction
from petition.store.signatures import Found
from petition.web.access import LINK, PUBLIC, access
from petition.web.calls import Shown
from petition.web.errors import error_page
from petition.web.forms import SignForm
from petition.web.house import _, house, language, page, speak
from petition.web.pages import shared
from petition.web.security import from_elsewhere

public = Blueprint("public", __name__)

FIELDS = (
    "given_name",
    "family_name",
    "email",
    "country",
    "postcode",
    "comment",
    "agree",
    "updates",
    "visibility",
    "website",
)


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
    shown = _shown(code, slug)
    tags = _tags()
    if any(tags.values()):
        return _uncached(_campaign_page(shown, _blank_form(shown.view, tags)))
    return shared((slug, code), lambda: _campaign_page(shown, _blank_form(shown.view, tags)))


def _uncached(body: str, status: int = 200) -> Response:
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


@public.post("/<lang:code>/<slug:slug>/sign")
@access(PUBLIC)
def sign(code: str, slug: str) -> BaseResponse:
    """Keep a signature. New or known, the answer is the same."""
    shown = _shown(code, slug)
    if from_elsewhere(house().settings.base_url):
        return error_page(403)
    form = SignForm()
    valid = form.validate()
    view = _view_of_ticket(form.ticket.data or "", shown.view)
    if not valid or view is None:
        return _ask_again(shown, form, ticket_old=view is None)
    try:
        _sign(view, form)
    except CampaignClosed:
        house().calls.forget()
        return redirect(f"/{code}/{slug}", 303)
    return redirect(f"/{code}/{slug}/thanks", 303)


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


def _view_of_ticket(ticket: str, shown: CampaignView) -> CampaignView | None:
    """The call in the words that this form showed; None when the ticket is old or not ours."""
    try:
        text_id = house().tokens.read(tokens.TICKET, ticket, at=house().now())
        view = house().calls.of_text(int(text_id))
    except (TokenRefused, TokenExpired, NotFound, ValueError):
        return None
    return view if (view.id, view.language) == (shown.id, shown.language) else None


def _ask_again(shown: Shown, form: SignForm, *, ticket_old: bool) -> Response:
    """The form once more, with what was typed, a fresh ticket, and what is wrong."""
    errors = [(name, str(form[name].errors[0])) for name in FIELDS if form[name].errors]
    if ticket_old and not errors:
        errors = [
            ("sign-button", _("The form was open for long. Please check it and send it again."))
        ]
    form.ticket.data = _ticket(shown.view)
    return _uncached(_campaign_page(shown, form, errors), 422)


def _blank_form(view: CampaignView, tags: dict[str, str]) -> SignForm:
    return SignForm(data={**tags, "ticket": _ticket(view)})


def _tags() -> dict[str, str]:
    names = ("source", "utm_source", "utm_medium", "utm_campaign")
    return {name: request.args.get(name, "")[:64] for name in names}


def _ticket(view: CampaignView) -> str:
    """Dated in steps of ten minutes, so that a cached page stays the same for a while."""
    now = house().now()
    step = datetime.fromtimestamp(int(now.timestamp()) // 600 * 600, UTC)
    expires = step + timedelta(minutes=10) + tokens.TICKET_LIFE
    return house().tokens.sign(tokens.TICKET, str(view.text_id), expires=expires)


def _shown(code: str, slug: str) -> Shown:
    """The call in the language of the address; raises NotFound."""
    shown = house().calls.shown(slug, code)
    speak(code)
    return shown


def _campaign_page(
    shown: Shown, form: SignForm, errors: list[tuple[str, str]] | None = None
) -> str:
    view = shown.view
    return page(
        "public/campaign.html",
        form=form,
        errors=errors or [],
        countries=(("", ""), *language().countries()),
        count=shown.count,
        count_as_of=shown.folded_at or house().now(),
        **_frame(view),
    )


def _frame(view: CampaignView) -> dict[str, Any]:
    """What every page of a call needs."""
    base = house().settings.base_url
    here = f"/{view.language}/{view.slug}"
    call = house().calls.keep(("call", view.text_id, view.state), lambda: _call(view))
    return {
        "call": call,
        "alternates": [(code, f"/{code}/{view.slug}") for code in view.languages],
        "canonical": f"{base}{here}",
        "campaign_url": here,
        "sign_url": f"{here}/sign",
        "privacy_url": f"{here}/privacy",
        "share_url": f"{base}/{view.slug}",
    }


def _call(view: CampaignView) -> dict[str, Any]:
    return {
        "slug": view.slug,
        "title": view.call.title,
        "ask": view.call.ask,
        "summary": view.call.summary,
        "asks": view.call.asks,
        "addressed_to": view.call.addressed_to,
        "share_text": view.call.share_text,
        "references": view.call.references,
        "story_html": rendering.story(view.call.story),
        "targets": [target.name for target in view.targets],
        "goal": view.goal,
        "is_open": view.is_open(house().now()),
        "languages": view.languages,
        "consents": view.call.consents,
    }


@public.get("/<lang:code>/<slug:slug>/thanks")
@access(PUBLIC)
def thanks(code: str, slug: str) -> Response:
    """Check your mail. The same page for everybody."""
    return _plain_page(code, slug, "thanks")


@public.get("/<lang:code>/<slug:slug>/confirmed")
@access(PUBLIC)
def confirmed(code: str, slug: str) -> Response:
    """Where the confirming click ends. The same page for everybody."""
    return _plain_page(code, slug, "confirmed")


@public.get("/<lang:code>/<slug:slug>/privacy")
@access(PUBLIC)
def privacy(code: str, slug: str) -> Response:
    """What is held, why, for how long."""
    return _plain_page(code, slug, "privacy")


def _plain_page(code: str, slug: str, name: str) -> Response:
    shown = _shown(code, slug)
    response = shared((slug, code, name), lambda: page(f"public/{name}.html", **_frame(shown.view)))
    if name != "privacy":
        response.headers["X-Robots-Tag"] = "noindex"
    return response


@public.get("/confirm/<token>")
@access(LINK)
def show_confirm(token: str) -> Response:
    """A button, for people and for mail scanners alike. Changes nothing."""
    entry_id = _entry_of(token)
    if isinstance(entry_id, Response):
        return entry_id
    with reading() as session:
        found = signing.find(session, entry_id)
    if found is None:
        return _link_page("public/confirm_invalid.html", None, 404)
    return _link_page(
        "public/confirm.html",
        found,
        token=token,
        visibility=found.visibility,
        updates=found.updates,
    )


@public.post("/confirm/<token>")
@access(LINK)
def confirm(token: str) -> BaseResponse:
    """Confirm, once or ten times the same."""
    entry_id = _entry_of(token)
    if isinstance(entry_id, Response):
        return entry_id
    with transaction() as session:
        found = signing.confirm(session, entry_id, at=house().now())
    if found is None:
        return _link_page("public/confirm_invalid.html", None, 404)
    return redirect(f"/{found.language}/{found.slug}/confirmed", 303)


def _entry_of(token: str) -> int | Response:
    """The entry that the link names, or the page that says what is wrong with the link."""
    try:
        return int(house().tokens.read(tokens.CONFIRM, token, at=house().now()))
    except TokenExpired:
        return _link_page("public/confirm_expired.html", None, 410)
    except (TokenRefused, ValueError):
        return _link_page("public/confirm_invalid.html", None, 404)


def _link_page(template: str, found: Found | None, status: int = 200, **context: Any) -> Response:
    """A page behind a letter's link, in the signature's language where it is known."""
    if found is not None:
        # The words that were agreed to, which may not be the newest ones.
        speak(found.language)
        frame = _frame(house().calls.of_text(found.text_id))
    else:
        code = i18n.negotiate(request.headers.get("Accept-Language", ""), i18n.codes())
        speak(code)
        frame = {"campaign_url": "/"}
    return make_response(page(template, **frame, **context), status)
