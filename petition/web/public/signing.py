"""The public pages: the call, signing it, and what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.signatures.source import TAGS, is_ours
from petition.services.partners import oembed
from petition.services.partners.snippets import page_of
from petition.services.privacy import retention
from petition.store.db import reading
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import OWN_PAGES, PUBLIC, access
from petition.web.http.cached_response import shared, uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import set_locale
from petition.web.http.rendering import page
from petition.web.http.url_converters import query
from petition.web.public.campaign_page import page_context, plain_page, shown_call
from petition.web.public.crawlers import linked_data
from petition.web.public.progress import counted
from petition.web.signing.form_requests import (
    NO_HINTS,
    FormPage,
    answer_form,
    tags_of_request,
)
from petition.web.signing.form_tickets import (
    link_ticket,
    partner_of_link,
    ticket,
    view_of,
    view_of_link,
)
from petition.web.signing.form_warnings import Hints
from petition.web.signing.forms import SignForm

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
    form_page = _page(
        shown, deps().campaign_cache.live_partner(slug, request.args.get("partner", ""))
    )
    tags = tags_of_request()
    if not is_ours(tags):
        return uncached(form_page.drawn_blank())
    return shared((slug, code, "", tags["source"], form_page.of), form_page.drawn_blank)


@public.post("/<lang:code>/<slug:slug>/sign")
@access(PUBLIC, forms=OWN_PAGES)
def sign(code: str, slug: str) -> BaseResponse:
    """Keep a signature. New or known, the answer is the same."""
    shown = shown_call(code, slug)
    of = deps().campaign_cache.live_partner(slug, partner_of_link(request.form.get("ticket", "")))
    return answer_form(_page(shown, of))


def _page(shown: CachedCampaign, of: PartnerRecord | None) -> _CampaignPage:
    """The form, with the partner's own question where its link led here."""
    return _CampaignPage(shown=shown if of is None else shown.asking(of), of=of)


@dataclass(frozen=True, kw_only=True)
class _CampaignPage(FormPage):
    """The form on the call's own page."""

    of: PartnerRecord | None
    """The partner whose link led here."""

    @property
    def address(self) -> str:
        return f"/{self.shown.view.language}/{self.shown.view.slug}"

    @property
    def thanks_address(self) -> str:
        return f"{self.address}/thanks"

    @property
    def partner(self) -> str | None:
        return self.of.key if self.of is not None else None

    def ticket(self) -> str:
        view = self.shown.view
        return ticket(view) if self.of is None else link_ticket(view, self.of.key)

    def view_of(self, ticket: str) -> CampaignView | None:
        view = self.shown.view
        if self.of is None:
            return view_of(ticket, view)
        return view_of_link(ticket, view, self.of)

    def draw(
        self,
        form: SignForm,
        errors: Sequence[tuple[str, str]] = (),
        hints: Hints = NO_HINTS,
        wait: str = "",
    ) -> str:
        return page(
            "public/campaign.html",
            form=form,
            errors=errors,
            hints=hints,
            wait=wait,
            linked_data=linked_data(self.shown),
            **counted(self.shown),
            **page_context(self.shown.view, tags=self._carried(form)),
            oembed=self._oembed(),
        )

    def _oembed(self) -> tuple[tuple[str, str], ...]:
        base_url, view = deps().settings.base_url, self.shown.view
        page = f"{base_url}{self.address}"
        if self.of is not None:
            page = page_of(base_url, self.of, view.language)
        return oembed.discovery(base_url, page)

    def _carried(self, form: SignForm) -> dict[str, str]:
        """What a link to this page in another language carries on."""
        by = {"partner": self.partner} if self.partner else {}
        return by | _tags_of(form)


def _tags_of(form: SignForm) -> dict[str, str]:
    found = {name: form.tag(name) for name in TAGS}
    return {name: tag for name, tag in found.items() if tag}


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
    return page(
        "public/privacy.html",
        clock=clock,
        message_days=deps().settings.message_days,
        **page_context(shown.view, "/privacy"),
    )
