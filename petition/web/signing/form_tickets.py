"""Form tickets: signed and dated, they say which words a form showed; no cookie is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.tokens import TokenPurpose
from petition.errors import NotFound, TokenUnusable
from petition.web.http.dependencies import Dependencies, deps


def ticket(view: CampaignView) -> str:
    """The ticket of a form on a page of ours."""
    return _signed(tokens.TICKET, str(view.text_id))


def frame_ticket(view: CampaignView, partner: str) -> str:
    """The ticket of a form in a frame on this partner's site; it is good in no other place."""
    return _signed(tokens.FRAME_TICKET, f"{view.text_id}-{partner}")


def link_ticket(view: CampaignView, partner: str) -> str:
    """The ticket of a form on our own page that a link of this partner's led to."""
    return _signed(tokens.LINK_TICKET, f"{view.text_id}-{partner}")


def _signed(purpose: TokenPurpose, value: str) -> str:
    """Dated in steps of ten minutes, so that a cached page stays the same for a while."""
    now = deps().now()
    step = datetime.fromtimestamp(int(now.timestamp()) // 600 * 600, UTC)
    expires = step + timedelta(minutes=10) + tokens.TICKET_LIFE
    return deps().tokens.sign(purpose, value, expires=expires)


def view_of(ticket: str, shown: CampaignView) -> CampaignView | None:
    """The call in the words that the form showed; None when the ticket is old or not ours."""
    return view_in(deps(), ticket, shown)


def view_in(deps: Dependencies, ticket: str, shown: CampaignView) -> CampaignView | None:
    """The same, outside of Flask."""
    try:
        text_id = deps.tokens.read(tokens.TICKET, ticket, at=deps.now())
    except TokenUnusable:
        return None
    return _words(deps, text_id, shown)


def view_of_frame(ticket: str, shown: CampaignView, partner: str) -> CampaignView | None:
    """The same, of a form in a frame: None also where the ticket is another partner's."""
    text_id, for_partner = _of_partner(tokens.FRAME_TICKET, ticket)
    return _words(deps(), text_id, shown) if for_partner == partner else None


def view_of_link(ticket: str, shown: CampaignView, partner: str) -> CampaignView | None:
    """The same, of a form that a partner's link led to."""
    text_id, for_partner = _of_partner(tokens.LINK_TICKET, ticket)
    return _words(deps(), text_id, shown) if for_partner == partner else None


def partner_of_link(ticket: str) -> str:
    """The key in the ticket of a form that a partner's link led to; empty where it has none."""
    return _of_partner(tokens.LINK_TICKET, ticket)[1]


def _of_partner(purpose: TokenPurpose, ticket: str) -> tuple[str, str]:
    """Text and partner in a ticket; both empty where it is old or not ours."""
    try:
        value = deps().tokens.read(purpose, ticket, at=deps().now())
    except TokenUnusable:
        return "", ""
    text_id, _, partner = value.partition("-")
    return text_id, partner


def _words(deps: Dependencies, text_id: str, shown: CampaignView) -> CampaignView | None:
    try:
        view = deps.campaign_cache.of_text(int(text_id))
    except (NotFound, ValueError):
        return None
    return view if (view.id, view.language) == (shown.id, shown.language) else None
