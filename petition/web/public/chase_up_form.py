"""The form of a second email to a target that did not answer the first."""

from __future__ import annotations

from flask import request
from wtforms import Field, StringField, TextAreaField

from petition.web.public.email_rules import check_body, check_subject
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
        check_subject(field)

    def validate_message_body(self, field: Field) -> None:
        check_body(field)
