"""What each page of a campaign needs: its words, its addresses, the page in other languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, request

from petition import i18n, rendering
from petition.domain.campaigns.campaign import CampaignView, reference
from petition.domain.signatures import consent
from petition.services.messages import composing
from petition.web.http.cached_response import shared
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import language, set_locale
from petition.web.http.rendering import page
from petition.web.public import own_files
from petition.web.signing.questions import on_page


def shown_call(code: str, slug: str) -> CachedCampaign:
    """The call in the language of the address; raises NotFound."""
    shown = deps().campaign_cache.shown(slug, code)
    set_locale(code)
    return shown


def page_context(
    view: CampaignView, place: str = "", tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What every page of a call needs. `place` follows the call's address, as in "/thanks".

    `tags` are those of the link that led here: they stay when the reader changes the language.
    """
    base = deps().settings.base_url
    here = f"/{view.language}/{view.slug}"
    query = f"?{urlencode(tags)}" if tags else ""
    alternates = [(code, f"/{code}/{view.slug}{place}") for code in view.languages]
    asked = view.consent_text_ids.get(consent.PARTNER)
    key = ("call", view.text_id, asked, view.state)
    call = deps().campaign_cache.keep(key, lambda: _call(view))
    return {
        "call": call,
        "at_risk": view.presentation.at_risk,
        "organiser": language().organiser(organiser_of(view)),
        "risk_words": view.call.at_risk,
        "look": call["look"],
        "alternates": alternates,
        "language_menu": [(code, f"{address}{query}") for code, address in alternates],
        "base_url": base,
        "canonical": f"{base}{here}{place}",
        "any_language": f"{base}/{view.slug}",
        "campaign_url": here,
        "sign_url": f"{here}/sign",
        "privacy_url": f"{here}/privacy",
        "message_url": f"{here}/message" if _takes_messages(view) else None,
        "share_url": f"{base}/{view.slug}",
    }


def _takes_messages(view: CampaignView) -> bool:
    """Whether somebody is left to write to: a target that agreed is not."""
    return composing.is_offered(view) and bool(deps().campaign_cache.message_targets(view.slug))


def organiser_of(view: CampaignView) -> str | None:
    """The campaign's own organiser, or the server's; None where neither has a name."""
    return view.presentation.organiser or deps().settings.organiser


def _call(view: CampaignView) -> dict[str, Any]:
    return {
        "slug": view.slug,
        "title": view.call.title,
        "ask": view.call.ask,
        "summary": view.call.summary,
        "asks": view.call.asks,
        "addressed_to": view.call.addressed_to,
        "share_text": view.call.share_text,
        "share": view.call.share,
        "fields": view.call.fields,
        "references": [reference(each) for each in view.call.references],
        "story_html": rendering.story(view.call.story),
        "look": own_files.look(view.slug, view.presentation),
        "picture_alt": view.call.picture_alt,
        "sensitive": view.call.sensitive,
        "timeline": [
            {"on": each.on, "html": rendering.line(each.text)} for each in view.call.timeline
        ],
        "updates": [
            {
                "key": each.key,
                "on": each.on,
                "title": each.title,
                "html": rendering.story(each.text),
            }
            for each in view.call.updates
        ],
        "outcome": view.call.outcome,
        "outcome_html": rendering.story(view.call.outcome.text) if view.call.outcome else "",
        "targets": [target.name for target in view.targets],
        "goal": view.goal,
        "is_open": view.is_open(deps().now()),
        "languages": view.languages,
        "consents": view.call.consents,
        "questions": on_page(view.call.consents),
    }


def plain_page(code: str, slug: str, name: str) -> Response:
    """A step on the way: the same for everybody, and not for crawlers."""
    shown = shown_call(code, slug)
    response = shared(
        (slug, code, name),
        lambda: page(f"public/{name}.html", **page_context(shown.view, f"/{name}")),
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def link_page(
    template: str, view: CampaignView | None, status: int = 200, **context: Any
) -> Response:
    """A page behind a letter's link, in the call's language unless the reader chose another."""
    chosen = request.args.get("lang", "")
    if view is None:
        if chosen in i18n.codes():
            set_locale(chosen)
        menu = _same_page(i18n.codes())
        return make_response(
            page(template, campaign_url="/", language_menu=menu, **context), status
        )
    # The page speaks the chosen language; the words that were agreed to stay what they were.
    set_locale(chosen if chosen in view.languages else view.language)
    around = page_context(view) | {"language_menu": _same_page(view.languages)}
    return make_response(page(template, **around, **context), status)


def _same_page(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code, f"?lang={code}") for code in codes]
