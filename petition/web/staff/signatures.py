"""The console's pages of signatures: finding them, the list without a name, and opening one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.signatures.bulk_actions import UNDO_LIFE
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.states import STATES, State
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.signatures import records, search as services_search
from petition.store.db import Session, reading, transaction
from petition.store.signatures import bulk_actions, mail_providers, search
from petition.store.signatures.search import (
    LAST_FORM,
    NEWEST,
    Page,
    Place,
    Search,
    SignatureColumn,
    SignatureRow,
)
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
from petition.web.staff.auth import has_permission, role_here
from petition.web.staff.layout import console_page
from petition.web.staff.signature_forms import (
    Asked,
    FindForm,
    PlanForm,
    UnknownFilter,
    WrongFilter,
)
from petition.web.staff.sorting import sorted_table

signatures = Blueprint("signatures", __name__, url_prefix="/staff/campaigns/<slug:slug>/signatures")

_PLACE: Final = re.compile(rf"((?P<state>{'|'.join(STATES)})-)?(?P<form>[0-9]{{1,19}})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found by an address or a number."""

    rows: tuple[SignatureRow, ...]
    erased_at: datetime | None = None
    """Of a number that a list holds and that is gone."""


@signatures.get("")
@access(Right.PERSONAL_DATA)
def listed(slug: str) -> Response:
    """Those that fit the filter, newest or oldest first."""
    asked, after = Asked.of(request.args), place_of(request.args.get("after", ""))
    try:
        wanted = search_of(asked)
    except WrongFilter as wrong:
        return list_page(slug, asked, 422, wrong=wrong)
    if wanted != Search() and after is None:
        with transaction() as session:
            services_search.note_page(session, slug, wanted, by=g.staff.email, at=deps().now())
    return list_page(slug, asked, 200, after=after)


@signatures.post("/find")
@access(Right.PERSONAL_DATA, forms=OWN_PAGES)
def find(slug: str) -> BaseResponse:
    """One, by its whole address or its number: no address stands in an address line."""
    form = FindForm()
    if not form.validate():
        return list_page(slug, Asked(), 422, find_form=form)
    with transaction() as session:
        found = _found(session, slug, form)
    if len(found.rows) == 1:
        return redirect(f"/staff/campaigns/{slug}/signatures/{found.rows[0].signature_id}", 303)
    return list_page(slug, Asked(), 200, find_form=form, found=found)


def _found(session: Session, slug: str, form: FindForm) -> Found:
    by, at, campaign_id = g.staff.email, deps().now(), g.campaign.id
    if form.address is not None:
        domain = form.address.ascii_domain
        rows = services_search.of_address(
            session,
            deps().vault,
            mail_providers.of_domain(session, domain),
            campaign_id,
            slug,
            local_part=form.address.local_part,
            domain=domain,
            by=by,
            at=at,
        )
        return Found(rows=tuple(rows))
    assert form.number is not None  # the form is valid
    row = services_search.of_number(session, campaign_id, slug, form.number, by=by, at=at)
    if row is None:
        return Found(rows=(), erased_at=search.erased_at(session, campaign_id, form.number))
    return Found(rows=(row,))


@signatures.get("/<id:signature_id>")
@access(Right.PERSONAL_DATA)
def opened(slug: str, signature_id: int) -> Response:
    """One signature, with its life. Its person sees that somebody of that role looked."""
    return record_page(slug, signature_id, PlanForm(), 200)


def search_of(asked: Asked) -> Search:
    """What the filter asks for. Raises WrongFilter, and NotFound for what no form of ours sends."""
    try:
        return asked.search(dict(language().countries()))
    except UnknownFilter:
        raise NotFound from None


def place_of(text: str) -> Place | None:
    """Where a list goes on; None where it begins. Raises NotFound."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None or int(found["form"]) > LAST_FORM:
        raise NotFound
    return Place(int(found["form"]), State(found["state"]) if found["state"] else None)


def list_page(
    slug: str,
    asked: Asked,
    status: int,
    *,
    after: Place | None = None,
    wrong: WrongFilter | None = None,
    find_form: FindForm | None = None,
    plan_form: PlanForm | None = None,
    found: Found | None = None,
) -> Response:
    """The list, with the forms as they were sent."""
    at = deps().now()
    table = sorted_table(
        f"/staff/campaigns/{slug}/signatures#list",
        asked.sort,
        NEWEST,
        largest_first=frozenset({SignatureColumn.SENT}),
        beside={name: value for name, value in asked.query.items() if name != "sort"},
    )
    with reading() as session:
        page: Page | None = None
        if found is None and wrong is None:
            page = services_search.page(
                session, g.campaign.id, search_of(asked), table.sort, after=after
            )
        rows = page.rows if page is not None else found.rows if found is not None else ()
        ids = [row.signature_id for row in rows]
        body = console_page(
            "staff/signatures.html",
            slug=slug,
            asked=asked,
            wrong=wrong,
            find_form=find_form or FindForm(formdata=None),
            form=plan_form or PlanForm(formdata=None),
            found=found,
            rows=rows,
            after=after,
            table=table,
            columns=SignatureColumn,
            pages=table.pages(page) if page is not None else [],
            states=STATES,
            country_names=dict(language().countries()),
            **_for_actions(session, ids, at),
            recent=bulk_actions.recent(session, g.campaign.id, since=at - UNDO_LIFE),
        )
    return make_response(body, status)


def record_page(slug: str, signature_id: int, form: PlanForm, status: int) -> Response:
    """One signature, opened. Raises NotFound."""
    at = deps().now()
    with transaction() as session:
        record = records.open_record(
            session,
            deps().vault,
            g.campaign.id,
            signature_id,
            by=g.staff.email,
            role=role_here(),
            with_names=Right.AUDIT in g.permissions.everywhere,
            at=at,
        )
        for_actions = _for_actions(session, [signature_id], at)
    body = console_page(
        "staff/signature.html",
        slug=slug,
        record=record,
        form=form,
        country_names=dict(language().countries()),
        **for_actions,
    )
    return make_response(body, status)


def _for_actions(session: Session, ids: list[int], at: datetime) -> dict[str, object]:
    """What the form of what can be done takes, and which of these wait to be erased."""
    asked_at = bulk_actions.asked_at(session, ids)
    return {
        "may_moderate": has_permission(Right.MODERATE),
        "may_erase": has_permission(Right.ERASE),
        "reasons": tuple(HoldReason),
        "erased_at": {id_: since + UNDO_LIFE for id_, since in asked_at.items()},
    }
