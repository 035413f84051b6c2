"""What each process of a run begins with is made by the first that needs it; the others copy it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = "made-once"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """When all processes have ended: a run that failed keeps its folder, but not these copies."""
    if session.config.pluginmanager.has_plugin("dsession"):
        base: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        shutil.rmtree(base / FOLDER, ignore_errors=True)


class MadeOnce:
    """The folder that the processes of one run share; or a process that runs alone has."""

    def __init__(self, config: pytest.Config, temporary: pytest.TempPathFactory) -> None:
        self.is_shared = hasattr(config, "workerinput")
        base = temporary.getbasetemp()
        self._folder = (base.parent if self.is_shared else base) / FOLDER

    def folder(self, name: str, make: Callable[[Path], None]) -> Path:
        """What `make` puts in the folder that it is given. While one makes it, the others wait."""
        folder, unfinished = self._folder / name, self._folder / f"{name}.unfinished"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # which goes with its process, however that ends
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder


def copy(source: Path, target: Path) -> None:
    """A folder whose files belong to whom they belonged, as PostgreSQL wants it."""
    subprocess.run(["cp", "-a", source, target], check=True)
