"""Keys: a database without its keys starts nowhere, or a person would sign and count twice.

People sign and confirm. Then the database alone is put beside another instance: one without keys,
one with keys of its own, and copies of its own keys of which one is changed. Each way to start must
be refused in one line, and no key may be made. With its own keys it starts as before.
"""

import argparse
import contextlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import TextClause, text

from drills.failure import DrillError
from drills.instance import CAMPAIGN, PETITION, ROOT, Instance
from drills.outcome import Verdict, say
from drills.sandbox import Sandbox, open_sandbox
from petition.app import create_app
from petition.config import load
from petition.domain.signatures.mail_providers import Providers
from petition.domain.signatures.source import Source
from petition.domain.signatures.supporter import Person
from petition.keyring import KeyRing
from petition.services.signatures import signing
from petition.services.signatures.signing import Sign
from petition.store.campaigns import campaigns
from petition.store.db import db, reading, transaction
from petition.store.vault import key_checks
from petition.web.http.dependencies import dependencies_of

WAYS = (
    ("start",),
    ("serve",),
    ("worker", "--once"),
    ("count", CAMPAIGN),
    ("export", CAMPAIGN, "--reason", "drill", "-o", "-"),
    ("comments", "list", CAMPAIGN),
    ("doctor",),
)
FEW = (("worker", "--once"), ("doctor",))
TRIED_IN_ALL_WAYS = {"no keys", "another ring"}
SECONDS = 30.0


def _nothing(folder: Path, ring: KeyRing) -> None:
    for name in ("vault.key", "secret.key"):
        (folder / name).unlink(missing_ok=True)


def _ring(change: Callable[[KeyRing], KeyRing]) -> Callable[[Path, KeyRing], None]:
    def put(folder: Path, ring: KeyRing) -> None:
        (folder / "vault.key").write_text(change(ring).as_text() + "\n")

    return put


def _new() -> KeyRing:
    return KeyRing.parse(KeyRing.generate_text())


def _secret(folder: Path, ring: KeyRing) -> None:
    (folder / "secret.key").write_text("another secret key of at least 32 characters\n")


WORLDS: dict[str, Callable[[Path, KeyRing], None]] = {
    "no keys": _nothing,
    "another ring": _ring(lambda ring: _new()),
    "another index key": _ring(lambda ring: KeyRing(index=_new().index, sealing=ring.sealing)),
    "another sealing key": _ring(lambda ring: KeyRing(index=ring.index, sealing=_new().sealing)),
    "a sealing key lost": _ring(
        lambda ring: KeyRing(index=ring.index, sealing={9: _new().sealing[1]})
    ),
    "another secret key": _secret,
}


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int | None
    said: str

    @property
    def refused(self) -> bool:
        """In one line that names a setting, and by itself."""
        lines = self.said.strip().splitlines()
        return self.code == 1 and any(re.search("PETITION_[A-Z]+_KEY", line) for line in lines)


def _ask(instance: Instance, *words: str) -> Answer:
    """What a command says; one that goes on running was not refused, and is ended."""
    try:
        done = subprocess.run(
            [*PETITION, *words],
            env=instance.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, "it runs")
    # The doctor says on standard output what it finds, and as an error what keeps it from looking.
    return Answer(done.returncode, done.stderr + (done.stdout if words == ("doctor",) else ""))


def _sign(instance: Instance) -> int:
    """One person signs and confirms, at this instance; how many are confirmed then."""
    app = create_app(load(instance.environment()))
    deps = dependencies_of(app)
    person = Person(
        given_name="Ada", family_name="", email="ada@example.org", postcode="", comment=""
    )
    command = Sign(
        person=person,
        local_part="ada",
        domain="example.org",
        country="DE",
        answers={"sign": "yes", "updates": "no", "visibility": "counted"},
        source=Source(),
        way="web",
    )
    with app.app_context():
        with reading() as session:
            view = campaigns.view(session, CAMPAIGN, "en")
        signing.sign(
            deps.group_commit,
            deps.vault,
            Providers([]),
            view,
            command,
            sender=None,
            at=deps.now(),
        )
        with reading() as session:
            entry = max(row[0] for row in session.execute(_entries()))
        with transaction() as session:
            signing.confirm(session, entry, at=deps.now())
        with reading() as session:
            confirmed = int(session.execute(_confirmed()).scalar_one())
        db.engine.dispose()
    return confirmed


def _entries() -> TextClause:
    return text("SELECT id FROM entries")


def _confirmed() -> TextClause:
    return text("SELECT count(*) FROM signatures WHERE state = 'confirmed'")


@contextlib.contextmanager
def _unchecked() -> Iterator[None]:
    """The program without its look at the keys."""
    require = key_checks.require
    key_checks.require = lambda session, keys: None
    try:
        yield
    finally:
        key_checks.require = require


def _worlds(sandbox: Sandbox) -> Iterator[tuple[str, Instance]]:
    """Each world: another instance folder beside the same database."""
    ring = KeyRing.parse((sandbox.instance.folder / "vault.key").read_text())
    for name, change in WORLDS.items():
        folder = sandbox.folder / name.replace(" ", "-")
        folder.mkdir(mode=0o700)
        for key in ("vault.key", "secret.key"):
            shutil.copy(sandbox.instance.folder / key, folder / key)
        change(folder, ring)
        yield (
            name,
            Instance(folder=folder, logs=sandbox.logs, database_url=sandbox.instance.database_url),
        )


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Foreign keys in several ways; then the control, in which nobody looks at them."""
    verdict = Verdict(title=f"keys {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        if _sign(sandbox.instance) != 1:
            raise DrillError("one person signed, and not one is confirmed")
        tried = 0
        for name, instance in _worlds(sandbox):
            keys_before = sorted(path.name for path in instance.folder.glob("*.key"))
            ways = WAYS if name in TRIED_IN_ALL_WAYS else FEW
            for words in ways:
                answer = _ask(instance, *words)
                tried += 1
                if not answer.refused:
                    verdict.broken.append(f"{words[0]} with {name} not refused")
                    say(f"  RED {words[0]} with {name}: {answer.said.strip()[:200]}")
            if sorted(path.name for path in instance.folder.glob("*.key")) != keys_before:
                verdict.broken.append(f"keys were made with {name}")
            say(f"{name}: {len(ways)} ways tried")
        if _ask(sandbox.instance, "doctor").said.count("wrong"):
            verdict.broken.append("its own keys are refused")
        verdict.extras.append(f"{tried} starts tried in {len(WORLDS)} worlds")
        twice = _count_with_foreign_keys(sandbox)
        verdict.controls["nobody-looks"] = "counted twice" if twice else None
    return verdict


def _count_with_foreign_keys(sandbox: Sandbox) -> bool:
    """The control: the check is taken out, and the same person signs with another ring."""
    folder = sandbox.folder / "control"
    folder.mkdir(mode=0o700)
    instance = Instance(
        folder=folder, logs=sandbox.logs, database_url=sandbox.instance.database_url
    )
    with _unchecked():
        return _sign(instance) == 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""
