"""After an email was sent: what came back, what the target answered to all, and one chase-up.

Everything stands behind the link to one's own signature. GET changes nothing; each answer is one
POST. The second email goes at once to the queue: whoever holds the link has confirmed the mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.messages import content_checks
from petition.domain.messages.message import CANCELLED, WAITING, MessageText, ShownAs, sender_name
from petition.domain.messages.targets import OUTCOMES, Outcome
from petition.domain.signatures import states
from petition.errors import NotFound
from petition.services.messages import follow_up
from petition.services.messages.follow_up import Sent
from petition.services.privacy import rights
from petition.store.db import reading, transaction
from petition.store.messages import answers
from petition.store.messages.messages import MessageRecord
from petition.store.privacy.personal_data import PersonalData
from petition.web.http.access import LINK, OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _, language, set_locale
from petition.web.public.campaign_page import link_page, organiser_of
from petition.web.public.chase_up_form import ChaseUpForm
from petition.web.public.link_tokens import lang_query, value_of
from petition.web.signing.form_warnings import Hints

outcomes = Blueprint("outcomes", __name__)


@outcomes.errorhandler(NotFound)
def _gone(_error: NotFound) -> Response:
    return link_page("public/my_gone.html", None, 404)


@outcomes.get("/my/<token:token>/answers")
@access(LINK)
def show(token: str) -> Response:
    """Each email that was sent, with a button for each thing that can have come back."""
    return _page(_Writer.find(token))


@outcomes.post("/my/<token:token>/outcome")
@access(LINK, forms=OWN_PAGES)
def note(token: str) -> BaseResponse:
    """What came back for one of them."""
    writer = _Writer.find(token)
    keep_form(lambda words: _page(writer, problem=words).get_data(as_text=True))
    outcome = request.form.get("outcome", "")
    if outcome not in OUTCOMES:
        return _page(writer, problem=_("Please choose one of these."), status=422)
    with transaction() as session:
        follow_up.note_outcome(session, writer.id, _message_id(), Outcome(outcome))
    return writer.back("said")


@outcomes.post("/my/<token:token>/tell-me")
@access(LINK, forms=OWN_PAGES)
def set_wants_answer(token: str) -> BaseResponse:
    """Whether they want an email when a target answers all."""
    writer = _Writer.find(token)
    keep_form(lambda words: _page(writer, problem=words).get_data(as_text=True))
    with transaction() as session:
        follow_up.set_wants_answer(
            session, writer.id, wants=request.form.get("wants_answer") == "yes"
        )
    return writer.back("changed")


@outcomes.post("/my/<token:token>/write-again")
@access(LINK, forms=OWN_PAGES)
def write_again(token: str) -> BaseResponse:
    """The form of a second email, with the first one in it. Keeps nothing."""
    writer = _Writer.find(token)
    first = writer.first()
    text = rights.message_text(deps().vault, first)
    form = ChaseUpForm()
    if not form.is_typed:
        form.begin(text.subject if text else "", text.body if text else "")
    return _chase_up_page(writer, first, form)


@outcomes.post("/my/<token:token>/preview-again")
@access(LINK, forms=OWN_PAGES)
def preview_again(token: str) -> BaseResponse:
    """Exactly what the target will see. Keeps nothing."""
    writer = _Writer.find(token)
    first, form = writer.first(), ChaseUpForm()
    if not form.validate():
        return _chase_up_page(writer, first, form, 422)
    text = writer.text(first, form)
    found = content_checks.remarks(text.subject, text.body)
    return _chase_up_page(
        writer, first, form, text=text, remarks=found, hints=Hints(comment=found.details)
    )


@outcomes.post("/my/<token:token>/send-again")
@access(LINK, forms=OWN_PAGES)
def send_again(token: str) -> BaseResponse:
    """Queue it."""
    writer = _Writer.find(token)
    first, form = writer.first(), ChaseUpForm()
    keep_form(
        lambda words: _chase_up_page(writer, first, form, problem=words).get_data(as_text=True)
    )
    if not form.validate():
        return _chase_up_page(writer, first, form, 422)
    with transaction() as session:
        done = follow_up.chase_up(
            session,
            deps().vault,
            writer.id,
            first,
            writer.text(first, form),
            at=deps().now(),
        )
    return writer.back("sent" if done else "looked")


DONE = ("said", "changed", "sent")
"""What the page says was done, by its address after it."""


def _message_id() -> int:
    """Which email it is about; for what is no number of one, a number that none has."""
    text = request.form.get("message", "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if is_number and int(text) < 2**63 else 0


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """Whoever holds the link, and what they sent."""

    token: str
    held: PersonalData
    view: CampaignView
    sent: tuple[Sent, ...]

    @classmethod
    def find(cls, token: str) -> _Writer:
        """Raises TokenUnusable, and NotFound when it is gone."""
        signature_id = int(value_of(tokens.MY, token))
        with reading() as session:
            held = rights.find(session, signature_id)
            sent = tuple(follow_up.sent(session, held.signature_id))
        own = deps().campaign_cache.of_text(held.text_id)
        chosen = request.args.get("lang", "")
        code = chosen if chosen in own.languages else own.language
        view = deps().campaign_cache.shown(held.slug, code).view
        set_locale(view.language)
        return cls(token=token, held=held, view=view, sent=sent)

    @property
    def id(self) -> int:
        return self.held.signature_id

    def back(self, done: str) -> BaseResponse:
        return redirect(f"/my/{self.token}/answers?done={done}{lang_query('&lang=')}", 303)

    def first(self) -> MessageRecord:
        """The email that is chased up; raises NotFound where it cannot be."""
        wanted = _message_id()
        for each in self.sent:
            if each.record.id == wanted and each.may_chase_up:
                return each.record
        raise NotFound

    def text(self, first: MessageRecord, form: ChaseUpForm) -> MessageText:
        """What the target will see: from whom the first one came."""
        person = rights.person(deps().vault, self.held.own)
        name = sender_name(person, ShownAs(first.shown_as), _("A supporter"))
        organiser = language().organiser(organiser_of(self.view))
        return MessageText(
            sender=_("%(name)s via %(organiser)s", name=name, organiser=organiser),
            subject=form.text("message_subject"),
            body=form.text("message_body"),
        )


def _page(writer: _Writer, *, problem: str = "", status: int = 200) -> Response:
    confirmed = [each for each in writer.held.messages if each.state not in (WAITING, CANCELLED)]
    target_ids = {number for each in confirmed for number in (each.target_id, *each.also_to)}
    with reading() as session:
        answered = answers.of_targets(session, sorted(target_ids))
    return link_page(
        "public/my_answers.html",
        writer.view,
        status,
        **_around(writer),
        sent=writer.sent,
        answered=answered,
        wants_answer=any(each.wants_answer for each in writer.held.messages),
        counts=writer.held.state in (states.CONFIRMED, states.WRITER),
        problem=problem,
        done=request.args.get("done") if request.args.get("done") in DONE else None,
    )


def _around(writer: _Writer) -> Mapping[str, str]:
    return {"address": f"/my/{writer.token}", "query": lang_query("?lang=")}


def _chase_up_page(
    writer: _Writer,
    first: MessageRecord,
    form: ChaseUpForm,
    status: int = 200,
    *,
    text: MessageText | None = None,
    remarks: content_checks.Remarks | None = None,
    hints: Hints = Hints(),  # noqa: B008  # it is frozen
    problem: str = "",
) -> Response:
    """The form, or with `text` what becomes of it."""
    errors = [(name, str(found[0])) for name, found in form.errors.items()]
    return link_page(
        "public/chase_up.html",
        writer.view,
        status,
        **_around(writer),
        first=first,
        form=form,
        text=text,
        remarks=remarks,
        hints=hints,
        errors=[*errors, *([("send-button", problem)] if problem else [])],
        from_address=deps().settings.mail_from.address,
    )
