"""The arena: a temporary place for one database's drill, with all that must be cleared away."""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from drills import ledger
from drills.checker import Evidence, Violation, check, load
from drills.disk import LossyDisk
from drills.failure import DrillError
from drills.ledger import Account
from drills.postgres import Cluster
from drills.stand import CAMPAIGN, Stand, key_maker

DATABASES = ("sqlite", "postgresql")


class Arena:
    """A folder, a stand, maybe a cluster and a lossy disk; `prepared` fills it."""

    def __init__(self, folder: Path, database: str, *, lossy: bool) -> None:
        self.folder, self.database = folder, database
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.book = self.new_book("green")
        self.disk = LossyDisk(folder / "lossy") if lossy else None
        self.root = self.disk.mount if self.disk else folder
        self.cluster: Cluster | None = None
        if database == "postgresql":
            self.cluster = Cluster((self.disk.durable if self.disk else folder) / "pg", folder)
        self.stand = Stand(
            instance=self.root / "instance",
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
        self.stand.prepare()

    def new_book(self, name: str) -> Path:
        """A fresh ledger with addresses of its own, beside and never on the tested disk."""
        self.book = self.folder / f"{name}.ledger"
        ledger.begin(self.book)
        return self.book

    def account(self) -> Account:
        return ledger.read(self.book)

    def look(self, url: str | None = None, instance: Path | None = None) -> list[Violation]:
        """The checker on the database as it is, whoever works on it."""
        return self._check(url, instance, exported=None, counted=None)

    def settle(self) -> list[Violation]:
        """The checker after all is folded, with the export and the public count."""
        self.stand.fold()
        exported, counted = self.stand.export(), self.stand.count()
        return self._check(None, None, exported=exported, counted=counted)

    def _check(
        self, url: str | None, instance: Path | None, *, exported: str | None, counted: int | None
    ) -> list[Violation]:
        keys = (instance or self.stand.instance) / "vault.key"
        if not keys.exists():
            gone = "nothing sealed can be opened"
            return [Violation(rule="keys", meaning="the key ring is gone", examples=(gone,))]
        evidence = Evidence(
            account=self.account(),
            stored=load(url or self.stand.database_url, CAMPAIGN),
            address_key=key_maker(keys),
            exported=exported,
            counted=counted,
        )
        return check(evidence)

    def close(self) -> None:
        with contextlib.suppress(DrillError):
            self.stand.kill()
        if self.cluster:
            with contextlib.suppress(DrillError):
                self.cluster.kill_all()
        if self.disk:
            self.disk.close()


@contextlib.contextmanager
def arena(database: str, *, lossy: bool = False, keep: bool = False) -> Iterator[Arena]:
    """A prepared arena; whatever happens, its processes end and its mount and folder go."""
    folder = Path(tempfile.mkdtemp(prefix="petition-drill-"))
    os.chmod(folder, 0o755)  # the postgres user has to pass
    try:
        with contextlib.closing(Arena(folder, database, lossy=lossy)) as place:
            place.prepare()
            yield place
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
