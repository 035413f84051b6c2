"""Doors: the very lines of docs/hosts.md by which Postfix and Exim hand over what comes in,
and by which it is fetched from a folder of a Dovecot.

They are read from the page; put in are only this drill's domain, user, file and program. First with
a database that is not there: the servers keep the emails. Then with the right one: all come in.
"""

import contextlib
import re
import shlex
import shutil
import smtplib
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drills.aliases import DOMAIN, Writing
from drills.failure import DrillError, Unavailable
from drills.instance import OURS, ROOT, Instance
from drills.mail_folder import folder
from drills.mail_relays import OWNER, exim, postfix
from drills.outcome import Verdict, say
from petition.domain.letters.return_words import ReturnKind
from tests.factories import rows, work
from tests.inbound import report

PAGE: Final = ROOT / "docs" / "hosts.md"
USER: Final = "daemon"
"""Postfix hands over to nobody who owns its queue, and not to root. Exim, which has no set-user-ID
bit here, hands over as the user that it runs as, whatever its line says."""
_PYTHONPATH: Final = f"{ROOT}:{sysconfig.get_path('purelib')}"
IN_THE_PAGE: Final = "returns.example.org"
_REPLY: Final = (
    "From: HR <hr@office.example>\r\nTo: you@returns.example\r\nSubject: Re: Work\r\n"
    "Message-ID: <{name}@office.example>\r\n\r\nWe read it.\r\n"
)


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What the page says to write where."""

    script: str
    services: str
    main: str
    router: str
    transport: str


def lines(page: str) -> Lines:
    """From its section about mail that comes in; raises DrillError where one is missing."""
    section = page.partition("\n## Mail that comes in\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^ {4}.*\n)+", section, re.MULTILINE)
    plain = [re.sub(r"^ {4}", "", each, flags=re.MULTILINE) for each in blocks]

    def beginning(words: str) -> str:
        found = [each for each in plain if each.startswith(words)]
        if len(found) != 1:
            raise DrillError(f"docs/hosts.md has {len(found)} blocks that begin with {words!r}")
        return found[0]

    return Lines(
        script=beginning("#!/bin/sh"),
        services=beginning("petition unix"),
        main=beginning("virtual_mailbox_domains"),
        router=beginning("petition_router:"),
        transport=beginning("petition_pipe:"),
    )


class Doors:
    """An installation whose mail servers are those of the page."""

    def __init__(self, instance: Instance, parent: Path) -> None:
        self._instance, self._folder = instance, parent / "doors"
        self._folder.mkdir(mode=0o755)
        self._environ, self._script = self._folder / "petition.env", self._folder / "petition-mail"
        self._writing = Writing(instance)
        self._page = PAGE.read_text(encoding="utf-8")
        self._lines = lines(self._page)
        self._python, self._user = _python(), USER
        self._write_script()

    def run(self, root: Path, verdict: Verdict) -> None:
        """A reply and a bounce through each of the two, and from the folder."""
        try:
            self._open_to(USER)
            with postfix(
                root,
                self._folder / "postfix",
                9,
                services=self._put_in(self._lines.services),
                main=self._put_in(self._lines.main),
            ) as port:
                self._door("postfix", port, verdict)
            self._open_to(OWNER)
            with exim(
                root,
                self._folder / "exim",
                9,
                routers=self._put_in(self._lines.router),
                transports=self._put_in(self._lines.transport),
            ) as port:
                self._door("exim", port, verdict)
            folder(self._writing, root, self._folder / "dovecot", self._page, verdict)
        finally:
            self._writing.close()

    def _open_to(self, user: str) -> None:
        """The user may reach the drill's folder, and owns the installation's."""
        self._user = user
        self._folder.parent.chmod(0o755)
        for path in (self._instance.folder, *self._instance.folder.rglob("*")):
            shutil.chown(path, user)

    def _door(self, name: str, port: int, verdict: Verdict) -> None:
        (answered, asked), (bounced, _) = self._writing.sent(2)
        self._set_environment(DATABASE_URL="sqlite:////nowhere/petition.db")
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
            alias = self._writing.address(ReturnKind.ALIAS, answered)
            server.sendmail("hr@office.example", [alias], _REPLY.format(name=name))
            back = self._writing.address(ReturnKind.ENVELOPE, bounced)
            server.sendmail("", [back], report("5.1.1", "550 5.1.1 nobody"))
        time.sleep(4)  # each was handed over once by then, or is about to be
        early = self._number("SELECT count(*) FROM inbound_mails")
        self._set_environment()
        came = self._waited_for(lambda: self._number("SELECT count(*) FROM inbound_mails"), 2)
        work(self._writing.app)
        replies = self._number(f"SELECT count(*) FROM replies WHERE message_id = {asked}")
        states = self._number("SELECT count(*) FROM messages WHERE state = 'bounced'")
        words = (
            f"{name} by the page's lines: {came} of 2 came in, {replies} reply, {states} bounced"
        )
        say(f"  {words}")
        verdict.extras.append(words)
        self._bounced += 1
        if early or (came, replies, states) != (2, 1, self._bounced):
            verdict.broken.append(words)

    _bounced = 0

    def _number(self, query: str) -> int:
        return int(str(rows(self._writing.app, query)[0][0]))

    @staticmethod
    def _waited_for(number: Callable[[], int], least: int, seconds: float = 120.0) -> int:
        limit = time.monotonic() + seconds
        while number() < least and time.monotonic() < limit:
            time.sleep(0.5)
        return number()

    def _put_in(self, text: str) -> str:
        for word, ours in (
            (IN_THE_PAGE, DOMAIN),
            ("/usr/local/bin/petition-mail", str(self._script)),
            ("user=petition", f"user={self._user}"),
            ("user = petition", f"user = {self._user}"),
        ):
            text = text.replace(word, ours)
        return text

    def _write_script(self) -> None:
        text = self._lines.script.replace("/etc/petition/petition.env", str(self._environ))
        program = f"{self._python} -m petition"
        text = text.replace("/opt/petition/.venv/bin/petition", program)
        if str(self._environ) not in text or program not in text:
            raise DrillError("the script of docs/hosts.md has no place for this drill's files")
        self._script.write_text(text)
        self._script.chmod(0o755)

    def _set_environment(self, **other: str) -> None:
        environ = self._writing.environment() | other
        kept = {name: value for name, value in environ.items() if OURS.match(name)}
        kept["PYTHONPATH"] = _PYTHONPATH
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in kept.items())
        self._environ.write_text(text)
        shutil.chown(self._environ, self._user)


def _python() -> str:
    """A Python that the user may run: the one that runs this drill may lie in somebody's home."""
    for each in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                [each, "-c", "import petition.cli, flufl.bounce"],
                env={"PYTHONPATH": _PYTHONPATH, "PATH": "/usr/bin:/bin"},
                user=USER,
                cwd="/",
                capture_output=True,
                check=True,
            )
            return each
    raise Unavailable(f"no Python here may be run by the user {USER}")
