"""The list of countries in a form: 250 lines, drawn once for each language."""

from __future__ import annotations

from functools import cache
from typing import Final

from markupsafe import Markup

from petition import i18n

_OPTION: Final = Markup('<option value="{}">{}</option>')
_BEGINNING: Final = Markup('<option value="{}"')
_SELECTED: Final = Markup(" selected")


def country_options(language: str, chosen: str | None) -> Markup:
    """All options in that language, the first of them no country, with the chosen one marked.

    Nothing is marked where what was chosen is none of them.
    """
    option = _BEGINNING.format(chosen or "")
    return _drawn(language).replace(option, option + _SELECTED, 1)


@cache
def _drawn(code: str) -> Markup:
    language = i18n.language(code)
    countries = (("", language.gettext("Choose a country")), *language.countries())
    return Markup("\n").join(_OPTION.format(*each) for each in countries)
