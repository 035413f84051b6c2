"""The email action on our own pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.campaigns.campaign import CampaignView
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import OWN_PAGES, PUBLIC, access
from petition.web.http.cached_response import shared
from petition.web.http.dependencies import deps
from petition.web.public.campaign_page import page_context, shown_call
from petition.web.public.message_action import (
    ActionClosed,
    MessageAction,
    MessagePlace,
    to_campaign,
)
from petition.web.signing.form_tickets import (
    link_ticket,
    partner_of_link,
    ticket,
    view_of,
    view_of_link,
)

message = Blueprint("message", __name__)
message.register_error_handler(ActionClosed, to_campaign)


@dataclass(frozen=True, kw_only=True)
class OwnPage(MessagePlace):
    """On a page of ours; a partner's link may have led here."""

    of: PartnerRecord | None

    def at(self, step: str = "") -> str:
        return f"{self.home}/message{step}"

    @property
    def home(self) -> str:
        return f"/{self.view.language}/{self.view.slug}"

    @property
    def partner(self) -> str | None:
        return self.of.key if self.of is not None else None

    def ticket(self) -> str:
        return ticket(self.view) if self.of is None else link_ticket(self.view, self.of.key)

    def view_of(self, ticket: str) -> CampaignView | None:
        if self.of is None:
            return view_of(ticket, self.view)
        return view_of_link(ticket, self.view, self.of)

    def around(self, step: str = "") -> Mapping[str, Any]:
        tags = {"partner": self.of.key} if self.of is not None else None
        own = {"layout": "base.html", "step": self.at}
        return page_context(self.view, f"/message{step}", tags=tags) | own

    def common(self, step: str, make: Callable[[], str]) -> Response:
        response = shared((self.view.slug, self.view.language, f"message_{step}"), make)
        response.headers["X-Robots-Tag"] = "noindex"
        return response


def _action(code: str, slug: str, *, partner: str = "") -> MessageAction:
    """Raises NotFound, ActionClosed."""
    shown = shown_call(code, slug)
    key = partner or partner_of_link(request.form.get("ticket", ""))
    of = deps().campaign_cache.live_partner(slug, key)
    return MessageAction.of(OwnPage(shown=shown if of is None else shown.asking(of), of=of))


@message.get("/<lang:code>/<slug:slug>/message")
@access(PUBLIC)
def show(code: str, slug: str) -> BaseResponse:
    """The form, with one of the campaign's texts in it."""
    return _action(code, slug, partner=request.args.get("partner", "")).blank()


@message.post("/<lang:code>/<slug:slug>/message/preview")
@access(PUBLIC, forms=OWN_PAGES)
def preview(code: str, slug: str) -> BaseResponse:
    """Exactly what each target will see. Keeps nothing."""
    return _action(code, slug).preview()


@message.post("/<lang:code>/<slug:slug>/message/edit")
@access(PUBLIC, forms=OWN_PAGES)
def edit(code: str, slug: str) -> BaseResponse:
    """Back from the preview, or with other targets. Keeps nothing."""
    return _action(code, slug).edit()


@message.post("/<lang:code>/<slug:slug>/message")
@access(PUBLIC, forms=OWN_PAGES)
def send(code: str, slug: str) -> BaseResponse:
    """Keep it with the form. New or known, the answer is the same."""
    return _action(code, slug).send()


@message.get("/<lang:code>/<slug:slug>/message/waiting")
@access(PUBLIC)
def message_waiting(code: str, slug: str) -> Response:
    """Check your mail. The same page for everybody."""
    return _action(code, slug).waiting()


@message.post("/<lang:code>/<slug:slug>/message/own")
@access(PUBLIC, forms=OWN_PAGES)
def own_mailbox(code: str, slug: str) -> BaseResponse:
    """The same text for the supporter's own mail program. Keeps nothing."""
    return _action(code, slug).own_mailbox()


@message.post("/<lang:code>/<slug:slug>/message/own/sent")
@access(PUBLIC, forms=OWN_PAGES)
def own_sent(code: str, slug: str) -> BaseResponse:
    """“I sent it”: thanks."""
    return _action(code, slug).own_sent()


@message.get("/<lang:code>/<slug:slug>/message/thanks")
@access(PUBLIC)
def message_thanks(code: str, slug: str) -> Response:
    """Where sending by one's own mailbox ends. The same page for everybody."""
    return _action(code, slug).thanks()
