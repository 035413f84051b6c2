"""What costs each test some milliseconds and is the same in all: done later, or done with less.

Nothing here changes what a test sees. A route's rule is taken apart once; the routes of the first
app serve those that have the same ones; passwords are hashed by scrypt as ever, with less memory.
`tests/services/test_passwords.py` holds the cost that people get. SQL that was compiled for one
test's engine serves the next one of its kind, and so do loaded templates, and what an engine asks
its server at the first connection. The collector of circular garbage leaves alone what lives as
long as the process: modules, collected tests.
"""

from __future__ import annotations

import gc
import secrets
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from flask import Flask
from jinja2 import Environment
from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map
from werkzeug.routing.converters import BaseConverter
from werkzeug.routing.rules import Rule, RulePart
from werkzeug.security import check_password_hash, generate_password_hash

from petition import app as application, rendering
from petition.config import Contact, Settings
from petition.rendering import Renderer
from petition.services.staff import accounts

REAL_HASH: Final = generate_password_hash
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


_REGISTERED: Final = (
    *("view_functions", "blueprints", "before_request_funcs", "after_request_funcs"),
    *("teardown_request_funcs", "url_default_functions", "url_value_preprocessors"),
    *("template_context_processors", "error_handler_spec"),
)
"""What Flask keeps of an app's blueprints, beside its routes."""
REAL_VIEWS: Final = application._add_views
_views: Final[dict[tuple[bool, bool], tuple[Map, dict[str, Any]]]] = {}


def _add_views_once(app: Flask, settings: Settings) -> None:
    """Register the blueprints, or take what registering them came to in the first such app."""
    kind = settings.shows_mailbox, settings.on_own_machine
    if kind not in _views:
        REAL_VIEWS(app, settings)
        _views[kind] = app.url_map, {name: _copied(getattr(app, name)) for name in _REGISTERED}
    app.url_map, kept = _views[kind]
    for name, value in kept.items():
        setattr(app, name, _copied(value))
    app.add_url_rule = partial(_add_own_rule, app)  # type: ignore[method-assign]


def _copied(kept: Any) -> Any:
    """A copy that can be added to; what stands in it is the same."""
    if isinstance(kept, defaultdict):
        return defaultdict(kept.default_factory, {k: _copied(v) for k, v in kept.items()})
    if isinstance(kept, dict):
        return {key: _copied(value) for key, value in kept.items()}
    return [*kept] if isinstance(kept, list) else kept


def _add_own_rule(app: Flask, *args: Any, **options: Any) -> None:
    """A test's own route: in a map that no other app sees."""
    shared = app.url_map
    app.url_map = Map(converters=shared.converters, merge_slashes=shared.merge_slashes)
    app.url_map.host_matching = shared.host_matching
    for rule in shared.iter_rules():
        app.url_map.add(rule.empty())
    del app.add_url_rule
    app.add_url_rule(*args, **options)


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


_asked: Final[dict[type[Dialect], dict[str, Any]]] = {}


def _ask_once(initialise: Callable[[Any, Connection], None]) -> Callable[[Any, Connection], None]:
    """A server's version, schema and level of isolation are the same in each of its databases."""

    def initialised(dialect: DefaultDialect, connection: Connection) -> None:
        kind = type(dialect)
        if kind not in _asked:
            before = dict(vars(dialect))
            initialise(dialect, connection)
            _asked[kind] = {
                name: value
                for name, value in vars(dialect).items()
                if name not in before or before[name] is not value
            }
        vars(dialect).update(_asked[kind])

    return initialised


def collect_less_garbage() -> None:
    """When all is imported and collected: what is there now stays, and is looked at no more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    gc.enable()


def begin() -> None:
    """For this process, from now on."""
    gc.disable()  # until the tests are collected
    Engine._compiled_cache = _SharedCache()  # type: ignore[assignment]
    # The dialect is part of the key: our engines of one kind all have the same options.
    DefaultDialect.__eq__ = _is_same_kind  # type: ignore[method-assign]
    DefaultDialect.__hash__ = _hash_of_kind  # type: ignore[method-assign]
    Rule._parse_rule = _parse_once  # type: ignore[method-assign]
    application._add_views = _add_views_once
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        dialect.initialize = _ask_once(dialect.initialize)  # type: ignore[method-assign]
    accounts.generate_password_hash = _hash_cheaply
    accounts.check_password_hash = _check_cheaply
    Renderer._environments = _SharedEnvironments()  # type: ignore[assignment]
