"""The console's page of the audit log: searching it, checking it, taking it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, Response, g, make_response, redirect, request, stream_with_context
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.staff import audit_file, audit_log
from petition.store.db import Session, reading, transaction
from petition.store.staff import audit_check, audit_rows
from petition.store.staff.audit_rows import NEWEST, AuditColumn, Search
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.http.url_converters import place_in
from petition.web.staff.audit_words import action_words, outcome_words
from petition.web.staff.forms import AuditExportForm, AuditForm
from petition.web.staff.layout import console_page
from petition.web.staff.sorting import sorted_table

audit = Blueprint("audit", __name__, url_prefix="/staff/audit")

A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the form of the search holds, as it was sent."""

    who: str
    action: str
    day: str

    @property
    def search(self) -> Search:
        """Raises ValueError for what is no day."""
        since = _midnight(self.day) if self.day else None
        return Search(
            who=self.who or None,
            action=self.action or None,
            since=since,
            until=since + A_DAY if since is not None else None,
        )

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in self.__dict__.items() if value}


def _midnight(day: str) -> datetime:
    found = datetime.combine(date.fromisoformat(day), time(), UTC)
    if not 1900 < found.year < 3000:
        raise ValueError(day)
    return found


def _known(session: Session, asked: Asked) -> Asked:
    """Only what stands in the log can be looked for: a search is noted there itself."""
    if asked.who and asked.who not in audit_rows.people(session):
        raise NotFound
    if asked.action and asked.action not in audit_rows.actions(session):
        raise NotFound
    return asked


@audit.get("")
@access(Right.AUDIT)
def listed() -> Response:
    """What the log is, whether it is whole, and the rows that were looked for."""
    args = request.args
    asked = Asked(who=args.get("who", ""), action=args.get("action", ""), day=args.get("day", ""))
    after = place_in("after")
    with reading() as session:
        _known(session, asked)
    try:
        search = asked.search
    except ValueError:
        return _page(asked, Search(), None, _("Please choose a day, like 2026-11-02."))
    if search != Search() and after is None:
        with transaction() as session:
            audit_file.note_search(session, search, by=g.staff.email, at=deps().now())
    return _page(asked, search, after)


@audit.post("/check")
@access(Right.AUDIT, forms=OWN_PAGES)
def check() -> BaseResponse:
    """Check every row now."""
    if not AuditForm().validate():
        return _page(Asked(who="", action="", day=""), Search(), None, _too_long())
    audit_log.check_and_note(reading, transaction, by=g.staff.email, at=deps().now())
    return redirect("/staff/audit#check", 303)


@audit.post("/export")
@access(Right.AUDIT, forms=OWN_PAGES, fresh=True)
def export() -> BaseResponse:
    """The rows that were looked for, as a CSV file; it is noted before the first one leaves."""
    form = AuditExportForm()
    asked = Asked(who=form.who.data or "", action=form.action.data or "", day=form.day.data or "")
    with reading() as session:
        _known(session, asked)
    if not form.validate():
        return _page(Asked(who="", action="", day=""), Search(), None, _too_long())
    try:
        search = asked.search
    except ValueError:
        raise NotFound from None
    at = deps().now()
    with transaction() as session:
        audit_file.note_taken(session, search, by=g.staff.email, at=at)
    response = Response(
        stream_with_context(_as_csv(search)), content_type="text/csv; charset=utf-8"
    )
    name = f"audit-{at:%Y%m%dT%H%MZ}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _as_csv(search: Search) -> Iterator[bytes]:
    with reading() as session:
        yield from audit_file.as_csv(session, search)


def _too_long() -> str:
    return _("The form was open for too long. Please try again.")


def _page(asked: Asked, search: Search, after: int | None, problem: str | None = None) -> Response:
    table = sorted_table(
        "/staff/audit#rows",
        request.args.get("sort", ""),
        NEWEST,
        columns=audit_rows.sortable(search),
        largest_first=frozenset({AuditColumn.NUMBER}),
        beside=asked.query,
    )
    with reading() as session:
        found = audit_rows.page(session, search, table.sort, after=after)
        body = console_page(
            "staff/audit.html",
            asked=asked,
            problem=problem,
            rows=found.rows,
            table=table,
            columns=AuditColumn,
            pages=table.pages(found.part),
            people=audit_rows.people(session),
            actions=sorted(
                ((each, action_words(each)) for each in audit_rows.actions(session)),
                key=lambda pair: pair[1].casefold(),
            ),
            action_words=action_words,
            outcome_words=outcome_words,
            last_check=audit_check.last_check(session),
            pruned=audit_log.pruned_up_to(session),
            form=AuditForm(),
        )
    return make_response(body, 422 if problem else 200)
