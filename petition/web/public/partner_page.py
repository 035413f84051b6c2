"""A partner's own page, for who holds its link: what it pastes, whether its key works, its numbers.

It shows no personal data, and no number that tells of fewer than ten people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain.partners.section import MOST_SECTIONS, SectionExists, TooManySections
from petition.errors import NotFound
from petition.services.counts import partner_figures
from petition.services.partners import sections as services_sections
from petition.services.partners.snippets import section_link, snippets
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.partners import page_links, partners, sections
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import LINK, OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language, set_locale
from petition.web.http.security import PREVIEW_SANDBOX, may_frame_ours
from petition.web.public.campaign_page import link_page
from petition.web.public.forms import SectionForm
from petition.web.public.link_tokens import lang_query
from petition.web.signing.fields import text_of

partner_page = Blueprint("partner_page", __name__)


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """The partner whose link it is."""

    partner: PartnerRecord
    expires_at: datetime


@partner_page.get("/partner/<secret:token>")
@access(LINK)
def show(token: str) -> Response:
    """The page. A link that was revoked or is over is none, and neither costs more nor less."""
    return _page(token, SectionForm(formdata=None), 200)


@partner_page.post("/partner/<secret:token>/sections")
@access(LINK, forms=OWN_PAGES)
def add_section(token: str) -> BaseResponse:
    """A branch with a link of its own."""
    with reading() as session:
        opened = _open(session, token)
    if not opened.partner.is_live:
        raise NotFound
    form = SectionForm()
    if not form.validate():
        return _page(token, form, 422)
    try:
        with transaction() as session:
            services_sections.add(
                session,
                opened.partner,
                text_of(form.name),
                by=services_sections.OWN,
                at=deps().now(),
            )
    except SectionExists:
        form.name.errors = [section_exists()]
        return _page(token, form, 422)
    except TooManySections:
        form.name.errors = [too_many_sections()]
        return _page(token, form, 422)
    deps().campaign_cache.clear()
    return redirect(f"/partner/{token}{lang_query('?lang=')}#sections", 303)


def section_exists() -> str:
    return _("There is a section of this name already.")


def too_many_sections() -> str:
    number = language().number(MOST_SECTIONS)
    return _("There are %(number)s sections, and no more can be added.", number=number)


def _open(session: Session, token: str) -> _Opened:
    """Raises NotFound: for what was never a link, and for one that is none any more."""
    found = page_links.opened(session, token, at=deps().now())
    if found is None:
        raise NotFound
    key, expires_at = found
    partner = partners.by_key(session, key)
    if partner is None:
        raise NotFound
    return _Opened(partner=partner, expires_at=expires_at)


def _page(token: str, form: SectionForm, status: int) -> Response:
    with reading() as session:
        opened = _open(session, token)
        of = opened.partner
        record = campaigns.by_slug(session, of.campaign)
        spoken = campaigns.languages(session, record.id)
        figures = partner_figures.of_partner(session, record.id, of.key)
        named = sections.of_partner(session, of.key)
        code = _form_language(spoken)
        call = campaigns.view(session, of.campaign, code).call
    base_url = deps().settings.base_url
    may_frame_ours()
    errors = [("name", str(form.name.errors[0]))] if form.name.errors else []
    return link_page(
        "public/partner.html",
        None,
        status,
        token=token,
        partner=of,
        expires_at=opened.expires_at,
        title=call.title,
        ask=call.ask,
        preview_sandbox=PREVIEW_SANDBOX,
        spoken=spoken,
        chosen=code,
        query=lang_query("lang="),
        snippets=snippets(base_url, of, language=code, words=call.ask),
        figures=figures,
        sections=named,
        links={each.source: section_link(base_url, of.campaign, each.source) for each in named},
        form=form,
        errors=errors,
    )


def _form_language(spoken: tuple[str, ...]) -> str:
    """The language of the lines to paste: the one that was chosen for them, or the reader's."""
    chosen = request.args.get("lang", "")
    if chosen in i18n.codes():
        set_locale(chosen)
    asked = request.args.get("form", language().code)
    return asked if asked in spoken else spoken[0]
