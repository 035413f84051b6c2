"""The order of names in a list: where the readers of each language look for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

Place = tuple[int, int, int]
"""Of a letter: the kind of sign, the letter that it goes with, how many steps after that."""
Places = tuple[tuple[Place, int], ...]
"""Where a letter goes, and in which shape; some stand for two."""
SortKey = tuple[tuple[Place, ...], tuple[int, ...], tuple[int, ...], str]
"""Compared one after the other: the letters, shapes and marks, capitals and vowels, the text."""

# Where a language leaves the order that all share, written as CLDR does: `<` comes before a letter
# of its own, `<<` before one that only decides between names that are the same without it. The
# first of each rule stands where it stands for all; two letters there make what follows stand for
# two.
TAILORED: Final[dict[str, tuple[str, ...]]] = {
    "ar": ("ء<<أ<<ؤ<<إ<<ئ<<ا", "ءا<<آ", "ة<<ت", "ى<<ي"),
    "es": ("n<ñ",),
    "pl": ("a<ą", "c<ć", "e<ę", "l<ł", "n<ń", "o<ó", "s<ś", "z<ź<ż"),
}
_SHARED: Final = ("e<ə", "i<ı", "n<ŋ")

_BLANK, _PUNCTUATION, _SIGN, _DIGIT, _LETTER = range(5)
# In order; what stands together is one sign in several shapes.
_SIGNS: Final = re.findall(
    r"\S+", "_ - ‐ – — , ; : ! ? . · '‘’ \"“” « » ( ) [ ] { } @ * / \\ & # %"
)
_MARKS: Final = (
    "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307"
    "\u0338\u0327\u0328\u0304\u0335\u0309\u031b\u0323\u0326\u0331"
)
# The vowel marks of Arabic, which few write: they decide after everything else.
_VOWELS: Final = frozenset(map(chr, range(0x64B, 0x654)))
# A mark of ours, after all others.
_JOINED: Final = "\ue000"
# Letters that Unicode does not take apart, though every order does.
_PARTS: Final = str.maketrans(
    {
        "æ": f"a{_JOINED}e",
        "œ": f"o{_JOINED}e",
        "ß": f"s{_JOINED}s",
        "ð": f"d{_JOINED}",
        "đ": "d\u0335",
        "ħ": "h\u0335",
        "ł": "l\u0335",
        "ø": "o\u0338",
    }
)


def sort_key(name: str, language: str) -> SortKey:
    """What to sort by, so that names stand in the language's order: CLDR's, blanks counted."""
    rules = _rules(language)
    places: list[Place] = []
    shapes: list[int] = []
    finer: list[int] = []
    for letter, marks, is_capital in _letters(name):
        own = next((mark for mark in marks if letter + mark in rules), "")
        for place, shape in rules.get(letter + own) or _places(letter):
            places.append(place)
            shapes.append(shape)
        left = marks.replace(own, "", 1)
        shapes += [_weight(mark) for mark in left if mark not in _VOWELS]
        finer += [is_capital, *(ord(mark) for mark in left if mark in _VOWELS)]
    return tuple(places), tuple(shapes), tuple(finer), name


def _letters(name: str) -> Iterator[tuple[str, str, bool]]:
    """Each letter in small, the marks on it, and whether it is a capital."""
    letter, marks, is_capital = "", "", False
    for char in unicodedata.normalize("NFKD", name):
        for part in _apart(char):
            if unicodedata.combining(part) or part == _JOINED:
                marks += part
                continue
            if letter:
                yield letter, marks, is_capital
            letter, marks, is_capital = part, "", char != char.lower()
    if letter:
        yield letter, marks, is_capital


def _apart(text: str) -> str:
    return unicodedata.normalize("NFKD", text.lower()).translate(_PARTS)


@cache
def _rules(language: str) -> dict[str, Places]:
    """The places of each sign and letter that has a rule, by its parts."""
    found: dict[str, Places] = {
        sign: (((_PUNCTUATION, number, 0), shape),)
        for number, signs in enumerate(_SIGNS)
        for shape, sign in enumerate(signs)
    }
    for rule in (*_SHARED, *TAILORED.get(language, ())):
        first, *others = re.findall(r"<*[^<]+", rule)
        *before, ((kind, base, step), shape) = (
            place for letter in first for place in found.get(letter) or _places(letter)
        )
        if len(first) == 1:
            found[first] = (((kind, base, step), shape),)
        for follows in others:
            if follows.startswith("<<"):
                shape += 1
            else:
                step, shape = step + 1, 0
            found[_apart(follows.lstrip("<"))] = (*before, ((kind, base, step), shape))
    return found


def _places(char: str) -> Places:
    """Where a letter or sign goes that has no rule."""
    if char.isspace():
        place = (_BLANK, 0, 0)
    elif char.isdecimal():
        place = (_DIGIT, unicodedata.decimal(char), 0)
    else:
        place = (_LETTER if char.isalpha() else _SIGN, ord(char), 0)
    return ((place, 0),)


def _weight(mark: str) -> int:
    """Of a mark, after every shape that a letter may have by itself."""
    return 10 + (_MARKS.index(mark) if mark in _MARKS else len(_MARKS) + ord(mark))
