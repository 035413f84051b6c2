"""The sign form, and the part of it that asks for an address."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import Field, StringField, TextAreaField
from wtforms.validators import ValidationError

from petition import i18n
from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.campaigns.form_fields import OFF, REQUIRED, FormFields
from petition.domain.campaigns.target_domains import belongs
from petition.domain.signatures import consent, supporter
from petition.domain.signatures.source import TAGS, plain_tag
from petition.domain.signatures.states import VISIBILITIES
from petition.domain.signatures.supporter import Person
from petition.domain.signatures.typed_address import likely_address
from petition.web.http.locale import _
from petition.web.signing.fields import (
    OpenForm,
    clean_address,
    clean_comment,
    clean_filter,
    clean_unscripted,
    is_name,
    no_controls,
    required,
    text_of,
)
from petition.web.signing.questions import QuestionsForm


class AddressForm(OpenForm):
    """A form with an address that a letter may go to."""

    email = StringField(filters=[clean_address], validators=[required, no_controls])
    use_email = StringField(filters=[clean_unscripted])
    """The address that was offered: the button that took it up sends it along."""

    address: ValidatedEmail | None = None
    """The address in its parts, once the form is valid."""
    offered: str | None = None
    """What was probably meant by an address that is none."""
    target_domains: Collection[str] = ()
    """The target's own mail domains, where no letter goes: the view says which they are."""

    def validate(self, extra_validators: Any = None) -> bool:
        if self.use_email.data:
            self.email.data = self.use_email.data
        valid: bool = super().validate(extra_validators)
        return valid

    def validate_email(self, field: Field) -> None:
        if len(text_of(field)) > 254:
            raise ValidationError(_("This address is too long."))
        try:
            self.address = validate_email(
                text_of(field), check_deliverability=False, strict=True, allow_quoted_local=False
            )
        except EmailNotValidError:
            self.offered = likely_address(text_of(field))
            raise ValidationError(
                _("This does not look like an email address. Example: name@example.org")
            ) from None
        try:
            addr_spec(f"{self.address.local_part}@{self.address.ascii_domain}")
        except AddressRefused:
            raise ValidationError(
                _(
                    "Some mail servers misread special characters like these before the @, so we "
                    "cannot write to this address. Please give another one."
                )
            ) from None
        if belongs(self.address.ascii_domain, self.target_domains):
            raise ValidationError(
                _(
                    "Your employer may be able to read what is sent to this address. Please "
                    "give a private one instead. Nothing has been stored or sent."
                )
            )


class DetailsForm(OpenForm):
    """What a supporter tells of themselves, beside the address: on signing, and put right later."""

    given_name = StringField(filters=[clean_filter], validators=[required, no_controls, is_name])
    family_name = StringField(filters=[clean_filter], validators=[no_controls, is_name])
    country = StringField(filters=[clean_unscripted])
    postcode = StringField(filters=[clean_unscripted], validators=[no_controls])
    comment = TextAreaField(filters=[clean_comment])

    fields: FormFields = FormFields()
    """Which of its fields the campaign wants: the view says it."""

    def validate(self, extra_validators: Any = None) -> bool:
        for name in self.fields.of(OFF):
            self[name].data = ""  # what is not asked for is not kept, whoever sends it
        for name in self.fields.of(REQUIRED):
            self[name].validators = (required, *self[name].validators)
        valid: bool = super().validate(extra_validators)
        return valid

    def validate_country(self, field: Field) -> None:
        if text_of(field) not in i18n.COUNTRIES:
            raise ValidationError(_("Please choose your country."))

    def validate_postcode(self, field: Field) -> None:
        if len(text_of(field)) > supporter.POSTCODE_LENGTH:
            raise ValidationError(_("This is too long for a postcode."))

    def validate_comment(self, field: Field) -> None:
        if len(text_of(field)) > supporter.COMMENT_LENGTH:
            raise ValidationError(_("This is too long: 1,000 characters at most."))
        if supporter.has_control(text_of(field), allow="\n"):
            raise ValidationError(
                _("This contains characters that we cannot accept. Please type it again.")
            )


class SignForm(QuestionsForm, AddressForm, DetailsForm):
    """The sign form without its questions. A signed ticket stands in for the CSRF token."""

    TYPED: tuple[str, ...] = (
        "subject",
        "given_name",
        "family_name",
        "email",
        "country",
        "postcode",
        "comment",
    )
    """In the order of the page, which is that of the messages; the questions come after them."""
    LEFT_OPEN = {consent.VISIBILITY: VISIBILITIES[0]}  # noqa: RUF012  # the base says ClassVar

    CARRIED: tuple[str, ...] = ("ticket", "noticed", *TAGS)
    """What the page carries along and nobody types: the ticket, marks of what was asked about
    before (web/signing/form_warnings.py), campaign tags. No fields: those cost most of a form."""

    subject = StringField()
    """The trap: robots fill in whatever asks for text. No form filler knows a person's subject."""

    def __init__(
        self,
        carried: Mapping[str, str] | None = None,
        sent: MultiDict[str, str] | None = None,
    ) -> None:
        """With the form that was sent in; `carried` belongs to one that nobody filled in yet.

        `sent` is what came in another way than as a form's body.
        """
        super().__init__(**({} if sent is None else {"formdata": sent}))
        came = carried if carried is not None else request.form if sent is None else sent
        self.carried = {name: came.get(name, "") for name in self.CARRIED}

    def validate_subject(self, field: Field) -> None:
        """A person whose browser filled it in sees it from now on, and can empty it."""
        if text_of(field):
            raise ValidationError(
                _(
                    "This field is only there to stop robots. Perhaps your browser filled it "
                    "in. Please make sure it is empty, then sign again."
                )
            )

    def problems(self, questions: Iterable[str]) -> list[tuple[str, str]]:
        """Field to what is wrong with it, in the page's order; `questions` are their fields."""
        fields = [self[name] for name in (*self.TYPED, *questions) if name in self]
        return [(field.name, str(field.errors[0])) for field in fields if field.errors]

    def person(self) -> Person:
        """What was typed about the person, once the form is valid."""
        assert self.address is not None
        typed = {name: self.text(name) for name in Person.__struct_fields__}
        typed |= {"email": self.address.normalized, "postcode": typed["postcode"].upper()}
        return Person(**typed)

    def text(self, name: str) -> str:
        """What was typed, cleaned; empty where nothing was."""
        return text_of(self[name])

    def tag(self, name: str) -> str | None:
        """A campaign tag, if it is a plain word."""
        return plain_tag(self.carried[name])
