"""Printing: pictures and paper set by Typst in every language, and QR codes."""

from __future__ import annotations

import io
import json
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import segno
import typst
from pymupdf_fonts import fontbuffers

from petition.config import resource_dir

Data = Mapping[str, object]

# FiraGO, under the SIL Open Font License: Latin and Arabic letters of one design. The fonts of the
# machine are left aside, so that a picture is the same wherever it is made.
_FACES: Final = ("figo", "figbo")
_QR_POINTS: Final = 20
"""A side of one square in a QR code: it is still sharp on a poster."""
_BOTH_FACES: Final = b'#set text(font: "FiraGO")\na *a*'


class Press:
    """Sets what lies in templates/print, one thing at a time.

    What goes in as data is shown as it is: Typst reads no markup in it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fonts: typst.Fonts | None = None

    def picture(self, source: str, data: Data) -> bytes:
        """A PNG in which one point is one pixel."""
        with self._lock:
            return typst.compile(
                _path(source),
                font_paths=self._ready(),
                ignore_system_fonts=True,
                format="png",
                ppi=72,
                sys_inputs=_inputs(data),
            )

    def drawing(self, source: str, data: Data) -> str:
        """An SVG as wide as its words, whose letters are drawn: it needs no font to be shown."""
        with self._lock:
            return typst.compile(
                _path(source),
                font_paths=self._ready(),
                ignore_system_fonts=True,
                format="svg",
                sys_inputs=_inputs(data),
            ).decode()

    def paper(self, source: str, data: Data) -> bytes:
        """A tagged PDF: PDF/UA-1, unless the words hold a letter that the font does not have."""
        try:
            return self._pdf(source, data, standards=["ua-1"])
        except typst.TypstError:
            return self._pdf(source, data, standards=[])

    def _pdf(self, source: str, data: Data, *, standards: list[typst.PDFStandard]) -> bytes:
        with self._lock:
            return typst.compile(
                _path(source),
                font_paths=self._ready(),
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards=standards,
                sys_inputs=_inputs(data),
            )

    def _ready(self) -> typst.Fonts:
        """The fonts, read once: Typst takes them from files, and keeps them."""
        if self._fonts is None:
            with tempfile.TemporaryDirectory(prefix="petition-fonts-") as folder:
                for face in _FACES:
                    (Path(folder) / f"{face}.ttf").write_bytes(fontbuffers[face]())
                fonts = typst.Fonts(
                    include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
                )
                # A face is read when it is first used; afterwards its file may go.
                typst.compile(_BOTH_FACES, font_paths=fonts, format="png", ppi=1)
            self._fonts = fonts
        return self._fonts


def _path(source: str) -> Path:
    return resource_dir("templates") / "print" / source


def _inputs(data: Data) -> dict[str, str]:
    return {"data": json.dumps(data, ensure_ascii=False)}


def qr_svg(text: str) -> str:
    """A QR code with its quiet zone, dark on white whatever lies behind it."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn,
        kind="svg",
        border=4,
        dark="#000",
        light="#fff",
        omitsize=True,
        svgclass=None,
        lineclass=None,
        xmldecl=False,
    )
    return drawn.getvalue().decode()


def qr_png(text: str) -> bytes:
    """The same as a picture of points, for programs that take no other."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn, kind="png", border=4, dark="#000", light="#fff", scale=_QR_POINTS
    )
    return drawn.getvalue()
