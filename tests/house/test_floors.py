"""The floors: a module imports its own floor and below, and frameworks keep to their rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "petition"

FLOORS = {
    "": 0,  # petition/__init__.py holds the version
    "config": 0,
    "errors": 0,
    "keyring": 0,
    "collation": 0,
    "i18n": 0,
    "rendering": 0,
    "printing": 0,
    "beat": 0,
    "domain": 1,
    "store": 2,
    "services": 3,
    "web": 4,
    "mail": 4,
    "app": 5,
    "cli": 6,
    "__main__": 6,
}
FLASK_ROOMS = {"web", "mail", "app", "cli", "store.db"}
FLASK = {"flask", "flask_migrate", "flask_sqlalchemy", "flask_wtf", "werkzeug", "wtforms"}
# Werkzeug's password hashes are plain functions over text.
PLAIN_WERKZEUG = {("services.staffing", "werkzeug.security")}

# Above the store, SQLAlchemy is a type that is handed on, or a fault that is understood.
HANDED_ON = {"Session"}
FAULTS = {
    "web.errors": {"InterfaceError", "OperationalError", "TimeoutError"},
    "mail.worker": {"SQLAlchemyError"},
    "cli.doctor": {"SQLAlchemyError"},
    "cli.numbers": {"OperationalError"},
    "cli.opening": {"OperationalError", "ProgrammingError"},
}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "managers", "manager", "common", "misc"}


@dataclass(frozen=True)
class Import:
    """One imported name, and where."""

    module: str
    name: str | None
    line: int
    inside_function: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(tree: ast.Module) -> Iterator[Import]:
    """Every import of the module, with whether it hides inside a function."""
    hidden = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        inside = id(node) in hidden
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node.lineno, inside)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            for alias in node.names:
                yield Import(node.module or "", alias.name, node.lineno, inside)


def room(module: str) -> str:
    return module.partition(".")[0]


def own_module(imported: Import) -> str | None:
    """The module of ours that is meant, without `petition.`; None for others' modules."""
    if room(imported.module) != "petition":
        return None
    inner = imported.module.partition(".")[2]
    if inner == "" and imported.name is not None:
        below = PACKAGE / imported.name
        return imported.name if below.is_dir() or below.with_suffix(".py").exists() else ""
    return inner


def is_in(module: str, rooms: set[str]) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in rooms)


def faults(module: str, source: str) -> Iterator[str]:
    """What is wrong with the imports of a module."""
    for found in imports(ast.parse(source)):
        where = f"{module}:{found.line}"
        if found.inside_function:
            yield f"{where}: imports {found.module} inside a function"
        ours = own_module(found)
        if ours is not None:
            mine, theirs = FLOORS[room(module)], FLOORS[room(ours)]
            if theirs > mine:
                yield f"{where}: floor {mine} reaches up to {ours}"
            if {room(module), room(ours)} == {"web", "mail"}:
                yield f"{where}: web and mail do not know each other"
        outer = room(found.module)
        plain = (module, found.module) in PLAIN_WERKZEUG
        if outer in FLASK and not plain and not is_in(module, FLASK_ROOMS):
            yield f"{where}: {found.module} is for web, mail, app, cli and store.db"
        if outer == "sqlalchemy" and room(module) != "store":
            allowed = HANDED_ON if found.module == "sqlalchemy.orm" else set()
            if found.module == "sqlalchemy.exc":
                allowed = FAULTS.get(module, set())
            if found.name not in allowed:
                yield f"{where}: {found.module}.{found.name} is for the store"


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_module_keeps_to_its_floor(path: Path) -> None:
    assert list(faults(module_name(path), path.read_text(encoding="utf-8"))) == []


def test_every_room_has_a_floor() -> None:
    assert {room(module_name(path)) for path in MODULES} <= FLOORS.keys()


def test_no_room_is_called_after_nothing() -> None:
    for path in MODULES:
        assert not set(module_name(path).split(".")) & BANNED_NAMES, path


def test_every_module_says_what_lives_there() -> None:
    for path in MODULES:
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert says or path.name == "__main__.py", f"{path} has no docstring"


def test_sqlalchemy_above_the_store_is_a_type_or_a_fault_that_is_there() -> None:
    """The exceptions above are no wider than what the code needs."""
    for module, names in FAULTS.items():
        path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
        found = {
            each.name
            for each in imports(ast.parse(path.read_text(encoding="utf-8")))
            if each.module == "sqlalchemy.exc"
        }
        assert found == names, module


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("domain.campaign", "from petition.store import campaigns"),
        ("services.signing", "import petition.web.public"),
        ("services.signing", "from petition import app"),
        ("web.public", "from petition.mail import letters"),
        ("mail.worker", "from petition.web.house import house"),
        ("services.signing", "from flask import g"),
        ("store.counts", "from flask_sqlalchemy import SQLAlchemy"),
        ("services.signing", "from sqlalchemy import select"),
        ("web.public", "from sqlalchemy.exc import IntegrityError"),
        ("web.public", "def view():\n    from petition.errors import NotFound"),
    ],
)
def test_a_wrong_import_is_seen(module: str, source: str) -> None:
    assert list(faults(module, source))
