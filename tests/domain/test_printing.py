"""Printing: what a picture shows, letter by letter, and what a sheet of paper tells its readers."""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import pytest
import segno

from petition import design
from petition.printing import Press, qr_svg

SIZE = (1200, 630)
COLOURS = dict(design.colours())
DEEP = tuple(bytes.fromhex(COLOURS["deep"][1:]))
MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
# One word as it is written, as its joined letters one by one, and with its letters kept apart.
JOINED = "سلم"
SHAPES = "\ufeb3\ufee0\ufee2"
APART = "س\u200cل\u200cم"


@pytest.fixture(scope="module")
def press() -> Press:
    return Press()


def card(press: Press, ask: str, lang: str = "en", **words: str) -> bytes:
    data: dict[str, Any] = {
        "lang": lang,
        "dir": "rtl" if lang == "ar" else "ltr",
        "ask": ask,
        "count": "",
        "organiser": "",
        "mark": MARK,
        "colours": COLOURS,
    }
    return press.picture("card.typ", data | words)


def poster(press: Press, **words: Any) -> bytes:
    data = {
        "lang": "ar",
        "dir": "rtl",
        "ask": "على الشركة أن تستجيب",
        "asks": ["واحد", "اثنان"],
        "addressed_to": "Somebody",
        "address": "call.example.org/one",
        "qr": qr_svg("https://call.example.org/one"),
        "qr_alt": "A QR code",
        "scan": "Scan",
        "or_type": "or type",
        "safety": "Be safe.",
        "organiser": "Somebody else",
        "colours": COLOURS,
    }
    return press.paper("poster.typ", data | words)


Rows = list[list[tuple[int, ...]]]


def pixels(png: bytes, height: int) -> Rows:
    """The first rows of pixels of a PNG with eight bits a channel."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, _height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert depth == 8
    channels = {2: 3, 6: 4}[colour]
    packed, place = b"", 8
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        if kind == b"IDAT":
            packed += png[place + 8 : place + 8 + length]
        place += length + 12
    raw, stride = zlib.decompress(packed), width * channels
    before, rows = bytearray(stride), []
    for start in range(0, height * (stride + 1), stride + 1):
        line = bytearray(raw[start + 1 : start + 1 + stride])
        unfilter(raw[start], line, before, channels)
        rows.append([tuple(line[x : x + 3]) for x in range(0, stride, channels)])
        before = line
    return rows


def unfilter(kind: int, line: bytearray, above: bytearray, step: int) -> None:
    """Undo a row's filter (PNG, part 9)."""
    if kind == 0:
        return
    guess = (of_left, of_above, of_both, paeth)[kind - 1]
    for x in range(len(line)):
        left = line[x - step] if x >= step else 0
        corner = above[x - step] if x >= step else 0
        line[x] = (line[x] + guess(left, above[x], corner)) & 255


def of_left(left: int, _above: int, _corner: int) -> int:
    return left


def of_above(_left: int, above: int, _corner: int) -> int:
    return above


def of_both(left: int, above: int, _corner: int) -> int:
    return (left + above) // 2


def paeth(left: int, above: int, corner: int) -> int:
    if left == above == corner:
        return left
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def ink(png: bytes, height: int) -> tuple[int, int]:
    """The first and last column in the rows at the top that is not the ground."""
    rows = pixels(png, height)
    columns = [x for row in rows for x, pixel in enumerate(row) if pixel != DEEP]
    return min(columns), max(columns)


def test_a_picture_has_the_size_that_services_ask_for(press: Press) -> None:
    png = card(press, "Do it")
    assert struct.unpack(">II", png[16:24]) == SIZE


def test_arabic_letters_are_joined(press: Press) -> None:
    """Without shaping, the word would look like its letters kept apart."""
    joined = card(press, JOINED, "ar")
    assert joined == card(press, SHAPES, "ar")
    assert joined != card(press, APART, "ar")


@pytest.mark.slow
def test_arabic_words_begin_at_the_right(press: Press) -> None:
    left, right = ink(card(press, JOINED, "ar"), 160)
    assert left > 900
    assert right > 1100
    left, right = ink(card(press, "Do", "en"), 160)
    assert left < 100
    assert right < 300


def test_words_are_data_and_no_markup(press: Press) -> None:
    """Each of these would stop Typst, or print something else, if it were read as its language."""
    for words in ('#panic("planted")', "$x", "*", "`", '#image("/etc/passwd")', "@nothing"):
        assert card(press, words) != card(press, "")
        assert poster(press, ask=words, asks=[words]).startswith(b"%PDF")
    assert card(press, "*a*") != card(press, "a")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ar"])
def test_long_words_stay_on_their_sheet(press: Press, lang: str) -> None:
    long = "word كلمة " * 80  # more than fits at the smallest size
    assert struct.unpack(">II", card(press, long, lang, count=long, organiser=long)[16:24]) == SIZE
    pdf = poster(press, lang=lang, ask=long, asks=[long] * 9, address="a" * 200)
    assert b"/Type/Pages/Count 1/" in pdf


def test_a_poster_can_be_read_by_a_screen_reader(press: Press) -> None:
    pdf = poster(press)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"/Marked true" in pdf
    assert b"/Lang(ar)" in pdf


def test_a_letter_that_the_font_lacks_costs_the_promise_but_not_the_poster(press: Press) -> None:
    pdf = poster(press, ask="訴え")
    assert pdf.startswith(b"%PDF")
    assert b"pdfuaid" not in pdf


def test_no_font_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    fresh = Press()
    first = card(fresh, JOINED, "ar", count="123")
    assert list(tmp_path.iterdir()) == []
    assert card(fresh, JOINED, "ar", count="123") == first


def test_a_qr_code_is_dark_on_white_with_its_quiet_zone() -> None:
    text = "https://call.example.org/one?source=qr"
    svg = qr_svg(text)
    side = segno.make_qr(text, error="m").symbol_size(border=4)[0]
    assert f'viewBox="0 0 {side} {side}"' in svg
    assert f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>' in svg
    assert 'stroke="#000"' in svg
    for word in ("style", "script", "href"):
        assert word not in svg
