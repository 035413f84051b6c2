"""What a subject and a text may be that a supporter writes to a target: hard limits, in words."""

from __future__ import annotations

from wtforms import Field
from wtforms.validators import ValidationError

from petition.domain.messages import content_checks
from petition.domain.messages.message import BODY_LENGTH, MOST_LINKS, SUBJECT_LENGTH
from petition.domain.signatures import supporter
from petition.web.http.locale import _
from petition.web.signing.fields import text_of


def check_subject(field: Field) -> None:
    """Raises ValidationError."""
    if len(text_of(field)) > SUBJECT_LENGTH:
        raise ValidationError(_("This is too long: 120 characters at most."))
    if content_checks.links(text_of(field)):
        raise ValidationError(_("Please write the subject without a link."))


def check_body(field: Field, whole: str | None = None) -> None:
    """Raises ValidationError; `whole` is the text as it is sent, where more than the field is."""
    text = text_of(field) if whole is None else whole
    if len(text) > BODY_LENGTH:
        raise ValidationError(_("This is too long: 4,000 characters at most."))
    if supporter.has_control(text_of(field), allow="\n"):
        raise ValidationError(
            _("This contains characters that we cannot accept. Please type it again.")
        )
    if content_checks.links(text) > MOST_LINKS:
        raise ValidationError(
            _("Emails with several links are taken for spam. Please leave one at most.")
        )
