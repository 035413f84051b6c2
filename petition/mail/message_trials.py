"""Trials of messages: to a member of staff, as a target would get it, and marked as a test."""

from __future__ import annotations

from datetime import datetime

from petition import i18n
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.messages.message import NAME, TARGET, MessageText, filled
from petition.mail.letters import LetterContext
from petition.mail.messages import to_target
from petition.mail.ready_letter import ReadyLetter
from petition.store.letters.staff_letters import StaffLetter
from petition.store.messages.trials import Trial


def to_staff(
    context: LetterContext, letter: StaffLetter, trial: Trial, view: CampaignView, at: datetime
) -> ReadyLetter:
    """One of the campaign's texts, with nobody's name in it."""
    language = i18n.language(view.language)
    name = language.gettext("A supporter")
    organiser = language.organiser(view.presentation.organiser or context.settings.organiser)
    sender = language.gettext("%(name)s via %(organiser)s")
    begin = view.call.messages[trial.variant]
    values = {NAME: name, TARGET: trial.target}
    text = MessageText(
        sender=sender % {"name": name, "organiser": organiser},
        subject=language.gettext("Test: %(subject)s") % {"subject": filled(begin.subject, values)},
        body=filled(begin.body, values),
    )
    return to_target(
        context, text, letter_id=letter.id, to=(letter.to,), language=view.language, at=at
    )
