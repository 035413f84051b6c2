"""A sandbox: one database's drill in a temporary folder, with all that must be cleared away."""

import contextlib
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from drills import ledger
from drills.checker import Evidence, Violation, check, load
from drills.disk import LossyDisk
from drills.failure import DrillError
from drills.instance import CAMPAIGN, Instance, key_maker
from drills.ledger import Account
from drills.postgres import Cluster
from drills.small_disk import SmallDisk

DATABASES = ("sqlite", "postgresql")


class Sandbox:
    """A folder, an instance, maybe a cluster and a lossy or small disk; `prepare` fills it."""

    def __init__(
        self, folder: Path, database: str, *, lossy: bool = False, small: SmallDisk | None = None
    ) -> None:
        self.folder, self.database = folder, database
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.book = self.new_book("green")
        self.disk = LossyDisk(folder / "lossy") if lossy else None
        self.small = small
        self.root = self.disk.mount if self.disk else small.mount if small else folder
        self.cluster: Cluster | None = None
        if database == "postgresql":
            self.cluster = Cluster((self.disk.durable if self.disk else self.root) / "pg", folder)
        self.instance = Instance(
            folder=self.root / "instance",
            logs=self.logs,
            database_url=self.cluster.url if self.cluster else None,
        )

    def prepare(self) -> None:
        """A first start on an empty disk; on a lossy one, all of it goes through the mount."""
        if self.cluster:
            self.cluster.initialise()
        if self.disk:
            self.disk.power_on()
        if self.cluster:
            self.cluster.start(self.root / "pg")
            self.cluster.create_database()
        self.instance.prepare()

    def new_book(self, name: str) -> Path:
        """A fresh ledger with addresses of its own, beside and never on the tested disk."""
        self.book = self.folder / f"{name}.ledger"
        ledger.begin(self.book)
        return self.book

    def account(self) -> Account:
        return ledger.read(self.book)

    def look(self, url: str | None = None, folder: Path | None = None) -> list[Violation]:
        """The checker on the database as it is, whoever works on it."""
        return self._check(url, folder, exported=None, counted=None)

    def settle(self) -> list[Violation]:
        """The checker after all is folded, with the export and the public count."""
        self.instance.fold()
        exported, counted = self.instance.export(), self.instance.count()
        return self._check(None, None, exported=exported, counted=counted)

    def integrity(self, file: Path | None = None) -> list[Violation]:
        """What the database finds at fault with itself; `file` is SQLite's, where it was moved."""
        if self.cluster:
            return integrity(self.cluster.check_pages())
        with contextlib.closing(
            sqlite3.connect(file or self.instance.folder / "petition.db")
        ) as db:
            (word,) = db.execute("PRAGMA integrity_check").fetchone()
        return integrity(None if word == "ok" else word)

    def _check(
        self, url: str | None, folder: Path | None, *, exported: str | None, counted: int | None
    ) -> list[Violation]:
        keys = (folder or self.instance.folder) / "vault.key"
        if not keys.exists():
            gone = "nothing sealed can be opened"
            return [Violation(rule="keys", meaning="the key ring is gone", examples=(gone,))]
        evidence = Evidence(
            account=self.account(),
            stored=load(url or self.instance.database_url, CAMPAIGN),
            address_key=key_maker(keys),
            exported=exported,
            counted=counted,
        )
        return check(evidence)

    def close(self) -> None:
        with contextlib.suppress(DrillError):
            self.instance.kill()
        if self.cluster:
            with contextlib.suppress(DrillError):
                self.cluster.kill_all()
        if self.disk:
            self.disk.close()


def integrity(word: str | None) -> list[Violation]:
    """A database's word on its own fault as a violation; none if there is no word."""
    if word is None:
        return []
    return [Violation(rule="integrity", meaning="the database finds fault", examples=(word,))]


@contextlib.contextmanager
def open_sandbox(
    database: str, *, lossy: bool = False, megabytes: int = 0, keep: bool = False
) -> Iterator[Sandbox]:
    """A prepared sandbox; whatever happens, its processes end and its mounts and folder go.

    With `megabytes` all of it but the ledger lies on a disk of that size.
    """
    folder = Path(tempfile.mkdtemp(prefix="petition-drill-"))
    os.chmod(folder, 0o755)  # the postgres user has to pass
    try:
        with contextlib.ExitStack() as stack:
            small = None
            if megabytes:
                small = stack.enter_context(contextlib.closing(SmallDisk(folder, megabytes)))
            sandbox = Sandbox(folder, database, lossy=lossy, small=small)
            stack.enter_context(contextlib.closing(sandbox))
            sandbox.prepare()
            yield sandbox
    finally:
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def interruptible() -> None:
    """SIGTERM ends a drill as Ctrl-C does: in order, clearing everything away."""

    def interrupt(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
