"""Rows of the database stay in the store: what leaves it is a frozen dataclass or a plain value."""

from __future__ import annotations

import ast
from pathlib import Path

import petition
from petition.store.db import Base

PACKAGE = Path(petition.__file__).parent
STORE = PACKAGE / "store"
ROWS = {each.class_.__name__ for each in Base.registry.mappers}


def given_out(source: str) -> set[str]:
    """Which public functions say that they return a row."""
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and node.returns is not None
        and any(isinstance(n, ast.Name) and n.id in ROWS for n in ast.walk(node.returns))
    }


def test_no_function_of_the_store_returns_a_row() -> None:
    assert {"Campaign", "Staff", "Signature", "Entry", "Export"} <= ROWS
    found = {path.stem: given_out(path.read_text("utf-8")) for path in STORE.rglob("*.py")}
    assert {name: each for name, each in found.items() if each} == {}


def test_nothing_outside_the_store_knows_the_tables() -> None:
    outside = (path for path in PACKAGE.rglob("*.py") if STORE not in path.parents)
    assert [path for path in outside if "store.tables" in path.read_text("utf-8")] == []


def test_a_row_that_is_given_out_is_found() -> None:
    assert given_out("def a() -> Staff | None: ...\ndef b() -> int: ...\n") == {"a"}
    assert given_out("def a() -> list[Entry]: ...\ndef _b() -> Entry: ...\n") == {"a"}
