"""What anybody may read: campaigns, their texts and their public numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from flask import Blueprint, Response, request

from petition.domain.campaigns.campaign import CampaignState, CampaignView
from petition.domain.campaigns.milestones import goal_at
from petition.domain.partners import questions
from petition.domain.signatures import consent
from petition.domain.signatures.consent import Question
from petition.errors import NotFound
from petition.web.api.operations import LANG, Operation, Parameter, operation
from petition.web.api.partner_keys import live_partner
from petition.web.api.resources import (
    AnswerChoice,
    CampaignDetails,
    CampaignList,
    CampaignSummary,
    CampaignTexts,
    ConsentQuestion,
    Counter,
    CountryCount,
    Counts,
    FieldsAsked,
    Resource,
)
from petition.web.http import cached_response
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import CACHE_CONTROL, SHARED, Shared
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.problems import ProblemKind
from petition.web.signing.questions import on_page

readable = Blueprint("api", __name__, url_prefix="/api/v1/campaigns")

JSON: Final = "application/json"
_NONE_SUCH: Final = (ProblemKind.NOT_FOUND,)
_ASKING: Final = Parameter(
    name="partner",
    description="The key of a partner for whom you will send signatures: send the same with them.",
    type=str,
)


@readable.get("")
@access(PUBLIC)
@operation(
    Operation(
        id="listCampaigns",
        summary="List the campaigns",
        description="Every campaign that people may read, open or closed, the oldest first.",
        status=200,
        answer=CampaignList,
        problems=(),
        parameters=(LANG,),
        is_cacheable=True,
    )
)
def campaigns() -> Response:
    """The campaigns that people may read."""
    return _shared(("campaigns",), _list)


@readable.get("/<slug:slug>")
@access(PUBLIC)
@operation(
    Operation(
        id="getCampaign",
        summary="Read a campaign",
        description="Its state, its dates and its languages.",
        status=200,
        answer=CampaignDetails,
        problems=_NONE_SUCH,
        parameters=(LANG,),
        is_cacheable=True,
    )
)
def campaign(slug: str) -> Response:
    """One campaign without its words."""
    shown = shown_in(slug)
    return _shared(("campaign", slug), lambda: _details(shown.view))


@readable.get("/<slug:slug>/texts/<language>")
@access(PUBLIC)
@operation(
    Operation(
        id="getTexts",
        summary="Read a campaign's texts",
        description="Its words in one language, and the questions that whoever signs must be "
        "asked, each with the version of its words. With a partner's key, that partner's own "
        "question is among them.",
        status=200,
        answer=CampaignTexts,
        problems=(*_NONE_SUCH, ProblemKind.NO_PARTNER),
        parameters=(_ASKING, LANG),
        is_cacheable=True,
    )
)
def texts(slug: str, language: str) -> Response:
    """The words in one language."""
    if language not in deps().campaign_cache.languages(slug):
        raise NotFound
    shown = shown_in(slug, language)
    key = request.args.get("partner")
    if key is None:
        return _shared(("texts", slug, language), lambda: _texts(shown.view))
    partner = live_partner(shown.view, key)
    view = shown.asking(partner).view
    return _shared(("texts", slug, language, partner), lambda: _texts(view))


@readable.get("/<slug:slug>/counts")
@access(PUBLIC)
@operation(
    Operation(
        id="getCounts",
        summary="Read how many signed",
        description="The numbers of the campaign's page, by its rules: figures by country are "
        "tens, move at most once a day, and none is under ten.",
        status=200,
        answer=Counts,
        problems=_NONE_SUCH,
        parameters=(LANG,),
        is_cacheable=True,
    )
)
def counts(slug: str) -> Response:
    """The public numbers."""
    shown = shown_in(slug)
    return _shared(("counts", slug), lambda: _counts(shown))


@readable.get("/<slug:slug>/counter")
@access(PUBLIC)
@operation(
    Operation(
        id="getCounter",
        summary="Read the counter",
        description="The total and its goal alone, for a counter that asks often.",
        status=200,
        answer=Counter,
        problems=_NONE_SUCH,
        parameters=(LANG,),
        is_cacheable=True,
    )
)
def counter(slug: str) -> Response:
    """The one number."""
    shown = shown_in(slug)
    return _shared(
        ("counter", slug),
        lambda: Counter(confirmed=shown.count, goal=goal_at(shown.count, shown.view.goal)),
    )


def shown_in(slug: str, code: str | None = None) -> CachedCampaign:
    """The campaign in this language, or in its own. Raises NotFound."""
    cache = deps().campaign_cache
    return cache.shown(slug, code or cache.languages(slug)[0])


def _shared(key: tuple[object, ...], make: Callable[[], Resource]) -> Response:
    """An answer that is the same for everybody; 304 to who has it already."""
    place = ("api", *key)
    found = deps().campaign_cache.keep(
        place, lambda: cached_response.made(msgspec.json.encode(make()), JSON)
    )
    request.environ[SHARED] = Shared(place, found)
    return cached_response.answer(found, CACHE_CONTROL)


def _list() -> CampaignList:
    cache = deps().campaign_cache
    return CampaignList(
        campaigns=tuple(
            CampaignSummary(
                slug=slug,
                state=CampaignState(shown_in(slug).view.state),
                languages=cache.languages(slug),
            )
            for slug in cache.public_slugs()
        )
    )


def _details(view: CampaignView) -> CampaignDetails:
    settings = deps().settings
    return CampaignDetails(
        slug=view.slug,
        state=CampaignState(view.state),
        takes_signatures=view.is_open(deps().now()),
        default_language=view.default_language,
        languages=view.languages,
        targets=tuple(target.name for target in view.targets),
        organiser=view.presentation.organiser or settings.organiser,
        opens_at=view.opens_at,
        ends_at=view.ends_at,
        page=f"{settings.base_url}/{view.slug}",
    )


def _texts(view: CampaignView) -> CampaignTexts:
    call, page = view.call, f"{deps().settings.base_url}/{view.language}/{view.slug}"
    return CampaignTexts(
        slug=view.slug,
        language=view.language,
        title=call.title,
        ask=call.ask,
        summary=call.summary,
        asks=call.asks,
        addressed_to=call.addressed_to,
        share_text=call.share_text,
        story=call.story,
        fields=FieldsAsked(
            family_name=call.fields.family_name,
            postcode=call.fields.postcode,
            comment=call.fields.comment,
        ),
        consents=tuple(_question(each) for _, each in on_page(call.consents)),
        page=page,
        privacy=f"{page}/privacy",
    )


def _question(question: Question) -> ConsentQuestion:
    asked = questions.read(question.text) if question.purpose == consent.PARTNER else None
    return ConsentQuestion(
        purpose=question.purpose,
        text_sha256=consent.fingerprint(question.wording()),
        question=asked.text if asked is not None else question.text,
        answers=tuple(AnswerChoice(value=value, says=says) for value, says in question.answers),
        required=question.required,
        controller=asked.controller if asked is not None else None,
        controller_privacy=asked.privacy_url if asked is not None else None,
    )


def _counts(shown: CachedCampaign) -> Counts:
    found = shown.countries
    places = sorted(found.places.items(), key=lambda row: (-row[1], row[0])) if found else ()
    return Counts(
        confirmed=shown.count,
        as_of=shown.folded_at,
        goal=goal_at(shown.count, shown.view.goal),
        countries=tuple(CountryCount(country=code, people=people) for code, people in places),
        others=found.others if found else 0,
        countries_as_of=found.at if found else None,
    )
