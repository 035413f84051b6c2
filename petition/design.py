"""The tokens of the look, for what takes no style sheet: letters, pictures, paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from petition import assets

_TOKEN: Final = re.compile(r"--([a-z0-9-]+):\s*([^;]+);")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_ROOT: Final = re.compile(r":root\s*\{([^}]*)\}")


@cache
def tokens(part: str = "tokens") -> Mapping[str, str]:
    """What `:root` declares in that part, by name without its dashes: `deep` → `#06403c`.

    Names are written with `_` for `-`, as templates can say them.
    """
    text = _COMMENT.sub("", (assets.STATIC / "css" / f"{part}.css").read_text(encoding="utf-8"))
    root = _ROOT.search(text)
    if root is None:
        raise ValueError(f"{part}.css declares nothing")
    found = {name.replace("-", "_"): value for name, value in _TOKEN.findall(root[1])}
    return MappingProxyType(found)


@cache
def colours() -> Mapping[str, str]:
    """The colours of the light scheme, each as `#rrggbb`."""
    found = {name: value for name, value in tokens().items() if value.startswith("#")}
    return MappingProxyType(found)
