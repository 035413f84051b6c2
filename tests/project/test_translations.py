"""The catalogues: every string of pages, letters and messages, in every language, and no other."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from petition import i18n
from petition.app import SHIPPED as CALLS
from petition.services.campaigns import content_files

ROOT = Path(__file__).parents[2]
AMAZON = CALLS / "amazon"
ENGLISH = dict(i18n.language(i18n.SOURCE).countries())
OTHERS = [code for code in i18n.codes() if code != i18n.SOURCE]
FOLDERS = ("petition", "templates")

Id = str | tuple[str, ...]


@cache
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


def test_the_extraction_sees_code_pages_and_letters() -> None:
    assert "Please choose your country." in extracted()
    assert "Sign the petition" in extracted()
    assert any(isinstance(each, tuple) for each in extracted())
    assert any(place.endswith(".txt") or ".txt:" in place for place in extracted().values())


@pytest.mark.parametrize("code", i18n.codes())
def test_a_language_lists_every_country_once(code: str) -> None:
    path = i18n.country_list(code)
    assert path.exists(), f"./run countries {code} writes {path.relative_to(ROOT)}"
    listed = path.read_text(encoding="ascii").splitlines()
    assert sorted(listed) == sorted(i18n.COUNTRIES)


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_is_whole(code: str) -> None:
    messages = {message.id: message for message in catalogue(code) if message.id}
    missing = {str(each): place for each, place in extracted().items() if each not in messages}
    assert missing == {}
    assert set(messages) - set(extracted()) == set(), "strings that nothing uses any more"
    assert not catalogue(code).obsolete
    for message in messages.values():
        assert not message.fuzzy, message.id
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(text.strip() for text in texts), message.id


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_says_each_string_once(code: str) -> None:
    """The reader takes the last of two and says nothing."""
    path = i18n.CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    entries = path.read_text(encoding="utf-8").split("\n\n")
    # With its plural, and over all its lines.
    ids = [found[0] for each in entries if (found := re.search(r'^msgid (".*"\n?)+', each, re.M))]
    assert len(ids) > len(extracted()) // 2
    assert [each for each, number in Counter(ids).items() if number > 1] == []


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


# --- what is shipped ------------------------------------------------------------------------------

SHIPPED = ("en", "fr", "es", "de", "it", "pl", "ar")


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_language_is_whole(code: str) -> None:
    """Its words, the call, and the names of all countries: pages speak it in every part."""
    assert code in i18n.codes(), "there is no catalogue"
    call = content_files.read(AMAZON, organiser=None)
    assert code in call.calls, "the call is not there"
    source, spoken = call.calls[i18n.SOURCE], call.calls[code]
    assert len(spoken.asks) == len(source.asks)
    assert len(spoken.references) == len(source.references)
    assert re.findall(r"\[\d+\]", spoken.story) == re.findall(r"\[\d+\]", source.story)
    countries = dict(i18n.language(code).countries())
    assert countries.keys() == i18n.COUNTRIES
    assert not countries.keys() & set(countries.values()), "a country without a name"
    if code == i18n.SOURCE:
        return
    said = {name for name in countries if countries[name] != ENGLISH[name]}
    assert len(said) > len(countries) / 2, "these are the English names"
    for part in ("title", "ask", "summary", "share_text", "story", "consents"):
        assert getattr(spoken, part) != getattr(source, part), f"{part} is not translated"


def test_no_folder_of_the_call_is_left_aside() -> None:
    folders = {path.name for path in AMAZON.iterdir() if path.is_dir()}
    assert folders == set(content_files.read(AMAZON, organiser=None).calls)


def test_the_wordpress_plugin_speaks_every_language() -> None:
    """One file brings no catalogues along: each of its words stands in it, translated."""
    plugin = (ROOT / "contrib" / "wordpress" / "petition.php").read_text(encoding="utf-8")
    said = set(re.findall(r"__\( '([^']+)', 'petition' \)", plugin))
    said |= set(re.findall(r"^ \* (?:Plugin Name|Description): +(.+)$", plugin, re.M))
    assert len(said) == 7
    for words in said:
        entry = rf"^\t\t'{re.escape(words)}' +=> array\((.*?)^\t\t\),$"
        found = re.search(entry, plugin, re.M | re.S)
        assert found, words
        spoken = re.findall(r"^\t\t\t'(\w\w)' => '.+',$", found[1], re.M)
        assert spoken == ["ar", "de", "es", "fr", "it", "pl"], words
