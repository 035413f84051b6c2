"""`drill cannon`: somebody writes to thousands of strangers through the form; an office signs.

One sender sends thousands of forms with strange addresses over many connections; then an office of
500 behind one address signs within moments, then hundreds of senders sign once each. What the one
makes us owe goes out at its pace and no faster, past the second limit nothing is taken, each form
that is refused says when to come again; the office is all served within the hour; the others notice
nothing; and an address that has signed gets the same answer as a new one. No hour is waited for: a
letter's due time is in its row, and a real worker sends what is due in the drill's first moments.
"""

import argparse
import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import create_engine, text

from drills.http_client import Answer, Connection, hidden_fields, sender
from drills.instance import CAMPAIGN, Instance
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.sandbox import Sandbox, open_sandbox

AT_ONCE, AN_HOUR, TAKEN = 20, 600, 3_000
PACE: Final = timedelta(hours=1) / AN_HOUR
FORMS: Final = 3_100
MOST_FORMS: Final = 20_000
OFFICE: Final = 500
OTHERS: Final = 200
CONNECTIONS: Final = 24
CONTROL_FORMS, CONTROL_TAKEN = 240, 60
CONTROLS: Final = ("limits-off", "counts-late")
GUN, OFFICE_SENDER, FIRST_OTHER = 0, 1, 1_000


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A letter in the outbox: whose form made us owe it, when that came, when it is due."""

    tag: str
    came: datetime
    due: datetime

    @property
    def waits(self) -> timedelta:
        return self.due - self.came


def paced(letters: Sequence[Owed], *, at_once: int = AT_ONCE, pace: timedelta = PACE) -> str | None:
    """What is wrong with the pace of one sender's letters; None when it was kept.

    In no span of time more are due than go at once and then one after the other; a letter's clock
    is its own process's, so one more is let pass.
    """
    dues = sorted(each.due for each in letters)
    begin = 0
    for end, due in enumerate(dues):
        while due - dues[begin] > timedelta(minutes=1):
            begin += 1
        number = end - begin + 1
        most = at_once + (due - dues[begin]) / pace + 1
        if number > most:
            span = (due - dues[begin]).total_seconds()
            return f"{number} letters of one sender are due within {span:.0f} s"
    return None


def served(letters: Sequence[Owed], within: timedelta = timedelta(hours=1)) -> str | None:
    """What is wrong with an office's letters; None when all are due in time."""
    late = [each for each in letters if each.waits > within]
    return f"{len(late)} letters of the office wait for more than an hour" if late else None


class FormSender:
    """Forms with ever new addresses, from whatever sender."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._numbers = itertools.count()
        self._hidden: dict[str, str] = {}

    async def send(self, number: int, tag: str, senders: Iterator[int]) -> list[Answer]:
        """So many forms, each from the next sender; their answers."""
        waiting = iter(range(number))
        answers: list[Answer] = []

        async def go_on() -> None:
            connection = Connection(self._instance.base)
            for _ in waiting:
                email = f"stranger-{next(self._numbers)}@example.org"
                answers.append(await self.one(connection, tag, email, next(senders)))
            connection.close()

        await asyncio.gather(*(go_on() for _ in range(CONNECTIONS)))
        return answers

    async def one(self, connection: Connection, tag: str, email: str, from_: int) -> Answer:
        """One form."""
        if not self._hidden:
            page = await connection.get(f"/en/{CAMPAIGN}")
            self._hidden = hidden_fields(page.body)
        fields = self._hidden | {
            "given_name": "Ada",
            "family_name": "Stone",
            "email": email,
            "country": "DE",
            "comment": "",
            "agree": "yes",
            "updates": "no",
            "visibility": "counted",
            "utm_campaign": tag,
        }
        path = f"/en/{CAMPAIGN}/sign"
        return await connection.post(path, fields, forwarded_for=sender(from_))


def owed(instance: Instance, tag: str) -> list[Owed]:
    """The letters that forms with this tag made us owe."""
    engine = create_engine(instance.database_url.replace("postgresql://", "postgresql+psycopg://"))
    words = (
        "SELECT entries.created_at, due_at FROM letters JOIN entries ON entries.id = entry_id "
        "WHERE utm_campaign = :tag"
    )
    with engine.connect() as connection:
        rows = connection.execute(text(words), {"tag": tag}).all()
    engine.dispose()
    return [Owed(tag=tag, came=_time(row[0]), due=_time(row[1])) for row in rows]


def _time(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """All of it on one database, then each control in the same sandbox."""
    outcome = Verdict(f"cannon {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        say(f"cannon {database}: {chosen.forms:,} forms of one sender{busy()}")
        sandbox.instance.start_web()
        sandbox.instance.wait_for_web()
        asyncio.run(_shoot(sandbox, chosen.forms, outcome))
        sandbox.instance.stop()
        _send(sandbox, outcome)
        for name in CONTROLS:
            outcome.controls[name] = control(sandbox, name)
    return outcome


async def _shoot(sandbox: Sandbox, forms: int, outcome: Verdict) -> None:
    senders = FormSender(sandbox.instance)
    answers = await senders.send(forms, "gun", itertools.repeat(GUN))
    _judge(sandbox.instance, "gun", answers, min(forms, TAKEN), outcome)
    letters = owed(sandbox.instance, "gun")
    outcome.extras.append(f"{len(letters):,} of {forms:,} forms of one sender taken")
    first_hour = sum(each.waits <= timedelta(hours=1) for each in letters)
    outcome.extras.append(f"{first_hour} of their letters due in the first hour")
    office = await senders.send(OFFICE, "office", itertools.repeat(OFFICE_SENDER))
    _judge(sandbox.instance, "office", office, OFFICE, outcome)
    colleagues = owed(sandbox.instance, "office")
    longest = max((each.waits for each in colleagues), default=timedelta())
    outcome.extras.append(
        f"office of {OFFICE}: the last letter after {longest.total_seconds() / 60:.0f} min"
    )
    _note(outcome, served(colleagues))
    others = await senders.send(OTHERS, "others", itertools.count(FIRST_OTHER))
    if Counter(answer.status for answer in others) != {303: OTHERS}:
        outcome.broken.append("RED others are not all taken")
    if any(each.waits > timedelta(seconds=1) for each in owed(sandbox.instance, "others")):
        outcome.broken.append("RED letters of others wait")
    _note(outcome, await _tells(senders))


async def _tells(senders: FormSender) -> str | None:
    """Whether an address that has signed is answered otherwise, while it waits and when refused."""
    connection = Connection(senders._instance.base)
    told = []
    for from_ in (OFFICE_SENDER, GUN):
        found = set()
        for email in ("stranger-0@example.org", "nobody-yet@example.org"):
            answer = await senders.one(connection, "probe", email, from_)
            body = answer.body.replace(email.encode(), b"@")
            headers = {name: each for name, each in answer.headers.items() if name != "date"}
            for moving in ("content-length", "retry-after"):
                headers.pop(moving, None)
            found.add((answer.status, body, tuple(headers.items())))
        told.append(len(found))
    connection.close()
    return None if told == [1, 1] else f"a known address is answered otherwise: {told}"


def _judge(
    instance: Instance, tag: str, answers: Sequence[Answer], taken: int, outcome: Verdict
) -> None:
    """As many are kept as may be, the others say when to come again, and the pace holds."""
    statuses = Counter(answer.status for answer in answers)
    wanted = Counter({303: taken, 429: len(answers) - taken})
    if statuses != +wanted:
        outcome.broken.append(f"RED {tag}: answers {dict(statuses)}, not {dict(+wanted)}")
    if any(a.status == 429 and int(a.headers.get("retry-after", "0")) < 1 for a in answers):
        outcome.broken.append(f"RED {tag}: a refusal does not say when to come again")
    letters = owed(instance, tag)
    if len(letters) != statuses[303]:
        outcome.broken.append(f"RED {tag}: {statuses[303]} taken, {len(letters)} letters")
    _note(outcome, paced(letters))


def _note(outcome: Verdict, red: str | None) -> None:
    if red:
        outcome.broken.append(f"RED {red}")


def _send(sandbox: Sandbox, outcome: Verdict) -> None:
    """A real worker: of one sender's letters no more than are due by now."""
    sandbox.instance.run("worker", "--once")
    engine = create_engine(
        sandbox.instance.database_url.replace("postgresql://", "postgresql+psycopg://")
    )
    with engine.connect() as connection:
        sent = connection.execute(
            text(
                "SELECT count(*) FROM letters JOIN entries ON entries.id = entry_id "
                "WHERE utm_campaign = 'gun' AND letters.state = 'sent'"
            )
        ).scalar_one()
        seconds = max(each.came for each in owed(sandbox.instance, "others")) - min(
            each.came for each in owed(sandbox.instance, "gun")
        )
    engine.dispose()
    outcome.extras.append(f"{sent} of them really sent after {seconds.total_seconds():.0f} s")
    # A minute more: the worker takes its time too.
    if not AT_ONCE <= sent <= AT_ONCE + (seconds + timedelta(minutes=1)) / PACE + 1:
        outcome.broken.append(f"RED {sent} letters of one sender were sent")


def control(sandbox: Sandbox, name: str) -> str | None:
    """The same with the program broken; what is red, None when it stayed green."""
    sandbox.instance.control = name
    sandbox.instance.settings = {"PETITION_SENDER_FORMS": str(CONTROL_TAKEN)}
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()
    found = Verdict(name)
    senders = FormSender(sandbox.instance)
    senders._numbers = itertools.count(10**6 * (1 + CONTROLS.index(name)))
    sent = senders.send(CONTROL_FORMS, name, itertools.repeat(500 + CONTROLS.index(name)))
    answers = asyncio.run(sent)
    _judge(sandbox.instance, name, answers, CONTROL_TAKEN, found)
    sandbox.instance.stop()
    sandbox.instance.control, sandbox.instance.settings = "", {}
    red = "; ".join(found.broken) or None
    say(f"  control {name}: {f'red, as it must be: {red}' if red else 'STAYED GREEN'}")
    return red


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--forms",
        type=bounded(MOST_FORMS),
        default=FORMS,
        help=f"of the one sender ({FORMS:,}); {TAKEN:,} are taken in an hour",
    )
