"""The form in a frame on a partner's site, and what comes after it.

Who the partner is, is decided when the frame is loaded: only pages of its sites may show it
(`frame-ancestors`), and the form's ticket carries its key. What the form asks, what is wrong with
it and what becomes of it is the same as on our own page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from petition import assets, i18n
from petition.domain.campaigns import colours
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.campaigns.colours import ColourRefused, Theme
from petition.domain.partners.refused_form import site_of
from petition.errors import NotFound, PetitionError
from petition.services.partners.refused_forms import refused_form
from petition.services.partners.snippets import page_of
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import OWN_FRAMES, PUBLIC, access
from petition.web.http.cached_response import answer, made, shared, uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.rendering import page
from petition.web.http.security import FOR_SANDBOXES, may_be_framed_by
from petition.web.public.campaign_page import page_context, shown_call
from petition.web.public.progress import counted
from petition.web.signing.form_requests import (
    NO_HINTS,
    FormPage,
    answer_form,
    messages_for_blank,
    tags_of_request,
)
from petition.web.signing.form_tickets import (
    frame_ticket,
    preview_ticket,
    view_of_frame,
    view_of_preview,
)
from petition.web.signing.form_warnings import Hints
from petition.web.signing.forms import SignForm

embed = Blueprint("embed", __name__, url_prefix="/embed")

OURS: Final = ("'self'",)
"""Who may frame a preview: our own pages, and no site of anybody."""
CSS: Final = "text/css; charset=utf-8"


class NoForm(PetitionError):
    """No partner that may show this campaign's form has this key."""

    def __init__(self, shown: CachedCampaign, partner: PartnerRecord | None) -> None:
        super().__init__()
        self.shown = shown
        self.partner = partner
        """None where the key is nobody's."""


@dataclass(frozen=True, kw_only=True)
class FrameLook:
    """What a frame looks like beside the page around it."""

    theme: Theme
    accent: str | None
    """As `#rrggbb`: the partner's where text in it can be read, else the campaign's."""
    is_own: bool
    """True where the accent is the partner's."""


@dataclass(frozen=True, kw_only=True)
class Frame(FormPage):
    """The form in a frame on this partner's site."""

    of: PartnerRecord
    look: FrameLook
    on_our_page: bool
    """True where a page of ours shows it, to be looked at and tried: nothing is kept."""

    @property
    def is_preview(self) -> bool:
        return self.on_our_page

    @property
    def address(self) -> str:
        return self.at("")

    @property
    def thanks_address(self) -> str:
        return self.at("/thanks")

    @property
    def partner(self) -> str:
        return self.of.key

    def ticket(self) -> str:
        make = preview_ticket if self.is_preview else frame_ticket
        return make(self.shown.view, self.of.key)

    def view_of(self, ticket: str) -> CampaignView | None:
        read = view_of_preview if self.is_preview else view_of_frame
        return read(ticket, self.shown.view, self.of)

    def draw(
        self,
        form: SignForm,
        errors: Sequence[tuple[str, str]] = (),
        hints: Hints = NO_HINTS,
        wait: str = "",
    ) -> str:
        return page(
            "embed/form.html",
            form=form,
            errors=errors,
            hints=hints,
            wait=wait,
            sites="" if errors or hints.questions or self.is_preview else " ".join(self.of.origins),
            messages=messages_for_blank(self.shown.view),
            **counted(self.shown),
            **self._context,
        )

    def drawn_thanks(self) -> str:
        """What comes after signing."""
        return page("embed/thanks.html", **self._context)

    @cached_property
    def _context(self) -> dict[str, Any]:
        context = page_context(self.shown.view)
        own = {"sign_url": self.at("/sign"), "page_url": self._page, "is_preview": self.is_preview}
        if self.is_preview:
            own["message_url"] = None  # what is written there would be kept
        elif context["message_url"]:
            own["message_url"] = self.at("/message")
        return context | in_frame(self.look) | own

    def key(self, place: str) -> tuple[object, ...]:
        """The key of this frame among the answers that are the same for everybody."""
        view = self.shown.view
        return ("frame", view.slug, view.language, self.of, self.look, self.is_preview, place)

    @property
    def is_common(self) -> bool:
        """True where many are shown this very frame: the others are made for one request each."""
        names_language = request.args.get("lang", "") == self.shown.view.language
        return names_language and not self.look.is_own and not any(tags_of_request().values())

    @property
    def _page(self) -> str:
        """The call's own page, where who signs is counted for the partner as well."""
        return page_of(deps().settings.base_url, self.of, self.shown.view.language)

    def at(self, place: str) -> str:
        """The address of a place in this frame."""
        asked = {"partner": self.of.key, "lang": self.shown.view.language}
        if self.look.theme != Theme.AUTO:
            asked["theme"] = self.look.theme
        if self.look.is_own and self.look.accent:
            asked["accent"] = self.look.accent.removeprefix("#")
        if self.is_preview:
            asked["preview"] = "1"
        return f"/embed/{self.shown.view.slug}{place}?{urlencode(asked)}"


@embed.get("/<slug:slug>")
@access(PUBLIC)
def form(slug: str) -> Response:
    """The form; a link to the campaign's page where the partner may show none."""
    frame = asked_frame(slug)
    return answered(frame, "", frame.drawn_blank)


@embed.post("/<slug:slug>/sign")
@access(PUBLIC, forms=OWN_FRAMES)
def sign(slug: str) -> BaseResponse:
    """Keep a signature, as of this partner. New or known, the answer is the same."""
    return answer_form(asked_frame(slug))


@embed.get("/<slug:slug>/thanks")
@access(PUBLIC)
def thanks(slug: str) -> Response:
    """Check your mail. The same page for everybody."""
    frame = asked_frame(slug)
    return answered(frame, "/thanks", frame.drawn_thanks)


@embed.get("/colours/<accent>/<theme>.css")
@access(PUBLIC)
def own_colours(accent: str, theme: str) -> Response:
    """The colours of a frame with this accent."""
    colour = _readable(accent)
    if colour is None or theme not in list(Theme):
        raise NotFound
    sheet = colours.style_sheet(colour, Theme(theme))
    response = answer(made(sheet.encode(), CSS), "public, max-age=86400")
    response.headers.update(FOR_SANDBOXES)
    return response


@embed.errorhandler(NoForm)
def no_form(error: NoForm) -> Response:
    """A link to where the form stands that anybody may sign; staff are told of the site."""
    view = error.shown.view
    if not _is_preview():
        site = site_of(request.headers.get("Referer", ""))
        refused = refused_form(view.id, error.partner, site)
        deps().refused_forms.note(refused, at=deps().now())
    context = page_context(view) | in_frame(_look(view))
    return uncached(page("embed/no_form.html", **context), 404)


def asked_frame(slug: str) -> Frame:
    """The frame that the address names. Raises NotFound, NoForm."""
    shown = shown_call(_language(slug), slug)
    partner = deps().campaign_cache.partner(slug, request.args.get("partner", ""))
    if partner is not None:
        # A blocked one's pages show the link: they have no hole where the form was.
        may_be_framed_by(OURS if _is_preview() else partner.origins)
    if partner is None or not partner.is_live:
        raise NoForm(shown, partner)
    return Frame(
        shown=shown.asking(partner),
        of=partner,
        look=_look(shown.view),
        on_our_page=_is_preview(),
    )


def _is_preview() -> bool:
    """Whether the frame stands on a page of ours, to be looked at: no site of anybody shows it."""
    return request.args.get("preview") == "1"


def _language(slug: str) -> str:
    """The language that the address names, as far as the campaign speaks it; else the reader's."""
    spoken = deps().campaign_cache.languages(slug)
    named = request.args.get("lang", "").partition("-")[0].lower()
    if named in spoken:
        return named
    return i18n.negotiate(request.headers.get("Accept-Language", ""), spoken)


def _look(view: CampaignView) -> FrameLook:
    theme = request.args.get("theme", "")
    own = _readable(request.args.get("accent", ""))
    return FrameLook(
        theme=Theme(theme) if theme in list(Theme) else Theme.AUTO,
        accent=own or view.presentation.accent,
        is_own=own is not None,
    )


def _readable(accent: str) -> str | None:
    """The accent as `#rrggbb`; None where it is none, or text in it could not be read."""
    colour = f"#{accent.lower()}"
    try:
        colours.check_accent(colour)
    except ColourRefused:
        return None
    return colour


def in_frame(look: FrameLook) -> dict[str, Any]:
    """What every page in a frame needs beside what pages of the campaign do."""
    accent = (look.accent or "").removeprefix("#")
    return {
        "framed": True,
        "sheet": assets.address(f"css/frame-{look.theme}.css"),
        "colours_address": f"/embed/colours/{accent}/{look.theme}.css" if accent else "",
    }


def answered(frame: Frame, place: str, make: Any) -> Response:
    """A page of this frame that is the same for everybody who is shown it."""
    response = shared(frame.key(place), make) if frame.is_common else uncached(make())
    response.headers["X-Robots-Tag"] = "noindex"
    return response
