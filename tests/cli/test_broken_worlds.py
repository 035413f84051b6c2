"""Broken worlds: whatever is wrong around it, each command says one line and ends with 1."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.engine import make_url

from drills.failure import Unavailable
from drills.ports import free_port
from drills.postgres import ROLE, Cluster
from petition.app import SHIPPED
from petition.cli import main
from petition.config import Settings, load
from petition.keyring import KeyRing
from tests import people
from tests.browser.instance import wait_until
from tests.cli.conftest import environ_of, one_line
from tests.factories import change, confirm, entries, keep, the_call
from tests.project.test_documentation import COMMANDS

pytestmark = pytest.mark.slow

World = dict[str, str]

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "audit accept": ("--yes",),
    "audit prune": ("--before", "2026-01-01", "--yes"),
    "abuse narrow": ("203.0.113.0/24",),
    "abuse widen": ("203.0.113.0/24", "--hours", "1"),
    "campaign close": ("amazon",),
    "campaign domains": ("amazon",),
    "campaign load": ("amazon",),
    "campaign open": ("amazon",),
    "campaign retention": ("amazon", "--months", "6", "--yes"),
    "comments approve": ("1",),
    "comments list": ("amazon",),
    "comments name-only": ("1",),
    "comments refuse": ("1",),
    "comments undo": ("amazon",),
    "count": ("amazon", "--recount"),
    "export": ("amazon", "--reason", "r", "-o", "-"),
    "partner add": (
        *("amazon", "A union", "--site", "https://union.example.org"),
        *("--privacy", "https://union.example.org/privacy", "--contact", "paula@example.org"),
    ),
    "partner terms": (
        *("abcdefgh", "--privacy", "https://union.example.org/privacy"),
        *("--contact", "paula@example.org"),
    ),
    "partner question": ("abcdefgh", "en", "Yes, write to me."),
    "messages list": ("amazon",),
    "messages pause": ("amazon",),
    "messages resume": ("amazon",),
    "partner new-key": ("abcdefgh",),
    "messages caps": ("amazon", "human-rights", "--an-hour", "9", "--a-day", "9"),
    "messages stand": ("amazon", "human-rights", "asked", "--day", "2026-01-01", "--note", "n"),
    "messages leave": ("amazon", "human-rights", "excluded"),
    "messages take-back": ("amazon", "human-rights"),
    "messages parked": ("amazon", "human-rights", "sent"),
    "partner block": ("abcdefgh",),
    "partner lift": ("abcdefgh",),
    "partner link": ("abcdefgh",),
    "partner list": ("amazon",),
    "provider set": ("example.net",),
    "recall": ("1", "-o", "-"),
    "signature erase": ("1", "--yes"),
    "signature find": ("amazon",),
    "signature hold": ("1", "--reason", "other"),
    "signature reject": ("1", "--reason", "other"),
    "signature release": ("1", "--reason", "r"),
    "signature restore": ("1",),
    "signature show": ("1",),
    "signature undo": ("1",),
    "token add": ("amazon",),
    "token list": ("amazon",),
    "token revoke": ("ptk_abcdefgh",),
    "vault accept-secret": ("--yes",),
    "staff disable": ("sam@example.org", "--yes"),
    "staff invite": ("sam@example.org", "--role", "viewer"),
    "staff panic": ("--yes",),
    "staff reset-2fa": ("sam@example.org", "--reason", "lost"),
    "staff role": ("sam@example.org", "--role", "viewer"),
    "worker": ("--once",),
}
"""What a command needs to get as far as its database."""

ASKS_NO_DATABASE = {"vault new-key"}
WAITS_FOR_ITS_DATABASE = {"serve", "worker"}
"""A server that is away comes back; pages say so meanwhile."""


def _run(words: str, environ: World) -> Result:
    path = words.split()[1:]
    # `petition start` listens before it looks at its database; another run may do so as well.
    environ = {"PORT": _port(), **environ}
    return CliRunner(env=environ).invoke(main, [*path, *ARGUMENTS.get(" ".join(path), ())])


@cache
def _port() -> str:
    return str(free_port())


def _failed(words: str) -> int:
    """How it ends: a mail server is told to come again."""
    return 75 if words == "petition mail receive" else 1


def _says_one_line(words: str, environ: World) -> str:
    """What the command said; it failed with one line, and nothing but that line."""
    found = _run(words, environ)
    assert isinstance(found.exception, SystemExit), (words, found.exception)
    assert found.exit_code == _failed(words), (words, found.output)
    line = one_line(found.stderr)
    assert line.startswith("Error: "), words
    assert "this is our fault" not in line, (words, line)
    return line


@pytest.fixture(autouse=True)
def nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that gets as far as serving fails here, and does not hang."""

    def refuse(*_: object) -> None:
        raise AssertionError("it serves")

    monkeypatch.setattr("petition.cli.server.Server", refuse)


SETTINGS: dict[str, Callable[[Path], World]] = {
    "the instance is a file": lambda folder: {"PETITION_INSTANCE": str(folder / "file")},
    "the instance is below a file": lambda folder: {
        "PETITION_INSTANCE": str(folder / "file" / "x")
    },
    "the instance cannot be made": lambda folder: {"PETITION_INSTANCE": "/sys/petition"},
    "the instance is no place to write": lambda folder: {"PETITION_INSTANCE": "/proc/self"},
    "a base URL without a host": lambda folder: {"PETITION_BASE_URL": "https://["},
    "a base URL with a password": lambda folder: {"PETITION_BASE_URL": "https://u:planted@a"},
    "a port of a thousand digits": lambda folder: {"PORT": "9" * 5000},
    "a ring that is a folder": lambda folder: {"PETITION_VAULT_KEY_FILE": str(folder)},
    "a ring that is no text": lambda folder: {"PETITION_VAULT_KEY_FILE": str(folder / "latin")},
    "a secret key that is a folder": lambda folder: {"PETITION_SECRET_KEY_FILE": str(folder)},
    "a setting without an end": lambda folder: {"PETITION_ORGANISER_FILE": "/dev/zero"},
    "an organiser that is a folder": lambda folder: {"PETITION_ORGANISER_FILE": str(folder)},
    "an organiser in Latin-1": lambda folder: {"PETITION_ORGANISER": "Gewerkschaft f\udcfcr alle"},
    "an organiser of two lines": lambda folder: {"PETITION_ORGANISER": "Union\nBcc: x"},
    "Redis without a host": lambda folder: {"REDIS_URL": "redis://["},
    "a mail server without a host": lambda folder: {"SMTP_URL": "smtp://u:planted@["},
    "a mail server with a slip": lambda folder: {"SMTP_URL": "smtp://u:planted@h?startls=1"},
    "a database with a raw @": lambda folder: {"DATABASE_URL": "postgresql://u:plan@ted@h/d"},
    "a database with a word as port": lambda folder: {"DATABASE_URL": "postgresql://u@h:x/d"},
    "a database in memory": lambda folder: {"DATABASE_URL": "sqlite:///file::memory:"},
}


@pytest.mark.parametrize("what", SETTINGS)
def test_a_wrong_setting_stops_every_command(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "latin").write_bytes("Schlüssel".encode("latin-1"))
    environ = {"PETITION_INSTANCE": str(tmp_path / "instance")} | SETTINGS[what](tmp_path)
    (name,) = SETTINGS[what](tmp_path)
    for words in COMMANDS:
        line = _says_one_line(words, environ)
        assert line.removeprefix("Error: ").startswith(name.removesuffix("_FILE")), line
        assert "planted" not in line


def _garbage(path: Path) -> None:
    path.write_bytes(b"This is no database. " * 500)


def _folder(path: Path) -> None:
    path.mkdir()


DATABASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "garbage": (_garbage, "no SQLite database"),
    "a folder": (_folder, "cannot be opened"),
}


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", DATABASES)
def test_a_database_that_is_none_stops_every_command(
    settings: Settings, tmp_path: Path, what: str
) -> None:
    make, said = DATABASES[what]
    make(tmp_path / "none.db")
    environ = environ_of(settings) | {"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}
    for words in COMMANDS:
        if words == "petition doctor":
            assert said in _run(words, environ).stdout
        else:
            assert said in _says_one_line(words, environ), words


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_that_is_away_stops_every_command_that_needs_it(settings: Settings) -> None:
    url = "postgresql://nobody:planted@127.0.0.1:1/none"
    for words in COMMANDS:
        if words.removeprefix("petition ") in ASKS_NO_DATABASE | WAITS_FOR_ITS_DATABASE:
            continue
        found = _run(words, environ_of(settings) | {"DATABASE_URL": url})
        assert found.exit_code == _failed(words), words
        assert "does not answer" in found.output, words
        assert "planted" not in found.output


@pytest.fixture
def signed(app: Flask) -> Flask:
    for form in people.SIGNERS:
        keep(app, the_call(app), form)
    for entry_id in entries(app):
        confirm(app, entry_id)
    return app


@pytest.mark.usefixtures("signed")
def test_foreign_keys_stop_every_command(settings: Settings) -> None:
    environ = environ_of(settings) | {"PETITION_VAULT_KEY": KeyRing.generate_text()}
    for words in COMMANDS:
        found = _run(words, environ)
        assert found.exit_code == _failed(words), words
        assert "PETITION_VAULT_KEY has another index key" in " ".join(found.output.split()), words
        if words != "petition doctor":
            one_line(found.stderr)


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_command_shows_a_row_of_a_damaged_file(settings: Settings, tmp_path: Path) -> None:
    """Pages in the middle are overwritten: some commands meet them, and say so in one line."""
    path = Path(str(make_url(settings.database_url).database))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    size, ours = 4096, [form["email"] for form in people.SIGNERS]
    pages = range(1, len(whole) // size)
    met = 0
    for step in (2, 3, 5):
        broken = bytearray(whole)
        for page in pages[::step]:
            broken[page * size : page * size + 64] = b"\xa5" * 64
        path.write_bytes(broken)
        for words in ("export", "count", "comments list", "campaign list", "vault status"):
            found = _run(f"petition {words}", environ_of(settings))
            assert len(found.stderr.splitlines()) <= 1, found.stderr
            assert not any(each in found.stderr for each in ("SELECT", "Traceback", *ours))
            met += "damaged" in found.stderr
        assert "damaged" in _run("petition db check", environ_of(settings)).output
        assert "damaged" in _run("petition doctor", environ_of(settings)).output
    assert met
    path.write_bytes(whole[: len(whole) // 2])
    found = _run("petition export", environ_of(settings))
    assert found.exit_code == 1
    assert "damaged" in one_line(found.stderr)


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER TABLE entries RENAME TO entries_away", "petition db upgrade"),
        ("ALTER TABLE entries RENAME COLUMN utm_medium TO away", "petition db upgrade"),
    ],
)
@pytest.mark.usefixtures("signed")
def test_a_missing_table_or_column_is_one_line(
    app: Flask, settings: Settings, statement: str, said: str
) -> None:
    change(app, statement)
    assert said in _says_one_line("petition export", environ_of(settings))


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_only_reads_is_one_line(app: Flask, settings: Settings) -> None:
    name = make_url(settings.database_url).database
    change(app, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "read-only" in _says_one_line("petition export", environ_of(settings))
    found = _run("petition doctor", environ_of(settings))
    assert (found.exit_code, "read-only" in found.stdout) == (1, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("what", "mode"), [("", 0o777), ("secret.key", 0o644), ("vault.key", 0o640)]
)
def test_doctor_and_check_say_what_others_may_read(
    app: Flask, settings: Settings, what: str, mode: int
) -> None:
    path = settings.instance / what if what else settings.instance
    assert _run("petition db check", environ_of(settings)).exit_code == 0
    path.chmod(mode)
    for words in ("petition db check", "petition doctor"):
        found = _run(words, environ_of(settings))
        assert found.exit_code == 1, found.output
        assert f"chmod {mode & 0o700:o} {path}" in found.output


def test_what_nobody_foresaw_is_one_line_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("amina@example.org")

    monkeypatch.setattr("petition.cli.context.create_base_app", fail)
    found = _run("petition count", {})
    assert found.exit_code == 1
    line = one_line(found.stderr)
    assert line.startswith("Error: this is our fault: RuntimeError at ")
    assert "amina" not in line


def _own(mode: int) -> Callable[[Path], None]:
    """An instance of the one who runs the command, with these rights."""

    def make(instance: Path) -> None:
        if os.geteuid() == 0:
            for path in (instance, *instance.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        instance.chmod(mode)

    return make


def _others(folder: int, file: int) -> Callable[[Path], None]:
    """An instance of somebody else's, with these rights for all."""

    def make(instance: Path) -> None:
        if os.geteuid():
            pytest.skip("only root has somebody else's files")
        for path in instance.iterdir():
            path.chmod(file)
        instance.chmod(folder)

    return make


NOBODY = 65534
INSTANCES: dict[str, Callable[[Path], None]] = {
    "nobody may write": _own(0o500),
    "nobody may enter": _own(0o600),
    "nobody may anything": _own(0o000),
    "somebody else's": _others(0o700, 0o600),
    "somebody else's, with its files for all": _others(0o700, 0o644),
    "somebody else's, to be read": _others(0o755, 0o644),
    "somebody else's, to be entered": _others(0o711, 0o600),
    "somebody else's, to be filled": _others(0o777, 0o600),
}


@contextmanager
def _as_nobody() -> Iterator[None]:
    """With the rights of a plain user, also where root runs the tests."""
    if os.geteuid():
        yield
        return
    group = os.getegid()
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


@pytest.fixture
def instance(sqlite_template: Path) -> Iterator[Path]:
    """An instance with its keys and its database, whose folder a plain user can reach."""
    with TemporaryDirectory(prefix="petition-instance-") as folder:
        Path(folder).chmod(0o755)
        instance = Path(folder) / "instance"
        load({"PETITION_INSTANCE": str(instance)})
        shutil.copyfile(sqlite_template, instance / "petition.db")
        yield instance
        instance.chmod(0o700)


@pytest.mark.slow
@pytest.mark.parametrize("what", INSTANCES)
def test_an_instance_without_the_rights_to_it_stops_every_command(
    instance: Path, what: str
) -> None:
    INSTANCES[what](instance)
    before = sorted(os.listdir(instance)) if os.geteuid() == 0 else []
    for words in COMMANDS:
        with _as_nobody():
            found = _run(words, {"PETITION_INSTANCE": str(instance)})
        assert isinstance(found.exception, SystemExit), (words, found.exception)
        assert found.exit_code == _failed(words), (words, found.output)
        if not (words == "petition doctor" and "wrong " in found.stdout):
            line = one_line(found.stderr)
            assert line.startswith("Error: "), (words, line)
            assert "this is our fault" not in line, (words, line)
        assert "Traceback" not in found.output
    assert sorted(os.listdir(instance)) == before or not before, "it left something behind"


@pytest.mark.usefixtures("nothing_is_served")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_start_loads_no_call_at_an_address_of_ours(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SHIPPED / "amazon", tmp_path / "shipped" / "staff")
    file = tmp_path / "shipped" / "staff" / "campaign.toml"
    file.write_text(file.read_text("utf-8").replace('"amazon"', '"staff"', 1), encoding="utf-8")
    monkeypatch.setattr("petition.cli.server.SHIPPED", tmp_path / "shipped")
    environ = environ_of(settings) | {"PORT": str(free_port())}
    assert "/staff is an address of ours" in _says_one_line("petition start", environ)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Cluster]:
    """A PostgreSQL server that asks for a password: `right`."""
    with TemporaryDirectory(prefix="petition-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            cluster = Cluster(folder / "data", folder)
            cluster.initialise()
            cluster.configure(password_encryption="'scram-sha-256'")
            cluster.start()
        except Unavailable as error:
            if os.environ.get("CI", "").lower() == "true":
                pytest.fail(f"continuous integration leaves no layer out: {error}")
            pytest.skip(str(error))
        try:
            with psycopg.connect(cluster.url_of("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {ROLE}")
                connection.execute(f"ALTER ROLE {ROLE} PASSWORD 'right'")
                (cluster.data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
                connection.execute("SELECT pg_reload_conf()")
            wait_until(lambda: _is_refused(cluster.url), "the server that asks for a password")
            yield cluster
        finally:
            cluster.kill_all()


def _is_refused(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("user", [f"{ROLE}:planted", ROLE, "stranger:planted"])
def test_a_wrong_password_stops_every_command_that_needs_its_database(
    settings: Settings, guarded: Cluster, user: str
) -> None:
    url = guarded.url.replace(f"{ROLE}@", f"{user}@", 1)
    world = environ_of(settings) | {"DATABASE_URL": url, "PORT": str(free_port())}
    for words in COMMANDS:
        if words.removeprefix("petition ") in ASKS_NO_DATABASE | WAITS_FOR_ITS_DATABASE:
            continue
        found = _run(words, world)
        assert found.exit_code == _failed(words), (words, found.output)
        assert "the database refuses the user" in found.output, (words, found.output)
        assert "planted" not in found.output
        if words != "petition doctor":
            assert one_line(found.stderr).startswith("Error: "), words
