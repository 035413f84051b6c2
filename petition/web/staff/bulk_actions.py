"""The console's pages of bulk actions: what one would do, counted; doing it, and undoing it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.signatures.bulk_actions import (
    GIVES_A_REASON,
    PLAN_LIFE,
    UNDO_LIFE,
    ActionState,
    Verb,
)
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.signatures import bulk_actions as services
from petition.services.signatures.bulk_actions import NotAny
from petition.store.db import Session, reading, transaction
from petition.store.signatures import bulk_actions as store
from petition.store.signatures.bulk_actions import Action
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.auth import has_permission
from petition.web.staff.forms import ButtonForm
from petition.web.staff.layout import console_page
from petition.web.staff.signature_forms import ALL, PlanForm, WrongFilter
from petition.web.staff.signatures import list_page, place_of, record_page, search_of

bulk_actions = Blueprint(
    "bulk_actions", __name__, url_prefix="/staff/campaigns/<slug:slug>/signatures"
)


@bulk_actions.post("/hold")
@access(Right.MODERATE, forms=OWN_PAGES)
def hold(slug: str) -> BaseResponse:
    """Count what holding these would do."""
    return _plan(slug, Verb.HOLD)


@bulk_actions.post("/reject")
@access(Right.MODERATE, forms=OWN_PAGES)
def reject(slug: str) -> BaseResponse:
    """Count what rejecting these would do."""
    return _plan(slug, Verb.REJECT)


@bulk_actions.post("/restore")
@access(Right.MODERATE, forms=OWN_PAGES)
def restore(slug: str) -> BaseResponse:
    """Count what restoring these would do."""
    return _plan(slug, Verb.RESTORE)


@bulk_actions.post("/erase")
@access(Right.ERASE, forms=OWN_PAGES)
def erase(slug: str) -> BaseResponse:
    """Count what erasing these would do."""
    return _plan(slug, Verb.ERASE)


def _plan(slug: str, verb: Verb) -> BaseResponse:
    form = PlanForm()
    form.needs_reason = verb in GIVES_A_REASON
    asked = form.asked
    try:
        wanted = search_of(asked)
    except WrongFilter as wrong:
        return list_page(slug, asked, 422, wrong=wrong, plan_form=form)
    if not form.validate():
        return _asked_again(slug, form)
    with transaction() as session:
        by, at = g.staff.email, deps().now()
        if form.which.data == ALL:
            number = services.plan_all(
                session,
                g.campaign.id,
                verb,
                wanted,
                asked.in_order,
                reason=form.hold_reason,
                by=by,
                at=at,
            )
        else:
            number = services.plan_these(
                session, g.campaign.id, verb, form.ids, reason=form.hold_reason, by=by, at=at
            )
    return redirect(_address(slug, number), 303)


def _asked_again(slug: str, form: PlanForm) -> Response:
    """The page that the form stood on, with what was wrong."""
    if form.record.data and len(form.ids) == 1:
        return record_page(slug, form.ids[0], form, 422)
    return list_page(slug, form.asked, 422, after=place_of(form.after.data or ""), plan_form=form)


def _address(slug: str, action_id: int) -> str:
    return f"/staff/campaigns/{slug}/signatures/actions/{action_id}"


@bulk_actions.get("/actions/<id:action_id>")
@access(Right.PERSONAL_DATA)
def shown(slug: str, action_id: int) -> Response:
    """What an action would do, or has done."""
    return _action_page(slug, action_id, ButtonForm(), None, 200)


@bulk_actions.post("/actions/<id:action_id>/do")
@access(Right.MODERATE, forms=OWN_PAGES)
def do(slug: str, action_id: int) -> BaseResponse:
    """Hold, reject or restore what was counted."""
    return _changed(slug, action_id, _mine(services.do), erases=False)


@bulk_actions.post("/actions/<id:action_id>/undo")
@access(Right.MODERATE, forms=OWN_PAGES)
def undo(slug: str, action_id: int) -> BaseResponse:
    """Within the hour: everything as it was."""
    return _changed(slug, action_id, _mine(services.undo), erases=False)


@bulk_actions.post("/actions/<id:action_id>/cancel")
@access(Right.MODERATE, forms=OWN_PAGES)
def cancel(slug: str, action_id: int) -> BaseResponse:
    """What was counted is not done."""
    return _changed(slug, action_id, services.drop, erases=False)


@bulk_actions.post("/erasures/<id:erasure_id>/do")
@access(Right.ERASE, forms=OWN_PAGES, fresh=True)
def ask_erasure(slug: str, erasure_id: int) -> BaseResponse:
    """Mark what was counted: it is erased in an hour."""
    return _changed(slug, erasure_id, _mine(services.ask_erasure), erases=True)


@bulk_actions.post("/erasures/<id:erasure_id>/cancel")
@access(Right.ERASE, forms=OWN_PAGES)
def cancel_erasure(slug: str, erasure_id: int) -> BaseResponse:
    """Nothing is erased."""

    def work(session: Session, action: Action) -> None:
        if action.state == ActionState.PLANNED:
            services.drop(session, action)
        else:
            _mine(services.cancel_erasure)(session, action)

    return _changed(slug, erasure_id, work, erases=True)


def _mine(work: Callable[..., object]) -> Callable[[Session, Action], None]:
    """The same, done by who is signed in, now."""

    def done(session: Session, action: Action) -> None:
        work(session, action, by=g.staff.email, at=deps().now())

    return done


def _changed(
    slug: str, action_id: int, work: Callable[[Session, Action], None], *, erases: bool
) -> BaseResponse:
    form = ButtonForm()
    if not form.validate():
        problem = _("The form was open for too long. Please try again.")
        return _action_page(slug, action_id, form, problem, 422)
    try:
        with transaction() as session:
            action = store.find(session, g.campaign.id, action_id)
            if (action.verb == Verb.ERASE) != erases:
                raise NotFound
            work(session, action)
    except NotAny:
        problem = _("It is too late for that, or somebody has done it already. It stands as below.")
        return _action_page(slug, action_id, form, problem, 422)
    return redirect(_address(slug, action_id), 303)


def _action_page(
    slug: str, action_id: int, form: ButtonForm, problem: str | None, status: int
) -> Response:
    at = deps().now()
    with reading() as session:
        action = store.find(session, g.campaign.id, action_id)
        right = Right.ERASE if action.verb == Verb.ERASE else Right.MODERATE
        body = console_page(
            "staff/bulk_action.html",
            slug=slug,
            action=action,
            form=form,
            problem=problem,
            may=has_permission(right),
            until=action.done_at + UNDO_LIFE if action.done_at is not None else None,
            is_old=action.planned_at <= at - PLAN_LIFE,
            can_undo=action.done_at is not None and action.done_at > at - UNDO_LIFE,
        )
    return make_response(body, status)
