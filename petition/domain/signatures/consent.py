"""Consent: the questions that a supporter answers, and their exact wording."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from petition.domain.signatures.states import VISIBILITIES

SIGN: Final = "sign"
UPDATES: Final = "updates"
VISIBILITY: Final = "visibility"
PURPOSES: Final = (SIGN, UPDATES, VISIBILITY)
"""What every campaign asks. It may ask more: each further question has a purpose of its own."""
WRITING: Final = "writing"
"""May an email be sent for somebody who does not sign? Only asked of who writes without signing."""
PARTNER: Final = "partner"
"""May the partner whose page the form stands on write? Only asked there."""

YES_OR_NO: Final = ("yes", "no")

WITHDRAWN: Final = "withdrawn"
"""The answer to `sign` of who takes it back."""
UNDONE: Final = "undone"
"""The answer to `sign` of who undoes that: the consent from before stands."""


class Channel(StrEnum):
    """By which way an answer was given."""

    WEB = "web"
    """Our own form."""
    API = "api"
    """A program, such as a form that a partner made itself."""
    MY = "my"
    """The page that shows a supporter's own signature."""
    LETTER = "letter"
    """The link at the end of a letter."""


WEB: Final = Channel.WEB
API: Final = Channel.API
MY: Final = Channel.MY
LETTER: Final = Channel.LETTER


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a form: what it is for, and every word of it."""

    purpose: str
    text: str
    """The question itself; where there are no answers to choose from, what a tick says."""
    answers: tuple[tuple[str, str], ...] = ()
    """Each answer that is offered, and what it says."""
    required: bool = True
    """True when nobody signs without answering it; of a tick, without ticking it."""

    @property
    def is_tick(self) -> bool:
        return not self.answers

    @property
    def values(self) -> tuple[str, ...]:
        """The answers as they are kept."""
        return tuple(value for value, _ in self.answers) or YES_OR_NO

    def says(self, answer: str) -> str:
        """What an answer says in the question's own words."""
        return dict(self.answers)[answer]

    def parts(self, answer: str) -> tuple[str, str]:
        """What an answer says, in short and at length: its first line and the others."""
        short, _, detail = self.says(answer).partition("\n")
        return short, detail

    def wording(self) -> str:
        """The exact text, with every answer that was offered: what is kept with each answer."""
        return "\n".join([self.text, *(f"[{value}] {says}" for value, says in self.answers)])

    def words(self) -> dict[str, str]:
        """The same by name, as a campaign's files have it."""
        return {"statement" if self.is_tick else "question": self.text, **dict(self.answers)}


def answers_to(purpose: str) -> tuple[str, ...]:
    """What a question for this purpose may be answered, where it is more than a tick."""
    return VISIBILITIES if purpose == VISIBILITY else YES_OR_NO


def question(purpose: str, wording: str, *, required: bool = True) -> Question:
    """The question that has this wording (the reverse of `wording`)."""
    text, answers = wording, []
    for value in reversed(answers_to(purpose)):
        text, found, says = text.rpartition(f"\n[{value}] ")
        if not found:
            return Question(purpose=purpose, text=wording, required=required)
        answers.append((value, says))
    return Question(purpose=purpose, text=text, answers=tuple(reversed(answers)), required=required)


def fingerprint(wording: str) -> str:
    """SHA-256 of the exact text, in hex: what an export names as proof."""
    return hashlib.sha256(wording.encode()).hexdigest()
