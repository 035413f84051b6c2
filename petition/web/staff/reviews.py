"""The console's room for public names and comments: nothing is shown before somebody read it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.review import VERDICTS
from petition.errors import NotFound
from petition.services import reviewing
from petition.services.reviewing import NEWEST, Changed, Named, NotPublic
from petition.store import campaigns, reviews as kept
from petition.store.db import reading, transaction
from petition.web.access import MODERATOR, access
from petition.web.forms import ReviewForm
from petition.web.house import _, house, language
from petition.web.names import place_in
from petition.web.staff.console import console_page

reviews = Blueprint("reviews", __name__, url_prefix="/staff/campaigns/<slug:slug>/comments")


@reviews.get("")
@access(MODERATOR)
def listed(slug: str) -> Response:
    """Those that wait, oldest first; or, by `verdict`, those decided, the last first."""
    return _page(slug, ReviewForm(), None, 200)


@reviews.post("")
@access(MODERATOR)
def decide(slug: str) -> BaseResponse:
    """Decide about one name or several, then on with the same list."""
    form = ReviewForm()
    if not form.validate():
        return _page(slug, form, _("The form was open for long. Please try again."), 422)
    if not form.decisions():
        return _page(slug, form, _("Please press one of the buttons."), 422)
    changed = _decide(slug, form)
    query = {name: value for name, value in request.args.items() if name != "changed"}
    if changed:
        query["changed"] = str(changed)
    # To the list itself: who works by keyboard goes on from there.
    return redirect(f"/staff/campaigns/{slug}/comments?{urlencode(query)}#list", 303)


def _decide(slug: str, form: ReviewForm) -> int:
    """How many could not be decided about, because they changed since they were read."""
    changed = 0
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        for signature_id, seen, verdict in form.decisions()[: reviewing.PAGE]:
            try:
                reviewing.decide(
                    session,
                    house().vault,
                    signature_id,
                    verdict,
                    seen=seen,
                    campaign_id=campaign_id,
                    by=g.staff.email,
                    at=house().now(),
                )
            except (Changed, NotPublic):
                changed += 1
    return changed


def _page(slug: str, form: ReviewForm, problem: str | None, status: int) -> Response:
    verdict = request.args.get("verdict")
    if verdict not in {None, *VERDICTS}:
        raise NotFound
    with reading() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        names, pages = _read(session, campaign_id, verdict)
        body = console_page(
            "staff/comments.html",
            slug=slug,
            form=form,
            problem=problem,
            changed=place_in("changed"),
            verdict=verdict,
            waiting=kept.count_waiting(session, campaign_id),
            names=names,
            pages=pages,
            here=request.full_path.rstrip("?"),
            country_names=dict(language().countries()),
        )
    return make_response(body, status)


def _read(
    session: Session, campaign_id: int, verdict: str | None
) -> tuple[tuple[Named, ...], list[tuple[str, str]]]:
    """The names, and links to the pages around them as (words, query)."""
    vault = house().vault
    if verdict is None:
        after = place_in("after") or 0
        names = reviewing.queue(session, vault, campaign_id, after=after)
        pages = [(_("From the beginning"), "")] if after else []
        if len(names) == reviewing.PAGE:
            pages.append((_("Leave these, go on"), f"after={names[-1].signature_id}"))
        return names, pages
    found = reviewing.decided(
        session, vault, campaign_id, verdict, before=place_in("before") or NEWEST
    )
    mine = f"verdict={verdict}"
    pages = [(_("Newer"), f"{mine}&before={found.newer}")] if found.newer else []
    if found.older:
        pages.append((_("Older"), f"{mine}&before={found.older}"))
    return found.names, pages
