"""Before the processes of a run begin, each test module is compiled once, not once in each of them.

In a fresh checkout pytest rewrites the assertions of every test module, in each process that
collects it: five seconds of CPU time, which four processes would spend on the same work.
"""

from __future__ import annotations

import compileall
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pytest
from _pytest.assertion.rewrite import (
    PYC_TAIL,
    _read_pyc,
    _rewrite_test,
    _write_pyc,
    assertstate_key,
    get_cache_dir,
    try_makedirs,
)

ROOT: Final = Path(__file__).parents[1]
CODE: Final = ("petition", "drills", "bench", "tools", "tests")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Where pytest-xdist is about to start its processes, and in none of these."""
    if session.config.pluginmanager.has_plugin("dsession") and not sys.dont_write_bytecode:
        files = [path for folder in CODE for path in (ROOT / folder).rglob("*.py")]
        files.sort(key=lambda path: path.stat().st_size)
        _in_parallel(session.config, files)


def _in_parallel(config: pytest.Config, files: Sequence[Path]) -> None:
    """As many processes as there are cores; each takes its share of large and small files."""
    cores = len(os.sched_getaffinity(0))
    children = []
    for share in range(cores):
        child = os.fork()
        if not child:
            try:
                prepare(config, files[share::cores])
            finally:
                os._exit(0)  # what is not prepared is so where it is collected
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def prepare(config: pytest.Config, files: Iterable[Path]) -> None:
    """Write what Python, or for test modules pytest, would write at their first import."""
    state = config.stash[assertstate_key]
    for path in files:
        if not path.match("test_*.py") and path.name != "conftest.py":
            compileall.compile_file(path, quiet=2)
            continue
        cached = get_cache_dir(path) / (path.stem + PYC_TAIL)
        if _read_pyc(path, cached) is None and try_makedirs(cached.parent):
            try:
                source_hash, code = _rewrite_test(path, config)
            except (SyntaxError, ValueError):
                continue  # who collects it says what is wrong
            _write_pyc(state, code, source_hash, cached)
