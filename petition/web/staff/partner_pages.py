"""The console's page about a partner's own page: its link, and the sections that stand on it."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.counts import small_cells
from petition.domain.partners.page_link import MOST_DAYS
from petition.domain.partners.section import MOST_SECTIONS, SectionExists, TooManySections
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.partners import page_links as services_links, sections as services_sections
from petition.services.partners.snippets import section_link
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import Session, reading, transaction
from petition.store.partners import page_links, partners as store_partners, sections
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.signing.fields import text_of
from petition.web.staff.auth import has_permission
from petition.web.staff.forms import ButtonForm, PageLinkForm, StaffSectionForm
from petition.web.staff.layout import console_page

partner_pages = Blueprint(
    "partner_pages", __name__, url_prefix="/staff/campaigns/<slug:slug>/partners/<key>/page"
)


@partner_pages.get("")
@access(Right.NUMBERS)
def show(slug: str, key: str) -> Response:
    """Whether there is a link, and the sections with their numbers."""
    return _page(slug, key, PageLinkForm(), StaffSectionForm(), 200)


@partner_pages.post("/link")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def make_link(slug: str, key: str) -> Response:
    """A new link, shown once: whoever made it hands it over."""
    form = PageLinkForm()
    if not form.validate():
        return _page(slug, key, form, StaffSectionForm(formdata=None), 422)
    days, at = form.typed_days(), deps().now()
    with transaction() as session:
        token = services_links.make(session, key, campaign=slug, days=days, by=g.staff.email, at=at)
    with reading() as session:
        body = console_page(
            "staff/partner_link_made.html",
            slug=slug,
            partner=_partner(session, slug, key),
            link=f"{deps().settings.base_url}/partner/{token}",
            days=days,
        )
    return make_response(body)


@partner_pages.post("/revoke")
@access(Right.EDIT, forms=OWN_PAGES)
def revoke_link(slug: str, key: str) -> BaseResponse:
    """The link opens nothing from now on."""
    if not ButtonForm().validate():
        return show(slug, key)
    with transaction() as session:
        services_links.revoke(session, key, campaign=slug, by=g.staff.email, at=deps().now())
    return _to(slug, key)


@partner_pages.post("/sections")
@access(Right.EDIT, forms=OWN_PAGES)
def add_section(slug: str, key: str) -> BaseResponse:
    """A branch with a link of its own."""
    form = StaffSectionForm()
    if form.validate():
        try:
            with transaction() as session:
                of = _partner(session, slug, key)
                name, by = text_of(form.name), g.staff.email
                services_sections.add(session, of, name, by=by, at=deps().now())
            return _to(slug, key)
        except SectionExists:
            form.name.errors = [_("There is a section of this name already.")]
        except TooManySections:
            number = language().number(MOST_SECTIONS)
            words = _("There are %(number)s sections, and no more can be added.", number=number)
            form.name.errors = [words]
    return _page(slug, key, PageLinkForm(formdata=None), form, 422)


@partner_pages.post("/sections/<source>/remove")
@access(Right.EDIT, forms=OWN_PAGES)
def remove_section(slug: str, key: str, source: str) -> BaseResponse:
    """Its name and QR code go; what it brought stays, and counts."""
    if not ButtonForm().validate():
        return show(slug, key)
    with transaction() as session:
        of = _partner(session, slug, key)
        services_sections.remove(session, of, source, by=g.staff.email, at=deps().now())
    return _to(slug, key)


def _to(slug: str, key: str) -> BaseResponse:
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/partners/{key}/page", 303)


def _partner(session: Session, slug: str, key: str) -> PartnerRecord:
    """Raises NotFound, also for another campaign's."""
    found = store_partners.by_key(session, key)
    if found is None or found.campaign != slug:
        raise NotFound
    return found


def _page(
    slug: str, key: str, form: PageLinkForm, section_form: StaffSectionForm, status: int
) -> Response:
    with reading() as session:
        partner = _partner(session, slug, key)
        record = campaigns.by_slug(session, slug)
        spoken = campaigns.languages(session, record.id)
        named = sections.of_partner(session, key)
        counted = totals.by(session, record.id, "source")
        in_tens = not has_permission(Right.PERSONAL_DATA)
        code = language().code
        body = console_page(
            "staff/partner_page.html",
            slug=slug,
            partner=partner,
            link=page_links.of_partner(session, key, at=deps().now()),
            most_days=MOST_DAYS,
            sections=named,
            numbers=dict(small_cells.in_tens(counted) if in_tens else counted),
            in_tens=in_tens,
            links={s.source: section_link(deps().settings.base_url, slug, s.source) for s in named},
            qr_language=code if code in spoken else spoken[0],
            form=form,
            section_form=section_form,
            button=ButtonForm(formdata=None),
            may_edit=has_permission(Right.EDIT),
        )
    return make_response(body, status)
