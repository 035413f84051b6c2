"""My signature: everything that is held, for who holds the link, and every right to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, abort, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.partners.questions import PartnerQuestion, read
from petition.domain.signatures import consent, states
from petition.domain.webhooks.retries import OVERDUE_AFTER
from petition.errors import NotFound
from petition.services.messages import own, queueing, replies
from petition.services.privacy import data_copy, erasure, rights, withdrawals
from petition.services.privacy.rights import Choices
from petition.store.db import reading, transaction
from petition.store.privacy.personal_data import PersonalData
from petition.web.http.access import LINK, OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form, only_reads
from petition.web.http.locale import _, language, set_locale
from petition.web.http.rendering import page
from petition.web.public.campaign_page import link_page
from petition.web.public.forms import ChoicesForm, CorrectForm, EraseForm
from petition.web.public.link_tokens import lang_query, value_of
from petition.web.signing.fields import OpenForm, text_of
from petition.web.signing.form_tickets import ticket, view_of
from petition.web.signing.form_warnings import Hints, look_at
from petition.web.signing.questions import QuestionsForm, field_name, on_my_page, with_questions

mine = Blueprint("mine", __name__)

DONE: Final = (
    "name",
    "choices",
    "partner",
    "withdraw",
    "undo",
    "sent",
    "deleted",
    "answered",
    "closed",
)
"""What the page says was done, by its address after it."""


@mine.errorhandler(NotFound)
def _gone(_error: NotFound) -> Response:
    return link_page("public/my_gone.html", None, 404)


@mine.get("/my/<token:token>")
@access(LINK)
def show(token: str) -> Response:
    """All that is held. Changes nothing, whatever stands behind the token."""
    return _page(token, _find(token))


@mine.post("/my/<token:token>/correct")
@access(LINK, forms=OWN_PAGES)
def correct(token: str) -> BaseResponse:
    """Put right what was typed."""
    held, form = _find(token), CorrectForm()
    form.keep(_details(held), request.form)
    _keep_form(token, held, form, "name-button")
    if not form.validate():
        return _page(token, held, form, _errors(form), 422)
    hints = _hints(held, text_of(form.comment))
    if hints.questions:
        return _page(token, held, form, None, 422, hints)
    with transaction() as session:
        rights.correct(
            session, deps().vault, held.signature_id, form.details(), text_of(form.country)
        )
    return _done(token, "name")


def _hints(held: PersonalData, comment: str) -> Hints:
    """What to ask about once in a new comment, as the sign form does."""
    if not _view(held).presentation.at_risk or comment == _details(held)["comment"]:
        return Hints()
    seen, mark = look_at(comment, request.form.get("noticed", "").split())
    return Hints(comment=seen, noticed=mark)


def _details(held: PersonalData) -> dict[str, str]:
    """What may be put right, as it stands now."""
    typed = rights.person(deps().vault, held.own).typed()
    del typed["email"]  # it says who somebody is
    return typed | {"country": held.own.country}


@mine.post("/my/<token:token>/choices")
@access(LINK, forms=OWN_PAGES)
def choose(token: str) -> BaseResponse:
    """Change the answers, under the very words that the form showed."""
    held = _find(token)
    shown = view_of(request.form.get("ticket", ""), _view(held))
    asked = (shown or _view(held)).call.consents.values()
    form = with_questions(
        ChoicesForm, tuple(each for each in asked if each.purpose != consent.SIGN)
    )()
    _keep_form(token, held, form, "choices-button")
    if not form.validate():
        return _page(token, held, form, _errors(form), 422)
    if shown is None:
        old = _("The form was open for too long. Please check it and send it again.")
        return _page(token, held, form, {"choices-button": old}, 422)
    choices = Choices(answers=form.answers(), text_ids=shown.consent_text_ids)
    with transaction() as session:
        rights.choose(session, held.signature_id, choices, at=deps().now())
    return _done(token, "choices")


@mine.post("/my/<token:token>/partner")
@access(LINK, forms=OWN_PAGES)
def leave_partner(token: str) -> BaseResponse:
    """Take back the yes to the partner on whose site they signed."""
    held = _find(token)
    _keep_form(token, held, None, "partner-button")
    with transaction() as session:
        rights.leave_partner(session, held.signature_id, at=deps().now())
    return _done(token, "partner")


@mine.post("/my/<token:token>/withdraw")
@access(LINK, forms=OWN_PAGES)
def withdraw(token: str) -> BaseResponse:
    """Take the signature back; for an hour it can be undone."""
    held = _find(token)
    _keep_form(token, held, None, "withdraw-button")
    with transaction() as session:
        withdrawals.withdraw(session, held.signature_id, at=deps().now())
    return _done(token, "withdraw")


@mine.post("/my/<token:token>/undo")
@access(LINK, forms=OWN_PAGES)
def undo(token: str) -> BaseResponse:
    """Undo the withdrawal, within its hour."""
    held = _find(token)
    _keep_form(token, held, None, "undo-button")
    with transaction() as session:
        withdrawals.undo(session, held.signature_id, at=deps().now())
    held = _find(token)
    if held.state == states.WITHDRAWN:
        over = _("The hour is over, and everything is being deleted. You can sign again.")
        return _page(token, held, None, {"withdrawn": over}, 422)
    return _done(token, "undo")


@mine.post("/my/<token:token>/send-message")
@access(LINK, forms=OWN_PAGES)
def send_message(token: str) -> BaseResponse:
    """Send what was written with this address and waits: by its owner's click alone."""
    held = _find(token)
    _keep_form(token, held, None, "messages")
    with transaction() as session:
        done = queueing.confirm_one(session, held.signature_id, _message_id(), at=deps().now())
    return _done(token, "sent" if done else "looked")


@mine.post("/my/<token:token>/delete-message")
@access(LINK, forms=OWN_PAGES)
def delete_message(token: str) -> BaseResponse:
    """Delete one of the messages; what has not gone does not go."""
    held = _find(token)
    _keep_form(token, held, None, "messages")
    with transaction() as session:
        done = own.delete(
            session,
            deps().erasure_context,
            held.signature_id,
            _message_id(),
            at=deps().now(),
        )
    return _done(token, "deleted" if done else "looked")


def _message_id() -> int:
    """Which message the button is of; for what is no number of one, a number that none has."""
    text = request.form.get("message", "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if is_number and int(text) < 2**63 else 0


@mine.post("/my/<token:token>/download")
@access(LINK, forms=OWN_PAGES)
def download(token: str) -> BaseResponse:
    """All that is held, for programs."""
    only_reads()
    document = data_copy.document(_find(token), deps().vault)
    response = make_response(data_copy.as_json(document))
    response.content_type = "application/json; charset=utf-8"
    return _as_file(response, "my-signature.json")


@mine.post("/my/<token:token>/download-page")
@access(LINK, forms=OWN_PAGES)
def download_page(token: str) -> BaseResponse:
    """All that is held, to read."""
    only_reads()
    held = _find(token)
    view = _view(held)
    set_locale(view.language)
    body = page(
        "public/my_copy.html",
        held=held,
        overdue_before=_overdue_before(),
        people=[rights.person(deps().vault, each) for each in held.forms],
        messages=own.opened(deps().vault, held.messages),
        replies=replies.opened(deps().vault, held.replies),
        country_names=_countries(view),
        call=view.call,
        as_of=deps().now(),
    )
    return _as_file(make_response(body), "my-signature.html")


@mine.post("/my/<token:token>/erase")
@access(LINK, forms=OWN_PAGES)
def erase(token: str) -> BaseResponse:
    """Delete everything that is held, once the box is ticked."""
    held, form = _find(token), EraseForm()
    view = _view(held)
    _keep_form(token, held, form, "erase-button")
    if not form.validate():
        return _page(token, held, form, _errors(form), 422)
    with transaction() as session:
        erasure.erase(session, deps().erasure_context, held.signature_id, at=deps().now())
    return link_page("public/my_erased.html", view)


_ACTIONS: Final[dict[str, Callable[[str], BaseResponse]]] = {
    "name": correct,
    "choices": choose,
    "withdraw": withdraw,
    "download": download,
    "page": download_page,
    "erase": erase,
}


@mine.post("/my/<token:token>")
@access(LINK, forms=OWN_PAGES)
def act(token: str) -> BaseResponse:
    """The same for pages that were opened before each action had an address: `do` says which."""
    value_of(tokens.MY, token)
    action = _ACTIONS.get(request.form.get("do", ""))
    if action is None:
        abort(400)
    return action(token)


def _find(token: str) -> PersonalData:
    """What the link opens. Raises TokenUnusable, and NotFound when it is gone."""
    signature_id = int(value_of(tokens.MY, token))
    with reading() as session:
        return rights.find(session, signature_id)


def _view(held: PersonalData) -> CampaignView:
    """The call in the language that the reader chose, else in the signature's."""
    own = deps().campaign_cache.of_text(held.text_id)
    chosen = request.args.get("lang", "")
    return (
        deps()
        .campaign_cache.shown(held.slug, chosen if chosen in own.languages else own.language)
        .view
    )


def _page(
    token: str,
    held: PersonalData,
    form: OpenForm | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    hints: Hints = Hints(),  # noqa: B008  # it is frozen
) -> Response:
    """The whole page; `form` is what was just typed, and `errors` what is wrong, by field.

    `hints` are what is asked about once before it is saved.
    """
    view = _view(held)
    people = [rights.person(deps().vault, each) for each in held.forms]
    filled_in = _details(held) | {"sure": ""}
    questions = on_my_page(view.call.consents)
    filled_in |= {name: held.own.current.get(each.purpose, "") for name, each in questions}
    typed = {field.name: text_of(field) for field in form or () if field.data is not None}
    if isinstance(form, QuestionsForm):
        typed |= {field_name(purpose): answer for purpose, answer in form.answers().items()}
    return link_page(
        "public/my.html",
        view,
        status,
        address=f"/my/{token}",
        query=lang_query("?lang="),
        held=held,
        overdue_before=_overdue_before(),
        undo_until=_undo_until(held),
        people=people,
        messages=own.opened(deps().vault, held.messages),
        replies=replies.opened(deps().vault, held.replies),
        questions=questions,
        partner=_partner(held),
        partner_yes=held.own.current.get(consent.PARTNER) == "yes",
        filled_in=filled_in | typed | {"ticket": ticket(view)},
        country_names=_countries(view),
        errors=errors or {},
        hints=hints,
        done=request.args.get("done") if request.args.get("done") in DONE else None,
    )


def _overdue_before() -> datetime:
    """What a partner's program was told before then, it should have acknowledged by now."""
    return deps().now() - OVERDUE_AFTER


def _partner(held: PersonalData) -> PartnerQuestion | None:
    """What the partner asked on whose site they signed; None where none did."""
    asked = [each for each in held.own.answers if each.purpose == consent.PARTNER]
    return read(asked[-1].wording) if asked else None


def _undo_until(held: PersonalData) -> datetime | None:
    """Until when a withdrawal can be undone; None when there is none, or its hour is over."""
    if held.state != states.WITHDRAWN or held.withdrawn_at is None:
        return None
    until = held.withdrawn_at + withdrawals.UNDO_LIFE
    return until if deps().now() < until else None


def _keep_form(token: str, held: PersonalData, form: OpenForm | None, button: str) -> None:
    """Speak the page's language; and should the database fail, show what was typed once more."""
    set_locale(_view(held).language)
    keep_form(lambda words: _page(token, held, form, {button: words}).get_data(as_text=True))


def _countries(view: CampaignView) -> dict[str, str]:
    set_locale(view.language)
    return dict(language().countries())


def _errors(form: OpenForm) -> dict[str, str]:
    """Field to what is wrong with it."""
    return {name: str(found[0]) for name, found in form.errors.items()}


def _done(token: str, action: str) -> BaseResponse:
    """Back to the page, by an address that may be loaded again."""
    return redirect(f"/my/{token}?done={action}{lang_query('&lang=')}", 303)


def _as_file(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
