"""Letters to partners: the link to what is to be accepted. Neutral, like all our letters."""

from __future__ import annotations

from datetime import datetime

from petition import i18n
from petition.domain.letters import letter as kinds
from petition.domain.tokens import ACCEPT_LIFE
from petition.mail.letters import LetterContext, finished
from petition.mail.ready_letter import ReadyLetter
from petition.services.partners.arrangements import accept_link
from petition.store.letters.partner_letters import PartnerLetter


def to_partner(context: LetterContext, letter: PartnerLetter, at: datetime) -> ReadyLetter | None:
    """The letter; None for a kind that only a newer version knows, or that nobody needs now."""
    if letter.kind != kinds.ARRANGEMENT or not letter.is_wanted:
        return None
    subject = i18n.language(letter.language).gettext("An arrangement for you to read")
    base_url = context.settings.base_url
    link = accept_link(context.tokens, base_url, letter.terms_id, at=at)
    links = {"link": link, "ends": at + ACCEPT_LIFE}
    return finished(context, letter, "arrangement", subject, links, letter.to, at)
