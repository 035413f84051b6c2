"""The guide for staff, docs/staff.md, as a page of the console: each page links to its part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Final

import nh3
from flask import Blueprint, Response, make_response
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from petition.config import resource_dir
from petition.web.http.access import STAFF, access
from petition.web.staff.layout import console_page

guide = Blueprint("guide", __name__, url_prefix="/staff/help")

_NOT_IN_AN_ANCHOR: Final = re.compile(r"[^\w -]")
_TAGS: Final = frozenset(
    {"h1", "h2", "h3", "p", "ul", "ol", "li", "em", "strong", "a", "code", "pre", "div"}
    | {"table", "thead", "tbody", "tr", "th", "td"}
)


@guide.get("")
@access(STAFF)
def shown() -> Response:
    """All of it, in English."""
    return make_response(console_page("staff/help.html", words=_words()))


@cache
def _words() -> Markup:
    """The guide as safe HTML; what it links to elsewhere is not here, so these are no links."""
    text = (resource_dir("docs") / "staff.md").read_text(encoding="utf-8")
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for heading, words in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor(words))
    safe = nh3.clean(
        parser.renderer.render(list(_with_room(tokens)), parser.options, {}),
        tags=set(_TAGS),
        attributes={
            "a": {"href"},
            "div": {"class", "role", "tabindex"},
            **{tag: {"id"} for tag in ("h1", "h2", "h3")},
        },
        attribute_filter=_own_links,
        link_rel=None,
    )
    return Markup(safe)  # noqa: S704  # it is ours, and clean


def _with_room(tokens: Iterable[Token]) -> Iterator[Token]:
    """The same, with each table in a part of the page that can be scrolled, also by keys."""
    for token in tokens:
        if token.type == "table_open":
            yield Token("", "div", 1, attrs={"class": "scroll", "role": "group", "tabindex": "0"})
        yield token
        if token.type == "table_close":
            yield Token("", "div", -1)


def anchor(words: Token) -> str:
    """The name that a heading of a Markdown file has in addresses, as code hosts make it."""
    text = "".join(each.content for each in words.children or ())
    return _NOT_IN_AN_ANCHOR.sub("", text.lower()).replace(" ", "-")


def _own_links(tag: str, name: str, value: str) -> str | None:
    return None if name == "href" and not value.startswith("#") else value
