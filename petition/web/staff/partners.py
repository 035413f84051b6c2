"""The console's pages of partners: who shows the form on their own site, and what they paste."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.partners import partners as services_partners
from petition.services.partners.partners import NewPartner
from petition.services.partners.snippets import snippets
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.partners import partners as store_partners
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
from petition.web.staff.auth import has_permission
from petition.web.staff.forms import ButtonForm, PartnerForm
from petition.web.staff.layout import console_page

partners = Blueprint("partners", __name__, url_prefix="/staff/campaigns/<slug:slug>/partners")


@partners.get("")
@access(Right.NUMBERS)
def listed(slug: str) -> Response:
    """All partners of the campaign, and a form to make one."""
    return _page(slug, PartnerForm(), 200)


@partners.post("")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def add(slug: str) -> BaseResponse:
    """Make a partner: its key lets its sites show the form."""
    form = PartnerForm()
    if not form.validate():
        return _page(slug, form, 422)
    command = NewPartner(campaign=slug, name=form.name.data or "", sites=tuple(form.typed_sites()))
    with transaction() as session:
        key = services_partners.add(session, command, by=g.staff.email, at=deps().now())
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/partners/{key}", 303)


@partners.get("/<key>")
@access(Right.NUMBERS)
def partner(slug: str, key: str) -> Response:
    """One partner, and what it pastes."""
    with reading() as session:
        record = campaigns.by_slug(session, slug)
        found = store_partners.of_campaign(session, slug).get(key)
        if found is None:
            raise NotFound
        spoken = campaigns.languages(session, record.id)
        asked = request.args.get("lang", language().code)
        code = asked if asked in spoken else spoken[0]
        words = campaigns.view(session, slug, code).call.ask
        body = console_page(
            "staff/partner.html",
            slug=slug,
            partner=found,
            spoken=spoken,
            chosen=code,
            snippets=snippets(deps().settings.base_url, found, language=code, words=words),
            form=ButtonForm(),
            may_edit=has_permission(Right.EDIT),
        )
    return make_response(body)


@partners.post("/<key>/block")
@access(Right.EDIT, forms=OWN_PAGES)
def block(slug: str, key: str) -> BaseResponse:
    """No form of this partner is shown or taken any more."""
    if not ButtonForm().validate():
        return partner(slug, key)
    with transaction() as session:
        services_partners.block(session, key, campaign=slug, by=g.staff.email, at=deps().now())
    return _to(slug, key)


@partners.post("/<key>/lift")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def lift(slug: str, key: str) -> BaseResponse:
    """The partner goes on as before."""
    if not ButtonForm().validate():
        return partner(slug, key)
    with transaction() as session:
        services_partners.lift(session, key, campaign=slug, by=g.staff.email, at=deps().now())
    return _to(slug, key)


def _to(slug: str, key: str) -> BaseResponse:
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/partners/{key}", 303)


def _page(slug: str, form: PartnerForm, status: int) -> Response:
    with reading() as session:
        body = console_page(
            "staff/partners.html",
            slug=slug,
            partners=store_partners.of_campaign(session, slug).values(),
            form=form,
            may_edit=has_permission(Right.EDIT),
        )
    return make_response(body, status)
