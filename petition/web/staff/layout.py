"""The console's frame: what every page of it has around it, and where one can go from there.

A new page of the console is a line of `_sections` or, for one campaign, of `_campaign_pages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flask import g, request

from petition.domain.signatures import states
from petition.domain.staff.roles import Right
from petition.store.campaigns import campaigns
from petition.store.db import reading
from petition.web.http.locale import _, language
from petition.web.http.rendering import page
from petition.web.staff.forms import SignOutForm


@dataclass(frozen=True, kw_only=True)
class MenuLink:
    """A place that somebody may go to."""

    address: str
    words: str
    current: str | None
    """As aria-current has it: `page` for the one that is shown, `true` for one above it."""


HELP: Final = {
    "accounts": "your-account",
    "audit": "the-audit-log",
    "bulk_actions": "holding-and-rejecting-a-signature",
    "campaigns": "reading-the-numbers",
    "exports": "taking-a-list-out",
    "domains": "the-targets-own-mail",
    "limits": "limits-by-sender",
    "lost_factor": "your-account",
    "messages": "emails-to-the-targets",
    "opening": "opening-and-closing",
    "own_account": "your-account",
    "panic": "closing-everything",
    "partner_pages": "partners",
    "partners": "partners",
    "people": "roles",
    "reviews": "names-and-comments",
    "signatures": "looking-up-a-signature",
    "tokens": "tokens-of-the-api",
    "webhooks": "webhooks",
}
"""By blueprint: the heading of docs/staff.md that is about its pages."""


def console_page(template: str, **context: object) -> str:
    """A page of the console, for who is signed in."""
    frame = _campaign_frame()
    if frame is not None:
        context["at_risk"] = frame.at_risk
    return page(
        template,
        staff=g.staff,
        account="/staff/account",
        sign_out=SignOutForm(),
        state_names=state_names(),
        menu=list(_allowed(_sections(), g.permissions.everywhere)),
        campaign=frame,
        help_at=HELP.get(request.blueprint or ""),
        **context,
    )


_Place = tuple[str, str, Right | None]
"""Address, words, and what it takes to go there."""


def _sections() -> Iterator[_Place]:
    """Of the whole console."""
    yield "/staff/", _("Campaigns"), None
    yield "/staff/limits", _("Limits by sender"), Right.NUMBERS
    yield "/staff/people", _("People"), Right.MANAGE_STAFF
    yield "/staff/audit", _("Audit log"), Right.AUDIT
    yield "/staff/panic", _("Close everything"), Right.MANAGE_STAFF


def _campaign_pages(slug: str) -> Iterator[_Place]:
    """Of one campaign."""
    root = f"/staff/campaigns/{slug}"
    yield root, _("Numbers"), Right.NUMBERS
    yield f"{root}/signatures", _("Signatures"), Right.PERSONAL_DATA
    yield f"{root}/comments", _("Names and comments"), Right.MODERATE
    yield f"{root}/domains", _("The target’s own mail domains"), Right.NUMBERS
    yield f"{root}/state", _("Open or close"), Right.OPEN_CLOSE
    yield f"{root}/partners", _("Partners"), Right.NUMBERS
    yield f"{root}/messages", _("Emails to the targets"), Right.NUMBERS
    yield f"{root}/webhooks", _("Webhooks"), Right.WEBHOOKS
    yield f"{root}/tokens", _("Tokens of the API"), Right.WEBHOOKS


def _allowed(places: Iterator[_Place], rights: frozenset[Right]) -> Iterator[MenuLink]:
    for address, words, right in places:
        if right is None or right in rights:
            yield MenuLink(address=address, words=words, current=_current(address))


_BELOW: Final = {
    "/staff/": ("/staff/campaigns/",),
    "/staff/people": ("/staff/people/", "/staff/lost-factor"),
}
"""By a section's address: how the addresses of what is below it begin."""


def _current(address: str) -> str | None:
    if request.path == address:
        return "page"
    has_pages_below = address.endswith(
        ("/signatures", "/partners", "/webhooks", "/tokens", "/messages")
    )
    below = _BELOW.get(address, (f"{address}/",) if has_pages_below else ())
    return "true" if any(map(request.path.startswith, below)) else None


@dataclass(frozen=True, kw_only=True)
class CampaignFrame:
    """The campaign that a page is about."""

    title: campaigns.CampaignTitle
    at_risk: bool
    pages: list[MenuLink]


def _campaign_frame() -> CampaignFrame | None:
    if g.get("campaign") is None:  # nor has a page before the second factor one
        return None
    with reading() as session:
        title = campaigns.title(session, g.campaign.id, language().code)
        at_risk = campaigns.presentation(session, g.campaign.slug).at_risk
    pages = list(_allowed(_campaign_pages(g.campaign.slug), g.rights))
    return CampaignFrame(title=title, at_risk=at_risk, pages=pages)


def state_names() -> dict[str, str]:
    """The states of signatures and campaigns, in the reader's words."""
    return {
        states.PENDING: _("pending"),
        states.CONFIRMED: _("confirmed"),
        states.WITHDRAWN: _("withdrawn"),
        states.HELD: _("held"),
        states.REJECTED: _("rejected"),
        "draft": _("draft"),
        "open": _("open"),
        "closed": _("closed"),
    }
