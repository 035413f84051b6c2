"""Signing by the API: the form of the campaign's page, sent as JSON by a partner's page or program.

What is wrong with a form, what is asked about once, who sends too much and what is kept are those
of every form (web/signing). A form that was taken has one answer: whoever signs, and however often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta
from werkzeug.datastructures import MultiDict

from petition.domain.api import request_keys
from petition.domain.api.request_keys import KeyState
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.partners.refused_form import KeyFault
from petition.domain.signatures import consent
from petition.domain.signatures.source import TAGS
from petition.errors import CampaignClosed, TooManyForms
from petition.services.abuse.limits import retry_after
from petition.services.api.once import once
from petition.store.db import transaction
from petition.store.partners.partners import PartnerRecord
from petition.web.api.bodies import body
from petition.web.api.operations import LANG, Operation, Parameter, operation
from petition.web.api.partner_keys import ORIGIN, live_partner, note_refused
from petition.web.api.public import JSON, shown_in
from petition.web.api.refusals import Refusal
from petition.web.api.resources import FormAccepted, NextStep, SignatureForm
from petition.web.http import problems
from petition.web.http.access import ANYWHERE, PUBLIC, access, is_from_elsewhere
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.http.problems import FieldProblem, Limited, ProblemKind
from petition.web.signing.form_requests import form_sent, keep
from petition.web.signing.form_tickets import view_of, view_of_frame
from petition.web.signing.form_warnings import Hints, hints_for
from petition.web.signing.forms import SignForm
from petition.web.signing.questions import field_name, on_page

signing = Blueprint("api_signing", __name__, url_prefix="/api/v1/campaigns")

REQUEST_KEY: Final = "Idempotency-Key"
_TYPED: Final = ("given_name", "family_name", "email", "country", "postcode", "comment")
_ACCEPTED: Final = msgspec.json.encode(FormAccepted(next=NextStep.CONFIRM_BY_EMAIL))

_PARTNER: Final = Parameter(
    name="partner",
    description="The key of the partner on whose site or in whose program the form stands. A page "
    "may only use the key of its own site.",
    type=str,
)
_REQUEST_KEY: Final = Parameter(
    name=REQUEST_KEY,
    description="Names this request, so that sending it again does nothing twice: 16 to 128 "
    "characters that nobody can guess, such as a random UUID; good for 24 hours.",
    type=Annotated[str, Meta(pattern=request_keys.PATTERN)],
    place="header",
)


@signing.post("/<slug:slug>/signatures")
@access(PUBLIC, forms=ANYWHERE)
@operation(
    Operation(
        id="sign",
        summary="Sign",
        description="Takes a form, for a partner (its key in the address) or with the ticket of a "
        "form on a page of ours. The answer is always the same: it does not tell whether the "
        "address is known here. A signature counts once its person confirms it by the link in our "
        "email.",
        status=202,
        answer=FormAccepted,
        body=SignatureForm,
        problems=(
            ProblemKind.NOT_READ,
            ProblemKind.NOT_ALLOWED,
            ProblemKind.NO_PARTNER,
            ProblemKind.NOT_FOUND,
            ProblemKind.CLOSED,
            ProblemKind.RUNNING,
            ProblemKind.TOO_LARGE,
            ProblemKind.NOT_JSON,
            ProblemKind.WRONG_FIELDS,
            ProblemKind.PLEASE_CHECK,
            ProblemKind.OLD_TEXT,
            ProblemKind.OLD_TICKET,
            ProblemKind.KEY_USED,
        ),
        parameters=(_PARTNER, LANG, _REQUEST_KEY),
    )
)
def sign(slug: str) -> Response:
    """Keep a signature. New or known, the answer is the same."""
    partner = _partner(shown_in(slug).view)
    sent = body(SignatureForm)
    try:
        _once(partner, lambda: _sign(slug, sent, partner))
    except CampaignClosed:
        deps().campaign_cache.clear()
        raise Refusal(ProblemKind.CLOSED) from None
    except TooManyForms as refused:
        wait = retry_after(refused.until, at=deps().now())
        return problems.too_many(wait, Limited.SIGNATURES)
    return Response(_ACCEPTED, 202, content_type=JSON)


def _once(partner: PartnerRecord | None, do: Callable[[], None]) -> None:
    """Do it; where the request has a name, once. Raises Refusal."""
    named = request.headers.get(REQUEST_KEY)
    if named is None:
        do()
        return
    if not request_keys.is_usable(named):
        detail = _("A key has 16 to 128 characters, and nobody can guess it.")
        raise Refusal(ProblemKind.WRONG_FIELDS, FieldProblem(detail=detail, parameter=REQUEST_KEY))
    asked = request_keys.request_key(
        deps().settings.secret_key,
        owner=f"{request.path} {partner.key if partner else ''}",
        named=named,
        body=request.get_data(),
    )
    with once(transaction, asked, deps().now) as state:
        if state == KeyState.NEW:
            do()
        elif state == KeyState.RUNNING:
            raise Refusal(ProblemKind.RUNNING)
        elif state == KeyState.OTHER_BODY:
            raise Refusal(ProblemKind.KEY_USED)


def _partner(view: CampaignView) -> PartnerRecord | None:
    """The partner whose key the address names, if that may be used there. Raises Refusal.

    A browser says which page sends: a partner's key is its own pages' and nobody else's, and the
    tickets of our own pages come back from them. Who says nothing of the kind is no browser.
    """
    key = request.args.get("partner")
    if key is None:
        if is_from_elsewhere(deps().settings.base_url):
            raise Refusal(ProblemKind.NOT_ALLOWED)
        return None
    found = live_partner(view, key)
    origin = request.headers.get(ORIGIN)
    if origin is not None and origin.lower() not in found.origins:
        note_refused(view, found, KeyFault.OTHER_SITE)
        raise Refusal(ProblemKind.NOT_ALLOWED)
    return found


def _sign(slug: str, sent: SignatureForm, partner: PartnerRecord | None) -> None:
    view = _words_seen(slug, sent, partner)
    if not view.is_open(deps().now()):
        raise CampaignClosed
    _require_texts(sent, view)
    form = form_sent(view, _as_form(sent))
    hints = hints_for(form, at_risk=view.presentation.at_risk)
    wrong = [*_wrong_purposes(sent, view), *_wrong_fields(form, sent, view)]
    if wrong:
        raise Refusal(ProblemKind.WRONG_FIELDS, *wrong)
    if hints.questions:
        raise Refusal(ProblemKind.PLEASE_CHECK, *_asked_about(hints), noticed=hints.noticed)
    keep(view, form, partner.key if partner else None, way=consent.API)


def _words_seen(slug: str, sent: SignatureForm, partner: PartnerRecord | None) -> CampaignView:
    """The call in the words that the person saw, as far as the form says it. Raises Refusal."""
    if sent.language not in deps().campaign_cache.languages(slug):
        detail = _("The campaign is not written in this language.")
        raise Refusal(ProblemKind.WRONG_FIELDS, FieldProblem(detail=detail, pointer="/language"))
    cached = shown_in(slug, sent.language)
    shown = cached.view
    if partner is not None and not sent.ticket:
        return cached.asking(partner).view
    if partner is None:
        view = view_of(sent.ticket, shown)
    else:
        view = view_of_frame(sent.ticket, shown, partner)
    if view is None:
        detail = _("The form was open for too long. Please check it and send it again.")
        raise Refusal(ProblemKind.OLD_TICKET, FieldProblem(detail=detail, pointer="/ticket"))
    return view


def _require_texts(sent: SignatureForm, view: CampaignView) -> None:
    """Each answer is to the words that stand there now. Raises Refusal."""
    current = {
        purpose: consent.fingerprint(question.wording())
        for purpose, question in view.call.consents.items()
    }
    old = [
        FieldProblem(
            detail=_("This is not the text that is asked now."),
            pointer=f"/consents/{number}/text_sha256",
        )
        for number, each in enumerate(sent.consents)
        if current.get(each.purpose, each.text_sha256) != each.text_sha256
    ]
    if old:
        raise Refusal(ProblemKind.OLD_TEXT, *old)


def _as_form(sent: SignatureForm) -> MultiDict[str, str]:
    """The same as a page of ours would send it."""
    fields = {name: getattr(sent, name) for name in (*_TYPED, *TAGS, "noticed")}
    fields |= {field_name(each.purpose): each.answer for each in sent.consents}
    return MultiDict(fields)


def _wrong_purposes(sent: SignatureForm, view: CampaignView) -> Iterator[FieldProblem]:
    """Answers to what nobody asked, or asked once."""
    seen: set[str] = set()
    for number, each in enumerate(sent.consents):
        if each.purpose not in view.call.consents or each.purpose in seen:
            yield FieldProblem(
                detail=_("This question is not asked here, or it is answered twice."),
                pointer=f"/consents/{number}/purpose",
            )
        seen.add(each.purpose)


def _wrong_fields(
    form: SignForm, sent: SignatureForm, view: CampaignView
) -> Iterator[FieldProblem]:
    """What the form says of its fields, each where it came from."""
    questions = {name: each.purpose for name, each in on_page(view.call.consents)}
    places = {each.purpose: number for number, each in enumerate(sent.consents)}
    for name, message in form.problems(questions):
        place = places.get(questions.get(name, ""))
        if name not in questions:
            pointer = f"/{name}"
        else:
            pointer = "/consents" if place is None else f"/consents/{place}/answer"
        yield FieldProblem(detail=message, pointer=pointer)


def _asked_about(hints: Hints) -> Iterator[FieldProblem]:
    """What is doubtful, each once."""
    if hints.email is not None:
        detail = _("Did you mean %(address)s?", address=hints.email)
        yield FieldProblem(detail=detail, pointer="/email")
    if hints.comment:
        found = ", ".join(each.text for each in hints.comment)
        detail = _("Could your comment show who you are, or who a colleague is?")
        yield FieldProblem(detail=f"{detail} {found}", pointer="/comment")
