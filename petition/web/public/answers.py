"""Answers: what a supporter answers to a target's reply, written and looked at on a page of theirs.

It goes to the target as their message did, from us and by the same queue: whatever they answered by
mail would show their address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse
from wtforms import Field, StringField, TextAreaField

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.messages import content_checks
from petition.domain.messages.message import (
    SUBJECT_LENGTH,
    MessageText,
    ShownAs,
    sender_name,
)
from petition.domain.messages.reply import ReplyText
from petition.errors import NotFound
from petition.services.messages import replies
from petition.services.messages.replies import Answer
from petition.services.privacy import rights
from petition.store.db import reading, transaction
from petition.store.messages.replies import Answerable
from petition.store.privacy.personal_data import PersonalData
from petition.web.http.access import LINK, OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _, language, set_locale
from petition.web.public.campaign_page import link_page, organiser_of
from petition.web.public.email_rules import check_body, check_subject
from petition.web.public.link_tokens import lang_query, value_of
from petition.web.signing.fields import (
    OpenForm,
    clean_comment,
    clean_filter,
    no_controls,
    required,
    text_of,
)

answers = Blueprint("answers", __name__)

BUTTON: Final = "send-button"


class AnswerForm(OpenForm):
    """A subject and a text, by the rules of a message."""

    TYPED = ("answer_subject", "answer_body")

    answer_subject = StringField(filters=[clean_filter], validators=[required, no_controls])
    answer_body = TextAreaField(filters=[clean_comment], validators=[required])

    def validate_answer_subject(self, field: Field) -> None:
        check_subject(field)

    def validate_answer_body(self, field: Field) -> None:
        check_body(field)


@answers.errorhandler(NotFound)
def _gone(_error: NotFound) -> Response:
    """A reply that is gone, answered, or somebody else's: one page for each."""
    return link_page("public/my_gone.html", None, 404)


@answers.get("/my/<token:token>/answer")
@access(LINK)
def write(token: str) -> BaseResponse:
    """The reply, and room for an answer. Changes nothing."""
    form = AnswerForm()
    page = _Page.find(token)
    form.answer_subject.data = page.subject
    return page.draw(form)


@answers.post("/my/<token:token>/answer/preview")
@access(LINK, forms=OWN_PAGES)
def preview(token: str) -> BaseResponse:
    """Exactly what the target will see. Keeps nothing."""
    page, form = _Page.find(token), AnswerForm()
    page.keep_typed(form)
    return page.preview(form) if form.validate() else page.draw(form, 422)


@answers.post("/my/<token:token>/answer/edit")
@access(LINK, forms=OWN_PAGES)
def edit(token: str) -> BaseResponse:
    """Back from the preview, with all that was typed. Keeps nothing."""
    return _Page.find(token).draw(AnswerForm())


@answers.post("/my/<token:token>/answer")
@access(LINK, forms=OWN_PAGES)
def send(token: str) -> BaseResponse:
    """Queue it: each reply is answered once, however often the button is pressed."""
    page, form = _Page.find(token), AnswerForm()
    page.keep_typed(form)
    if not form.validate():
        return page.draw(form, 422)
    command = Answer(reply_id=page.to.reply_id, text=page.text(form))
    with transaction() as session:
        replies.answer(session, deps().vault, page.held.signature_id, command, at=deps().now())
    return redirect(f"/my/{token}?done=answered{lang_query('&lang=')}", 303)


@answers.post("/my/<token:token>/close-message")
@access(LINK, forms=OWN_PAGES)
def close(token: str) -> BaseResponse:
    """No more answers to one message: its alias then passes nothing on."""
    held = _held(token)
    with transaction() as session:
        done = replies.close(session, held.signature_id, _number("message"), at=deps().now())
    return redirect(f"/my/{token}?done={'closed' if done else 'looked'}{lang_query('&lang=')}", 303)


def _held(token: str) -> PersonalData:
    """What the link opens. Raises TokenUnusable, and NotFound when it is gone."""
    signature_id = int(value_of(tokens.MY, token))
    with reading() as session:
        return rights.find(session, signature_id)


def _number(name: str) -> int:
    """A number that came with the request; for what is none, one that nothing has."""
    text = request.values.get(name, "")
    is_number = text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if is_number and int(text) < 2**63 else 0


@dataclass(frozen=True, kw_only=True)
class _Page:
    """One reply, and what is answered to it."""

    token: str
    held: PersonalData
    view: CampaignView
    to: Answerable
    reply: ReplyText | None

    @classmethod
    def find(cls, token: str) -> _Page:
        """Raises TokenUnusable, and NotFound where there is nothing to answer."""
        held = _held(token)
        with reading() as session:
            to = replies.answerable(session, held.signature_id, _number("reply"))
        record = next(each for each in held.replies if each.id == to.reply_id)
        own = deps().campaign_cache.of_text(held.text_id)
        chosen = request.args.get("lang", "")
        view = (
            deps()
            .campaign_cache.shown(held.slug, chosen if chosen in own.languages else own.language)
            .view
        )
        set_locale(view.language)
        return cls(
            token=token,
            held=held,
            view=view,
            to=to,
            reply=rights.reply_text(deps().vault, record),
        )

    @property
    def subject(self) -> str:
        """What an answer is called to begin with."""
        subject = self.reply.subject if self.reply else ""
        again = subject if subject.lower().startswith("re:") else f"Re: {subject}".strip()
        return again[:SUBJECT_LENGTH]

    def text(self, form: AnswerForm) -> MessageText:
        """What the target will see, from whom they know by the message."""
        person = rights.person(deps().vault, self.held.own)
        set_locale(self.to.language)  # the words that they know it by
        name = sender_name(person, ShownAs(self.to.shown_as), _("A supporter"))
        organiser = language().organiser(organiser_of(self.view))
        sender = _("%(name)s via %(organiser)s", name=name, organiser=organiser)
        set_locale(self.view.language)
        return MessageText(
            sender=sender, subject=text_of(form.answer_subject), body=text_of(form.answer_body)
        )

    def keep_typed(self, form: AnswerForm) -> None:
        """Should the database fail, what was typed is shown once more."""
        keep_form(lambda words: self.draw(form, errors={BUTTON: words}).get_data(as_text=True))

    def draw(
        self, form: AnswerForm, status: int = 200, errors: dict[str, str] | None = None
    ) -> Response:
        wrong = {name: str(found[0]) for name, found in form.errors.items()}
        return self._link_page("public/answer.html", status, form, errors=wrong | (errors or {}))

    def preview(self, form: AnswerForm) -> Response:
        text = self.text(form)
        remarks = content_checks.remarks(text.subject, text.body)
        return self._link_page("public/answer_preview.html", 200, form, text=text, remarks=remarks)

    def _link_page(
        self, template: str, status: int, form: AnswerForm, **context: object
    ) -> Response:
        return link_page(
            template,
            self.view,
            status,
            address=f"/my/{self.token}",
            query=lang_query("?lang="),
            form=form,
            to=self.to,
            reply=self.reply,
            from_address=deps().settings.mail_from.address,
            **context,
        )
