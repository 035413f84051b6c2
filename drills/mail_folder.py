"""A folder: what lies in a real Dovecot's is taken in once, whatever breaks in between.

By the addresses of docs/hosts.md, with TLS from the beginning and with STARTTLS. A reply and a
bounce lie there while the database cannot be reached; then the command is killed at each of its
steps, and runs twice at once.
"""

import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from drills.aliases import DOMAIN, Writing
from drills.failure import DrillError
from drills.instance import PETITION, ROOT
from drills.mail_dovecot import FOLDER, PASSWORD, USER, Mailbox, dovecot
from drills.outcome import Verdict, say
from petition.domain.letters.return_words import ReturnKind
from tests.factories import change, rows, work
from tests.inbound import report

NOWHERE: Final = {"DATABASE_URL": "sqlite:////nowhere/petition.db"}
TRY_LATER: Final = 75
STEPS: Final = ("ends-before-commit", "ends-after-commit", "ends-after-mark")
"""Where the command is killed."""
MANY: Final = 40
"""Emails for two commands at once."""
CONTROLS: Final[Mapping[str, Sequence[str]]] = {
    "deletes-first": ("ends-before-commit", ""),
    "forgets-places": ("ends-after-commit", ""),
}
"""What is broken, and how the command then ends, one run after the other."""
_REPLY: Final = (
    "From: HR <hr@office.example>\r\nTo: {to}\r\nSubject: Re: Work\r\n"
    "Message-ID: <{number}@office.example>\r\n\r\nWe read it.\r\n"
)
_numbers = count(1)


def addresses(section: str) -> tuple[str, str]:
    """What the page has as IMAP_URL: with TLS from the beginning, with STARTTLS."""
    (row,) = re.findall(r"^\| `IMAP_URL` .*$", section, re.MULTILINE) or [""]
    found = re.findall(r"`(imaps?://[^`]+)`", row)
    if [each.partition(":")[0] for each in found] != ["imaps", "imap"]:
        raise DrillError("docs/hosts.md has no two addresses for IMAP_URL")
    return found[0], found[1]


def command(section: str) -> list[str]:
    """What the page says to run every few minutes, without the program's name."""
    found = re.search(r"`petition (mail\s+receive\s+--imap)`", section)
    if found is None:
        raise DrillError("docs/hosts.md names no command for an IMAP folder")
    return found[1].split()


class Folder:
    """An installation whose mail lies at a Dovecot."""

    def __init__(self, writing: Writing, box: Mailbox, page: str) -> None:
        self._writing, self._box = writing, box
        self._command = [*PETITION, *command(page)]
        self._urls = [put_in(each, box) for each in addresses(page)]

    def run(self, verdict: Verdict) -> None:
        """By both addresses, then the controls."""
        for url in self._urls:
            broken, words = self._door(url)
            say(f"  {words}")
            verdict.extras.append(words)
            verdict.broken += broken
        for name in CONTROLS:
            verdict.controls[name] = self._control(name)

    def _door(self, url: str) -> tuple[list[str], str]:
        (answered, asked), (bounced, of_bounced) = self._writing.sent(2)
        self._box.put(self._reply(answered), self._report(bounced))
        name = f"an IMAP folder of dovecot ({url.partition(':')[0]})"
        broken = [f"{name}: {each}" for each in self._while_away(url)]
        for step in STEPS:
            before = len(self._box.flags())
            ended = self._ran(url, control=step)
            if ended != (-signal.SIGKILL, ""):
                broken.append(f"{name}, {step}: {ended}")
            say(f"  {name}: killed, {step}: {before} lay there, {len(self._box.flags())} do")
        self._box.put(*(self._reply(0) for _ in range(MANY)))
        together = self._at_once(url, 2)
        last = self._ran(url)
        came, left = self._number("SELECT count(*) FROM inbound_mails"), self._box.flags()
        work(self._writing.app)
        replies = self._number(f"SELECT count(*) FROM replies WHERE message_id = {asked}")
        states = self._number(
            f"SELECT count(*) FROM messages WHERE id = {of_bounced} AND state = 'bounced'"
        )
        words = (
            f"{name}: {came} of {MANY + 2} came in, {len(left)} left there, {replies} reply,"
            f" {states} bounced"
        )
        if (came, left, replies, states) != (MANY + 2, [], 1, 1):
            broken.append(words)
        broken += [f"{name}: a command ended {each}" for each in (*together, last) if each[0]]
        if last[1] != "0 taken in":
            broken.append(f"{name}: the last command: {last}")
        return broken, words

    def _while_away(self, url: str) -> list[str]:
        """The database cannot be reached: all stays, as new as it was."""
        code, said = self._ran(url, **NOWHERE)
        flags = self._box.flags()
        right = (code, flags, said.count("\n")) == (TRY_LATER, ["", ""], 0)
        return [] if right else [f"without a database: exit {code}, {said}, {flags}"]

    def _control(self, name: str) -> str | None:
        """Broken in one place, what comes in is not what lay there."""
        self._box.put(*(self._reply(0) for _ in range(2)))
        for step in CONTROLS[name]:
            self._ran(self._urls[0], control=f"{name},{step}")
        came = self._number("SELECT count(*) FROM inbound_mails")
        change(self._writing.app, "DELETE FROM inbound_mails")
        return f"{came} of 2" if came != 2 else None

    def _reply(self, letter_id: int) -> str:
        """To that letter, or to none."""
        to = f"nobody@{DOMAIN}"
        if letter_id:
            to = self._writing.address(ReturnKind.ALIAS, letter_id)
        return _REPLY.format(to=to, number=next(_numbers))

    def _report(self, letter_id: int) -> str:
        """A provider notes where it came to: it has no envelope to hand over."""
        to = self._writing.address(ReturnKind.ENVELOPE, letter_id)
        return f"Delivered-To: {to}\r\n" + report("5.1.1", "550 5.1.1 nobody")

    def _started(self, url: str, control: str = "", **other: str) -> "subprocess.Popen[str]":
        environ = self._writing.environment() | {
            "IMAP_URL": url,
            "SSL_CERT_FILE": str(self._box.authority),
        }
        if control:
            controls = str(Path(__file__).parent / "controls")
            environ |= {"DRILL_CONTROL": control, "PYTHONPATH": controls}
        return subprocess.Popen(
            self._command,
            env=environ | other,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _ran(self, url: str, control: str = "", **other: str) -> tuple[int, str]:
        return _ended(self._started(url, control, **other))

    def _at_once(self, url: str, number: int) -> list[tuple[int, str]]:
        return [_ended(each) for each in [self._started(url) for _ in range(number)]]

    def _number(self, query: str) -> int:
        return int(str(rows(self._writing.app, query)[0][0]))


def _ended(running: "subprocess.Popen[str]") -> tuple[int, str]:
    """How, and what it said."""
    try:
        said, _ = running.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        running.kill()
        raise DrillError("petition mail receive takes longer than two minutes") from None
    return running.returncode, said.strip()


def put_in(url: str, box: Mailbox) -> str:
    """This drill's names in the place of the page's."""
    for word, ours in (
        ("user:pass@", f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"),
        ("host:993", f"127.0.0.1:{box.tls_port}"),
        ("host:143", f"127.0.0.1:{box.port}"),
        ("/FOLDER", "/" + quote(FOLDER, safe="")),
    ):
        url = url.replace(word, ours)
    return url


def folder(writing: Writing, root: Path, place: Path, page: str, verdict: Verdict) -> None:
    """The third door."""
    with dovecot(root, place) as box:
        Folder(writing, box, page).run(verdict)
