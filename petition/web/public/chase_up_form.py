"""The form of a second email to a target that did not answer the first."""

from __future__ import annotations

from flask import request
from wtforms import Field, StringField, TextAreaField
from wtforms.validators import ValidationError

from petition.domain.messages import content_checks
from petition.domain.messages.message import BODY_LENGTH, MOST_LINKS, SUBJECT_LENGTH
from petition.domain.signatures import supporter
from petition.web.http.locale import _
from petition.web.signing.fields import (
    OpenForm,
    clean_comment,
    clean_filter,
    no_controls,
    required,
    text_of,
)


class ChaseUpForm(OpenForm):
    """Its subject and text; who writes, and to whom, the link and the first email say."""

    message_subject = StringField(filters=[clean_filter], validators=[required, no_controls])
    message_body = TextAreaField(filters=[clean_comment], validators=[required])

    @property
    def is_typed(self) -> bool:
        """Whether the form came with a text, as from its preview."""
        return "message_body" in request.form

    def begin(self, subject: str, body: str) -> None:
        """What stands in it before anything is typed."""
        self.message_subject.data, self.message_body.data = subject, body

    def text(self, name: str) -> str:
        """What a field says."""
        return text_of(self[name])

    def validate_message_subject(self, field: Field) -> None:
        if len(text_of(field)) > SUBJECT_LENGTH:
            raise ValidationError(_("This is too long: 120 characters at most."))
        if content_checks.links(text_of(field)):
            raise ValidationError(_("Please write the subject without a link."))

    def validate_message_body(self, field: Field) -> None:
        if len(text_of(field)) > BODY_LENGTH:
            raise ValidationError(_("This is too long: 4,000 characters at most."))
        if supporter.has_control(text_of(field), allow="\n"):
            raise ValidationError(
                _("This contains characters that we cannot accept. Please type it again.")
            )
        if content_checks.links(text_of(field)) > MOST_LINKS:
            raise ValidationError(
                _("Emails with several links are taken for spam. Please leave one at most.")
            )
