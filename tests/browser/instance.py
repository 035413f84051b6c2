"""A running `petition start` with a folder of its own, and its mailbox."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.policy import default
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError

from click.testing import CliRunner

from drills.ports import free_port
from petition.app import create_app
from petition.cli import main, migrations
from petition.config import DOCUMENTED, load
from petition.store.db import db

ROOT = Path(__file__).parents[2]
DATABASE: Final = "petition.db"


@dataclass(frozen=True)
class Letter:
    """A letter as its reader sees it: the text, and the addresses in it."""

    subject: str
    text: str

    @property
    def links(self) -> list[str]:
        return re.findall(r"https?://\S+", self.text)

    def link(self, prefix: str) -> str:
        """The one address that begins with a prefix: /confirm/, /my/, /stop/, /unsubscribe/."""
        found = [link for link in self.links if prefix in link]
        assert len(found) == 1, f"{len(found)} links to {prefix} in: {self.text}"
        return found[0]

    @property
    def code(self) -> str:
        """The six letters that can be typed instead of following the link."""
        found = re.search(r"^([A-Z]{3}-[A-Z]{3})\s*$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]


@dataclass
class Instance:
    """A running `petition start`."""

    url: str
    folder: Path
    set_up_link: str
    environ: dict[str, str]
    _read: dict[Path, tuple[str, Letter]] = field(default_factory=dict)
    """To whom each file of the mailbox went, and what it says: reading one takes milliseconds."""

    def petition(self, *words: str) -> str:
        """Run a command beside the server, in this process; its output."""
        bare = dict.fromkeys(DOCUMENTED) | {f"{name}_FILE": None for name in DOCUMENTED}
        listening = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            done = CliRunner(env={**bare, **self.environ}).invoke(main, [*words])
        finally:
            for number, listener in listening.items():
                signal.signal(number, listener)  # a worker takes them for itself
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.stdout

    def invite(self, role: str, email: str | None = None) -> str:
        """The address of a new set-up link."""
        address = email or f"{role}@campaign.example.org"
        return self.petition("staff", "invite", address, "--role", role).strip()

    def confirmed(self) -> int:
        """The count as `petition count` says it, folded up to now."""
        self.petition("worker", "--once")
        return int(json.loads(self.petition("count", "amazon", "--format", "json"))["confirmed"])

    def rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """What the database holds; or change it, as no command would."""
        path = self.folder / DATABASE
        with closing(sqlite3.connect(path, timeout=30)) as database, database:
            return database.execute(sql, values).fetchall()

    def letters(self, to: str) -> list[Letter]:
        """What a mailbox got so far, oldest first."""
        paths = sorted((self.folder / "outbox").glob("*.eml"))
        for path in paths:
            if path not in self._read:
                self._read[path] = _opened(path)
        read = [self._read[path] for path in paths]
        return [letter for address, letter in read if to.lower() in address.lower()]

    def letter(self, to: str, prefix: str, nth: int = 1) -> Letter:
        """The nth letter to a mailbox that holds a link to `prefix`, as soon as it is there."""
        found: list[Letter] = []

        def arrived() -> bool:
            found[:] = [each for each in self.letters(to) if f"{self.url}{prefix}" in each.text]
            return len(found) >= nth

        wait_until(arrived, f"letter {nth} to {to} with {prefix}")
        return found[nth - 1]


def _opened(path: Path) -> tuple[str, Letter]:
    message = email.message_from_string(path.read_text(encoding="utf-8"), policy=default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["To"]), Letter(str(message["Subject"]), body.get_content())


def wait_until(
    ready: Callable[[], bool], what: str, seconds: float = 30.0, *, pause: float = 0.1
) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(pause)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def make_tables(folder: Path) -> Path:
    """A database without anything in it, as the migrations make it."""
    app = create_app(load({"PETITION_INSTANCE": str(folder)}))
    with app.app_context():
        migrations.upgrade(app)
        db.engine.dispose()
    return folder / DATABASE


@contextmanager
def run_instance(
    folder: Path, *, host: str = "127.0.0.1", tables: Path | None = None, **settings: str
) -> Iterator[Instance]:
    """`petition start` on a port of its own, until the block ends.

    It makes its database, or begins with a copy of one: to make one takes a third of its start.
    """
    if tables is not None:
        shutil.copy(tables, folder / DATABASE)
    port = free_port()
    keep = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    environ = {name: os.environ[name] for name in keep if name in os.environ} | {
        "PETITION_INSTANCE": str(folder),
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        # All tests are one sender here, who signs and reads as much as many people do.
        "PETITION_SENDER_LETTERS": "10000/100000",
        "PETITION_SENDER_FORMS": "100000",
        "PETITION_SENDER_PAGES": "1000000/1000000",
        "PETITION_SENDER_SIGN_INS": "1000/10000",
    }
    url = f"http://{host}:{port}"
    if host != "127.0.0.1":
        environ["PETITION_BASE_URL"] = url
    environ |= settings
    log = folder / "start.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "petition", "start"],
            env=environ,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _answers(f"{url}/readyz"), "the server", 120.0)
        link = re.search(r"https?://\S+/staff/set-up/\S+", log.read_text(encoding="utf-8"))
        assert link, log.read_text(encoding="utf-8")
        yield Instance(url, folder, link[0], environ)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
