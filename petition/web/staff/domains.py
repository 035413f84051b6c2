"""The console's room for the target's own mail domains."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.services import targeting
from petition.store import campaigns, targets
from petition.store.db import reading, transaction
from petition.web.access import EDITOR, STAFF, access
from petition.web.forms import DomainForm, OffForm
from petition.web.house import house
from petition.web.staff.console import console_page
from petition.web.staff.gate import may

domains = Blueprint("domains", __name__, url_prefix="/staff/campaigns/<slug:slug>/domains")


@domains.get("")
@access(STAFF)
def listed(slug: str) -> Response:
    """What the list does, and what stands on it."""
    return _page(slug, DomainForm(), 200)


@domains.post("")
@access(EDITOR)
def add(slug: str) -> BaseResponse:
    """From now on no address of that domain is taken."""
    form = DomainForm()
    if not form.validate():
        return _page(slug, form, 422)
    with transaction() as session:
        targeting.add_domain(
            session, slug, form.domain.data or "", by=g.staff.email, at=house().now()
        )
    return _to_the_list(slug)


@domains.post("/remove")
@access(EDITOR)
def remove(slug: str) -> BaseResponse:
    """From now on addresses of that domain are taken again."""
    form = OffForm()
    if not form.validate():
        return _page(slug, DomainForm(formdata=None), 422)
    with transaction() as session:
        targeting.remove_domain(
            session, slug, form.domain.data or "", by=g.staff.email, at=house().now()
        )
    return _to_the_list(slug)


def _to_the_list(slug: str) -> BaseResponse:
    house().calls.forget()
    return redirect(f"/staff/campaigns/{slug}/domains", 303)


def _page(slug: str, form: DomainForm, status: int) -> Response:
    with reading() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        body = console_page(
            "staff/domains.html",
            slug=slug,
            patterns=targets.patterns(session, campaign_id),
            taken_off=targets.taken_off(session, campaign_id),
            form=form,
            may_edit=may(g.staff, EDITOR),
        )
    return make_response(body, status)
