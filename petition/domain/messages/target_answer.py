"""A target's answer to all who wrote, as one of them gets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class TargetAnswerText:
    """What a target answered, in one language."""

    target: str
    """The target's name."""
    day: date
    language: str
    text: str


Texts = dict[str, str]
"""Language to text."""


def in_language(texts: Mapping[str, str], languages: Sequence[str]) -> tuple[str, str]:
    """(language, text) in the first of these languages that it has, or in its own first."""
    code = next((each for each in languages if each in texts), next(iter(texts)))
    return code, texts[code]
