"""Languages: which there are, and each one's words, numbers, dates and country names."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.core import get_global
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

CATALOGUES = Path(__file__).parent / "translations"
SOURCE: Final = "en"
"""The language that the strings in code and templates are written in."""

# ISO 3166-1 alpha-2, and XK for Kosovo, which ISO leaves to its users and CLDR names. What else
# CLDR holds are groups, codes for tests, and parts of a country that is here.
_ISO_3166 = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES: Final = frozenset(_ISO_3166.split())

# CLDR's minimumGroupingDigits, which Babel does not hold: these write 1000, then 10.000.
_UNGROUPED: Final = frozenset({"es", "it", "pl", "pt"})

# Whose dates go with our words, where CLDR takes another region's: the English here is British.
_DATED_AS: Final = {"en": "en_GB"}

# RFC 9110: a language range, or any, and perhaps how much it is liked.
_RANGE: Final = re.compile(
    r"\s*([a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*\Z",
    re.IGNORECASE | re.ASCII,
)
_HEADER_LENGTH: Final = 500
"""Characters of a header that are read; browsers send some dozens."""


@cache
def _in_full(code: str) -> str:
    likely = Locale.parse(get_global("likely_subtags").get(code, code))
    return f"{likely.language}_{likely.territory}"


@dataclass(frozen=True)
class Language:
    """One language that we speak."""

    code: str
    locale: Locale
    translations: NullTranslations

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    @property
    def own_name(self) -> str:
        """What the language calls itself."""
        return self.locale.get_display_name(self.locale) or self.code

    def name_of(self, code: str) -> str:
        """What this language calls that one; the code itself where it has no name for it."""
        return self.locale.languages.get(code) or code

    @property
    def in_full(self) -> str:
        """With the land where most speak it, as in `pl_PL`."""
        return _in_full(self.code)

    def gettext(self, message: str) -> str:
        return self.translations.ugettext(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.translations.ungettext(one, many, number)

    def organiser(self, name: str | None) -> str:
        """Who runs this server: the name, or where none was set, a word for it."""
        return name or self.gettext("Campaign organiser")

    def number(self, value: int) -> str:
        grouped = self.code not in _UNGROUPED or abs(value) >= 10_000
        return format_decimal(value, locale=self.locale, group_separator=grouped)

    def date(self, at: datetime) -> str:
        """The day, as people write it."""
        return self._first(at, format_date(at.date(), format="long", locale=self._dated_as))

    def short_date(self, at: datetime) -> str:
        """The day where there is little room, as in a table."""
        return self._first(at, format_date(at.date(), format="medium", locale=self._dated_as))

    def reported(self, on: str) -> str:
        """A day, a month or a year, written `2020-10-06`, `2020-10` or `2020`."""
        if len(on) == len("2020"):
            return on
        at = datetime.fromisoformat((on + "-01")[: len("2020-10-06")])
        if len(on) == len("2020-10-06"):
            return self.date(at)
        return format_skeleton("yMMMM", at.date(), locale=self._dated_as)

    def time(self, at: datetime) -> str:
        """The day and time of day, in UTC; nobody needs seconds."""
        hour = format_time(at.time(), format="short", locale=self._dated_as)
        joined = str(get_datetime_format("medium", locale=self._dated_as)).replace("'", "")
        return joined.format(hour, self.short_date(at)) + " UTC"

    @property
    def _dated_as(self) -> Locale:
        return Locale.parse(_DATED_AS.get(self.code, self.code))

    def _first(self, at: datetime, written: str) -> str:
        """French writes the first of a month as `1er`, which CLDR's patterns cannot say."""
        return f"1er{written[1:]}" if self.code == "fr" and at.day == 1 else written

    def span(self, seconds: int) -> str:
        """How long that is, in whole minutes or hours, one minute at least."""
        minutes = timedelta(minutes=-(-seconds // 60))
        return format_timedelta(minutes, granularity="minute", threshold=2, locale=self.locale)

    def countries(self) -> tuple[tuple[str, str], ...]:
        """(code, name) of every country, in the order in which readers look for them."""
        return _countries(self.code)


@cache
def language(code: str) -> Language:
    """The language; KeyError when there is no catalogue for it."""
    if code not in codes():
        raise KeyError(code)
    return Language(code, Locale.parse(code), _translations(code))


@cache
def codes() -> tuple[str, ...]:
    """Every language that has a catalogue, the source language first."""
    found = {path.parent.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES/messages.po")}
    return (SOURCE, *sorted(found - {SOURCE}))


def _translations(code: str) -> NullTranslations:
    """The catalogue, compiled in memory: no built file can lag behind its source."""
    path = CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    if code == SOURCE:
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def country_names(code: str) -> dict[str, str]:
    """What the language calls each country, by the country's code."""
    names = Locale.parse(code).territories
    return {country: names.get(country, country) for country in COUNTRIES}


def country_list(code: str) -> Path:
    """The file with the codes of all countries, one a line, in that language's order of names."""
    return CATALOGUES / code / "countries.txt"


@cache
def _countries(code: str) -> tuple[tuple[str, str], ...]:
    names = country_names(code)
    path = country_list(code)
    # Who adds a language sees its pages before `./run countries` has written the file.
    order = (
        path.read_text(encoding="ascii").split()
        if path.exists()
        else sorted(names, key=names.__getitem__)
    )
    return tuple((country, names[country]) for country in order)


def negotiate(header: str, offered: tuple[str, ...]) -> str:
    """The offered language that an Accept-Language header likes best; else the first.

    A region counts for its language, the first of two that are liked alike wins, and what is not
    named in the header is liked as `*` is. A range that is no range is passed over.
    """
    liked: dict[str, float] = {}
    refused: set[str] = set()
    if len(header) > _HEADER_LENGTH:  # the last range may be cut in two
        header = header[:_HEADER_LENGTH].rpartition(",")[0]
    for part in header.split(","):
        found = _RANGE.match(part)
        if found is None:
            continue
        tag, weight = found[1].lower(), float(found[2] or 1)
        if weight == 0:
            refused.add(tag)
        else:
            code = tag.partition("-")[0]
            liked[code] = max(weight, liked.get(code, 0))
    any_other = 0 if "*" in refused else liked.pop("*", 0)
    for code in offered:
        liked.setdefault(code, any_other)
    wanted = [code for code in liked if code in offered and code not in refused]
    return max(wanted, key=lambda code: liked[code], default=offered[0])
