"""Languages: which one a reader gets, numbers and dates as it writes them, its alphabet's order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel import Locale

from petition import i18n

OFFERED = ("en", "fr", "ar")
PARTS_GROUPS_AND_TESTS = frozenset("AC CP CQ DG EA IC TA EU EZ QO UN XA XB ZZ".split())  # noqa: SIM905
OFTEN_MISSING = frozenset("XK PS TW EH HK MO AX GG JE IM SX BQ CW SS VA".split())  # noqa: SIM905


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("FR", "fr"),
        ("de", "en"),
        ("fr-CA", "fr"),
        ("zh-Hant-TW, ar-MA;q=0.1", "ar"),
        ("en;q=0.4, fr;q=0.5, ar;q=0.3", "fr"),
        ("en;q=0.4,ar;q=0.41", "ar"),
        # Alike: the one that is named first.
        ("ar, fr", "ar"),
        ("fr;q=0.5, ar;q=0.5", "fr"),
        ("fr;q=0.5, ar;q=0.5, fr-BE;q=0.5", "fr"),
        # A region counts for its language, as much as it is liked at best.
        ("ar;q=0.2, fr;q=0.3, ar-EG;q=0.9", "ar"),
        # Not acceptable.
        ("en;q=0", "fr"),
        ("en;q=0, ar;q=0.1", "ar"),
        ("fr;q=0.0, fr-CA, ar;q=0.1", "ar"),
        ("en;q=0, fr;q=0, ar;q=0.000", "en"),
        ("fr-CA;q=0, fr", "fr"),
        # Whatever else.
        ("*", "en"),
        ("*;q=0", "en"),
        ("en;q=0, *", "fr"),
        ("en;q=0.1, *;q=0.5", "fr"),
        ("ar;q=0.9, *;q=0.5", "ar"),
        ("de, *;q=0.1", "en"),
        ("de, fr;q=0.2, *;q=0", "fr"),
        # White space, and capitals.
        ("fr ; q=0.2 ,  ar ;\tq=0.3", "ar"),
        ("fr;Q=0.9, ar;q=0.1", "fr"),
        ("ar;q=1.000, fr;q=0.999", "ar"),
        (" , ,,ar", "ar"),
        # No range: passed over, with nothing else lost.
        ("fr;q=2, ar;q=0.1", "ar"),
        ("fr;q=nan, ar;q=0.1", "ar"),
        ("fr;q=inf, ar;q=0.1", "ar"),
        ("fr;q=1e0, ar;q=0.1", "ar"),
        ("fr;q=-1, ar;q=0.1", "ar"),
        ("fr;q=0.1234, ar;q=0.1", "ar"),
        ("fr;q, ar;q=0.1", "ar"),
        ("fr;level=1, ar;q=0.1", "ar"),
        ("fr_CA, ar;q=0.1", "ar"),
        ("français, ar;q=0.1", "ar"),
        ("fr\x00, ar;q=0.1", "ar"),
    ],
)
def test_a_reader_gets_the_language_they_like_best(header: str, best: str) -> None:
    assert i18n.negotiate(header, OFFERED) == best


def test_the_default_is_whatever_is_offered_first() -> None:
    assert i18n.negotiate("", ("ar", "en")) == "ar"
    assert i18n.negotiate("*", ("ar", "en")) == "ar"


def test_a_very_long_header_is_read_to_a_whole_range() -> None:
    # Cut within its weight, French would be liked best.
    header = "ar;q=0.9," + " " * 486 + "fr;q=0.1"
    assert header[:500].endswith("fr;q=")
    assert i18n.negotiate(header, OFFERED) == "ar"
    assert i18n.negotiate("x," * 100_000 + "fr", OFFERED) == "en"


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("en", ["0", "999", "1,234", "12,345", "1,234,567"]),
        ("fr", ["0", "999", "1\u202f234", "12\u202f345", "1\u202f234\u202f567"]),
        ("es", ["0", "999", "1234", "12.345", "1.234.567"]),
        ("de", ["0", "999", "1.234", "12.345", "1.234.567"]),
        ("it", ["0", "999", "1234", "12.345", "1.234.567"]),
        ("pl", ["0", "999", "1234", "12\xa0345", "1\xa0234\xa0567"]),
        # CLDR gives `ar` the digits of the Maghreb; ar-EG would have others.
        ("ar", ["0", "999", "1,234", "12,345", "1,234,567"]),
    ],
)
def test_numbers_are_written_as_the_language_does(code: str, written: list[str]) -> None:
    spoken = i18n.Language(code, Locale.parse(code), i18n.NullTranslations())
    assert [spoken.number(n) for n in (0, 999, 1234, 12345, 1234567)] == written


@pytest.mark.parametrize(
    ("code", "day", "time"),
    [
        ("en", "2 November 2026", "2 Nov 2026, 09:30 UTC"),
        ("fr", "2 novembre 2026", "2 nov. 2026, 09:30 UTC"),
        ("es", "2 de noviembre de 2026", "2 nov 2026, 9:30 UTC"),
        ("de", "2. November 2026", "02.11.2026, 09:30 UTC"),
        ("it", "2 novembre 2026", "2 nov 2026, 09:30 UTC"),
        ("pl", "2 listopada 2026", "2 lis 2026, 09:30 UTC"),
        ("ar", "2 نوفمبر 2026", "02\u200f/11\u200f/2026، 9:30 ص UTC"),
    ],
)
def test_dates_are_written_as_the_language_does(code: str, day: str, time: str) -> None:
    spoken = i18n.Language(code, Locale.parse(code), i18n.NullTranslations())
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    assert spoken.date(at) == day
    assert spoken.time(at) == time


def test_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    french = i18n.language("fr")
    assert french.date(datetime(2026, 11, 1, 9, 30, tzinfo=UTC)) == "1er novembre 2026"
    assert french.time(datetime(2026, 11, 1, 9, 30, tzinfo=UTC)) == "1er nov. 2026, 09:30 UTC"
    assert french.date(datetime(2026, 11, 11, 9, 30, tzinfo=UTC)) == "11 novembre 2026"


def test_what_a_language_is() -> None:
    arabic, english = i18n.language("ar"), i18n.language("en")
    assert (arabic.direction, arabic.own_name) == ("rtl", "العربية")
    assert (english.direction, english.own_name) == ("ltr", "English")
    with pytest.raises(KeyError):
        i18n.language("tlh")
    assert i18n.codes()[0] == i18n.SOURCE


@pytest.mark.parametrize("code", i18n.codes())
def test_every_country_has_a_name_of_its_own(code: str) -> None:
    countries = i18n.language(code).countries()
    assert {country for country, _ in countries} == i18n.COUNTRIES
    names = [name for _, name in countries]
    assert len(set(names)) == len(names)
    assert not set(names) & i18n.COUNTRIES, "a code where a name should be"


# The browser's own order is asked in tests/browser/test_languages.py; these are for reading.
@pytest.mark.parametrize(
    ("code", "ordered"),
    [
        ("en", ["Afghanistan", "Åland Islands", "Albania"]),
        ("en", ["Costa Rica", "Côte d’Ivoire", "Croatia", "Cuba", "Curaçao", "Cyprus"]),
        ("fr", ["Égypte", "Émirats arabes unis", "Équateur", "Érythrée", "Espagne", "Estonie"]),
        ("de", ["Afghanistan", "Ägypten", "Ålandinseln", "Albanien"]),
        ("de", ["Oman", "Österreich", "Pakistan"]),
        ("es", ["Barbados", "Baréin", "Bélgica", "Belice", "Benín", "Bermudas"]),
        ("pl", ["Luksemburg", "Łotwa", "Macedonia Północna"]),
        ("it", ["Norvegia", "Nuova Caledonia", "Nuova Zelanda", "Oman"]),
        ("ar", ["آيسلندا", "إثيوبيا", "أذربيجان", "أرمينيا", "أروبا"]),
    ],
)
def test_countries_stand_where_readers_look(code: str, ordered: list[str]) -> None:
    names = [name for _, name in i18n.language(code).countries()]
    begin = names.index(ordered[0])
    assert names[begin : begin + len(ordered)] == ordered


def test_a_language_without_a_list_has_its_countries_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "CATALOGUES", tmp_path)
    language = i18n.Language("nl", Locale.parse("nl"), i18n.NullTranslations())
    countries = language.countries()
    assert dict(countries) == i18n.country_names("nl")
    assert [name for _, name in countries] == sorted(name for _, name in countries)


def test_of_what_cldr_calls_a_territory_only_parts_groups_and_tests_are_missing() -> None:
    for code in i18n.codes():
        territories = {name for name in Locale.parse(code).territories if name.isalpha()}
        assert territories >= i18n.COUNTRIES
        missing = territories - i18n.COUNTRIES
        assert missing <= PARTS_GROUPS_AND_TESTS
    assert i18n.COUNTRIES >= OFTEN_MISSING
