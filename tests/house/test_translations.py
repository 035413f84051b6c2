"""The catalogues: every string of pages, letters and messages, in every language, and no other."""

from __future__ import annotations

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from petition import i18n

ROOT = Path(__file__).parents[2]
OTHERS = [code for code in i18n.codes() if code != i18n.SOURCE]
FOLDERS = ("petition", "templates")

Id = str | tuple[str, ...]


def extracted() -> dict[Id, str]:
    """Every translatable string of the code and the templates, with its place."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    mappings = config["tool"]["babel"]["mappings"]
    methods = [(each["pattern"], each["method"]) for each in mappings]
    options = {
        each["pattern"]: {k: v for k, v in each.items() if k not in {"pattern", "method"}}
        for each in mappings
    }
    found: dict[Id, str] = {}
    for folder in FOLDERS:
        for name, line, message, _, _ in extract_from_dir(ROOT / folder, methods, options):
            found[message] = f"{folder}/{name}:{line}"
    return found


def catalogue(code: str) -> Catalog:
    with (i18n.CATALOGUES / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


EXTRACTED = extracted()


def test_the_extraction_sees_code_pages_and_letters() -> None:
    assert "Please choose your country." in EXTRACTED
    assert "Sign the call" in EXTRACTED
    assert any(isinstance(each, tuple) for each in EXTRACTED)
    assert any(place.endswith(".txt") or ".txt:" in place for place in EXTRACTED.values())


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_is_whole(code: str) -> None:
    messages = {message.id: message for message in catalogue(code) if message.id}
    missing = {str(each): place for each, place in EXTRACTED.items() if each not in messages}
    assert missing == {}
    assert set(messages) - set(EXTRACTED) == set(), "strings that nothing uses any more"
    assert not catalogue(code).obsolete
    for message in messages.values():
        assert not message.fuzzy, message.id
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(text.strip() for text in texts), message.id


@pytest.mark.parametrize("code", OTHERS)
def test_plural_forms_are_the_languages_own(code: str) -> None:
    found = catalogue(code)
    for message in found:
        if message.pluralizable:
            assert len(message.string) == found.num_plurals, message.id


def names(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)[sd]|(?<!%)%[sd]", text))


@pytest.mark.parametrize("code", OTHERS)
def test_placeholders_are_the_same(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        if isinstance(message.id, tuple):
            # One of the forms may say the number in a word.
            allowed = set().union(*(names(text) for text in message.id))
            for text in message.string:
                assert names(text) <= allowed, message.id
            assert names(message.string[-1]) == names(message.id[1]), message.id
        else:
            assert names(message.string) == names(message.id), message.id


@pytest.mark.parametrize("code", OTHERS)
def test_no_markup_and_no_stray_space_in_a_catalogue(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        pairs = (
            [(message.id[1], text) for text in message.string]
            if isinstance(message.id, tuple)
            else [(message.id, message.string)]
        )
        for source, text in pairs:
            assert "<" not in text, source
            assert text == text.strip() or source != source.strip(), source


class BareText(HTMLParser):
    """Collects what a page says without asking for a translation."""

    SAID = frozenset({"title", "alt", "placeholder", "aria-label", "content"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipping += tag in {"style", "script"}
        if tag == "meta":
            return
        self.found += [value for name, value in attrs if name in self.SAID and letters(value or "")]

    def handle_endtag(self, tag: str) -> None:
        self._skipping -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        if letters(data) and not self._skipping:
            self.found.append(data.strip())


def letters(text: str) -> bool:
    return re.search(r"[^\W\d_]", text) is not None


# Names of services and of an algorithm, which are the same in every language.
PROPER_NAMES = {"WhatsApp", "Telegram", "Mastodon", "Bluesky", "SHA-256"}


# Words for machines: the class of a page, and attributes that a macro makes apart from their tag.
UNSAID = r"\{% block body_class %\}[\w-]*\{% endblock %\}|aria-(?:describedby|invalid)=\"[^\"]*\""


def bare_texts(source: str) -> list[str]:
    plain = re.sub(UNSAID, "", re.sub(r"\{\{.*?\}\}", "", source, flags=re.S))
    plain = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", plain, flags=re.S)
    plain = re.sub(UNSAID, "", plain)
    parser = BareText()
    parser.feed(plain)
    return [text for text in parser.found if text not in PROPER_NAMES]


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_says_nothing_bare(path: Path) -> None:
    assert bare_texts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.txt")), ids=lambda p: p.name)
def test_a_letter_says_nothing_bare(path: Path) -> None:
    plain = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"), flags=re.S
    )
    assert not letters(plain)


@pytest.mark.parametrize(
    "source", ["<p>Hello</p>", '<img alt="A map">', "<h1>{{ _('Hi') }} there</h1>", "<p>مرحبا</p>"]
)
def test_bare_text_is_seen(source: str) -> None:
    assert bare_texts(source)
