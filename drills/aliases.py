"""Aliases: whether the door for incoming mail tells by its time what became of an address.

An answer to an open, a closed, an expired and an erased alias, to one that was never made, and to
words that cannot be one: six kinds, taken in by turns. The clock runs over all that
`petition mail receive` does once it has read the email; what comes before has not seen it yet.
"""

import gc
import random
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from flask import Flask

from drills.comparing import Pair, compare
from drills.failure import DrillError
from drills.instance import PETITION, ROOT, Instance
from drills.outcome import say
from drills.timed_classes import Measured
from petition.app import create_app
from petition.cli.mail import take_in
from petition.config import load
from petition.domain.letters import return_words
from petition.domain.letters.return_words import ReturnKind
from petition.store.db import db, transaction
from petition.web.http.dependencies import dependencies_of
from petition.worker.inbound import InboundReader
from tests import people
from tests.factories import change, confirm, entries, rows, work
from tests.messages import KEYS, form_of

DOMAIN: Final = "returns.drill.example"
FORM: Final = "alias"
KINDS: Final = ("closed", "erased", "expired", "never made", "no words", "open")
EACH: Final = 3
"""So many aliases of a kind: the door remembers none. Each passes ten emails on in a day."""
WARM_UP: Final = 50
CONTROL: Final = "reads-at-once"
CONTROL_EMAILS: Final = 30
SETTINGS: Final = {"PETITION_RETURN_DOMAIN": DOMAIN}
_EMAIL: Final = (
    b"From: HR <hr@office.example>\r\nTo: somebody@returns.example\r\nSubject: Re: Work\r\n"
    b"Message-ID: <%d@office.example>\r\n\r\nWe read it.\r\n"
)


class Writing:
    """An installation, in this process, where messages are written and go."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.app = create_app(load(self.environment()))
        self._people = 0

    def close(self) -> None:
        with self.app.app_context():
            db.engine.dispose()

    def environment(self) -> dict[str, str]:
        return self._instance.environment() | SETTINGS

    def sent(self, number: int) -> list[tuple[int, int]]:
        """So many messages of plain people that went: of each its letter's number, and its own."""
        known = set(entries(self.app))
        with self.app.test_client() as client:
            for _ in range(number):
                self._people += 1
                who = people.cora | {"email": f"a{self._people}@writers.example.org"}
                form = form_of(client, who, to=KEYS[0])
                if client.post("/en/amazon/message", data=form).status_code != 303:
                    raise DrillError("a message was not taken")
        for entry_id in sorted(set(entries(self.app)) - known):
            confirm(self.app, entry_id)
        work(self.app)
        found = rows(
            self.app,
            "SELECT l.id, m.id FROM letters l JOIN messages m ON m.id = l.message_id"
            " WHERE m.state = 'sent' ORDER BY l.id",
        )
        if len(found) < number:
            raise DrillError(f"{len(found)} messages went, where {number} were written")
        return [(int(str(row[0])), int(str(row[1]))) for row in found[-number:]]

    def address(self, kind: ReturnKind, letter_id: int) -> str:
        """Where answers to that letter come, or reports on it."""
        key = dependencies_of(self.app).settings.secret_key
        return f"{return_words.words(key, kind, letter_id)}@{DOMAIN}"


class Door:
    """The door of an installation, in this process, and addresses of each kind."""

    def __init__(self, instance: Instance, chance: random.Random) -> None:
        self._chance = chance
        self._writing = Writing(instance)
        self._app = self._writing.app
        self._number = 0
        self._aliases = self._made()

    def close(self) -> None:
        self._writing.close()

    def _made(self) -> Mapping[str, Sequence[str]]:
        """Messages of plain people that went, and what became of some of them."""
        found = self._writing.sent(4 * EACH)
        aliases: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for place, (letter_id, message_id) in enumerate(found):
            kind = ("open", "closed", "expired", "erased")[place % 4]
            aliases[kind].append(self._alias(letter_id))
            if kind != "open":
                change(self._app, _MAKES[kind], id=message_id)
        most = max(letter_id for letter_id, _ in found)
        aliases["never made"] = [self._alias(most + 10**6 + n) for n in range(EACH)]
        length = len(aliases["open"][0].partition("@")[0])
        aliases["no words"] = [f"{str(n) * length}@{DOMAIN}" for n in range(EACH)]
        return aliases

    def _alias(self, letter_id: int) -> str:
        return self._writing.address(ReturnKind.ALIAS, letter_id)

    def measure(self, _form: str, requests: int, connections: int) -> Measured:
        """So many emails to each kind; the answers are those of the command itself, one a kind."""
        found = self._timed(requests, take_in)
        for kind in KINDS:
            found.answers[self._command(self._aliases[kind][0])] += 1
        found.pairs = compare(found.times)
        return found

    def _timed(
        self, number: int, take: Callable[[Flask, Sequence[str], str, bytes], None]
    ) -> Measured:
        asked = [(kind, place) for kind in KINDS for place in range(number)]
        self._chance.shuffle(asked)
        warm = [("no words", place) for place in range(min(WARM_UP, number))]
        found = Measured()
        gc.collect()
        gc.disable()  # our own collections would be counted as the door's time
        try:
            self._take_all(asked, warm, take, found)
        finally:
            gc.enable()
        change(self._app, "DELETE FROM inbound_mails")
        found.times = dict(sorted(found.times.items()))
        return found

    def _take_all(
        self,
        asked: Sequence[tuple[str, int]],
        warm: Sequence[tuple[str, int]],
        take: Callable[[Flask, Sequence[str], str, bytes], None],
        found: Measured,
    ) -> None:
        for turn, (kind, place) in enumerate([*warm, *asked]):
            self._number += 1
            to, email = self._aliases[kind][place % EACH], _EMAIL % self._number
            began = time.perf_counter()
            take(self._app, [to], "hr@office.example", email)
            if turn >= len(warm):
                found.times[kind].append(time.perf_counter() - began)

    def _command(self, to: str) -> bytes:
        """All that a mail server learns: how it ends, and what it says."""
        done = subprocess.run(
            [*PETITION, "mail", "receive", "--to", to, "--from", "hr@office.example"],
            env=self._writing.environment(),
            cwd=ROOT,
            input=_EMAIL % 0,
            capture_output=True,
            check=False,
        )
        return b"%d\n%s\n%s" % (done.returncode, done.stdout, done.stderr)

    def control(self) -> str | None:
        """The door reads each email at once: whoever is passed on takes longer."""
        deps = dependencies_of(self._app)

        def take(app: Flask, to: Sequence[str], sender: str, content: bytes) -> None:
            take_in(app, to, sender, content)
            with app.app_context():
                InboundReader(
                    deps.settings, deps.vault, transaction=transaction, now=deps.now
                ).read_batch()

        found = self._timed(CONTROL_EMAILS, take)
        others = [each for kind in KINDS if kind != "open" for each in found.times[kind]]
        pair: Pair
        (pair,) = compare({"nowhere": others, "open": found.times["open"]})
        red = str(pair) if pair.side > 0 else None
        say(f"  control {CONTROL}: {f'red, as it must be: {red}' if red else 'STAYED GREEN'}")
        return red


_MAKES: Final = {
    "closed": "UPDATE messages SET closed_at = finished_at WHERE id = :id",
    "expired": "UPDATE messages SET finished_at = '2020-01-01 00:00:00' WHERE id = :id",
    "erased": "DELETE FROM messages WHERE id = :id",
}
