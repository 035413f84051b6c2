"""Rendering: templates to text, one Jinja environment a language."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from types import CodeType
from typing import Any

import nh3
from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    select_autoescape,
)
from jinja2.bccache import Bucket
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from petition import assets, design, i18n
from petition.config import Contact, resource_dir
from petition.country_options import country_options

_MARK = re.compile(r"\[(\d+)\]")
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_TAGS = {"p", "h2", "h3", "ul", "ol", "li", "em", "strong", "a", "blockquote"}


class _Compiled(BytecodeCache):
    """Templates as code, by file: compiled once in a process, for every language."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._code.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key] = (bucket.checksum, bucket.code)


_COMPILED = _Compiled()


class Renderer:
    """Renders templates in every language, with the names that each template may use."""

    def __init__(self, *, organiser: str | None, contact: Contact | None) -> None:
        self._organiser = organiser
        self._contact = contact
        self._environments: dict[str, Environment] = {}

    def __call__(self, template: str, language: i18n.Language, /, **context: Any) -> str:
        """The template's text in that language; a name that is missing raises."""
        environment = self._environments.get(language.code)
        if environment is None:
            environment = self._environments[language.code] = self._environment(language)
        return environment.get_template(template).render(context)

    def _environment(self, language: i18n.Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(resource_dir("templates")),
            autoescape=select_autoescape(["html"]),
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            bytecode_cache=_COMPILED,
            auto_reload=False,  # no look at the files with each page
        )
        install: Callable[..., None] = environment.install_gettext_callables  # type: ignore[attr-defined]  # the i18n extension adds it
        install(language.gettext, language.ngettext, newstyle=True)
        environment.globals.update(
            lang=language.code,
            dir=language.direction,
            organiser=language.organiser(self._organiser),
            contact=self._contact,
            asset=assets.address,
            colours=design.colours(),
            breakable=breakable,
            number=language.number,
            date=language.date,
            time=language.time,
            reported=language.reported,
            country_options=partial(country_options, language.code),
            language_name=lambda code: i18n.language(code).own_name,
            language_in_full=lambda code: i18n.language(code).in_full,
            language_dir=lambda code: i18n.language(code).direction,
        )
        return environment


@lru_cache(maxsize=64)
def story(markdown: str, page: str = "") -> Markup:
    """A call's Markdown as safe HTML; `[3]` becomes a link to reference 3.

    `page` is the address of the call's page, for who reads the text elsewhere.
    """
    html = nh3.clean(
        _MARKDOWN.render(markdown), tags=_TAGS, attributes={"a": {"href"}}, link_rel="noopener"
    )
    return _marked(html, page)


def line(text: str) -> Markup:
    """One line of a call as safe HTML, with the same marks."""
    return _marked(str(escape(text)), "")


def breakable(address: str) -> Markup:
    """An email address as HTML that gives way before its parts, and not within a word."""
    return Markup(re.sub(r"(?=[@.])", "<wbr>", str(escape(address))))  # noqa: S704  # it is escaped


def _marked(html: str, page: str) -> Markup:
    linked = rf'<sup><a href="{escape(page)}#ref-\1">[\1]</a></sup>'
    return Markup(_MARK.sub(linked, html))  # noqa: S704  # it is clean, and so is what comes in
