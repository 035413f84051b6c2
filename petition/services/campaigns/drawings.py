"""Drawings: an SVG file of a campaign, taken only if it can do nothing but be looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from petition.domain.campaigns.presentation import Drawing
from petition.errors import ContentError

MOST_BYTES: Final = 12_000

_SVG: Final = "{http://www.w3.org/2000/svg}"
_SHAPES: Final = frozenset(
    {"svg", "g", "defs", "title", "desc", "use", "symbol", "clipPath", "mask"}
    | {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
    | {"linearGradient", "radialGradient", "stop"}
)
_HREF: Final = frozenset({"href", "{http://www.w3.org/1999/xlink}href"})
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_VIEW: Final = re.compile(rf"{_NUMBER}[ ,]+{_NUMBER}[ ,]+({_NUMBER})[ ,]+({_NUMBER})\Z")


def drawing(path: Path) -> Drawing:
    """The SVG in that file. Raises ContentError with the file and what is wrong."""
    try:
        found = path.read_bytes()
    except OSError as error:
        raise ContentError(f"{path}: cannot be read ({type(error).__name__})") from None
    if len(found) > MOST_BYTES:
        raise ContentError(f"{path}: {len(found)} bytes are too many; {MOST_BYTES} is the most")
    # Before any parser: what declares entities can grow without bounds while it is read.
    if b"<!" in re.sub(rb"<!--.*?-->", b"", found, flags=re.DOTALL):
        raise ContentError(f"{path}: a drawing takes no <!DOCTYPE> and nothing else with <!")
    try:
        root = ElementTree.fromstring(found)  # noqa: S314  # no declarations, and small
        svg = found.decode("utf-8")
    except (ElementTree.ParseError, UnicodeDecodeError):
        raise ContentError(f"{path}: this is not an SVG in UTF-8") from None
    if root.tag != f"{_SVG}svg":
        raise ContentError(f"{path}: this is not an SVG in UTF-8")
    for element in root.iter():
        _check(element, path)
    view = _VIEW.match(root.get("viewBox", "").strip())
    if view is None or min(float(view[1]), float(view[2])) <= 0:
        raise ContentError(f'{path}: viewBox takes four numbers, as in "0 0 480 400"')
    return Drawing(svg=svg, width=float(view[1]), height=float(view[2]))


def _check(element: ElementTree.Element, path: Path) -> None:
    name = str(element.tag).removeprefix(_SVG)
    if name not in _SHAPES:
        raise ContentError(f"{path}: a drawing takes shapes only, not <{name.rpartition('}')[2]}>")
    for attribute, value in element.items():
        if attribute.lower().startswith("on") or attribute == "style":
            raise ContentError(f"{path}: a drawing takes no attribute {attribute}")
        if attribute in _HREF and not value.startswith("#"):
            raise ContentError(f"{path}: a drawing shows nothing from elsewhere: {value[:40]}")
        if re.search(r"url\((?!#)", value.replace(" ", ""), re.IGNORECASE):
            raise ContentError(f"{path}: a drawing shows nothing from elsewhere: {value[:40]}")
