"""What the processes of a run share is made by one of them, and nobody sees it half made."""

from __future__ import annotations

import fcntl
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from _pytest.assertion import rewrite

from tests import prepared
from tests.templates import MadeOnce


@pytest.fixture
def one(tmp_path: Path) -> MadeOnce:
    """As a process of pytest-xdist has it."""
    return process(tmp_path, "gw0")


def process(run: Path, name: str) -> MadeOnce:
    (run / name).mkdir()
    config = cast(pytest.Config, SimpleNamespace(workerinput={"workerid": name}))
    folders = cast(pytest.TempPathFactory, SimpleNamespace(getbasetemp=lambda: run / name))
    return MadeOnce(config, folders)


def make(folder: Path) -> None:
    (folder / "made").write_text("once")


def never(folder: Path) -> None:
    raise AssertionError(f"{folder} is made again")


def test_what_one_process_made_another_takes(one: MadeOnce, tmp_path: Path) -> None:
    folder = one.folder("thing", make)

    assert process(tmp_path, "gw1").folder("thing", never) == folder
    assert (folder / "made").read_text() == "once"
    assert tmp_path in folder.parents, "another run's processes never come here"


def test_one_that_failed_leaves_it_to_the_next(one: MadeOnce, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        one.folder("thing", fail)
    folder = process(tmp_path, "gw1").folder("thing", make)

    assert [path.name for path in folder.iterdir()] == ["made"]


def test_while_one_makes_it_the_others_wait(one: MadeOnce) -> None:
    def look(folder: Path) -> None:
        (lock,) = folder.parent.glob("*.lock")
        with lock.open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    one.folder("thing", look)


def test_a_process_that_runs_alone_keeps_to_its_own_folder(tmp_path: Path) -> None:
    folders = cast(pytest.TempPathFactory, SimpleNamespace(getbasetemp=lambda: tmp_path))
    alone = MadeOnce(cast(pytest.Config, SimpleNamespace()), folders)

    assert not alone.is_shared
    assert tmp_path in alone.folder("thing", make).parents


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "pycache_prefix", None)
    path = tmp_path / "test_thing.py"
    path.write_text("VALUE = 1\n\n\ndef test_value():\n    assert VALUE == 2\n")
    return path


def imported(path: Path, config: pytest.Config) -> ModuleType:
    """As pytest imports what it collects."""
    loader = config.stash[rewrite.assertstate_key].hook
    spec = importlib.util.spec_from_file_location(path.stem, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_a_prepared_module_is_rewritten_no_more(
    module: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared.prepare(pytestconfig, [module])
    monkeypatch.setattr(rewrite, "_rewrite_test", never)

    found = imported(module, pytestconfig)

    with pytest.raises(AssertionError, match=r"assert 1 == 2"):
        found.test_value()


def test_what_was_changed_since_is_prepared_anew(
    module: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared.prepare(pytestconfig, [module])
    module.write_text("VALUE = 3\n")
    prepared.prepare(pytestconfig, [module])
    monkeypatch.setattr(rewrite, "_rewrite_test", never)

    assert imported(module, pytestconfig).VALUE == 3


def test_what_cannot_be_read_is_left_to_who_collects_it(
    module: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    (tmp_path / "test_broken.py").write_text("def (:\n")

    prepared.prepare(pytestconfig, [tmp_path / "test_broken.py", module])

    assert [path.name.partition(".")[0] for path in (tmp_path / "__pycache__").iterdir()] == [
        "test_thing"
    ]
