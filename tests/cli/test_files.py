"""Files that commands write: only a file is replaced, and all else is written to as it is."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from petition.cli.files import write
from petition.config import Settings
from petition.store.db import db
from tests import people
from tests.factories import keep, the_call

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
TEXT = b"one\ntwo\n"


def _chunks() -> Iterator[bytes]:
    yield TEXT[:4]
    yield TEXT[4:]


def _broken() -> Iterator[bytes]:
    yield TEXT[:4]
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("name", ["/dev/null", "/dev/full", "/dev/zero"])
def test_a_device_stays_a_device(name: str) -> None:
    before = os.stat(name)
    if name == "/dev/full":
        with pytest.raises(click.ClickException, match="No space left"):
            write(_chunks(), name)
    else:
        write(_chunks(), name)
    after = os.stat(name)
    assert (after.st_mode, after.st_rdev, after.st_ino) == (
        before.st_mode,
        before.st_rdev,
        before.st_ino,
    )


def test_a_link_to_a_device_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    write(_chunks(), str(link))
    assert os.readlink(link) == "/dev/null"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write(_chunks(), str(pipe))
    reader.join(30)
    assert found == [TEXT]
    assert pipe.is_fifo()


def test_a_link_to_a_file_stays_and_the_file_is_new(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "file", tmp_path / "link"
    link.symlink_to("there/file")
    for _ in range(2):  # a link into nowhere first
        write(_chunks(), str(link))
        assert (link.is_symlink(), file.read_bytes()) == (True, TEXT)
        assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("name", [".", "nowhere/file", "file/x"])
def test_what_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(click.ClickException) as caught:
        write(_chunks(), str(tmp_path / name))
    assert "\n" not in caught.value.message


def test_what_breaks_under_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("the old one")
    with pytest.raises(click.ClickException, match="No space left"):
        write(_broken(), str(path))
    assert path.read_text() == "the old one"
    assert [each.name for each in tmp_path.iterdir()] == ["list.csv"]


WRITER = """
import os, sys
from petition.cli.files import write
for name, sink in zip(sys.argv[1::2], sys.argv[2::2]):
    os.dup2(int(sink), 1)
    write(iter([b"one", b"two"]), name)
"""


def test_standard_output_by_its_names(tmp_path: Path) -> None:
    """Appended to a file, and into a pipe; all in one process, as each takes a second."""
    words: list[str] = []
    kept: list[tuple[str, Path, int]] = []
    with contextlib.ExitStack() as stack:
        sinks = []
        for number, name in enumerate(("/dev/stdout", "/proc/self/fd/1", "/dev/fd/1", "-")):
            path = tmp_path / f"out {number}"
            path.write_bytes(b"before ")
            file = stack.enter_context(path.open("ab"))
            reader, writer = os.pipe()
            stack.callback(os.close, writer)
            kept.append((name, path, reader))
            for sink in (file.fileno(), writer):
                words += [name, str(sink)]
                sinks.append(sink)
        subprocess.run([sys.executable, "-c", WRITER, *words], cwd=ROOT, pass_fds=sinks, check=True)
    for name, path, reader in kept:
        assert path.read_bytes() == b"before onetwo", name
        with os.fdopen(reader, "rb") as pipe:
            assert pipe.read() == b"onetwo", name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_database_is_for_its_owner(app: Flask, settings: Settings) -> None:
    path = Path(str(db.engine.url.database))
    db.engine.dispose()
    path.chmod(0o644)
    keep(app, the_call(app), people.ben)
    modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.glob("petition.db*")}
    assert modes
    assert set(modes.values()) == {0o600}, modes


def test_a_new_database_is_for_its_owner_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        url = f"sqlite:///{tmp_path / 'new.db'}"
        code = (
            "from petition.app import make_app; from petition.config import load\n"
            f"app = make_app(load({{'DATABASE_URL': {url!r}, "
            f"'PETITION_INSTANCE': {str(tmp_path / 'i')!r}}}))\n"
            "from petition.store.db import db\n"
            "with app.app_context(): db.engine.connect()\n"
        )
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    finally:
        os.umask(before)
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "i").stat().st_mode & 0o777 == 0o700
