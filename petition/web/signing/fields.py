"""What every form is made of: its base classes, validators of single fields, and filters."""

from __future__ import annotations

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, Form
from wtforms.validators import StopValidation, ValidationError

from petition.domain.partners.partner import NAME_LENGTH, NameRefused, name_of
from petition.domain.signatures import supporter
from petition.domain.signatures.typed_address import address_in
from petition.web.http.locale import _


class PostedForm(FlaskForm):
    """A form that reads form bodies only, or the text that it is given: JSON could bring values
    that are not text."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Form, formdata: object) -> object:
            if isinstance(formdata, MultiDict):
                return formdata
            return request.form if request.method == "POST" else None


class OpenForm(PostedForm):
    """A form that needs no cookie: it changes nothing that its sender does not hold a key to."""

    class Meta(PostedForm.Meta):
        csrf = False


def text_of(field: Field) -> str:
    text: str | None = field.data
    return text or ""


def required(form: Form, field: Field) -> None:
    if not text_of(field):
        raise StopValidation(_("Please fill this in."))


def no_controls(form: Form, field: Field) -> None:
    if supporter.has_control(text_of(field)):
        raise StopValidation(
            _("This contains characters that we cannot accept. Please type it again.")
        )


def is_name(form: Form, field: Field) -> None:
    name = text_of(field)
    if len(name) > supporter.NAME_LENGTH:
        raise ValidationError(_("This is too long: 100 characters at most."))
    if name and not supporter.has_letter(name):
        raise ValidationError(_("Please write your name in letters, in any script."))
    if supporter.has_link(name):
        raise ValidationError(_("Please write only your name here, without a link or address."))


def is_section_name(form: Form, field: Field) -> None:
    """Of a partner's branch, by whoever it is typed."""
    if len(text_of(field)) > NAME_LENGTH:
        raise ValidationError(_("This is too long: 100 characters at most."))
    try:
        name_of(text_of(field))
    except NameRefused:
        raise ValidationError(_("Please write a name, in any script.")) from None


def clean_filter(text: str | None) -> str:
    """White space folded, composed characters, no stray marks; shown again after an error."""
    return supporter.clean(text) if text else ""


def clean_unscripted(text: str | None) -> str:
    return supporter.clean_unscripted(text) if text else ""


def clean_address(text: str | None) -> str:
    """An address, out of what it was wrapped in."""
    return address_in(clean_unscripted(text))


def clean_comment(text: str | None) -> str:
    return supporter.clean_lines(text) if text else ""
