"""Forms: the only validators; page, widget and API feed them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    Form,
    PasswordField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import StopValidation, ValidationError

from petition import i18n
from petition.domain import supporter
from petition.domain.review import SHOWN, VERDICTS
from petition.domain.signature import VISIBILITIES
from petition.domain.source import plain_tag
from petition.domain.target import PatternRefused, PatternTooWide, belongs, pattern
from petition.web.house import _

_MARK = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{16})")


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


class OpenForm(PostedForm):
    """A form that needs no cookie: it changes nothing that its sender does not hold a key to."""

    class Meta(PostedForm.Meta):
        csrf = False


class AddressForm(OpenForm):
    """A form with an address that a letter may go to."""

    email = StringField(filters=[clean_filter], validators=[_given, _plain])

    address: ValidatedEmail | None = None
    """The address in its parts, once the form is valid."""
    target_domains: Collection[str] = ()
    """The target's own mail domains, where no letter goes: the door says which they are."""

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
        if belongs(self.address.ascii_domain, self.target_domains):
            raise ValidationError(
                _(
                    "Your employer may be able to read what is sent to this address. Please give "
                    "a private one instead. Nothing has been stored, and nothing was sent."
                )
            )


class SignForm(AddressForm):
    """The sign form. A signed ticket stands in for the CSRF token."""

    given_name = StringField(filters=[clean_filter], validators=[_given, _plain, _name])
    family_name = StringField(filters=[clean_filter], validators=[_plain, _name])
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
    use_email = StringField(filters=[clean_filter])
    """The address that a hint offered: the button that took it up sends it along."""
    noticed = StringField()
    """Marks of what was asked about before (web/hinting.py)."""

    def validate(self, extra_validators: Any = None) -> bool:
        if self.use_email.data:
            self.email.data = self.use_email.data
        valid: bool = super().validate(extra_validators)
        return valid

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


class OffForm(PostedForm):
    """Staff take a mail domain off the target's list."""

    domain = StringField(filters=[clean_filter], validators=[_given, _plain])


class DomainForm(OffForm):
    """Staff name a mail domain of the target's."""

    def validate_domain(self, field: Field) -> None:
        try:
            pattern(_text(field))
        except PatternRefused:
            raise ValidationError(
                _("Please write a domain like amazon.com, or amazon.* for every ending.")
            ) from None
        except PatternTooWide:
            raise ValidationError(
                _("People everywhere have private addresses there: they could no longer sign.")
            ) from None


class ReviewForm(PostedForm):
    """Staff decide about a name by one of its buttons, or about all that the page lists."""

    shown = StringField()
    name_only = StringField()
    refused = StringField()
    together = StringField()
    each = SelectMultipleField(validate_choice=False)

    def decisions(self) -> list[tuple[int, str, str]]:
        """(signature, what was seen of it, verdict) for each that was decided about."""
        marks = [(_text(self[verdict]), verdict) for verdict in VERDICTS]
        if self.together.data:
            marks += [(mark, SHOWN) for mark in self.each.data or ()]
        found = ((_MARK.fullmatch(mark), verdict) for mark, verdict in marks)
        return [(int(mark[1]), mark[2], verdict) for mark, verdict in found if mark]


class SignOutForm(PostedForm):
    """One button."""


class AskForm(AddressForm):
    """Somebody asks for a letter to an address."""


class CodeForm(AskForm):
    """The code from a letter, typed by hand."""

    # No `_plain`: invisible marks come along from right-to-left letters (domain/code.py).
    code = StringField(filters=[clean_filter], validators=[_given])


class NameForm(OpenForm):
    """A supporter corrects their name."""

    given_name = StringField(filters=[clean_filter], validators=[_given, _plain, _name])
    family_name = StringField(filters=[clean_filter], validators=[_plain, _name])


class ChoicesForm(OpenForm):
    """A supporter changes their answers."""

    updates = StringField()
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
