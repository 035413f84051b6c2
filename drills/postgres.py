"""A PostgreSQL cluster of the drill's own: made, started, killed, thrown away."""

import glob
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from drills.failure import DrillError, Unavailable
from drills.ports import free_port
from drills.processes import Running, descendants, gone_within, kill_hard, wait_gone

ROLE = "petition"
START_SECONDS = 60.0


def binaries() -> Path:
    """The newest installed server's programs."""
    found = sorted(
        (Path(path).parent for path in glob.glob("/usr/lib/postgresql/*/bin/postgres")),
        key=lambda folder: float(folder.parent.name),
    )
    if found:
        return found[-1]
    beside = shutil.which("postgres")
    if beside:
        return Path(beside).parent
    raise Unavailable("no PostgreSQL server here (Debian: apt-get install postgresql)")


def server_user() -> str | None:
    """PostgreSQL refuses to run as root: then its own user runs it."""
    return "postgres" if os.geteuid() == 0 else None


class Cluster:
    """One cluster; its data may lie on any disk, its socket lies beside the drill's files."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.data, self._folder = data, folder
        self.port = free_port()
        self._bin = binaries()
        self._server: Running | None = None
        self._socket = folder / "socket"
        self._command = [str(self._bin / "postgres"), "-k", str(self._socket)]
        self._socket.mkdir(parents=True, exist_ok=True)
        if server_user():
            shutil.chown(self._socket, "postgres", "postgres")

    @property
    def url(self) -> str:
        return self.url_of(ROLE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self._socket))}&port={self.port}"

    def initialise(self) -> None:
        """initdb, in place; 1 MB WAL segments, so that a drill sees many of them change."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if server_user():
            shutil.chown(self.data, "postgres", "postgres")
        command = [str(self._bin / "initdb"), "-D", str(self.data), "-U", ROLE, "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--wal-segsize=1", "--no-sync"]
        self._run(command)
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("listen_addresses = ''\nmax_connections = 60\n")
            settings.write("checkpoint_timeout = 30s\nmax_wal_size = 32MB\nmin_wal_size = 8MB\n")

    def configure(self, **settings: str) -> None:
        """Add settings (controls weaken the server with this); they hold from the next start."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self, data: Path | None = None) -> float:
        """Start, as often as it takes until the dead server's leavings are gone; seconds."""
        if data:
            self.data = data
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            self._server = Running(
                "postgres",
                [*self._command, "-D", str(self.data), "-p", str(self.port)],
                log=self._folder / "postgres.log",
                user=server_user(),
            )
            if self._wait_ready(began):
                return time.monotonic() - began
        raise DrillError(f"PostgreSQL does not start: {self.last_words()}")

    def _wait_ready(self, began: float) -> bool:
        assert self._server
        while self._server.alive and time.monotonic() - began < START_SECONDS:
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False

    def create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {ROLE}")

    @property
    def pid(self) -> int:
        assert self._server
        return self._server.pid

    @property
    def alive(self) -> bool:
        return self._server is not None and self._server.alive

    def backends(self) -> list[int]:
        """The server processes that work for the application just now."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
            ).fetchall()
        return [row[0] for row in found]

    def kill_postmaster(self) -> None:
        """kill -9 for the postmaster alone; its children see that and leave by themselves."""
        assert self._server
        children = descendants(self._server.pid)
        self._server.kill_alone()
        kill_hard(gone_within(children, 10))

    def family(self) -> list[int]:
        """Every process of the server."""
        return self._server.family() if self._server else []

    def kill_all(self) -> None:
        if self._server:
            self._server.kill_all()

    def restart(self, how: signal.Signals) -> tuple[float, float]:
        """Tell the server to end, as pg_ctl does, and start it again; seconds until each."""
        assert self._server
        began = time.monotonic()
        children = descendants(self._server.pid)
        os.kill(self._server.pid, how)
        self._server.wait(30)
        wait_gone(children)
        down = time.monotonic() - began
        self.start()
        return down, time.monotonic() - began

    def stop(self) -> None:
        """A fast shutdown, with SIGINT as PostgreSQL wants it."""
        if self._server and self._server.alive:
            children = descendants(self._server.pid)
            os.kill(self._server.pid, signal.SIGINT)
            try:
                self._server.wait(30)
            except DrillError:
                self._server.kill_all()
            kill_hard(children)
            wait_gone(children)

    def check_pages(self) -> str | None:
        """pg_amcheck over all tables and indexes; a line if it finds fault, None if all is well."""
        tool = self._bin / "pg_amcheck"
        if not tool.exists():
            return None
        command = [str(tool), "-h", str(self._socket), "-p", str(self.port), "-U", ROLE]
        command += ["--install-missing", "--heapallindexed", "--database", ROLE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return None
        said = (done.stdout + done.stderr).strip().splitlines()
        return f"pg_amcheck: {said[0] if said else done.returncode}"

    def last_words(self) -> str:
        return self._server.last_words() if self._server else "it was never started"

    def _run(self, command: list[str]) -> None:
        user = server_user()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
        if done.returncode:
            raise DrillError(f"{Path(command[0]).name}: {done.stderr.strip().splitlines()[-1]}")
