"""Marks that nobody sees: taken out wherever they stand, but for those that a script needs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings, strategies as st

from petition.domain.signatures.invisible_characters import (
    STACKED,
    without_marks,
    without_stray_marks,
)
from petition.domain.signatures.supporter import clean, clean_lines, clean_unscripted

STRAY = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063"
    "\u2064\u2065\u2066\u2067\u2068\u2069\u206a\u206f\ufeff\ufff9\ufffa\ufffb\ufffc\u115f\u1160"
    "\u3164\uffa0\u17b4\u17b5\u180b\u180f\ufe00\ufe0e\ufe0f\u034f\u200c\u200d\U000e0001\U000e0020"
    "\U000e0041\U000e007f\U000e0100\U000e01ef\U000e0fff\U0001d173\U0001bca0"
)

WHOLE = (
    "می‌خواهم",  # Persian
    "نامه‌ای",
    "क्‍ष",  # half a letter of Hindi
    "শ্‌যামল",  # Bengali
    "ശ്രീ അവന്‍",  # Malayalam, the joiner at the end of a word
    "ශ්‍රී ලංකා",  # Sinhala
    "ಕ್‌ಷ",  # Kannada
    "ᠮᠣᠩᠭᠣᠯ᠋",  # a shape of a Mongolian letter
    "葛\U000e0100城",  # a shape of a letter in a Japanese name
    "ܐ\u070fܒ",  # a format character that is seen
    "١\u06dd",
    "👩‍💻",
    "👩🏽‍🚀",
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "🏴‍☠️",
    "⛹🏿‍♂️",
    "❤️",
    "1️⃣",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland's flag
    "Nguyễn Thị Ánh",
    unicodedata.normalize("NFD", "Ễ"),
    "שָׁלוֹם",
    "בְּרֵאשִׁ֖ית",  # with an accent: four marks on a letter
    "ที่นี่",
    "ปั่น",
    "བསྒྲུབས་",
    "ཧཱུྃ",
    "ကြွေး",
    "كَرِّمٌ",
)


@pytest.mark.parametrize("mark", STRAY, ids=ascii)
@pytest.mark.parametrize("text", ["{}Amal", "Amal{}", "Am{}al", "{0}{0}Am{0}al{0}", "{}ليلى{}"])
def test_a_stray_mark_goes_wherever_it_stands(mark: str, text: str) -> None:
    if mark == "\u200d" and "ل" in text:
        return  # there it shapes the letter
    given, left = text.replace("{0}", "{}"), text.replace("{0}", "").replace("{}", "")
    given = given.replace("{}", mark)
    assert without_stray_marks(given) == without_marks(given) == left


@pytest.mark.parametrize("text", WHOLE)
def test_what_a_script_or_an_emoji_needs_stays(text: str) -> None:
    assert without_stray_marks(text) == text
    assert clean(text) == unicodedata.normalize("NFC", text)
    assert clean_lines(f"{text}\n{text}") == unicodedata.normalize("NFC", f"{text}\n{text}")


def test_no_joiner_stays_where_there_is_no_script() -> None:
    assert clean_unscripted("لیلی\u200cجان") == "لیلیجان"
    assert clean_unscripted("10\u200d115\u200c") == "10115"


@example("\u200d\u180b")  # a Mongolian selector is no letter to join
@given(st.lists(st.sampled_from(f"{STRAY} \u2800\n\t\u00a0"), max_size=30).map("".join))
def test_nothing_but_what_nobody_sees_is_nothing(text: str) -> None:
    assert clean(text) == clean_lines(text) == clean_unscripted(text) == ""


@pytest.mark.parametrize("marks", ["\u0301", "\u0316", "\u0489", "\u0e49", "\u0f90", "\u0610"])
def test_marks_that_are_stacked_beyond_any_script_go(marks: str) -> None:
    for base in "zก\u0f40ب":
        kept = clean((base + marks * 20) * 3)
        runs = "".join("m" if unicodedata.category(each)[0] == "M" else " " for each in kept)
        assert max(map(len, runs.split())) == STACKED
        assert clean(base + marks * 4) == unicodedata.normalize("NFC", base + marks * 4)


@pytest.mark.parametrize("between", "\u200d\u200c\u200b\u2060")
def test_a_mark_between_stacked_marks_hides_none(between: str) -> None:
    kept = clean("ب" + f"\u0650{between}" * 20)
    assert kept.count("\u0650") == STACKED


@settings(max_examples=500)
@given(st.text(st.one_of(st.sampled_from(f"{STRAY}aبक्ग👩❤葛\u0301\U0001f3f41"), st.characters())))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    for way in (clean, clean_lines, clean_unscripted):
        assert way(way(text)) == way(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40))
def test_what_is_seen_is_never_taken(text: str) -> None:
    fillers = "\u115f\u1160\u3164\uffa0\ufffc\u2800\U0001d159"
    seen = "".join(each for each in text if each not in fillers)
    assert without_stray_marks(seen) == (seen if seen.strip() else "")
