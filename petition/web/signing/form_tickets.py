"""Form tickets: signed and dated, they say which words a form showed; no cookie is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.signatures import consent
from petition.domain.tokens import TokenPurpose
from petition.errors import NotFound, TokenUnusable
from petition.services.partners.questions import with_question
from petition.store.partners.partners import PartnerRecord
from petition.web.http.dependencies import Dependencies, deps


def ticket(view: CampaignView) -> str:
    """The ticket of a form on a page of ours."""
    return _signed(tokens.TICKET, str(view.text_id))


def frame_ticket(view: CampaignView, partner: str) -> str:
    """The ticket of a form in a frame on this partner's site; it is good in no other place."""
    return _signed(tokens.FRAME_TICKET, _of_partner(view, partner))


def preview_ticket(view: CampaignView, partner: str) -> str:
    """The ticket of a form that is only looked at: it keeps nothing, anywhere."""
    return _signed(tokens.PREVIEW_TICKET, _of_partner(view, partner))


def _of_partner(view: CampaignView, partner: str) -> str:
    """The words of the call, the partner, and the words of its own question; 0 where it has none.

    The campaign may ask a question for the same purpose: its number is none of the partner's.
    """
    return f"{view.text_id}-{partner}-{view.consent_text_ids.get(consent.PARTNER, 0)}"


def link_ticket(view: CampaignView, partner: str) -> str:
    """The ticket of a form on our own page that a link of this partner's led to."""
    return _signed(tokens.LINK_TICKET, _of_partner(view, partner))


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


def view_of_frame(ticket: str, shown: CampaignView, partner: PartnerRecord) -> CampaignView | None:
    """The same, of a form in a frame: None also where the ticket is another partner's."""
    return _view_of_partner(tokens.FRAME_TICKET, ticket, shown, partner)


def view_of_preview(
    ticket: str, shown: CampaignView, partner: PartnerRecord
) -> CampaignView | None:
    """The same, of a form that is only looked at."""
    return _view_of_partner(tokens.PREVIEW_TICKET, ticket, shown, partner)


def view_of_link(ticket: str, shown: CampaignView, partner: PartnerRecord) -> CampaignView | None:
    """The same, of a form that a partner's link led to."""
    return _view_of_partner(tokens.LINK_TICKET, ticket, shown, partner)


def partner_of_link(ticket: str) -> str:
    """The key in the ticket of a form that a partner's link led to; empty where it has none."""
    return _parts(tokens.LINK_TICKET, ticket)[1]


def _view_of_partner(
    purpose: TokenPurpose, ticket: str, shown: CampaignView, partner: PartnerRecord
) -> CampaignView | None:
    text_id, key, question = _parts(purpose, ticket)
    words = _words(deps(), text_id, shown) if key == partner.key else None
    if words is None or not question:
        return words
    return with_question(words, deps().campaign_cache.partner_question(partner, int(question)))


def _parts(purpose: TokenPurpose, ticket: str) -> tuple[str, str, str]:
    """Text, partner and question in a ticket; all empty where it is old or not ours."""
    try:
        value = deps().tokens.read(purpose, ticket, at=deps().now())
    except TokenUnusable:
        return "", "", ""
    text_id, _, rest = value.partition("-")
    key, _, question = rest.partition("-")
    return text_id, key, question


def _words(deps: Dependencies, text_id: str, shown: CampaignView) -> CampaignView | None:
    try:
        view = deps.campaign_cache.of_text(int(text_id))
    except (NotFound, ValueError):
        return None
    return view if (view.id, view.language) == (shown.id, shown.language) else None
