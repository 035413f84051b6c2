"""The console's forms about supporters' messages: caps, what a target did, who is written to."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Final

from wtforms import BooleanField, Field, StringField
from wtforms.validators import ValidationError

from petition.domain.messages.pacing import MOST_A_DAY, MOST_AN_HOUR
from petition.domain.messages.steps import By
from petition.domain.messages.targets import (
    ANSWER_LENGTH,
    LEAVINGS,
    LETTERS_ALONE,
    NOTE_LENGTH,
    STANDS,
    Leaving,
    ProofRefused,
    Stand,
    proof_link,
)
from petition.domain.signatures import supporter
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.signing.fields import (
    PostedForm,
    clean_comment,
    clean_filter,
    no_controls,
    required,
    text_of,
)
from petition.web.staff.edit_conflicts import SharedForm

_DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def is_past_day(form: PostedForm, field: Field) -> None:
    """A day that has come, as browsers write it."""
    day = _day_of(text_of(field))
    if day is None or day > deps().now().date():
        raise ValidationError(
            _("Please enter a day that has come, such as %(day)s.", day="2026-11-02")
        )


class CapsForm(SharedForm):
    """How many messages go to a target at most."""

    an_hour = StringField(filters=[clean_filter], validators=[required])
    a_day = StringField(filters=[clean_filter], validators=[required])

    def validate_an_hour(self, field: Field) -> None:
        self._within(field, MOST_AN_HOUR)

    def validate_a_day(self, field: Field) -> None:
        self._within(field, MOST_A_DAY)

    @staticmethod
    def _within(field: Field, most: int) -> None:
        text = text_of(field)
        if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= most:
            raise ValidationError(
                _("Please enter a whole number from %(low)s to %(high)s.", low=1, high=most)
            )


class StandForm(SharedForm):
    """What a target did, and what shows it."""

    stand = StringField(filters=[clean_filter])
    day = StringField(filters=[clean_filter], validators=[required, is_past_day])
    link = StringField(filters=[clean_filter], validators=[no_controls])
    note = StringField(filters=[clean_filter], validators=[no_controls])
    ends_queue = BooleanField()
    takes_two = False
    """True where so many are queued that one alone cannot end that."""

    def validate_ends_queue(self, field: Field) -> None:
        if field.data and self.takes_two:
            raise ValidationError(
                _(
                    "More than %(number)s people would be told. Note it without this, and then say "
                    "below that nobody writes to it any more: that takes two of you.",
                    number=LETTERS_ALONE,
                )
            )
        if field.data and text_of(self.stand) != Stand.PROMISED:
            raise ValidationError(_("This goes with “Agreed” alone."))

    def validate_stand(self, field: Field) -> None:
        if text_of(field) not in STANDS:
            raise ValidationError(_("Please choose one of these."))

    def validate_link(self, field: Field) -> None:
        try:
            proof_link(text_of(field))
        except ProofRefused:
            raise ValidationError(
                _("Please enter the address of a page, such as https://example.org/answer.")
            ) from None

    def validate_note(self, field: Field) -> None:
        if len(text_of(field)) > NOTE_LENGTH:
            raise ValidationError(_("This is too long: 300 characters at most."))
        if not text_of(field) and not text_of(self.link):
            raise ValidationError(_("Please give a link or a few words that show it."))

    def typed_day(self) -> date:
        """Once it is valid."""
        return date.fromisoformat(text_of(self.day))


class LeaveForm(SharedForm):
    """Why a target is written to no more, and by whom it is replaced."""

    left_as = StringField(filters=[clean_filter])
    replaced_by = StringField(filters=[clean_filter])
    others: Collection[str] = ()
    """Keys of the targets that can take its place; set before it is validated."""

    def validate_left_as(self, field: Field) -> None:
        if text_of(field) not in LEAVINGS:
            raise ValidationError(_("Please choose one of these."))

    def validate_replaced_by(self, field: Field) -> None:
        if text_of(self.left_as) == Leaving.REPLACED and text_of(field) not in self.others:
            raise ValidationError(_("Please choose who takes its place."))

    def replacement(self) -> str | None:
        """What was chosen, where that says anything."""
        return text_of(self.replaced_by) if text_of(self.left_as) == Leaving.REPLACED else None


class ParkedForm(PostedForm):
    """What staff say of the parked ones that their page showed."""

    until = StringField(filters=[clean_filter])
    """As of when the page showed them, in seconds."""
    again = StringField()
    sure = BooleanField()

    def validate_sure(self, field: Field) -> None:
        if self.again.data and not field.data:
            raise ValidationError(_("Please tick this first: the target may get them twice."))

    def shown_at(self) -> datetime:
        """For what is no time, one before all others: nothing is decided then."""
        text = text_of(self.until)
        seconds = int(text) if re.fullmatch(r"[0-9]{1,11}", text, re.ASCII) else 0
        return datetime.fromtimestamp(seconds, UTC)


class NumbersForm(PostedForm):
    """By what the numbers of messages are taken out."""

    by = StringField(filters=[clean_filter])

    def validate_by(self, field: Field) -> None:
        if text_of(field) not in ("", *By):
            raise ValidationError(_("Please choose one of these."))

    def dimension(self) -> By | None:
        """Once it is valid; None for one row."""
        return By(text_of(self.by)) if text_of(self.by) else None


class TrialForm(PostedForm):
    """Which of the campaign's texts staff send to themselves."""

    text = StringField(filters=[clean_filter])

    def choice(self) -> tuple[str, int] | None:
        """(language, variant); None where it names no text."""
        found = re.fullmatch(r"([a-z]{2,3})-([1-9][0-9]?)", text_of(self.text), re.ASCII)
        return (found[1], int(found[2]) - 1) if found else None


class AnswerForm(SharedForm):
    """What a target answered to all, in one language or several."""

    answer_day = StringField(filters=[clean_filter], validators=[required, is_past_day])

    @classmethod
    def in_languages(cls, codes: Collection[str]) -> type[AnswerForm]:
        """The form with a text for each of these languages."""
        fields = {
            f"answer_{code}": StringField(filters=[clean_comment], validators=[_is_answer])
            for code in codes
        }
        return type("LanguagesAnswerForm", (cls,), fields)

    def texts(self) -> dict[str, str]:
        """Language to text, of those that were filled in."""
        names = [name for name in self.data if name.startswith("answer_") and name != "answer_day"]
        return {
            name.removeprefix("answer_"): text_of(self[name])
            for name in names
            if text_of(self[name])
        }

    def validate_answer_day(self, field: Field) -> None:
        if not self.texts():
            raise ValidationError(_("Please enter the answer in at least one language."))

    def typed_day(self) -> date:
        """Once it is valid."""
        return date.fromisoformat(text_of(self.answer_day))


def _is_answer(form: PostedForm, field: Field) -> None:
    if len(text_of(field)) > ANSWER_LENGTH:
        raise ValidationError(_("This is too long: 5,000 characters at most."))
    if supporter.has_control(text_of(field), allow="\n"):
        raise ValidationError(
            _("This contains characters that we cannot accept. Please type it again.")
        )
