"""Static files: their bytes, style sheets put together from their parts, and their addresses."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256, sha384
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"

EMBED: Final = "js/embed.js"
"""The script that puts a campaign's form on a partner's page."""

_TOKENS: Final = ("tokens", "tokens-dark", "tokens-print")

_FRAME: Final = ("base", "form", "pages", "share", "frame")

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
    # In a frame on another site: as the reader's system says, or light or dark whatever it says.
    "css/frame-auto.css": (*_TOKENS, *_FRAME, "ways"),
    "css/frame-light.css": ("tokens", "frame-light", *_FRAME, "ways"),
    "css/frame-dark.css": ("tokens", "tokens-dark!", "frame-dark", *_FRAME, "ways"),
}
"""Each style sheet that a page links, with its parts under static/css, in the order in which they
rule; a part with `!` behind it rules always."""

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
    always = name.endswith("!")
    name = name.removesuffix("!")
    text = (STATIC / "css" / f"{name}.css").read_text(encoding="utf-8")
    return f"@media {WHEN[name]} {{\n{text}}}\n" if name in WHEN and not always else text


@cache
def integrity(name: str) -> str:
    """The fingerprint of a static file's bytes, as pages of other sites name it (SRI)."""
    return f"sha384-{b64encode(sha384(content(name)).digest()).decode()}"


@cache
def address(name: str) -> str:
    """Where a static file lies; it changes with the bytes, so that they may be kept for ever."""
    return f"/static/{sha256(content(name)).hexdigest()[:12]}/{name}"
