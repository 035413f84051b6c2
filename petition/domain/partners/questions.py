"""A partner's own question: what it asks people who sign on its sites, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from petition.domain.partners.terms import Terms
from petition.domain.signatures import consent, supporter
from petition.domain.signatures.consent import Question
from petition.errors import PetitionError

TEXT_LENGTH: Final = 300


class QuestionRefused(PetitionError):
    """The question has up to 300 characters in one paragraph, with a letter among them."""


@dataclass(frozen=True, kw_only=True)
class PartnerQuestion:
    """What stood at the box: the words, whose they are, and where that one's notice is."""

    text: str
    controller: str
    privacy_url: str

    def wording(self) -> str:
        """All of it, as it is kept with every answer."""
        return "\n".join((self.text, self.controller, self.privacy_url))

    def question(self) -> Question:
        """As a form asks it: a box that nobody has to tick."""
        return Question(purpose=consent.PARTNER, text=self.wording(), required=False)


def asked_by(terms: Terms, text: str) -> PartnerQuestion:
    """The partner's question under its terms. Raises QuestionRefused."""
    words = supporter.clean(text)
    too_long = len(words) > TEXT_LENGTH
    if too_long or not supporter.has_letter(words) or supporter.has_control(words):
        raise QuestionRefused
    return PartnerQuestion(text=words, controller=terms.controller, privacy_url=terms.privacy_url)


def read(wording: str) -> PartnerQuestion | None:
    """What a wording says (the reverse of `wording`); None where no partner's question has it."""
    text, _, rest = wording.partition("\n")
    controller, _, privacy_url = rest.partition("\n")
    if not controller or not privacy_url.startswith("https://") or "\n" in privacy_url:
        return None
    return PartnerQuestion(text=text, controller=controller, privacy_url=privacy_url)
