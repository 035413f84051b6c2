"""A workspace for a benchmark: an installation for each database, and a server that says hello."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from drills.failure import DrillError
from drills.instance import STARTING_SECONDS, Instance
from drills.ports import free_port
from drills.postgres import Cluster
from drills.processes import Running

DATABASES = ("postgresql", "sqlite")
# A small server that syncs every commit, and is not busy with checkpoints while it is measured.
CLUSTER = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "1GB",
    "checkpoint_timeout": "15min",
}


class Workspace:
    """A folder with one cluster and installations in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(folder / "cluster", folder)
        self._instances: list[Instance] = []

    def start_cluster(self) -> None:
        self.cluster.initialise()
        self.cluster.configure(**CLUSTER)
        self.cluster.start()

    def database(self, name: str) -> str:
        """The URL of a new, empty database in the cluster."""
        with psycopg.connect(self.cluster.url_of("postgres"), autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return self.cluster.url_of(name)

    def version(self) -> str:
        """PostgreSQL's own version."""
        with psycopg.connect(self.cluster.url_of("postgres")) as connection:
            return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]  # SHOW has a row

    def instance(self, name: str, database: str) -> Instance:
        """An installation with its campaign open; nothing of it runs yet."""
        instance = Instance(
            folder=self.folder / name,
            logs=self.folder / "logs" / name,
            database_url=self.database(name) if database == "postgresql" else None,
        )
        instance.prepare()
        self._instances.append(instance)
        return instance

    def close(self) -> None:
        for instance in self._instances:
            instance.stop()
        self.cluster.stop()


@contextlib.contextmanager
def open_workspace() -> Iterator[Workspace]:
    """A workspace with a running cluster; whatever happens, all of it goes again."""
    folder = Path(tempfile.mkdtemp(prefix="petition-bench-"))
    os.chmod(folder, 0o755)  # the postgres user has to pass
    try:
        with contextlib.closing(Workspace(folder)) as workspace:
            workspace.start_cluster()
            yield workspace
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def served(instance: Instance) -> Iterator[str]:
    """The origin of the running web server; nothing else of the installation runs."""
    instance.start_web()
    try:
        instance.wait_for_web()
        yield instance.base
    finally:
        instance.stop()


@contextlib.contextmanager
def hello(folder: Path) -> Iterator[str]:
    """The origin of a server that says hello, with the settings of `petition serve`."""
    port = free_port()
    command = [sys.executable, "-m", "bench.hello", str(port)]
    running = Running("hello", command, log=folder / "hello.log")
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(base, running)
        yield base
    finally:
        running.stop()


def _wait_for(base: str, running: Running) -> None:
    limit = time.monotonic() + STARTING_SECONDS
    while running.alive and time.monotonic() < limit:
        with contextlib.suppress(OSError), urllib.request.urlopen(base, timeout=5):
            return
        time.sleep(0.05)
    raise DrillError(f"hello does not come up: {running.last_words()}")
