"""Invisible characters: pasted along with a text, they are no part of what somebody typed.

Two ways to take them out, and every field, setting and argument uses one of them:

- `without_stray_marks`, for names, comments and reasons: what a script needs stays. That is a
  joiner in Arabic or an Indian script, a joiner or selector inside an emoji, the selector that
  says which shape of a Chinese character a family writes, and the tags of a flag.
- `without_marks`, for addresses, postcodes, codes and domains: no joiner stays either.

Marks of direction never stay: a page isolates each name and comment by itself, and a mark that
turns the rest of the line round could make a stranger's words look like ours.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

STACKED: Final = 5
"""Marks on one letter that are kept. Hebrew with points and accents, Tibetan and Vietnamese taken
apart need up to four or five; what goes on beyond paints over its neighbours."""

# Never part of a word, in whatever script: soft hyphen, marks of direction, blanks of no width,
# invisible operators, annotation marks, language tags, the stand-in for a picture, letters and
# vowels that are fillers. (Format characters that are seen, as U+06DD, are not among them.)
_NEVER: Final = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
_ZWNJ, _ZWJ, _CGJ = "\u200c", "\u200d", "\u034f"
_JOINERS: Final = re.compile(f"[{_ZWNJ}{_ZWJ}{_CGJ}]")
_SELECTORS: Final = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_TAGS: Final = re.compile("[\U000e0020-\U000e007f]")
_SOMETIMES: Final = re.compile(f"{_JOINERS.pattern}|{_SELECTORS.pattern}|{_TAGS.pattern}")
# A black flag, the letters and digits of a region as tags, and the tag that ends them.
_BLACK_FLAG: Final = "\U0001f3f4"
_FLAG: Final = re.compile("[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
# Scripts whose letters join: Hebrew to Arabic, Indian and its neighbours, Mongolian, Tifinagh, and
# what lies beyond the first plane from Aramaic to Adlam.
_JOINING: Final = re.compile(
    "[\u0590-\u109f\u1700-\u18af\u1900-\u1cff\u2d30-\u2d7f\ua800-\ua82f\ua840-\uabff"
    "\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00011fff\U0001e900-\U0001e95f]"
)
# Letters that come in several shapes, from Myanmar on; Latin and Greek with accents do not.
_SHAPED: Final = re.compile("[\u1000-\u109f\u1800-\u18af\u2e80-\ua4cf\ua840-\uabff\uf900-\ufaff]")
_KEYCAP: Final = re.compile("[0-9#*]\ufe0f\u20e3")
# Seen as a blank, though Unicode calls them signs.
_BLANKS: Final = re.compile("[\u2800\U0001d159\\s]*")


def without_marks(text: str) -> str:
    """The text without anything invisible, for what has no script: addresses, codes, postcodes."""
    return _JOINERS.sub("", without_stray_marks(text))


def without_stray_marks(text: str) -> str:
    """The text without the invisible marks that its script does not need; empty if that is all."""
    if text.isascii():
        return text
    text = _without_needless(_NEVER.sub("", text))
    return "" if _BLANKS.fullmatch(text) else _fewer_stacked(text)


def _without_needless(text: str) -> str:
    if not _SOMETIMES.search(text):
        return text
    kept: list[str] = []
    flag_ends = 0
    for place, char in enumerate(text):
        flag = _FLAG.match(text, place)
        if flag is not None and kept[-1:] == [_BLACK_FLAG]:
            flag_ends = flag.end()
        if place < flag_ends or not _SOMETIMES.match(char) or _is_needed(kept, text, place):
            kept.append(char)
    return "".join(kept)


def _is_needed(kept: list[str], text: str, place: int) -> bool:
    """Whether the script needs this mark, after what was kept and before what follows."""
    char, before, after = text[place], "".join(kept[-1:]), text[place + 1 : place + 2]
    if _SELECTORS.match(after):
        after = ""  # it chooses a shape of what stands before it, and is none itself
    if char == _CGJ:
        return _joins(before) and _is_mark(after)
    if char == _ZWNJ:
        return _joins(before) and (_joins(after) or after == _ZWJ)
    if char == _ZWJ:
        base = next((each for each in reversed(kept[-4:]) if not _goes_with_sign(each)), "")
        return _joins(before) or _joins(after) or (_is_sign(base) and _is_sign(after))
    if _SELECTORS.match(char):
        keycap = _KEYCAP.match(before + text[place : place + 2]) is not None
        return keycap or _is_sign(before) or _SHAPED.match(before) is not None
    return False


def _joins(char: str) -> bool:
    return _JOINING.match(char) is not None and unicodedata.category(char)[0] in "LM"


def _is_sign(char: str) -> bool:
    """True for what may be an emoji."""
    if not char or char.isascii() or _BLANKS.fullmatch(char):
        return False
    return unicodedata.category(char) in {"So", "Sm", "Po"}


def _is_mark(char: str) -> bool:
    return bool(char) and unicodedata.category(char) in {"Mn", "Me"}


def _goes_with_sign(char: str) -> bool:
    """A selector or a colour of skin: it stands between an emoji and what joins it to another."""
    return _SELECTORS.match(char) is not None or "\U0001f3fb" <= char <= "\U0001f3ff"


def _fewer_stacked(text: str) -> str:
    kept: list[str] = []
    stacked = 0
    for char in text:
        if _is_mark(char):
            stacked += 1
        elif char not in {_ZWNJ, _ZWJ}:  # the joiners stand between marks as if they were none
            stacked = 0
        if stacked <= STACKED:
            kept.append(char)
    return "".join(kept)
