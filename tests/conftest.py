"""What every test may ask for: a migrated database of each kind, a clock, the app, and personas."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings as examples
from sqlalchemy import delete
from sqlalchemy.engine import make_url

from drills.failure import Unavailable
from drills.postgres import Cluster
from petition.app import create_app
from petition.cli import migrations
from petition.config import Settings, load
from petition.services.abuse.senders import Peer
from petition.services.campaigns import content_files
from petition.services.privacy import retention
from petition.store.db import db, reading, transaction
from petition.store.tables import Job, Snapshot
from petition.web.http.dependencies import dependencies_of
from tests import cheaper, factories, folders, people as personas
from tests.every_letter import every_letter, letters_of_this_test_are_ours  # noqa: F401  # fixtures
from tests.folders import quick_disk
from tests.prepared import pytest_sessionstart  # noqa: F401  # a hook
from tests.slowest_files import (  # noqa: F401  # hooks
    pytest_runtest_logreport,
    pytest_terminal_summary,
)
from tests.templates import MadeOnce, copy, pytest_sessionfinish  # noqa: F401  # a hook
from tests.visitor import Visitor
from tests.worlds import Worlds

cheaper.begin()
folders.begin()
# No example fails for being slow, as each would on a busy machine; and those that share a test's
# fixtures know it.
examples.register_profile(
    "unhurried",
    examples(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
examples.load_profile("unhurried")

TEMPLATE = "petition_template"
DATABASE_DECIDES = frozenset({"store", "services"})
"""Folders of tests whose cases are all tried on both databases."""
EACH_CASE = "each_case_on_both"
BEGINNING = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""When each test begins, and when its call was opened."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = set(cases_for_sqlite_alone(items))
    if "not slow" in str(config.getoption("markexpr")):
        left_out |= set(further_cases(items))
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]
    # Begun first, the long files do not keep the others waiting: in a browser, then slow ones.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: ("browser" not in item.path.parts, item.path not in slow))


def cases_for_sqlite_alone(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Of a test's many cases the first is tried on PostgreSQL as well; the others are not.

    So it is where pages, words and commands are tested: which case it is changes no SQL. All cases
    are tried on both where the database decides (DATABASE_DECIDES), and where a test or a module
    is marked so: what was typed reaches the database as it is, or the cases are rows.
    """
    names = {item.nodeid for item in items}
    tried: set[str] = set()
    for item in items:
        on_sqlite = item.nodeid.replace("[postgresql", "[sqlite", 1)
        if on_sqlite == item.nodeid or on_sqlite not in names:
            continue
        if item.path.parent.name in DATABASE_DECIDES or item.get_closest_marker(EACH_CASE):
            continue
        test = item.nodeid.partition("[")[0]
        if test in tried:
            yield item
        tried.add(test)


def further_cases(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Of a test that takes a database, all cases but the first on each: for `./run test --fast`."""
    tried: set[tuple[str, bool]] = set()
    for item in items:
        if "database_url" in getattr(item, "fixturenames", ()):
            case = item.nodeid.partition("[")[0], "[postgresql" in item.nodeid
            if case in tried:
                yield item
            tried.add(case)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core: while one waits for a server, a browser or a database, another works.

    One, where tests are chosen that wait for none of these: each process collects all tests.
    """
    cores = len(os.sched_getaffinity(0))
    return cores if "not browser" in str(config.getoption("markexpr")) else 2 * cores


def pytest_collection_finish() -> None:
    cheaper.collect_less_garbage()


class Clock:
    """A clock that stands still until it is put forward."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> datetime:
        self.at += by
        return self.at


class PostgreSQL:
    """A server on which each test gets a fresh database, migrated and with the shipped call."""

    def __init__(self, url: str, data: Path | None) -> None:
        self._url = make_url(url).set(drivername="postgresql")
        self._connection: psycopg.Connection[Any] | None = None
        self.data = data
        """Its data directory, where we may read it."""
        self.template = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"

    def url_of(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def run(self, statement: str) -> None:
        if self._connection is None or self._connection.closed:
            # One for all tests: to connect costs the server a third of what a database does.
            self._connection = psycopg.connect(self.url_of("postgres"), autocommit=True)
        self._connection.execute(statement)  # names are our own

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def prepare(self) -> None:
        self.run(f"CREATE DATABASE {self.template} ENCODING 'UTF8' TEMPLATE template0")
        make_template(self.url_of(self.template))

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a database that lives as long as the block."""
        name = f"petition_test_{uuid.uuid4().hex[:12]}"
        template = self.template if migrated else "template0"
        # Copying files costs less than writing the whole template to the log.
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url_of(name)
        finally:
            self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def make_template(url: str) -> None:
    """Bring an empty database to this version, by the migrations, and load the shipped call."""
    with tempfile.TemporaryDirectory() as instance:
        settings = load({"DATABASE_URL": url, "PETITION_INSTANCE": instance})
        app = create_app(settings)
        with app.app_context():
            migrations.upgrade(app)
            with transaction() as session:
                call = factories.shipped_call(Path(instance))
                content_files.load_and_open_new(
                    session, call, organiser=settings.organiser, at=BEGINNING
                )
            # As after a worker's hourly run: in each test its first round would begin with one.
            with transaction() as session:
                retention.claim(session, at=BEGINNING)
            retention.note(reading, transaction, at=BEGINNING)
            # The day's random value is there, as after its first form: it is nobody's.
            dependencies_of(app).senders.of(Peer(address="", forwarded=False), at=BEGINNING)
            db.engine.dispose()


@pytest.fixture(scope="session")
def made_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """made_once.folder(name, make): made by one process of a run, for all."""
    return MadeOnce(request.config, tmp_path_factory)


@pytest.fixture(scope="session")
def postgresql(made_once: MadeOnce) -> Iterator[PostgreSQL]:
    """A real server, started once: TEST_DATABASE_URL names another that may make databases."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given:
        server = PostgreSQL(given, None)
        server.prepare()
        yield server
        server.run(f"DROP DATABASE IF EXISTS {server.template} WITH (FORCE)")
        server.leave()
        return
    # Not below pytest's own folder, which PostgreSQL's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="petition-pg-", dir=quick_disk()))
    folder.chmod(0o755)
    try:
        cluster = Cluster(folder / "data", folder)
    except Unavailable as error:
        shutil.rmtree(folder)
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"continuous integration leaves no layer out: {error}")
        pytest.skip(str(error))
    server = PostgreSQL(cluster.url_of("postgres"), cluster.data)
    server.template = TEMPLATE
    try:
        begin(cluster, server, made_once)
        yield server
        server.leave()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def begin(cluster: Cluster, server: PostgreSQL, made_once: MadeOnce) -> None:
    """Start a server that has the template: its own, or a copy of what was another's first."""

    def make() -> None:
        cluster.initialise()
        cluster.configure(
            max_wal_size="'1GB'",
            max_connections="200",
            checkpoint_timeout="'30min'",
            shared_buffers="'32MB'",
        )
        cluster.start()
        server.prepare()

    def make_and_keep(folder: Path) -> None:
        make()
        server.leave()
        cluster.stop()
        copy(cluster.data, folder / "data")

    if not made_once.is_shared:
        make()
        return
    kept = made_once.folder("postgresql", make_and_keep)
    if not cluster.data.exists():
        copy(kept / "data", cluster.data)
    cluster.start()


@pytest.fixture(scope="session")
def sqlite_template(made_once: MadeOnce) -> Path:
    """A migrated SQLite file with the shipped call, whole in itself, to be copied."""

    def make(folder: Path) -> None:
        path = folder / "template.db"
        make_template(f"sqlite:///{path}")
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return made_once.folder("sqlite", make) / "template.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database with the shipped call: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copyfile(template, tmp_path / "petition.db")
        yield f"sqlite:///{tmp_path / 'petition.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.database() as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    """It begins on 2 November 2026, half past nine UTC."""
    return Clock(BEGINNING)


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Worlds:
    """States that many tests begin with."""
    return Worlds(tmp_path_factory.mktemp("worlds"), lambda: request.getfixturevalue("postgresql"))


@pytest.fixture
def settings(database_url: str, tmp_path: Path, worlds: Worlds) -> Settings:
    """Settings of a fresh instance with generated keys, letters going to its outbox folder."""
    instance = tmp_path / "instance"
    worlds.lend_keys(instance)
    found = load({"DATABASE_URL": database_url, "PETITION_INSTANCE": str(instance)})
    worlds.keep_keys(instance)
    return found


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[Flask]:
    """The app, inside its context, with the shipped call loaded and open."""
    app = create_app(settings, now=clock)
    migrations.ready(app)
    app.test_client_class = Visitor
    with app.app_context():
        # At hand, as after a first request: what fails or is counted later is not this.
        dependencies_of(app).senders.of(Peer(address="", forwarded=False), at=clock())
        yield app
        db.engine.dispose()


@pytest.fixture
def before_the_first_run(app: Flask) -> None:
    """For tests of what is forgotten, and when: the hourly run is due, as when none ever was."""
    with transaction() as session:
        session.execute(delete(Job).where(Job.name == retention.JOB))
        session.execute(delete(Snapshot).where(Snapshot.name == retention.CLOCK))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def people() -> ModuleType:
    """Personas: people.amina, people.ben, …"""
    return personas


@pytest.fixture
def sign() -> Callable[..., factories.Answer]:
    """sign(client, form, lang="en"): sends the form with the ticket that its page has."""
    return factories.sign


@pytest.fixture
def work() -> Callable[[Flask], int]:
    """work(app): one round of a worker; how many letters it dealt with."""
    return factories.work


@pytest.fixture
def letters() -> Callable[[Flask], list[factories.EmailMessage]]:
    """letters(app): what went to the mailbox folder, oldest first."""
    return factories.letters


@pytest.fixture
def link_in() -> Callable[[factories.EmailMessage], str]:
    """link_in(letter): the path of the link to confirm."""
    return factories.link_in


@pytest.fixture
def rows() -> Callable[..., list[tuple[object, ...]]]:
    """rows(app, sql): what the database says."""
    return factories.rows
