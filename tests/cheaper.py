"""What costs each test some milliseconds and is the same in all: done later, or done with less.

Nothing here changes what a test sees. The code that builds an address is compiled when an address
is first built, not for each route of each app; a route's rule is taken apart once; passwords are
hashed by scrypt as ever, with less memory. `tests/services/test_passwords.py` holds the cost that
people get. SQL that was compiled for one test's engine serves the next one of its kind, and so do
loaded templates. The collector of circular garbage leaves alone what lives as long as the process:
modules, collected tests.
"""

from __future__ import annotations

import gc
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from sqlalchemy import Dialect, Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing.converters import BaseConverter
from werkzeug.routing.rules import Rule, RulePart
from werkzeug.security import check_password_hash, generate_password_hash

from petition import rendering
from petition.config import Contact
from petition.rendering import Renderer
from petition.services.staff import accounts

REAL_HASH: Final = generate_password_hash
_compile: Final = Rule._compile_builder


def _compile_later(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    compiled: list[Callable[..., tuple[str, str]]] = []

    def build(bound: Rule, *args: Any, **values: Any) -> tuple[str, str]:
        if not compiled:
            compiled.append(_compile(rule, append_unknown))
        return compiled[0](bound, *args, **values)

    return build


_parse: Final = Rule._parse_rule
_parsed: Final[
    dict[str, tuple[list[RulePart], list[tuple[bool, str]], dict[str, BaseConverter]]]
] = {}


def _parse_once(rule: Rule, text: str) -> list[RulePart]:
    if text not in _parsed:
        before = len(rule._trace)
        parts = list(_parse(rule, text))
        _parsed[text] = parts, rule._trace[before:], dict(rule._converters)
        return parts
    parts, trace, converters = _parsed[text]
    rule._trace.extend(trace)
    rule._converters.update(converters)
    rule.arguments.update(converters)
    return parts


def _hash_cheaply(password: str, method: str = "scrypt") -> str:
    assert method == "scrypt"
    return REAL_HASH(password, method="scrypt:1024:8:1")


_NOBODY: Final = _hash_cheaply(secrets.token_hex(16))


def _check_cheaply(hashed: str, password: str) -> bool:
    return check_password_hash(_NOBODY if hashed == accounts._NOBODY else hashed, password)


_environments: Final[dict[tuple[str | None, Contact | None, Path], dict[str, Environment]]] = {}


class _SharedEnvironments:
    """Where all renderers of one organiser and contact find templates that one of them loaded."""

    def __get__(self, renderer: Renderer, _: type[Renderer]) -> dict[str, Environment]:
        folder = rendering.resource_dir("templates")
        return _environments.setdefault((renderer._organiser, renderer._contact, folder), {})

    def __set__(self, renderer: Renderer, _: object) -> None:
        """Each renderer would set some of its own."""


_compiled: Final[dict[type[Dialect], LRUCache[Any, Any]]] = {}


class _SharedCache:
    """Where all engines of a kind find the SQL that was compiled for any of them."""

    def __get__(self, engine: Engine, _: type[Engine]) -> LRUCache[Any, Any]:
        # More room than an engine's own has, for the statements of the tests as well.
        return _compiled.setdefault(type(engine.dialect), LRUCache(8000))

    def __set__(self, engine: Engine, _: object) -> None:
        """Each engine would set one of its own."""


def _is_same_kind(dialect: DefaultDialect, other: object) -> bool:
    return type(dialect) is type(other)


def _hash_of_kind(dialect: DefaultDialect) -> int:
    return hash(type(dialect))


def collect_less_garbage() -> None:
    """When all is imported and collected: what is there now stays, and is looked at no more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def begin() -> None:
    """For this process, from now on."""
    gc.disable()  # until the tests are collected
    Engine._compiled_cache = _SharedCache()  # type: ignore[assignment]
    # The dialect is part of the key: our engines of one kind all have the same options.
    DefaultDialect.__eq__ = _is_same_kind  # type: ignore[method-assign]
    DefaultDialect.__hash__ = _hash_of_kind  # type: ignore[method-assign]
    Rule._parse_rule = _parse_once  # type: ignore[method-assign]
    Rule._compile_builder = _compile_later  # type: ignore[method-assign]
    accounts.generate_password_hash = _hash_cheaply
    accounts.check_password_hash = _check_cheaply
    Renderer._environments = _SharedEnvironments()  # type: ignore[assignment]
