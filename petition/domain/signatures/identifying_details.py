"""Identifying details: what in a comment could lead to its writer, or to a colleague."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DetailKind(StrEnum):
    """What may be found, in the order in which it is told."""

    BADGE = "badge"
    SITE = "site"
    PHONE = "phone"
    EMAIL = "email"


BADGE: Final = DetailKind.BADGE
SITE: Final = DetailKind.SITE
PHONE: Final = DetailKind.PHONE
EMAIL: Final = DetailKind.EMAIL
KINDS: Final = tuple(DetailKind)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something in a comment that may lead to one person."""

    kind: DetailKind
    text: str


_EMAIL = re.compile(r"[^\s@,;:()<>]{1,64}@[^\s@,;:()<>]{1,253}\.[^\W\d_]{2,}")
# Three capitals and a number, as the company numbers its sites: BER3, LEJ1, MXP5.
_SITE = re.compile(r"(?<![A-Za-z0-9])([A-Z]{3})[0-9]{1,2}(?![A-Za-z0-9])")
# Money, months, standards and goals look alike and are no sites. (MAD is: Madrid.)
_OTHERS = """
    AED CHF COP DIN DKK DZD EGP EUR GBP ILO ISO JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC
    NOK PLN QAR SAR SDG SEK TND USB USD
"""
_NO_SITES: Final = frozenset(_OTHERS.split())
_GAP = r"(?:[ \u00a0\u202f.\-/]| ?[()] ?| [\-/] )"
_NUMBER = re.compile(rf"\+?\(?\d(?:{_GAP}?\d)*")
_DATE = re.compile(r"\d{1,2}([.\-/ ])\d{1,2}\1\d{4}\Z|\d{4}([.\-/ ])\d{1,2}\2\d{1,2}\Z")
_YEARS = re.compile(r"(?:(?:19|20)\d\d\D+)*(?:19|20)\d\d\Z")
_ROUND = re.compile(r"[1-9]\d*000\Z|[1-9]\d{0,2}(?:[ \u00a0\u202f.]\d{3})*[ \u00a0\u202f.]000\Z")
_BADGE_WORD = re.compile(
    r"""
    badge | (?<![a-z])id(?![a-z]) | login | (?:employee|staff|personnel|associate)[ ](?:id|num|no)
    | matricule | identifiant | num[ée]ro[ ](?:d['’e][ ]?)?(?:employé|salarié|agent)
    | credencial | identificaci[óo]n | legajo | gafete | n[úu]mero[ ]de[ ]emplead
    | ausweis | (?:personal|mitarbeiter|stamm)[ -]?(?:nr|nummer) | (?<![a-zäöüß])kennung
    | matricola | tesserino | (?:numero|codice)[ ](?:di[ ])?dipendente
    | identyfikator | legitymacj | przepustk | plakietk | numer[ ](?:pracowni|kadrow)
    | شارة | شارتي | بطاقة | بطاقتي | رقم[ ]الموظف | الرقم[ ]الوظيفي | رقم[ ]العامل
    """,
    re.I | re.X,
)
NEAR: Final = 30
"""Characters between a word for a badge and a number that is then taken for the badge's."""
NUMBERED: Final = 5
"""Digits that make a badge number beside such a word."""
ALONE_LONG: Final = 6
"""Digits in a row that make one anywhere."""


def seen_in(comment: str) -> tuple[Finding, ...]:
    """What looks like a badge number, a site's code, a phone number or an email address.

    In the order of KINDS, each text once. It may be wrong: it is for asking, never for refusing.
    """
    found = [Finding(kind=EMAIL, text=match[0]) for match in _EMAIL.finditer(comment)]
    rest = _EMAIL.sub("\n", comment)
    sites = [match for match in _SITE.finditer(rest) if match[1] not in _NO_SITES]
    found += [Finding(kind=SITE, text=match[0]) for match in sites]
    found += _numbers(_SITE.sub("\n", rest))
    return tuple(sorted(dict.fromkeys(found), key=lambda seen: KINDS.index(seen.kind)))


def _numbers(text: str) -> Iterator[Finding]:
    words = [match.span() for match in _BADGE_WORD.finditer(text)]
    for match in _NUMBER.finditer(text):
        first, last = match.span()
        near = any(start - last <= NEAR and first - end <= NEAR for start, end in words)
        kind = _kind_of(_in_ascii(match[0]), NUMBERED if near else ALONE_LONG)
        if kind is not None:
            yield Finding(kind=kind, text=match[0])


def _in_ascii(number: str) -> str:
    return "".join(str(unicodedata.decimal(char, char)) for char in number)


def _kind_of(number: str, least: int) -> DetailKind | None:
    """Badge or phone; None for dates, years, round sums and what is short."""
    if any(form.match(number) for form in (_DATE, _YEARS, _ROUND)):
        return None
    digits = [char for char in number if char.isdigit()]
    written_apart = len(digits) < len(number)
    if 8 <= len(digits) <= 15 and (written_apart or digits[0] == "0"):
        return PHONE
    return BADGE if len(digits) >= least and not written_apart else None
