"""The console's page of public names and comments: nothing is shown before staff read it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain.signatures.moderation import PUBLISHED_AT
from petition.domain.staff.roles import Right
from petition.services.signatures import (
    moderation as services_moderation,
    review_queue,
    review_undo,
)
from petition.services.signatures.moderation import (
    NEWEST,
    PAGE,
    Changed,
    Claimed,
    DecidedMeanwhile,
    Named,
    NotPublic,
)
from petition.services.signatures.review_queue import Queue
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.signatures import moderation as kept
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.staff.auth import role_here
from petition.web.staff.forms import ReviewForm, UndoForm
from petition.web.staff.layout import console_page
from petition.web.staff.moderation_query import AskedNames, Outcome

reviews = Blueprint("reviews", __name__, url_prefix="/staff/campaigns/<slug:slug>/comments")


@reviews.get("")
@access(Right.MODERATE)
def listed(slug: str) -> Response:
    """Those that wait, oldest first, or those decided so, the last first; all or some of them.

    Who is shown some that wait has them alone for five minutes.
    """
    return _page(slug, ReviewForm(), None, 200)


@reviews.post("")
@access(Right.MODERATE, forms=OWN_PAGES)
def decide(slug: str) -> BaseResponse:
    """Decide about one name or several, then on with the same list."""
    form = ReviewForm()
    if not form.validate():
        return _page(slug, form, _expired(), 422)
    if not form.decisions():
        return _page(slug, form, _("Please click one of the buttons."), 422)
    return _to_the_list(slug, _decide(slug, form))


@reviews.post("/undo")
@access(Right.MODERATE, forms=OWN_PAGES)
def undo(slug: str) -> BaseResponse:
    """What one decided last, as the page named it, is as it was before."""
    form = UndoForm()
    if not form.validate():
        return _page(slug, ReviewForm(formdata=None), _expired(), 422)
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        undone = review_undo.undo(
            session, campaign_id, form.batch.data or "", by=g.staff.email, at=deps().now()
        )
    if undone is None:
        return _to_the_list(slug, Outcome(nothing=1))
    return _to_the_list(slug, Outcome(undone=len(undone.signature_ids), left=undone.left))


def _expired() -> str:
    return _("The form was open for too long. Please try again.")


def _to_the_list(slug: str, outcome: Outcome) -> BaseResponse:
    """The list itself, not the page's head: who works by keyboard goes on from there."""
    query = AskedNames.read().query(**outcome.query)
    return redirect(f"/staff/campaigns/{slug}/comments{'?' if query else ''}{query}#list", 303)


def _decide(slug: str, form: ReviewForm) -> Outcome:
    """Decide about each that is still as it was read."""
    changed, others = 0, []
    at, batch = deps().now(), services_moderation.new_batch()
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        # In one order, or two that decide about the same names would wait for each other.
        for signature_id, seen, verdict in sorted(
            form.decisions()[:PAGE], key=lambda each: each[0]
        ):
            try:
                services_moderation.decide(
                    session,
                    deps().vault,
                    signature_id,
                    verdict,
                    seen=seen,
                    campaign_id=campaign_id,
                    by=g.staff.email,
                    at=at,
                    batch=batch,
                )
            except (Changed, NotPublic):
                changed += 1
            except (DecidedMeanwhile, Claimed):
                others.append(signature_id)
    return Outcome(changed=changed, others=tuple(others))


@dataclass(frozen=True, kw_only=True)
class _List:
    """What a list shows, and links to the pages around it as (words, query)."""

    names: tuple[Named, ...]
    pages: list[tuple[str, str]]
    queue: Queue | None = None
    """Where it is of those that wait."""


def _page(slug: str, form: ReviewForm, problem: str | None, status: int) -> Response:
    asked, outcome = AskedNames.read(), Outcome.read()
    at, by, vault = deps().now(), g.staff.email, deps().vault
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        found = _listed(session, campaign_id, asked)
        theirs = services_moderation.these(session, vault, campaign_id, outcome.others)
        services_moderation.note_read(
            session, slug, (*found.names, *theirs), by=by, role=role_here(), at=at
        )
    with reading() as session:
        body = console_page(
            "staff/comments.html",
            slug=slug,
            form=form,
            undo_form=UndoForm(formdata=None),
            problem=problem,
            outcome=outcome,
            theirs=theirs,
            asked=asked,
            found=found,
            names=found.names,
            commented=review_queue.count_commented(session, vault, campaign_id),
            waiting=kept.count_waiting(session, campaign_id),
            last_decision=review_undo.last_decision(session, campaign_id, by=by, at=at),
            published_at=f"{PUBLISHED_AT:%H:%M}",
            languages=[(code, language().name_of(code)) for code in i18n.codes()],
            country_names=dict(language().countries()),
        )
    return make_response(body, status)


def _listed(session: Session, campaign_id: int, asked: AskedNames) -> _List:
    vault = deps().vault
    if asked.verdict:
        page = services_moderation.decided(
            session,
            vault,
            campaign_id,
            asked.verdict,
            asked.names,
            before=asked.before or NEWEST,
        )
        around = ((_("Newer"), page.newer), (_("Older"), page.older))
        pages = [(words, asked.query(before=place)) for words, place in around if place]
        return _List(names=page.names, pages=pages)
    queue = review_queue.take(
        session,
        vault,
        campaign_id,
        asked.names,
        after=asked.after,
        by=g.staff.email,
        at=deps().now(),
    )
    return _List(names=queue.names, pages=_further(queue.names, asked), queue=queue)


def _further(names: tuple[Named, ...], asked: AskedNames) -> list[tuple[str, str]]:
    pages = [(_("From the beginning"), asked.query(after=0))] if asked.after else []
    if len(names) == PAGE:
        pages.append((_("Skip these"), asked.query(after=names[-1].signature_id)))
    return pages
