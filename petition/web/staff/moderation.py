"""The console's page of public names and comments: nothing is shown before staff read it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.signatures.moderation import PUBLISHED_AT, VERDICTS
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.signatures import moderation as services_moderation
from petition.services.signatures.moderation import NEWEST, Changed, Named, NotPublic
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.signatures import moderation as kept
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.http.url_converters import place_in
from petition.web.staff.auth import role_here
from petition.web.staff.forms import ReviewForm
from petition.web.staff.layout import console_page

reviews = Blueprint("reviews", __name__, url_prefix="/staff/campaigns/<slug:slug>/comments")


@reviews.get("")
@access(Right.MODERATE)
def listed(slug: str) -> Response:
    """Those that wait, oldest first, with `only=comments` without the bare names; or, by
    `verdict`, those decided, the last first."""
    return _page(slug, ReviewForm(), None, 200)


@reviews.post("")
@access(Right.MODERATE, forms=OWN_PAGES)
def decide(slug: str) -> BaseResponse:
    """Decide about one name or several, then on with the same list."""
    form = ReviewForm()
    if not form.validate():
        return _page(slug, form, _("The form was open for too long. Please try again."), 422)
    if not form.decisions():
        return _page(slug, form, _("Please click one of the buttons."), 422)
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
        for signature_id, seen, verdict in form.decisions()[: services_moderation.PAGE]:
            try:
                services_moderation.decide(
                    session,
                    deps().vault,
                    signature_id,
                    verdict,
                    seen=seen,
                    campaign_id=campaign_id,
                    by=g.staff.email,
                    at=deps().now(),
                )
            except (Changed, NotPublic):
                changed += 1
    return changed


def _page(slug: str, form: ReviewForm, problem: str | None, status: int) -> Response:
    verdict = request.args.get("verdict")
    if verdict not in {None, *VERDICTS}:
        raise NotFound
    only_comments = request.args.get("only") == "comments"
    with reading() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        after = place_in("after") or 0
        commented = services_moderation.commented(session, deps().vault, campaign_id, after=after)
        if verdict is not None:
            names, pages = _decided(session, campaign_id, verdict)
        elif only_comments:
            names, pages = commented.names, _further(commented.names, after, {"only": "comments"})
        else:
            names = services_moderation.queue(session, deps().vault, campaign_id, after=after)
            pages = _further(names, after, {})
        body = console_page(
            "staff/comments.html",
            slug=slug,
            form=form,
            problem=problem,
            changed=place_in("changed"),
            verdict=verdict,
            only_comments=only_comments,
            commented=commented.number,
            waiting=kept.count_waiting(session, campaign_id),
            names=names,
            pages=pages,
            published_at=f"{PUBLISHED_AT:%H:%M}",
            here=request.full_path.rstrip("?"),
            country_names=dict(language().countries()),
        )
    with transaction() as session:
        services_moderation.note_read(
            session, slug, names, by=g.staff.email, role=role_here(), at=deps().now()
        )
    return make_response(body, status)


def _further(names: tuple[Named, ...], after: int, query: dict[str, str]) -> list[tuple[str, str]]:
    """Links to the pages of those that wait around these, as (words, query)."""
    pages = [(_("From the beginning"), urlencode(query))] if after else []
    if len(names) == services_moderation.PAGE:
        pages.append((_("Skip these"), urlencode({**query, "after": names[-1].signature_id})))
    return pages


def _decided(
    session: Session, campaign_id: int, verdict: str
) -> tuple[tuple[Named, ...], list[tuple[str, str]]]:
    """The names, and links to the pages around them as (words, query)."""
    found = services_moderation.decided(
        session, deps().vault, campaign_id, verdict, before=place_in("before") or NEWEST
    )
    mine = f"verdict={verdict}"
    pages = [(_("Newer"), f"{mine}&before={found.newer}")] if found.newer else []
    if found.older:
        pages.append((_("Older"), f"{mine}&before={found.older}"))
    return found.names, pages
