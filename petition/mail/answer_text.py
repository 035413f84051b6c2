"""A target's answer to all, as a letter shows it: its words, and no link that can be pressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from petition.domain.messages.target_answer import TargetAnswerText
from petition.mail.inbound.clean_text import lines_of, without_schemes


@dataclass(frozen=True, kw_only=True)
class ShownAnswer:
    """What a letter says of it."""

    target: str
    day: date
    language: str
    paragraphs: Sequence[Sequence[str]]
    """Each of its lines."""
    has_links: bool
    """Whether it names addresses: opening one can show the target who reads it."""


def shown(answer: TargetAnswerText) -> ShownAnswer:
    """In paragraphs; links keep host and path alone, so that no mail program makes one of them."""
    text, has_links = without_schemes(answer.text)
    lines, _ = lines_of(text, 4 * len(text) + 1)  # a tab becomes four blanks, and nothing is cut
    return ShownAnswer(
        target=answer.target,
        day=answer.day,
        language=answer.language,
        paragraphs=[each.split("\n") for each in lines.split("\n\n")],
        has_links=has_links,
    )
