"""Content checks: what a message must not have, and what its writer is only asked about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from petition.domain.messages.message import SHORT
from petition.domain.signatures.identifying_details import Finding, seen_in

_LINK: Final = re.compile(r"https?:|www\.|://", re.I)
MOST_CAPITALS: Final = 0.5
"""The share of capitals among letters from which a text reads as shouted."""
ENOUGH_LETTERS: Final = 30
_AT_WORK: Final = re.compile(
    r"""
    \b(?: i[ ](?:work|drive|pick|pack|deliver)\b | as[ ]an?[ ](?:worker|employee|driver|associate)
    | my[ ](?:shift|manager|supervisor|warehouse|colleagues|co-?workers)
    | ich[ ]arbeite\b | meine[rn]?[ ](?:schicht|kollegen|vorgesetzte)
    | je[ ]travaille\b | mes[ ]coll[èe]gues | mon[ ](?:[ée]quipe|entrep[ôo]t)
    | trabajo[ ](?:en|para|como)\b | mis[ ]compañeros | mi[ ]turno
    | lavoro[ ](?:in|per|presso|come|da)\b | i[ ]miei[ ]colleghi | il[ ]mio[ ]turno
    | pracuj[ęe]\b | moja[ ]zmiana | moi[ ]koledzy )
    | (?:أعمل|اعمل|زملائي|مناوبتي|ورديتي)
    """,
    re.I | re.X,
)


def links(text: str) -> int:
    """How many links a text has."""
    return len(_LINK.findall(text))


@dataclass(frozen=True, kw_only=True)
class Remarks:
    """What a writer is asked about; none of it keeps a message from going."""

    short: bool = False
    capitals: bool = False
    details: tuple[Finding, ...] = ()
    """What may lead to one person, as in comments."""
    at_work: bool = False
    """It reads as if its writer worked for the target."""
    insults: tuple[str, ...] = ()
    """Words of staff's list of insults, as they stand in the text."""

    @property
    def suggests_worker(self) -> bool:
        return self.at_work or bool(self.details)


def remarks(subject: str, body: str, insults: Sequence[str] = ()) -> Remarks:
    """Look at what somebody is about to send; `insults` are words that staff list."""
    text = f"{subject}\n{body}"
    letters = [char for char in body if char.isalpha()]
    shouted = sum(char.isupper() for char in letters)
    return Remarks(
        short=len(body) < SHORT,
        capitals=len(letters) >= ENOUGH_LETTERS and shouted > MOST_CAPITALS * len(letters),
        details=seen_in(text),
        at_work=_AT_WORK.search(text) is not None,
        insults=_insults_in(text, insults),
    )


def _insults_in(text: str, insults: Sequence[str]) -> tuple[str, ...]:
    """Whole words alone: what stands inside of another word is none."""
    if not insults:
        return ()
    words = "|".join(re.escape(each) for each in sorted(insults, key=len, reverse=True))
    found = re.findall(rf"(?<!\w)(?:{words})(?!\w)", text, re.I)
    return tuple(dict.fromkeys(found))
