"""Bounces: flufl.bounce's own test files, read as our inbound door reads what comes in.

They are real bounces of twenty-five years, and emails that its makers saw taken for one. They are
not ours to ship, so the source of a release that holds them is fetched, with its hash; its
code is not run. Beside the files stands which addresses each of its detectors must find: a file of
which none finds an address is no bounce, whatever its subject says.
"""

import argparse
import ast
import email
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

from drills.failure import Unavailable
from drills.outcome import Verdict, say
from petition.mail.inbound import reports
from petition.mail.inbound.reading import read

SOURCE: Final = (
    "flufl.bounce==4.0"
    " --hash=sha256:25504aeb976ec0fe5a19cd6c413a3410cb514fdcdbdca9f9b5d8d343a8603831\n"
)
FEWEST: Final = 100
"""Files that it held when this was written: 115."""

Failures = tuple[frozenset[bytes], frozenset[bytes]]


@dataclass(frozen=True)
class Told:
    """What flufl.bounce's table says of one file."""

    for_good: frozenset[str] = frozenset()
    for_now: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sample:
    """One of its files."""

    name: str
    raw: bytes
    told: Told

    @property
    def is_bounce(self) -> bool:
        """By the table, or by the email's own report, of which a detector need not know."""
        return bool(self.told.for_good or self.told.for_now) or self._reports_failure()

    def _reports_failure(self) -> bool:
        parts = email.message_from_bytes(self.raw).walk()
        reports = [str(each) for each in parts if each.get_content_subtype() == "delivery-status"]
        return any("\naction: failed" in each.lower() for each in reports)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """All files, then the controls."""
    verdict = Verdict(title=f"bounces {database}")
    if database == "postgresql":
        verdict.extras.append("no database is asked")
        return verdict
    with tempfile.TemporaryDirectory() as folder:
        samples = [*read_samples(_fetched(Path(folder)))]
    if len(samples) < FEWEST:
        raise Unavailable(f"only {len(samples)} files were found")
    others = sum(not each.is_bounce for each in samples)
    verdict.extras.append(f"{len(samples)} files, {others} of them no bounces")
    verdict.broken += findings(samples)
    for each in verdict.broken:
        say(f"  RED {each}")
    for name, control in CONTROLS.items():
        with patch.object(reports, "_failures", control):
            found = [*findings(samples)]
        verdict.controls[name] = found[0] if found else None
    return verdict


def _fetched(folder: Path) -> Path:
    """The source's archive."""
    wanted = folder / "wanted.txt"
    wanted.write_text(SOURCE)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--no-deps", "--no-binary", ":all:", "--require-hashes", "-r", str(wanted)]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"pip cannot fetch the source of flufl.bounce: {error}") from None
    (archive,) = folder.glob("*.tar.gz")
    return archive


def read_samples(archive: Path) -> Iterator[Sample]:
    """The emails in the archive, each with what the table beside them says."""
    with tarfile.open(archive) as source:
        held = {member.name: source.extractfile(member) for member in source if member.isfile()}
        contents = {name: file.read() for name, file in held.items() if file is not None}
    (table,) = (text for name, text in contents.items() if name.endswith("testing/helpers.py"))
    told = told_by(table.decode("utf-8"))
    for name, raw in sorted(contents.items()):
        if "/tests/data/" in name and name.endswith(".txt"):
            short = name.rpartition("/")[2]
            yield Sample(short, raw, told.get(short, Told()))


def told_by(table: str) -> Mapping[str, Told]:
    """The table `DATA`: rows of detector, file, addresses, and True where they fail for now."""
    (rows,) = (
        ast.literal_eval(each.value)
        for each in ast.parse(table).body
        if isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "") == "DATA"
    )
    told: dict[str, Told] = {}
    for _, name, addresses, *for_now in rows:
        found = frozenset(each.decode().lower() for each in addresses)
        old = told.get(name, Told())
        told[name] = (
            Told(old.for_good, old.for_now | found)
            if for_now and for_now[0]
            else Told(old.for_good | found, old.for_now)
        )
    return told


def findings(samples: list[Sample]) -> Iterator[str]:
    """All files that are taken for what they are not."""
    for sample in samples:
        # With the envelope's sender as a server tells it of bounces, and with none told.
        for sender in ("", None):
            wrong = _wrong(sample, sender)
            if wrong:
                yield f"{sample.name}, sender {sender!r}: {wrong}"


def _wrong(sample: Sample, sender: str | None) -> str:
    """What our door takes the file for, where it is not that."""
    report = read(sample.raw, to=[], sender=sender, return_domain="bounces.example.org").report
    if not sample.is_bounce:
        return "" if report is None else f"no bounce, taken for one: {report.kind}"
    if report is None:
        # Without an envelope a bounce may look like anybody's email, and is none to us.
        return "" if sender is None else "a bounce that is not seen"
    told = sample.told
    if told.for_now and not told.for_good:
        return f"a delay, taken for {report.kind}" if report.is_final else ""
    missed = told.for_good - {each.lower() for each in report.recipients}
    return f"addresses not found: {', '.join(sorted(missed))}" if missed else ""


_failures: Final[Callable[[email.message.Message], Failures]] = reports._failures


def _any_daemon(_: email.message.Message) -> Failures:
    """Whatever a mail server sends is a bounce."""
    return frozenset(), frozenset({b"somebody@example.org"})


def _no_delays(message: email.message.Message) -> Failures:
    """What is late is lost."""
    for_now, for_good = _failures(message)
    return frozenset(), for_now | for_good


def _sees_nothing(_: email.message.Message) -> Failures:
    """No detector knows it."""
    return frozenset(), frozenset()


CONTROLS: Final = {
    "any-daemon": _any_daemon,
    "no-delays": _no_delays,
    "sees-nothing": _sees_nothing,
}
