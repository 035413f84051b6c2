"""The email action in a frame on a partner's site: after signing there, or instead of it.

What comes after the sign form is silent: none of these pages names a site, so none speaks with the
page around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.campaigns.campaign import CampaignView
from petition.errors import NotFound
from petition.web.embed.frame import Frame, NoForm, answered, asked_frame, in_frame, no_form
from petition.web.http.access import OWN_FRAMES, PUBLIC, access
from petition.web.public.campaign_page import page_context
from petition.web.public.message_action import (
    ActionClosed,
    MessageAction,
    MessagePlace,
    to_campaign,
)
from petition.web.signing.form_tickets import frame_ticket, view_of_frame

framed_message = Blueprint("framed_message", __name__, url_prefix="/embed/<slug:slug>/message")
framed_message.register_error_handler(ActionClosed, to_campaign)
framed_message.register_error_handler(NoForm, no_form)


@dataclass(frozen=True, kw_only=True)
class InFrame(MessagePlace):
    """In this frame, with the partner's own question: who writes signs as well."""

    frame: Frame

    def at(self, step: str = "") -> str:
        return self.frame.at(f"/message{step}")

    @property
    def home(self) -> str:
        return self.frame.address

    @property
    def partner(self) -> str:
        return self.frame.of.key

    def ticket(self) -> str:
        return frame_ticket(self.view, self.partner)

    def view_of(self, ticket: str) -> CampaignView | None:
        return view_of_frame(ticket, self.view, self.frame.of)

    def around(self, step: str = "") -> Mapping[str, Any]:
        own = {"layout": "embed/base.html", "step": self.at}
        return page_context(self.view, f"/message{step}") | in_frame(self.frame.look) | own

    def common(self, step: str, make: Callable[[], str]) -> Response:
        return answered(self.frame, f"/message/{step}", make)


def _action(slug: str) -> MessageAction:
    """Raises NotFound, NoForm, ActionClosed."""
    frame = asked_frame(slug)
    if frame.is_preview:
        raise NotFound  # what is written here is kept
    return MessageAction.of(InFrame(shown=frame.shown, frame=frame))


@framed_message.get("")
@access(PUBLIC)
def show(slug: str) -> BaseResponse:
    """The form, with one of the campaign's texts in it."""
    return _action(slug).blank()


@framed_message.post("/preview")
@access(PUBLIC, forms=OWN_FRAMES)
def preview(slug: str) -> BaseResponse:
    """Exactly what each target will see. Keeps nothing."""
    return _action(slug).preview()


@framed_message.post("/edit")
@access(PUBLIC, forms=OWN_FRAMES)
def edit(slug: str) -> BaseResponse:
    """Back from the preview, or with other targets. Keeps nothing."""
    return _action(slug).edit()


@framed_message.post("")
@access(PUBLIC, forms=OWN_FRAMES)
def send(slug: str) -> BaseResponse:
    """Keep it with the form, as of this partner. New or known, the answer is the same."""
    return _action(slug).send()


@framed_message.get("/waiting")
@access(PUBLIC)
def waiting(slug: str) -> Response:
    """Check your mail. The same page for everybody."""
    return _action(slug).waiting()


@framed_message.post("/own")
@access(PUBLIC, forms=OWN_FRAMES)
def own_mailbox(slug: str) -> BaseResponse:
    """The same text for the supporter's own mail program. Keeps nothing."""
    return _action(slug).own_mailbox()


@framed_message.post("/own/sent")
@access(PUBLIC, forms=OWN_FRAMES)
def own_sent(slug: str) -> BaseResponse:
    """“I sent it”: thanks."""
    return _action(slug).own_sent()


@framed_message.get("/thanks")
@access(PUBLIC)
def thanks(slug: str) -> Response:
    """Where sending by one's own mailbox ends. The same page for everybody."""
    return _action(slug).thanks()
