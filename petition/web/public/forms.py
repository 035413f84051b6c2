"""The forms of supporters, beside the sign form: link requests, codes, and my signature."""

from __future__ import annotations

from wtforms import Field, StringField
from wtforms.validators import ValidationError

from petition.domain.letters import confirmation_code as codes
from petition.web.http.locale import _
from petition.web.signing.fields import (
    OpenForm,
    clean_filter,
    clean_unscripted,
    is_name,
    no_controls,
    required,
    text_of,
)
from petition.web.signing.forms import AddressForm
from petition.web.signing.questions import AskingForm


class AskForm(AddressForm):
    """Somebody asks for a letter to an address."""


class CodeForm(AskForm):
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


class NameForm(OpenForm):
    """A supporter corrects their name."""

    given_name = StringField(filters=[clean_filter], validators=[required, no_controls, is_name])
    family_name = StringField(filters=[clean_filter], validators=[no_controls, is_name])


class ChoicesForm(AskingForm):
    """A supporter changes their answers."""

    ticket = StringField()


class EraseForm(OpenForm):
    """A supporter has everything erased, and means it."""

    sure = StringField()

    def validate_sure(self, field: Field) -> None:
        if text_of(field) != "yes":
            raise ValidationError(_("Please tick the box first: this cannot be undone."))
