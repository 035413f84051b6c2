"""Taking a list out: ordering it, fetching the file, and what must be taken out of it since."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, g, redirect, stream_with_context
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.exports.second_person import RequestState
from petition.domain.staff.audit_actions import AuditAction
from petition.domain.staff.roles import Right
from petition.errors import NotFound, PetitionError
from petition.services.exports import csv_file, kept_file, second_person
from petition.services.exports.csv_file import Export
from petition.services.exports.second_person import NotDecided
from petition.services.partners import handing_over
from petition.services.partners.handing_over import NoListFor, Why
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.exports import contents, kept_files, ledger
from petition.store.exports.requests import WantedList
from petition.store.staff import audit, pauses
from petition.store.staff.pauses import Paused
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.http.rendering import page
from petition.web.signing.fields import text_of
from petition.web.staff.campaigns import numbers_page
from petition.web.staff.forms import ButtonForm, ExportForm
from petition.web.staff.layout import console_page

exports = Blueprint("exports", __name__, url_prefix="/staff/campaigns/<slug:slug>")

STEPS: Final = 50
"""How often the page says how far a file is, at most: a screen reader reads each out."""
_HERE: Final = "<!--here-->"

log = logging.getLogger(__name__)


@exports.post("/export")
@access(Right.EXPORT, forms=OWN_PAGES, fresh=True)
def order(slug: str) -> BaseResponse:
    """Make a CSV file of the confirmed signatures, or have a long one wait for a second person."""
    form = ExportForm()
    if not form.validate():
        return numbers_page(slug, form, 422)
    partner = text_of(form.partner) or None
    wanted = WantedList(
        for_target=form.for_target.data,
        updates=form.updates.data,
        for_excel=form.for_excel.data,
        partner=partner,
    )
    if partner is not None:
        try:
            with reading() as session:
                handing_over.list_for(session, slug, partner)
        except NoListFor as none:
            form.partner.errors = [no_list_words()[none.why]]
            return numbers_page(slug, form, 422)
    with reading() as session:
        rests = pauses.since(session, Paused.LISTS)
    if rests is not None:
        form.reason.errors = [_("Lists are paused: somebody closed everything.")]
        return numbers_page(slug, form, 422)
    by, reason = g.staff.email, form.reason.data or ""
    with transaction() as session:
        is_long = second_person.ask_if_long(
            session,
            wanted,
            slug,
            by=by,
            reason=reason,
            setting=deps().settings.second_person,
            at=deps().now(),
        )
    if is_long:
        return _to_the_requests(slug)
    return _making(second_person.order_of(wanted, slug, by=by, reason=reason))


def no_list_words() -> dict[Why, str]:
    """Why a partner gets no list."""
    return {
        Why.BLOCKED: _("This partner is blocked: it gets no list."),
        Why.NOT_ACCEPTED: _("This partner has not accepted the newest arrangement yet."),
        Why.NO_KEY: _(
            "This partner has given no key to encrypt its list to. Ask it for one on the page of "
            "its arrangement."
        ),
    }


@exports.post("/requests/<id:request_id>/approve")
@access(Right.EXPORT, forms=OWN_PAGES, fresh=True)
def approve(slug: str, request_id: int) -> BaseResponse:
    """Agree that somebody else takes that list out."""
    return _decided(slug, request_id, RequestState.APPROVED)


@exports.post("/requests/<id:request_id>/refuse")
@access(Right.EXPORT, forms=OWN_PAGES)
def refuse(slug: str, request_id: int) -> BaseResponse:
    """Say no to it."""
    return _decided(slug, request_id, RequestState.REFUSED)


@exports.post("/requests/<id:request_id>/make")
@access(Right.EXPORT, forms=OWN_PAGES, fresh=True)
def make(slug: str, request_id: int) -> BaseResponse:
    """Make the list that a second person agreed to: once, for who asked for it."""
    if not ButtonForm().validate():
        return _request_problem(slug, _("The form was open for too long. Please try again."))
    try:
        with transaction() as session:
            wanted = second_person.use(session, slug, request_id, by=g.staff.email, at=deps().now())
    except NotDecided:
        return _changed(slug)
    return _making(wanted)


def _decided(slug: str, request_id: int, state: RequestState) -> BaseResponse:
    if not ButtonForm().validate():
        return _request_problem(slug, _("The form was open for too long. Please try again."))
    try:
        with transaction() as session:
            second_person.decide(
                session, slug, request_id, state, by=g.staff.email, at=deps().now()
            )
    except NotDecided:
        return _changed(slug)
    return _to_the_requests(slug)


def _changed(slug: str) -> Response:
    return _request_problem(slug, _("This request has changed. Please look at it again."))


def _request_problem(slug: str, problem: str) -> Response:
    return numbers_page(slug, ExportForm(formdata=None), 422, problem)


def _to_the_requests(slug: str) -> BaseResponse:
    return redirect(f"/staff/campaigns/{slug}#requests-heading", 303)


def _making(wanted: Export) -> Response:
    """The page says how far the file is, to its end."""
    response = Response(
        stream_with_context(_made_before_your_eyes(wanted)), content_type="text/html; charset=utf-8"
    )
    response.headers["X-Accel-Buffering"] = "no"  # or nginx would keep it until all of it is there
    return response


def _made_before_your_eyes(wanted: Export) -> Iterator[str]:
    """The page, piece by piece: a browser shows each as it comes, and needs no script for that."""
    before, _here, after = console_page(
        "staff/making.html", slug=wanted.slug, here=_HERE
    ).partition(_HERE)
    yield before
    try:
        yield from _steps(wanted)
    except Exception as error:  # the log has its kind and no row
        log.error("export: cut off: %s", type(error).__name__)
        yield page("staff/_made.html", slug=wanted.slug, made=None, until=None)
    yield after


def _steps(wanted: Export) -> Iterator[str]:
    said = -1
    for made in kept_file.make(
        wanted, deps().vault, reading=reading, transaction=transaction, now=deps().now
    ):
        step = made.rows * STEPS // max(made.of, 1)
        if step > said:
            yield page("staff/_step.html", made=made)
            said = step
    until = deps().now() + kept_file.KEPT
    yield page("staff/_made.html", slug=wanted.slug, made=made, until=until)


@exports.get("/exports/<id:export_id>/file")
@access(Right.EXPORT, fresh=True)
def fetch(slug: str, export_id: int) -> Response:
    """The file, for who ordered it, until its quarter of an hour is over.

    Once somebody in it has withdrawn or was erased, it leaves no more: it is made anew.
    """
    at = deps().now()
    with reading() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        file = kept_files.kept(session, campaign_id, by=g.staff.email, at=at).get(export_id)
        if file is None:
            raise NotFound
        left = len(contents.recalled(session, export_id))
    if left:
        with transaction() as session:
            ledger.note_to_remove(session, {export_id: left})
        return _make_anew(slug, file.export.reason)
    _note(AuditAction.FETCH_LIST, slug, export_id)
    chunks = kept_file.chunks(file, deps().vault, reading=reading)
    kind = "application/octet-stream" if file.export.is_encrypted else "text/csv; charset=utf-8"
    response = Response(stream_with_context(_told(chunks)), content_type=kind)
    name = csv_file.file_name(slug, file.export)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _make_anew(slug: str, reason: str) -> Response:
    form = ExportForm()
    form.reason.data = reason
    form.reason.errors = [
        _("Somebody in this list has left it since it was made. Please make it again.")
    ]
    return numbers_page(slug, form, 410)


def _note(action: AuditAction, slug: str, export_id: int) -> None:
    """Before the first byte leaves: what cannot be noted is not handed out."""
    with transaction() as session:
        audit.note(
            session,
            who=g.staff.email,
            action=action,
            outcome="done",
            at=deps().now(),
            detail=f"{slug}: list {export_id}",
        )


class CutOff(PetitionError):
    """The list could not be read to its end."""


def _told(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same; what breaks under way cuts the answer off, and the log has its kind and no row."""
    try:
        yield from chunks
    except Exception as error:
        log.error("export: cut off: %s", type(error).__name__)
        raise CutOff from None


@exports.get("/exports/<id:export_id>/recall")
@access(Right.EXPORT, fresh=True)
def recall(slug: str, export_id: int) -> Response:
    """The numbers or references to take out of that file, as CSV. It names nobody."""
    with reading() as session:
        if contents.campaign_of(session, export_id) != campaigns.by_slug(session, slug).id:
            raise NotFound
        body = b"".join(csv_file.recall(session, deps().vault, export_id))
    _note(AuditAction.RECALL_LIST, slug, export_id)
    response = Response(body, content_type="text/csv; charset=utf-8")
    name = f"{slug}-export-{export_id}-recall.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
