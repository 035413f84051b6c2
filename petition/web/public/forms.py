"""The forms of supporters, beside the sign form: link requests, codes, and my signature."""

from __future__ import annotations

from collections.abc import Container, Mapping

from wtforms import Field, StringField
from wtforms.validators import ValidationError

from petition.domain.letters import confirmation_code as codes
from petition.web.http.locale import _
from petition.web.signing.fields import (
    OpenForm,
    clean_filter,
    clean_unscripted,
    is_section_name,
    no_controls,
    required,
    text_of,
)
from petition.web.signing.forms import AddressForm, DetailsForm
from petition.web.signing.questions import QuestionsForm


class LinkRequestForm(AddressForm):
    """Somebody asks for a letter to an address."""


class AcceptForm(OpenForm):
    """A partner's person accepts what is arranged."""

    name = StringField(filters=[clean_filter], validators=[required, no_controls])
    recipient = StringField()
    """The public key that the partner's lists are encrypted to; empty where it wants none yet."""


class CodeForm(LinkRequestForm):
    """The code from a letter, typed by hand."""

    code = StringField(filters=[clean_unscripted], validators=[required])

    def validate_code(self, field: Field) -> None:
        """What can be no code is told apart here: it takes none of the day's tries."""
        if not codes.typed(text_of(field)):
            raise ValidationError(
                _(
                    "This is not a code: a code has six letters, like BCD-FGH. Please look in "
                    "the email."
                )
            )


class CorrectForm(DetailsForm):
    """A supporter puts right what they typed, by the rules of the sign form."""

    def keep(self, known: Mapping[str, str], sent: Container[str]) -> None:
        """What a page did not send stays: it was opened before it had all of these fields.

        Whatever sends none of them sends no page's form, but presses what it finds: to that the
        form stays empty, and nothing is put right by it.
        """
        if not any(field.name in sent for field in self):
            return
        for field in self:
            if field.name not in sent:
                field.data = known[field.name]

    def details(self) -> dict[str, str]:
        """What is kept of a person, once the form is valid."""
        typed = {field.name: text_of(field) for field in self if field.name != "country"}
        return typed | {"postcode": typed["postcode"].upper()}


class ChoicesForm(QuestionsForm):
    """A supporter changes their answers."""

    ticket = StringField()


class EraseForm(OpenForm):
    """A supporter has everything erased, and means it."""

    sure = StringField()

    def validate_sure(self, field: Field) -> None:
        if text_of(field) != "yes":
            raise ValidationError(_("Please tick the box first: this cannot be undone."))


class SectionForm(OpenForm):
    """A partner names a section of its own; whoever holds the link to its page may."""

    name = StringField(filters=[clean_filter], validators=[required, no_controls, is_section_name])
