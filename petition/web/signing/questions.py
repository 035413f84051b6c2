"""The questions of a campaign as fields of a form: their names, their checks, their answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, TypeVar

from wtforms import StringField
from wtforms.form import BaseForm
from wtforms.validators import ValidationError

from petition.domain.signatures import consent
from petition.domain.signatures.consent import Question
from petition.web.http.locale import _
from petition.web.signing.fields import OpenForm

F = TypeVar("F", bound="QuestionsForm")  # Python 3.11 has no other way to say it

NAMES: Final = {
    consent.SIGN: "agree",
    consent.UPDATES: "updates",
    consent.VISIBILITY: "visibility",
    consent.PARTNER: "partner_updates",
}
TICKED: Final = frozenset({"yes", "on", "true", "1"})


def field_name(purpose: str) -> str:
    """The name of a question's field."""
    return NAMES.get(purpose, f"{purpose}_consent")


def on_page(questions: Mapping[str, Question]) -> list[tuple[str, Question]]:
    """Each question with its field's name, as they stand on the form: signing itself is last."""
    first = [consent.VISIBILITY, consent.UPDATES]
    further = [purpose for purpose in questions if purpose not in consent.PURPOSES]
    return [(field_name(each), questions[each]) for each in (*first, *further, consent.SIGN)]


def on_my_page(questions: Mapping[str, Question]) -> list[tuple[str, Question]]:
    """Those that may be answered otherwise at any time; signing has a button to take it back."""
    return [each for each in on_page(questions) if each[1].purpose != consent.SIGN]


def answer_to(question: Question, text: str | None) -> str | None:
    """The answer as it is kept; None where an optional question was left open."""
    if question.is_tick:
        return "yes" if text in TICKED else "no"
    return text or None


def is_answered(question: Question, answer: str | None) -> bool:
    """Whether somebody may sign with this answer."""
    if question.is_tick:
        return answer == "yes" or not question.required
    return answer in question.values or not (answer or question.required)


class AnswerField(StringField):
    """One question of a campaign."""

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question

    @property
    def answer(self) -> str | None:
        return answer_to(self.question, self.data)

    def pre_validate(self, form: BaseForm) -> None:
        question = self.question
        if is_answered(question, self.answer):
            return
        if question.purpose == consent.WRITING:
            raise ValidationError(
                _("Please tick the box: we can only send your email if you agree.")
            )
        if question.is_tick:
            raise ValidationError(
                _("Please tick the box: we can only count your signature if you agree.")
            )
        raise ValidationError(
            _("Please choose who may see your name.")
            if question.purpose == consent.VISIBILITY
            else _("Please choose yes or no.")
        )


class QuestionsForm(OpenForm):
    """A form that asks a campaign's questions; `with_questions` makes one for some of them."""

    LEFT_OPEN: ClassVar[Mapping[str, str]] = {}
    """Purpose to the answer of who leaves the question open."""

    def answers(self) -> dict[str, str]:
        """Purpose to answer, of every question that was answered."""
        fields = [each for each in self if isinstance(each, AnswerField)]
        return {each.question.purpose: each.answer for each in fields if each.answer is not None}


@lru_cache(maxsize=64)
def with_questions(form: type[F], questions: tuple[Question, ...]) -> type[F]:
    """The form with a field for each of these questions."""
    fields = {field_name(each.purpose): _field(form, each) for each in questions}
    return type(form.__name__, (form,), fields)


def _field(form: type[QuestionsForm], question: Question) -> AnswerField:
    left_open = form.LEFT_OPEN.get(question.purpose)
    return AnswerField(question=question, filters=[lambda text: text or left_open])
