"""Static files: their bytes, style sheets put together from their parts, and their addresses."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"

SHEETS: Final = {
    "css/site.css": (
        "tokens",
        "base",
        "bands",
        "campaign",
        "form",
        "pages",
        "share",
        "tables",
        "console",
        "names",
        "ways",
    )
}
"""Each style sheet that a page links, with its parts under static/css, in the order in which they
rule."""

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
    parts = ((STATIC / "css" / f"{part}.css").read_text(encoding="utf-8") for part in SHEETS[name])
    return _LINE_END.sub("\n", _COMMENT.sub("", "".join(parts))).strip().encode()


@cache
def address(name: str) -> str:
    """Where a static file lies; it changes with the bytes, so that they may be kept for ever."""
    return f"/static/{sha256(content(name)).hexdigest()[:12]}/{name}"
