"""The command line as its callers see it: what it prints, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from petition.cli import main
from petition.config import DOCUMENTED, Settings

ROOT = Path(__file__).parents[2]

Run = Callable[..., Result]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """On a disk, as a host's files are: doctor finds fault with a database in memory."""
    with tempfile.TemporaryDirectory(prefix="petition-test-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's reaches a test."""
    for name in DOCUMENTED:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def environ_of(settings: Settings) -> dict[str, str]:
    return {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(settings.instance)}


@pytest.fixture
def run(app: Flask, settings: Settings) -> Run:
    """run("count", "amazon", FLAG="x"): in this process, with the test's database."""

    def invoke(*args: str, **environ: str) -> Result:
        found = CliRunner(env=environ_of(settings) | environ).invoke(main, [*args])
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception  # a user would see a trace
        return found

    return invoke


def outside(*args: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The same as a process of its own, with nothing but the settings given."""
    return subprocess.run(
        [sys.executable, "-m", "petition", *args],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), **environ},
        cwd=cwd,
        capture_output=True,
        timeout=60,
        check=False,
    )


def inside(*args: str, **environ: str) -> Result:
    """`outside`, but in this process and its folder: a process takes up to a second."""
    found = CliRunner(env=environ).invoke(main, [*args])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def one_line(text: str) -> str:
    """The one line that an error is."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]
