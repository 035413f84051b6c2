"""Forms: the only validators; page, widget and API feed them."""

from __future__ import annotations

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, Form, PasswordField, StringField, TextAreaField
from wtforms.validators import StopValidation, ValidationError

from petition import i18n
from petition.domain import supporter
from petition.domain.signature import VISIBILITIES
from petition.domain.source import plain_tag
from petition.web.house import _


def _text(field: Field) -> str:
    text: str | None = field.data
    return text or ""


def _given(form: Form, field: Field) -> None:
    if not _text(field):
        raise StopValidation(_("Please fill this in."))


def _plain(form: Form, field: Field) -> None:
    if supporter.has_control(_text(field)):
        raise StopValidation(_("This holds characters that we cannot take. Please type it again."))


def _name(form: Form, field: Field) -> None:
    name = _text(field)
    if len(name) > supporter.NAME_LENGTH:
        raise ValidationError(_("This is too long: 100 characters at most."))
    if name and not supporter.has_letter(name):
        raise ValidationError(_("Please write your name in letters, of any script."))
    if supporter.has_link(name):
        raise ValidationError(_("Please write only your name here, without a link or address."))


def clean_filter(text: str | None) -> str:
    """White space folded, composed characters; what is shown again after an error."""
    return supporter.clean(text) if text else ""


def _clean_comment(text: str | None) -> str:
    return supporter.clean_lines(text) if text else ""


class PostedForm(FlaskForm):
    """A form that reads form bodies only: JSON could bring values that are not text."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Form, formdata: object) -> object:
            return request.form if request.method == "POST" else None


class SignForm(PostedForm):
    """The sign form. Cookieless: a signed ticket stands in for the CSRF token."""

    class Meta(PostedForm.Meta):
        csrf = False

    given_name = StringField(filters=[clean_filter], validators=[_given, _plain, _name])
    family_name = StringField(filters=[clean_filter], validators=[_plain, _name])
    email = StringField(filters=[clean_filter], validators=[_given, _plain])
    country = StringField(filters=[clean_filter])
    postcode = StringField(filters=[clean_filter], validators=[_plain])
    comment = TextAreaField(filters=[_clean_comment])
    agree = StringField()
    updates = StringField()
    visibility = StringField(filters=[lambda text: text or VISIBILITIES[0]])
    website = StringField()
    ticket = StringField()
    source = StringField()
    utm_source = StringField()
    utm_medium = StringField()
    utm_campaign = StringField()

    address: ValidatedEmail | None = None
    """The address in its parts, once the form is valid."""

    def validate_email(self, field: Field) -> None:
        if len(_text(field)) > 254:
            raise ValidationError(_("This address is too long."))
        try:
            self.address = validate_email(
                _text(field), check_deliverability=False, strict=True, allow_quoted_local=False
            )
        except EmailNotValidError:
            raise ValidationError(
                _("This does not look like an email address. Example: name@example.org")
            ) from None

    def validate_country(self, field: Field) -> None:
        if _text(field) not in i18n.COUNTRIES:
            raise ValidationError(_("Please choose your country."))

    def validate_postcode(self, field: Field) -> None:
        if len(_text(field)) > supporter.POSTCODE_LENGTH:
            raise ValidationError(_("This is too long for a postcode."))

    def validate_comment(self, field: Field) -> None:
        if len(_text(field)) > supporter.COMMENT_LENGTH:
            raise ValidationError(_("This is too long: 1,000 characters at most."))
        if supporter.has_control(_text(field), allow="\n"):
            raise ValidationError(
                _("This holds characters that we cannot take. Please type it again.")
            )

    def validate_agree(self, field: Field) -> None:
        if _text(field) not in {"yes", "on", "true", "1"}:
            raise ValidationError(_("We can only count you if you agree to this."))

    def validate_updates(self, field: Field) -> None:
        if _text(field) not in {"yes", "no"}:
            raise ValidationError(_("Please choose yes or no."))

    def validate_visibility(self, field: Field) -> None:
        if _text(field) not in VISIBILITIES:
            raise ValidationError(_("Please choose who may see your name."))

    def validate_website(self, field: Field) -> None:
        """The trap for robots. A person whose browser filled it in can empty it again."""
        if _text(field):
            raise ValidationError(_("Please leave this field empty."))

    def text(self, name: str) -> str:
        """What was typed, cleaned; empty where nothing was."""
        return _text(self[name])

    def tag(self, name: str) -> str | None:
        """A campaign tag, if it is a plain word."""
        return plain_tag(self[name].data)


class SetUpForm(PostedForm):
    """A new member of staff chooses a password."""

    password = PasswordField()


class SignInForm(PostedForm):
    """Staff sign in."""

    email = StringField(filters=[clean_filter], validators=[_plain])
    password = PasswordField()


class ExportForm(PostedForm):
    """Staff take a list out, and say why."""

    reason = StringField(filters=[clean_filter], validators=[_given, _plain])
    for_target = BooleanField()

    def validate_reason(self, field: Field) -> None:
        if len(_text(field)) > 500:
            raise ValidationError(_("This is too long: 500 characters at most."))


class SignOutForm(PostedForm):
    """One button."""


class OpenForm(PostedForm):
    """A form that needs no cookie: it changes nothing that its sender does not hold a key to."""

    class Meta(PostedForm.Meta):
        csrf = False


class AskForm(OpenForm):
    """Somebody asks for a letter to an address."""

    email = SignForm.email
    validate_email = SignForm.validate_email

    address: ValidatedEmail | None = None


class CodeForm(AskForm):
    """The code from a letter, typed by hand."""

    code = StringField(filters=[clean_filter], validators=[_given, _plain])


class NameForm(OpenForm):
    """A supporter corrects their name."""

    given_name = SignForm.given_name
    family_name = SignForm.family_name


class ChoicesForm(OpenForm):
    """A supporter changes their answers."""

    updates = SignForm.updates
    visibility = StringField()
    ticket = StringField()

    validate_updates = SignForm.validate_updates
    validate_visibility = SignForm.validate_visibility


class EraseForm(OpenForm):
    """A supporter has everything erased, and means it."""

    sure = StringField()

    def validate_sure(self, field: Field) -> None:
        if _text(field) != "yes":
            raise ValidationError(_("Please tick this first: it cannot be undone."))
