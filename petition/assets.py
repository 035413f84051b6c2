"""Static files: their bytes, style sheets put together from their parts, and their addresses."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"

_TOKENS: Final = ("tokens", "tokens-dark", "tokens-print")

SHEETS: Final = {
    "css/site.css": (
        *_TOKENS,
        *(
            "base",
            "bands",
            "campaign",
            "form",
            "pages",
            "share",
            "tables",
            "names",
            "happenings",
            "ways",
        ),
    ),
    "css/console.css": (
        *_TOKENS,
        *("base", "bands", "form", "pages", "tables", "names", "console", "ways"),
    ),
}
"""Each style sheet that a page links, with its parts under static/css, in the order in which they
rule."""

WHEN: Final = {"tokens-dark": "(prefers-color-scheme: dark)", "tokens-print": "print"}
"""Parts that rule only there."""

_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_END: Final = re.compile(r"\s*\n\s*")


@cache
def names() -> frozenset[str]:
    """What may be asked for; parts of a style sheet may not."""
    files = (path for path in STATIC.rglob("*") if path.is_file() and path.suffix != ".css")
    return frozenset(SHEETS) | {path.relative_to(STATIC).as_posix() for path in files}


@cache
def content(name: str) -> bytes:
    """A static file's bytes; OSError where there is none of that name."""
    if name not in SHEETS:
        return (STATIC / name).read_bytes()
    sheet = "".join(part(each) for each in SHEETS[name])
    return _LINE_END.sub("\n", _COMMENT.sub("", sheet)).strip().encode()


def part(name: str) -> str:
    """The rules of one part of a style sheet, as its writers left them, where they rule."""
    text = (STATIC / "css" / f"{name}.css").read_text(encoding="utf-8")
    return f"@media {WHEN[name]} {{\n{text}}}\n" if name in WHEN else text


@cache
def address(name: str) -> str:
    """Where a static file lies; it changes with the bytes, so that they may be kept for ever."""
    return f"/static/{sha256(content(name)).hexdigest()[:12]}/{name}"
