"""What every door needs at hand, made once with the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app, g, request

from petition import i18n
from petition.config import Settings
from petition.domain.tokens import Tokens
from petition.printing import Press
from petition.rendering import Renderer
from petition.store.intake import Intake
from petition.store.journal import Journal
from petition.store.vault import Vault
from petition.web.calls import Calls
from petition.web.shelf import Shelf


@dataclass(frozen=True, kw_only=True)
class House:
    """The settings and the rooms behind the doors."""

    settings: Settings
    vault: Vault
    tokens: Tokens
    intake: Intake
    journal: Journal
    calls: Calls
    render: Renderer
    press: Press
    shelf: Shelf
    now: Callable[[], datetime]


def house() -> House:
    """The house of the current app."""
    return cast(House, current_app.extensions["petition"])


def language() -> i18n.Language:
    """The language of the current request; where none was chosen, what the browser asks for."""
    if "language" not in g:
        speak(i18n.negotiate(request.headers.get("Accept-Language", ""), i18n.codes()))
    return cast(i18n.Language, g.language)


def speak(code: str) -> i18n.Language:
    """Choose the language of this request."""
    chosen = i18n.language(code)
    g.language = chosen
    return chosen


def _(message: str, **values: object) -> str:
    """The message in the language of the request."""
    text = language().gettext(message)
    return text % values if values else text


def page(template: str, **context: object) -> str:
    """A page in the language of the request."""
    return house().render(template, language(), **context)
