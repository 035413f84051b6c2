"""The console's page of the target's own mail domains."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import Right
from petition.services.campaigns import target_domains as services_target_domains
from petition.store.campaigns import campaigns, target_domains as store_target_domains
from petition.store.db import Session, reading, transaction
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.staff.auth import has_permission
from petition.web.staff.edit_conflicts import EditConflict
from petition.web.staff.forms import DomainForm, OffForm
from petition.web.staff.layout import console_page

domains = Blueprint("domains", __name__, url_prefix="/staff/campaigns/<slug:slug>/domains")


@domains.get("")
@access(Right.NUMBERS)
def listed(slug: str) -> Response:
    """What the list does, and what stands on it."""
    return _page(slug, DomainForm(), 200)


@domains.post("")
@access(Right.EDIT, forms=OWN_PAGES)
def add(slug: str) -> BaseResponse:
    """From now on no address of that domain is taken."""
    form = DomainForm()
    if not form.validate():
        return _page(slug, form, 422)
    with transaction() as session:
        conflict = _conflict(session, slug, form)
        if conflict is None:
            services_target_domains.add_domain(
                session, slug, form.domain.data or "", by=g.staff.email, at=deps().now()
            )
    return _to_the_list(slug) if conflict is None else _page(slug, form, 409, conflict)


@domains.post("/remove")
@access(Right.EDIT, forms=OWN_PAGES)
def remove(slug: str) -> BaseResponse:
    """From now on addresses of that domain are taken again."""
    form = OffForm()
    if not form.validate():
        return _page(slug, DomainForm(formdata=None), 422)
    with transaction() as session:
        conflict = _conflict(session, slug, form)
        if conflict is None:
            services_target_domains.remove_domain(
                session, slug, form.domain.data or "", by=g.staff.email, at=deps().now()
            )
    if conflict is not None:
        return _page(slug, DomainForm(formdata=None), 409, conflict)
    return _to_the_list(slug)


def _conflict(session: Session, slug: str, form: OffForm) -> EditConflict | None:
    """What of the list somebody else changed since this one's page was opened."""
    campaign_id = campaigns.by_slug(session, slug).id
    return form.conflict(store_target_domains.patterns(session, campaign_id))


def _to_the_list(slug: str) -> BaseResponse:
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/domains", 303)


def _page(
    slug: str, form: DomainForm, status: int, conflict: EditConflict | None = None
) -> Response:
    with reading() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        body = console_page(
            "staff/domains.html",
            slug=slug,
            patterns=store_target_domains.patterns(session, campaign_id),
            taken_off=store_target_domains.taken_off(session, campaign_id),
            form=form,
            conflict=conflict,
            may_edit=has_permission(Right.EDIT),
        )
    return make_response(body, status)
