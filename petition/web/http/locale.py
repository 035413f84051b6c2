"""The language of a request, and messages in it."""

from __future__ import annotations

from typing import cast

from flask import g, request

from petition import i18n


def language() -> i18n.Language:
    """The language of the current request; where none was chosen, what the browser asks for."""
    if "language" not in g:
        set_locale(i18n.negotiate(request.headers.get("Accept-Language", ""), i18n.codes()))
    return cast(i18n.Language, g.language)


def set_locale(code: str) -> i18n.Language:
    """Choose the language of this request."""
    chosen = i18n.language(code)
    g.language = chosen
    return chosen


def _(message: str, **values: object) -> str:
    """The message in the language of the request."""
    text = language().gettext(message)
    return text % values if values else text
