"""The form of a message to the campaign's targets: the sign form, and what is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import ValidationError

from petition.domain.messages.message import (
    ANSWER_LENGTH,
    QUESTIONS,
    ShownAs,
    with_answers,
)
from petition.domain.signatures import supporter
from petition.store.messages.targets import TargetRecord
from petition.web.http.locale import _
from petition.web.public.email_rules import check_body, check_subject
from petition.web.signing.fields import (
    clean_comment,
    clean_filter,
    clean_unscripted,
    no_controls,
    required,
    text_of,
)
from petition.web.signing.forms import SignForm


class MessageForm(SignForm):
    """Who writes, to whom, and what. It signs as well, and one email confirms both; or it does not
    sign, where it carries the mark for that."""

    ANSWERS: tuple[str, ...] = tuple(f"answer_{number + 1}" for number in range(QUESTIONS))
    WRITTEN: tuple[str, ...] = ("to", "message_subject", "message_body", *ANSWERS)
    TYPED: tuple[str, ...] = (
        *WRITTEN,
        *SignForm.TYPED,
        "shown_as",
        "office_country",
        "wants_answer",
    )
    CARRIED: tuple[str, ...] = (*SignForm.CARRIED, "variant", "apart")

    to = SelectMultipleField(validate_choice=False)
    """Keys of targets."""
    message_subject = StringField(filters=[clean_filter], validators=[required, no_controls])
    message_body = TextAreaField(filters=[clean_comment], validators=[required])
    answer_1 = TextAreaField(filters=[clean_comment])
    answer_2 = TextAreaField(filters=[clean_comment])
    answer_3 = TextAreaField(filters=[clean_comment])
    shown_as = StringField()
    office_country = StringField(filters=[clean_unscripted])
    """Offices of this country alone are listed; empty: of all."""
    wants_answer = StringField()
    """“Tell me by email if they answer”; whatever it says is a yes."""

    targets: Sequence[TargetRecord] = ()
    """Those of the campaign: the view says which they are."""
    questions: Sequence[str] = ()
    """What its writers are asked; the same."""

    def __init__(
        self, carried: Mapping[str, str] | None = None, begin: Mapping[str, str] | None = None
    ) -> None:
        """`begin` is what stands in the fields of a form that nobody filled in yet."""
        super().__init__(carried)
        for name, text in (begin or {}).items():
            self[name].data = text

    def validate_to(self, field: Field) -> None:
        if not self.chosen:
            raise ValidationError(_("Please choose at least one."))

    def validate_message_subject(self, field: Field) -> None:
        check_subject(field)

    def validate_message_body(self, field: Field) -> None:
        """With the answers, as it is sent."""
        check_body(field, self.whole_body)

    def validate_shown_as(self, field: Field) -> None:
        if text_of(field) not in tuple(ShownAs):
            raise ValidationError(_("Please choose how your name is shown."))

    def _validate_answer(self, field: Field) -> None:
        if len(text_of(field)) > ANSWER_LENGTH:
            raise ValidationError(_("This is too long: 1,000 characters at most."))
        if supporter.has_control(text_of(field), allow="\n"):
            raise ValidationError(
                _("This contains characters that we cannot accept. Please type it again.")
            )

    validate_answer_1 = validate_answer_2 = validate_answer_3 = _validate_answer

    @property
    def whole_body(self) -> str:
        """The text with the answers in it."""
        asked = self.ANSWERS[: len(self.questions)]
        return with_answers(self.text("message_body"), [self.text(each) for each in asked])

    @property
    def listed(self) -> list[TargetRecord]:
        """The targets to choose from: of one country, where one is asked for, and who is chosen."""
        country, chosen = self.text("office_country"), self.chosen
        if country not in {each.country for each in self.targets}:
            return list(self.targets)
        return [each for each in self.targets if each.country == country or each in chosen]

    @property
    def chosen(self) -> list[TargetRecord]:
        """The targets that are written to."""
        keys = set(self.to.data or ())
        return [each for each in self.targets if each.key in keys]

    @property
    def variant(self) -> int:
        """Which of the texts it began with."""
        text = self.carried["variant"]
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
