"""Form tickets: signed and dated, they say which words a form showed; no cookie is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.errors import NotFound, TokenUnusable
from petition.web.http.dependencies import Dependencies, deps


def ticket(view: CampaignView) -> str:
    """Dated in steps of ten minutes, so that a cached page stays the same for a while."""
    now = deps().now()
    step = datetime.fromtimestamp(int(now.timestamp()) // 600 * 600, UTC)
    expires = step + timedelta(minutes=10) + tokens.TICKET_LIFE
    return deps().tokens.sign(tokens.TICKET, str(view.text_id), expires=expires)


def view_of(ticket: str, shown: CampaignView) -> CampaignView | None:
    """The call in the words that the form showed; None when the ticket is old or not ours."""
    return view_in(deps(), ticket, shown)


def view_in(deps: Dependencies, ticket: str, shown: CampaignView) -> CampaignView | None:
    """The same, outside of Flask."""
    try:
        text_id = deps.tokens.read(tokens.TICKET, ticket, at=deps.now())
        view = deps.campaign_cache.of_text(int(text_id))
    except (TokenUnusable, NotFound, ValueError):
        return None
    return view if (view.id, view.language) == (shown.id, shown.language) else None
