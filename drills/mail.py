"""Mail: supporters' messages through a real Postfix and a real Exim, to a server that fails.

1,000 messages are composed by the form and confirmed. Two worker processes send them: to a server
that takes, refuses, hangs and drops; directly; through Postfix; through Exim. What arrives is
counted, searched for its writer, verified by two DKIM libraries, and held against the caps.
"""

import argparse
import email
import email.policy
import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import dkim

from drills.failure import DrillError, Unavailable
from drills.instance import PETITION, Instance
from drills.mail_doors import Doors
from drills.mail_relays import exim, postfix, unpacked
from drills.mail_target import Does, Taken, Target, faulty, target
from drills.mail_writers import BOARD, INJECTED, PAYLOADS, Writers, holds, written
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.processes import Running
from drills.sandbox import open_sandbox
from petition.config import load
from petition.dkim_keys import DkimKey
from tests.dkim import ED25519, RSA
from tests.factories import change

DOMAIN: Final = "call.drill.example"
MUST_SIGN: Final = {
    *("from", "to", "subject", "date", "message-id"),
    *("list-unsubscribe", "list-unsubscribe-post"),
}
OURS: Final = {
    *("from", "to", "subject", "date", "message-id", "content-language", "mime-version"),
    *("content-type", "content-transfer-encoding", "reply-to", "auto-submitted"),
    *("x-auto-response-suppress", "list-unsubscribe", "list-unsubscribe-post", "dkim-signature"),
}
ADDED: Final = {"received"}
"""By a relay."""
VERIFY: Final = Path(__file__).parent / "node" / "verify.js"
CAP: Final = 30
FEW: Final = 60
"""Messages that a control is tried with."""
SPEED: Final = 60.0
OFFICE: Final = ZoneInfo("America/Los_Angeles")


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many messages."""
    parser.add_argument(
        "--messages", type=bounded(10_000), default=1000, help="at least so many (1,000)"
    )
    parser.add_argument("--doors", action="store_true", help="only what comes in")


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Each part on this database, then the controls."""
    verdict = Verdict(title=f"mail {database}")
    if chosen.doors:
        return _doors(database, chosen, verdict)
    _require()
    with (
        open_sandbox(database, keep=chosen.keep) as sandbox,
        target() as server,
        ExitStack() as stack,
    ):
        root, node = unpacked(sandbox.folder), _mailauth(sandbox.folder)
        say(f"mail {database}: Postfix, Exim and mailauth are there{busy()}")
        settings = _settings(sandbox.instance, sandbox.folder)
        writers = stack.enter_context(
            written(sandbox.instance.environment(), -(-chosen.messages // len(BOARD)))
        )
        run = _Run(sandbox.instance, server, writers, settings, node, sandbox.folder, verdict)
        say(f"  {len(run.composed):,} messages written; {writers.refused} forms refused")
        run.faults(chosen.seed)
        run.way("directly", server.port)
        for name, relay in (("postfix", postfix), ("exim", exim)):
            with relay(root, sandbox.folder / name, server.port) as port:
                run.way(f"through {name}", port)
        run.caps()
        run.controls(chosen.seed)
        with postfix(root, sandbox.folder / "postfix-2", server.port) as port:
            run.poisoned(port)
    return _doors(database, chosen, verdict)


def _doors(database: str, chosen: argparse.Namespace, verdict: Verdict) -> Verdict:
    """What comes in, by the lines of docs/hosts.md, in a sandbox of its own."""
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        Doors(sandbox.instance, sandbox.folder).run(unpacked(sandbox.folder), verdict)
    return verdict


def _require() -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"there is no {program}; on Debian: apt-get install nodejs npm")


def _mailauth(folder: Path) -> Path:
    """npm's mailauth, in a folder of the drill's."""
    place = folder / "npm"
    place.mkdir()
    (place / "package.json").write_text('{"private": true}')
    try:
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "mailauth"],
            cwd=place,
            check=True,
            capture_output=True,
            timeout=300,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"npm cannot fetch mailauth: {error}") from None
    return place / "node_modules" / "mailauth"


def _settings(instance: Instance, folder: Path) -> tuple[DkimKey, ...]:
    """The installation signs, and limits no sender: that is another drill's. Its keys."""
    key = folder / "dkim.pem"
    key.touch(mode=0o600)
    key.write_text(RSA + ED25519)
    instance.settings |= {
        "PETITION_MAIL_FROM": f"Call for rights <letters@{DOMAIN}>",
        "PETITION_DKIM_KEY_FILE": str(key),
        "PETITION_DKIM_SELECTOR": "rsa,ed",
        "PETITION_LETTERS_PER_MINUTE": "1000000",
        "PETITION_MESSAGES_PER_HOUR": "1000",
        "PETITION_SENDER_LETTERS": "1000000/1000000",
        "PETITION_SENDER_FORMS": "1000000",
        "PETITION_SENDER_PAGES": "1000000/1000000",
    }
    return load(instance.environment()).dkim_keys


class _Run:
    """The parts of the drill, and what each found."""

    def __init__(
        self,
        instance: Instance,
        server: Target,
        writers: Writers,
        keys: Sequence[DkimKey],
        mailauth: Path,
        folder: Path,
        verdict: Verdict,
    ) -> None:
        self._instance = instance
        self._server = server
        self._writers = writers
        self._keys = keys
        self._mailauth = mailauth
        self._folder = folder
        self._verdict = verdict
        self.composed = writers.writers()

    # -- sending ---------------------------------------------------------------------------

    @contextmanager
    def _workers(self, port: int, control: str, **settings: str) -> Iterator[list[Running]]:
        """Two worker processes that send to this port."""
        environ = self._instance.environment() | settings
        environ |= {
            "SMTP_URL": f"smtp://127.0.0.1:{port}?starttls=0",
            "DRILL_CONTROL": control,
            "PYTHONPATH": str(Path(__file__).parent / "controls"),
        }
        log = self._instance.logs / "mail.log"
        command = [*PETITION, "worker"]
        running = [Running(f"worker {n}", command, log=log, env=environ) for n in (1, 2)]
        try:
            yield running
            _all_alive(running)
        finally:
            for each in running:
                each.stop()

    def _send_all(self, port: int, control: str = "no-pace", seconds: float = 900.0) -> float:
        """Until nothing is owed any more; the seconds from the first email on."""
        owed = "SELECT count(*) FROM letters WHERE state = 'owed'"
        with self._workers(port, control) as workers:
            limit, began = time.monotonic() + seconds, 0.0
            before = self._writers.number(owed)
            while left := self._writers.number(owed):
                if not began and left < before:
                    began = time.monotonic()
                _all_alive(workers)
                if time.monotonic() > limit:
                    raise DrillError(f"{left} emails are still owed after {seconds:.0f} s")
                time.sleep(0.2)
        return time.monotonic() - (began or time.monotonic())

    def _arrived(self, number: int, seconds: float = 120.0) -> list[Taken]:
        """What a relay hands on, until all is there or nothing more comes."""
        seen, since = -1, time.monotonic()
        while len(self._server.taken) < number and time.monotonic() - since < seconds:
            if len(self._server.taken) != seen:
                seen, since = len(self._server.taken), time.monotonic()
            time.sleep(0.2)
        return list(self._server.taken)

    def _messages(self, taken: Sequence[Taken]) -> Counter[str]:
        """How often each message came, by what stands before the @ in its Message-ID."""
        ids = (each.id.strip("<>").partition("@")[0] for each in taken)
        return Counter(id_ for id_ in ids if id_ in self.composed)

    # -- the parts -------------------------------------------------------------------------

    def faults(self, seed: int) -> None:
        """A server that takes, refuses, hangs and drops: each message arrives once or is known."""
        lost, doubled, states = self._with_faults(seed, "no-pace", None)
        did = ", ".join(f"{number} {does}" for does, number in sorted(self._server.did.items()))
        say(f"  a server that fails: {did}: {dict(states)}")
        self._verdict.extras.append(
            f"{len(self.composed):,} messages, {lost} lost, {doubled} doubled"
        )
        if lost or doubled or set(states) - {"sent", "bounced", "parked"}:
            self._verdict.broken.append(f"a server that fails: {dict(states)}")
        unknown = sum(self._server.did[does] for does in (Does.HANG, *_AFTER))
        if states["parked"] > unknown or not states["parked"] or not states["bounced"]:
            self._verdict.broken.append(f"{states['parked']} parked of {unknown} that were cut off")

    def _with_faults(
        self, seed: int, control: str, number: int | None
    ) -> tuple[int, int, Counter[str]]:
        self._writers.queue(number)
        self._server.begin(faulty(seed))
        self._send_all(self._server.port, control)
        came, states = self._messages(self._server.taken), self._writers.states()
        lost = sum(state == "sent" and not came[id_] for id_, state in states.items())
        doubled = sum(times > 1 for times in came.values())
        return lost, doubled, Counter(states.values()) if number is None else Counter()

    def way(self, name: str, port: int) -> None:
        """Everything to the target by this way: counted, searched, verified."""
        owed = self._writers.queue()
        self._server.begin()
        took = self._send_all(port)
        withheld = self._writers.number("SELECT count(*) FROM letters WHERE state = 'withheld'")
        taken = self._arrived(owed - withheld)
        came = self._messages(taken)
        lost = len(self.composed) - len(came)
        doubled = sum(times > 1 for times in came.values())
        traced, extra = self._traced(taken), self._extra(taken)
        right = self._verified(taken, name)
        own, rate = len(taken) - came.total(), len(taken) / max(took, 0.1)
        words = (
            f"{name}: {len(came):,} messages and {own:,} of our own emails, {rate:.0f} a second,"
            f" {lost} lost, {doubled} doubled, {traced} traces, {extra} extra headers or"
            f" recipients, DKIM {right:,} of {len(taken):,}"
        )
        say(f"  {words}")
        self._verdict.extras.append(words)
        if lost or doubled or traced or extra or right != len(taken):
            self._verdict.broken.append(f"{name}: see above")

    def caps(self) -> None:
        """Two workers, a cap of 30 an hour: of one target, and of one mail provider."""
        hours, taken = self._hours("quick-clock", minutes=63)
        say(f"  emails in each hour of the office: {dict(hours)}")
        for provider, whose in zip(BOARD, ("a target's", "a mail provider's"), strict=False):
            number = hours.get((provider, _HOUR), 0)
            self._verdict.extras.append(f"{whose} cap of {CAP}: {number} in an hour")
            # A target's share grows by the minute, and the last may be a minute late.
            least = CAP if provider == BOARD[1] else CAP - 3
            if not least <= number <= CAP or max(hours.values()) > CAP:
                self._verdict.broken.append(f"{whose} cap: {dict(hours)}")
        if taken != sum(hours.values()):
            self._verdict.broken.append(f"{taken} arrived, where {sum(hours.values())} are counted")

    def _hours(
        self, control: str, minutes: float, enough: int = 10**6
    ) -> tuple[Mapping[tuple[str, int], int], int]:
        """How many each provider got in each hour of a working day's clock, 60 times as quick.

        It ends after so many minutes of that clock, or when enough have arrived.
        """
        app = self._writers.app
        self._writers.queue(10**6)
        change(app, "UPDATE letters SET state = 'withheld' WHERE message_id IS NULL")
        change(app, f"UPDATE message_targets SET an_hour = {CAP} WHERE email LIKE '%@{BOARD[0]}'")
        change(
            app,
            f"UPDATE message_targets SET email = 'more@{BOARD[1]}' WHERE email LIKE '%@{BOARD[2]}'",
        )
        monday = datetime.now(OFFICE) + timedelta(days=7 - datetime.now(OFFICE).weekday())
        begin = monday.replace(hour=_HOUR - 1, minute=58, second=0, microsecond=0).timestamp()
        real = time.time()
        clock = f"{begin},{real},{SPEED}"
        self._server.begin()
        settings = {"DRILL_CLOCK": clock, "PETITION_MESSAGES_PER_HOUR": str(CAP)}
        self._server.clock = lambda: begin + (time.time() - real) * SPEED
        with self._workers(self._server.port, control, **settings):
            while time.time() - real < minutes * 60 / SPEED and len(self._server.taken) < enough:
                time.sleep(0.2)
        hours: Counter[tuple[str, int]] = Counter()
        for each in self._server.taken:
            there = datetime.fromtimestamp(each.at, UTC).astimezone(OFFICE)
            hours[each.recipients[0].partition("@")[2], there.hour] += 1
        counted = self._writers.number("SELECT coalesce(sum(messages), 0) FROM message_hours")
        change(app, "UPDATE message_targets SET an_hour = 100000")
        change(
            app, f"UPDATE message_targets SET email = 'office@{BOARD[2]}' WHERE email LIKE 'more@%'"
        )
        return hours, counted

    # -- what arrived ----------------------------------------------------------------------

    def _traced(self, taken: Sequence[Taken]) -> int:
        """Messages that something in their envelope, head or text leads from to their writer."""
        found = 0
        for each in taken:
            if "Reply-To" not in each.message:
                continue  # our own email, to the writer
            writer = self.composed.get(each.id.strip("<>").partition("@")[0])
            anybody = [trace for known in self.composed.values() for trace in known.traces]
            if seen := holds(_read(each), writer.traces if writer else anybody):
                say(f"  RED a message holds {len(seen)} traces of its writer")
                found += 1
        return found

    def _extra(self, taken: Sequence[Taken]) -> int:
        """Emails with a header, a recipient or a boundary that is not ours."""
        found = 0
        for each in taken:
            names = Counter(name.lower() for name in each.message)
            strange = set(names) - OURS - ADDED
            twice = [n for n, times in names.items() if times > 1 and n not in _MANY]
            to = (each.message["To"] or "").strip()
            raw = each.content.partition(b"\r\n\r\n")[0]
            wrong = strange or twice or len(each.recipients) != 1 or "," in to
            if wrong or f"\n{INJECTED}:".encode() in raw:
                found += 1
        return found

    def _verified(self, taken: Sequence[Taken], name: str) -> int:
        """Emails whose every signature both libraries find right, over all that it must cover."""
        records = {key.host(DOMAIN): key.record for key in self._keys}
        folder = self._folder / f"emails {name}"
        folder.mkdir(exist_ok=True)
        right = 0
        for place, each in enumerate(taken):
            (folder / f"{place}.eml").write_bytes(each.content)
        told = subprocess.run(
            ["node", str(VERIFY), str(self._mailauth), str(self._json(records)), str(folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if told.returncode:
            raise DrillError(f"mailauth: {told.stderr.strip()[:300]}")
        by_mailauth = json.loads(told.stdout)
        for place, each in enumerate(taken):
            ours = _covers(each.content, records, len(self._keys))
            right += ours and by_mailauth[f"{place}.eml"] == len(self._keys)
        shutil.rmtree(folder)
        return right

    def _json(self, records: Mapping[str, str]) -> Path:
        file = self._folder / "records.json"
        file.write_text(json.dumps(records))
        return file

    # -- controls --------------------------------------------------------------------------

    def controls(self, seed: int) -> None:
        """Broken in one place each, the parts must be red."""
        found = self._verdict.controls
        _, doubled, _ = self._with_faults(seed, "no-pace,outcome-forgotten", 400)
        found["outcome-forgotten"] = f"{doubled} doubled" if doubled else None
        taken = self._few("no-pace,signs-less")
        wrong = len(taken) - self._verified(taken, "control")
        found["signs-less"] = f"{wrong} not covered" if wrong else None
        taken = self._few("no-pace,tells-which")
        traced = self._traced(taken[:3])
        found["tells-which"] = f"{traced} traces" if traced else None
        # Within the hour, and however slowly the workers start.
        hours, _ = self._hours("quick-clock,no-caps", minutes=60, enough=len(BOARD) * (CAP + 1))
        most = max(hours.values(), default=0)
        found["no-caps"] = f"{most} in an hour" if most > CAP else None

    def _few(self, control: str) -> list[Taken]:
        self._writers.queue(FEW)
        self._server.begin()
        self._send_all(self._server.port, control)
        return list(self._server.taken)

    def poisoned(self, port: int) -> None:
        """What no form lets through, sealed as if one had: it stays, or goes as plain text."""
        self._writers.poison(len(PAYLOADS))
        self._writers.queue(len(PAYLOADS))
        self._server.begin()
        self._send_all(port)
        taken = self._arrived(len(PAYLOADS), seconds=6.0)
        states = Counter(self._writers.states().values())
        extra, came = self._extra(taken), self._messages(taken)
        words = f"sealed payloads: {len(taken)} of {len(PAYLOADS)} went, {extra} extra headers"
        say(f"  {words}; {states['parked']} stopped")
        self._verdict.extras.append(words)
        if extra or len(taken) != came.total() or came.total() != len(came):
            self._verdict.broken.append(words)
        self._writers.queue(len(PAYLOADS))
        self._server.begin()
        self._send_all(port, "no-pace,checks-nothing")
        extra = self._extra(self._arrived(len(PAYLOADS), seconds=6.0))
        self._verdict.controls["checks-nothing"] = f"{extra} extra" if extra else None


def _all_alive(workers: Sequence[Running]) -> None:
    """Raises DrillError: where one has ended, nobody need wait for what it was to send."""
    for each in workers:
        if not each.alive:
            raise DrillError(f"{each.name} ended: {each.last_words()}")


_AFTER: Final = (Does.DROP_AFTER, Does.TAKE_AND_DROP)
_HOUR: Final = 11
"""The hour of the office's clock in which the caps are looked at."""
_MANY: Final = {"received", "dkim-signature"}


def _read(taken: Taken) -> list[str]:
    """Its bytes, its envelope, and whatever a mail program shows."""
    message = email.message_from_bytes(taken.content, policy=email.policy.default)
    texts = [taken.content.decode("latin-1"), taken.sender, *map(str, message.values())]
    return texts + [str(p.get_content()) for p in message.walk() if not p.is_multipart()]


def _covers(content: bytes, records: Mapping[str, str], signatures: int) -> bool:
    """Whether dkimpy finds each signature right, and made over all that it must cover."""

    def lookup(name: bytes, **_: object) -> bytes | None:
        record = records.get(name.decode().rstrip("."))
        return record.encode() if record else None

    for place in range(signatures):
        found = dkim.DKIM(content)
        try:
            if not found.verify(place, lookup):
                return False
        except dkim.DKIMException:
            return False
        covered = {name.decode() for name in found.include_headers}
        if not covered >= MUST_SIGN or found.domain != DOMAIN.encode():
            return False
    return True
