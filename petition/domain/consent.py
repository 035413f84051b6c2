"""Consent: the questions that a supporter answers, and their exact wording."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

SIGN: Final = "sign"
UPDATES: Final = "updates"
VISIBILITY: Final = "visibility"
PURPOSES: Final = (SIGN, UPDATES, VISIBILITY)

WITHDRAWN: Final = "withdrawn"
"""The answer to `sign` of who takes it back."""

WEB: Final = "web"
"""By which way an answer was given: our own form."""
MY: Final = "my"
"""On the page that shows a supporter's own signature."""
LETTER: Final = "letter"
"""By the link at the end of a letter."""


@dataclass(frozen=True, kw_only=True)
class SignQuestion:
    """The explicit consent of GDPR Art. 9(2)(a), answered by a tick."""

    statement: str

    def wording(self) -> str:
        return self.statement


@dataclass(frozen=True, kw_only=True)
class UpdatesQuestion:
    """May the organiser write again? Answered yes or no."""

    question: str
    yes: str
    no: str

    def wording(self) -> str:
        return f"{self.question}\n[yes] {self.yes}\n[no] {self.no}"


@dataclass(frozen=True, kw_only=True)
class VisibilityQuestion:
    """Who may see the name? Answered counted, target or public."""

    question: str
    counted: str
    target: str
    public: str

    def wording(self) -> str:
        return (
            f"{self.question}\n[counted] {self.counted}\n[target] {self.target}"
            f"\n[public] {self.public}"
        )


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The consent questions of one call in one language."""

    sign: SignQuestion
    updates: UpdatesQuestion
    visibility: VisibilityQuestion

    def wordings(self) -> dict[str, str]:
        """Purpose to the exact text that stands on the form."""
        return {
            SIGN: self.sign.wording(),
            UPDATES: self.updates.wording(),
            VISIBILITY: self.visibility.wording(),
        }


def fingerprint(wording: str) -> str:
    """SHA-256 of the exact text, in hex: what an export names as proof."""
    return hashlib.sha256(wording.encode()).hexdigest()
