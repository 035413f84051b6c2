"""The six-letter code: the same for an entry, hard to guess, and easy to type."""

from __future__ import annotations

import math
import string
from collections import Counter

import pytest
from hypothesis import given, strategies as st

from petition.domain.letters.confirmation_code import ALPHABET, LENGTH, code, shown, typed

KEY = "k" * 48
ENTRIES = st.integers(min_value=0, max_value=2**63 - 1)
BETWEEN = st.text(
    st.sampled_from(
        " \t\r\n\u00a0\u202f\u3000"  # blanks
        "-_\u2010\u2011\u2013\u2014\u2212\u0640"  # dashes
        ".,;!“”„«»'\"()[]{}<>*#/|•…。"  # what stands around it
        "\u200e\u200f\u061c\u2067\u2069\u200b\ufeff"  # marks that nobody sees
    ),
    max_size=5,
)


@given(ENTRIES)
def test_a_code_is_six_letters_of_the_alphabet(entry_id: int) -> None:
    made = code(KEY, entry_id)
    assert len(made) == LENGTH
    assert set(made) <= set(ALPHABET)
    assert made == code(KEY, entry_id)


def test_the_alphabet_makes_no_words_and_holds_each_letter_once() -> None:
    assert set(ALPHABET) <= set(string.ascii_uppercase) - set("AEIOUY")
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert math.log2(len(ALPHABET) ** LENGTH) > 25.9


def test_it_stays_what_it_is() -> None:
    """Codes are in letters that people hold: another program of the same key says the same."""
    assert [code(KEY, entry_id) for entry_id in (0, 1, 2**63 - 1)] == [
        "ZCXTKQ",
        "LWQSJV",
        "ZQNGRB",
    ]


@given(ENTRIES, ENTRIES)
def test_another_entry_or_key_has_another_code(one: int, other: int) -> None:
    assert (code(KEY, one) == code(KEY, other)) == (one == other)
    assert code(KEY, one) != code("l" * 48, one)


def test_every_letter_is_as_likely_as_every_other_at_every_place() -> None:
    """Chi-square over 60,000 codes: 19 degrees of freedom go beyond 56 once in 50,000 times."""
    made = [code(KEY, entry_id) for entry_id in range(60_000)]
    expected = len(made) / len(ALPHABET)
    for place in range(LENGTH):
        seen = Counter(each[place] for each in made)
        assert sum((seen[char] - expected) ** 2 / expected for char in ALPHABET) < 56


@given(ENTRIES)
def test_what_is_shown_is_read(entry_id: int) -> None:
    made = code(KEY, entry_id)
    assert shown(made) == f"{made[:3]}-{made[3:]}"
    assert typed(shown(made)) == typed(made) == made


@given(ENTRIES, st.lists(BETWEEN, min_size=7, max_size=7), st.lists(st.booleans(), min_size=6))
def test_however_it_is_typed(entry_id: int, between: list[str], small: list[bool]) -> None:
    made = code(KEY, entry_id)
    letters = [char.lower() if low else char for char, low in zip(made, small, strict=False)]
    text = "".join(gap + char for gap, char in zip(between, [*letters, ""], strict=True))
    assert typed(text) == made


@given(ENTRIES)
def test_full_width_letters_are_letters(entry_id: int) -> None:
    made = code(KEY, entry_id)
    assert typed("".join(chr(ord(char) + 0xFEE0) for char in shown(made).lower())) == made


LABELS = (
    "Code: {}",
    "code {}",
    "Your code is {}.",
    "Code : « {} »",
    "Votre code : {}",
    "Código: {}",
    "Código {}",
    "Dein Code lautet {}",
    "Bestätigungscode: {}",
    "Codice: {}",
    "Kod: {}",
    "Twój kod: „{}”",
    "الرمز: {}",
    "رمز {}",
    "Code：{}",
    "6 letters: {}",
    "{} is my code",
    "“{}”",
    "({})",
    "{}.",
    "{}:",
    "\u2067{}\u2069",
)


@given(ENTRIES, st.sampled_from(LABELS))
def test_with_what_stands_around_it(entry_id: int, around: str) -> None:
    made = code(KEY, entry_id)
    for text in (shown(made), made, ".".join(made), made.lower(), " ".join(made)):
        assert typed(around.format(text)) == made


@given(ENTRIES)
def test_a_digit_that_looks_like_a_letter_is_that_letter(entry_id: int) -> None:
    made = code(KEY, entry_id)
    assert typed(made.translate(str.maketrans("ZSB", "258"))) == made
    assert not {"2", "5", "8"} & set(ALPHABET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "------",
        "Code:",
        "Code: KFQTR",
        "code",
        "KFQ TRA BC",
        "KFQTRW KFQTRW",
        "KFQ-TRW-7",
        "AEIOUY",
        "K\u0316FQTRW",
        "name@example.org",
        "KFQTR",
        "KFQTRWW",
        "KFQTRA",
        "KFQTR7",
        "KFQTR.",
        "KFQTRß",
        "ßTRWK",
        "كفقترو",
        "КFQTRW",  # its first letter is Cyrillic
        "K\u0301FQTRW",
        "KFQTRW" + " " * 1000,
        "\x00",
    ],
)
def test_what_is_no_code_is_empty(text: str) -> None:
    assert typed(text) == ""


@given(st.text())
def test_whatever_is_typed_is_a_code_or_nothing(text: str) -> None:
    found = typed(text)
    assert found == "" or (len(found) == LENGTH and set(found) <= set(ALPHABET))
