"""The list of countries in a form."""

from __future__ import annotations

import re
from html import unescape

import pytest

from petition import i18n
from petition.country_options import country_options


@pytest.mark.parametrize("code", i18n.codes())
def test_it_is_every_country_in_the_readers_order_below_the_wish_to_choose(code: str) -> None:
    language = i18n.language(code)
    drawn = unescape(country_options(code, ""))
    found = re.findall(r'<option value="(.*)"(?: selected)?>(.+)</option>', drawn)
    assert found == [("", language.gettext("Choose a country")), *language.countries()]


@pytest.mark.parametrize(
    ("chosen", "marked"),
    [("DE", ["DE"]), ("", [""]), (None, [""]), ("de", []), ("XX", []), ('DE" x="', []), ("D", [])],
)
def test_what_was_chosen_is_marked_and_nothing_else(chosen: str | None, marked: list[str]) -> None:
    assert re.findall(r'value="(.*)" selected', country_options("en", chosen)) == marked


def test_names_are_text_and_no_markup() -> None:
    assert ">Bosnia &amp; Herzegovina<" in country_options("en", None)
