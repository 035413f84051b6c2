"""A campaign's drawing is taken only if it can do nothing but be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from petition.app import SHIPPED
from petition.errors import ContentError
from petition.services.campaigns.drawings import MOST_BYTES, drawing

OPENED = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">'


def _file(tmp_path: Path, inside: str, opened: str = OPENED) -> Path:
    path = tmp_path / "picture.svg"
    path.write_text(f"{opened}{inside}</svg>", encoding="utf-8")
    return path


def test_shapes_are_taken_with_their_size(tmp_path: Path) -> None:
    inside = '<!-- ours --><defs><g id="a"><path d="M0 0h9"/></g></defs><use href="#a"/>'
    found = drawing(_file(tmp_path, inside))
    assert (found.width, found.height) == (40, 20)
    assert inside in found.svg


def test_the_shipped_one_is_light() -> None:
    path = SHIPPED / "amazon" / "picture.svg"
    assert drawing(path).width > 0
    assert path.stat().st_size < 12_000


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<script>alert(1)</script>", "shapes only, not <script>"),
        ("<foreignObject/>", "shapes only, not <foreignObject>"),
        ('<image href="https://example.org/x.png"/>', "shapes only, not <image>"),
        ("<style>*{fill:red}</style>", "shapes only, not <style>"),
        ('<a href="https://example.org"/>', "shapes only, not <a>"),
        ("<animate/>", "shapes only, not <animate>"),
        ('<h:p xmlns:h="http://www.w3.org/1999/xhtml"/>', "shapes only, not <p>"),
        ('<path onload="alert(1)"/>', "no attribute onload"),
        ('<path style="fill:red"/>', "no attribute style"),
        ('<use href="https://example.org/x.svg#a"/>', "nothing from elsewhere"),
        (
            '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="data:image/svg+xml,x"/>',
            "nothing from elsewhere",
        ),
        ('<path fill="url(https://example.org/x)"/>', "nothing from elsewhere"),
        ("<!DOCTYPE svg>", "no <!DOCTYPE>"),
        ("<![CDATA[x]]>", "no <!DOCTYPE>"),
        ("<g>", "not an SVG"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, inside: str, said: str) -> None:
    path = _file(tmp_path, inside)
    with pytest.raises(ContentError, match=said) as refused:
        drawing(path)
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("opened", "said"),
    [
        ("<svg>", "not an SVG"),
        ('<svg xmlns="http://www.w3.org/2000/svg">', "viewBox takes four numbers"),
        ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 9">', "viewBox takes four"),
        ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9">', "viewBox takes four"),
    ],
)
def test_so_is_one_without_a_size(tmp_path: Path, opened: str, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        drawing(_file(tmp_path, "", opened))


def test_a_heavy_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=f"are too many; {MOST_BYTES} is the most"):
        drawing(_file(tmp_path, "<g/>" * MOST_BYTES))


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"none\.svg: cannot be read"):
        drawing(tmp_path / "none.svg")
