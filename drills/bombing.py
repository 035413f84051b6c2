"""`drill bombing`: ten thousand forms for one mailbox, and its owner's one click ends it.

A thousand senders fill in forms for one mailbox in all its spellings and tags, for two campaigns,
and for a hundred others at a lower rate, while newcomers sign. A mail server on this machine takes
every letter. No mailbox gets more than 3 a day and 5 ever; nothing that was typed stands in one;
newcomers get theirs within five minutes; the link to stop in one letter stops all of them. The
next days come by moving the times in the database back.
"""

import argparse
import asyncio
import itertools
import random
import shutil
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import Engine

from drills.http_client import Connection, hidden_fields
from drills.instance import CAMPAIGN, ROOT, Instance
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.sandbox import Sandbox, open_sandbox
from drills.sink import Sink, Taken, mailbox, sink
from petition.domain.letters.letter import OWED
from petition.store.tables import Letter

FORMS: Final = 10_000
MOST_FORMS: Final = 100_000
SENDERS: Final = 1_000
VICTIMS: Final = 100
FORMS_EACH: Final = 10
NEWCOMERS: Final = 1_000
CONNECTIONS: Final = 24
CONTROL_FORMS: Final = 40
A_DAY, EVER = 3, 5
DAYS: Final = 3
WITHIN: Final = 300.0
SHARE: Final = 0.999
PATIENCE: Final = 420.0

OTHER: Final = "second"
BOMBED: Final = "victimofmany@gmail.com"
TYPED: Final = ("Qzvelbrix", "Wojxunthep", "zyqtravony")
"""Given name, family name and comment of every form: words that stand nowhere else."""
MOVED: Final = (
    ("mailboxes", ("last_1_at", "last_2_at", "last_3_at")),
    ("letters", ("due_at", "finished_at")),
)


@dataclass(frozen=True)
class Filled:
    """One form: for which campaign, with which address, from where."""

    campaign: str
    email: str
    sender: str


def spelled(number: int, address: str) -> str:
    """A spelling of a mailbox, another one for every number, as its provider delivers it."""
    local, _, domain = address.partition("@")
    if domain == "gmail.com":
        gaps = [sandbox for sandbox in range(1, len(local)) if number >> (sandbox - 1) & 1]
        local = "".join(("." if index in gaps else "") + char for index, char in enumerate(local))
        domain = ("gmail.com", "googlemail.com", "GMAIL.com")[number % 3]
    if number % 4:
        local += f"+{number}"
    return f"{local.upper() if number % 5 == 0 else local}@{domain}"


def bombs(number: int, address: str, senders: Sequence[str]) -> list[Filled]:
    """So many forms for one mailbox, each from the next sender, for both campaigns in turn."""
    return [
        Filled(
            (CAMPAIGN, OTHER)[index % 2],
            spelled(index, address),
            senders[index % len(senders)],
        )
        for index in range(number)
    ]


def _at_each(victims: Sequence[str], number: int, senders: Sequence[str]) -> list[Filled]:
    """So many forms for each; no sender has more than a few, or their letters would wait."""
    return [
        each
        for index, victim in enumerate(victims)
        for each in bombs(number, victim, senders[index * number % len(senders) :])
    ]


def addresses(number: int, *, network: int) -> list[str]:
    """So many network addresses that belong to nobody (RFC 2544)."""
    return [f"198.{network}.{index >> 8}.{index & 255}" for index in range(1, number + 1)]


class Typing:
    """Fills in forms, by several connections at once."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._hidden = {}
        for campaign in (CAMPAIGN, OTHER):
            with urllib.request.urlopen(f"{instance.base}/en/{campaign}", timeout=20) as page:
                self._hidden[campaign] = hidden_fields(page.read())
        self.answers: Counter[int] = Counter()
        self.acknowledged: dict[str, float] = {}

    def send(self, forms: Sequence[Filled]) -> None:
        asyncio.run(self._send(iter(forms)))

    async def _send(self, forms: Iterator[Filled]) -> None:
        await asyncio.gather(*(self._one_by_one(forms) for _ in range(CONNECTIONS)))

    async def _one_by_one(self, forms: Iterator[Filled]) -> None:
        connection = Connection(self._instance.base)
        for form in forms:
            answer = await connection.post(
                f"/en/{form.campaign}/sign", self._fields(form), forwarded_for=form.sender
            )
            self.answers[answer.status] += 1
            if answer.status == 303:
                self.acknowledged.setdefault(form.email, time.monotonic())
        connection.close()

    def _fields(self, form: Filled) -> dict[str, str]:
        return self._hidden[form.campaign] | {
            "given_name": TYPED[0],
            "family_name": TYPED[1],
            "email": form.email,
            "country": "DE",
            "comment": TYPED[2],
            "agree": "yes",
            "updates": "no",
            "visibility": "public",
        }


class Bombing:
    """One installation, its mail server, and the database between days."""

    def __init__(self, sandbox: Sandbox, sink_: Sink) -> None:
        self.instance, self.sink = sandbox.instance, sink_
        self._engine: Engine = create_engine(sandbox.instance.database_url)
        sandbox.instance.settings |= {"PETITION_TRUSTED_PROXIES": "1", "SMTP_URL": sink_.url}

    def close(self) -> None:
        self.instance.stop()
        self._engine.dispose()

    def start(self, control: str = "") -> Typing:
        self.instance.control = control
        self.instance.start()
        return Typing(self.instance)

    def owed(self) -> int:
        """Letters that are due. One whose mailbox had others may have stepped back for minutes."""
        due = Letter.due_at <= datetime.now(UTC)
        with self._engine.connect() as connection:
            query = select(func.count()).where(Letter.state == OWED, due)
            return int(connection.execute(query).scalar_one())

    def until_written(self) -> bool:
        """Wait until nothing that is due is owed any more; False when that takes too long."""
        limit = time.monotonic() + PATIENCE
        while self.owed():
            if time.monotonic() > limit:
                return False
            time.sleep(0.25)
        return True

    def a_day_later(self) -> None:
        """Everything that was written was written 25 hours earlier. Nobody works meanwhile."""
        self.instance.stop()
        with self._engine.begin() as connection:
            for table, columns in MOVED:
                for column in columns:
                    connection.execute(text(self._moving(table, column)))
        self.instance.start()

    def _moving(self, table: str, column: str) -> str:
        if self._engine.dialect.name == "postgresql":
            return f"UPDATE {table} SET {column} = {column} - interval '25 hours'"
        earlier = f"strftime('%Y-%m-%d %H:%M:%f', {column}, '-25 hours') || '000'"
        return f"UPDATE {table} SET {column} = {earlier} WHERE {column} IS NOT NULL"


def too_many(letters: Sequence[Taken], most: int) -> dict[str, int]:
    """The mailboxes that got more letters than that."""
    found = Counter(mailbox(to) for letter in letters for to in letter.to)
    return {each: number for each, number in found.items() if number > most}


def waited(asked: dict[str, float], letters: Sequence[Taken]) -> dict[str, float]:
    """How long after its answer each address got its first letter; endless for who got none."""
    came: dict[str, float] = {}
    for letter in letters:
        for to in letter.to:
            came.setdefault(to.lower(), letter.at)
    return {each: came.get(each.lower(), float("inf")) - at for each, at in asked.items()}


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """The bombing, the days after, the click; then the controls, in the same sandbox."""
    outcome = Verdict(f"bombing {database}")
    chance = random.Random(f"{chosen.seed} {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox, sink() as taken:
        _second_campaign(sandbox)
        bombing = Bombing(sandbox, taken)
        try:
            say(f"bombing {database}: {chosen.forms:,} forms, seed {chosen.seed}{busy()}")
            victims = _bomb(bombing, chosen, chance, outcome)
            _days_after(bombing, victims, outcome)
            _stop(bombing, outcome)
            bombing.instance.stop()
            for name, shows in CONTROLS.items():
                outcome.controls[name] = _control(bombing, name, shows)
        finally:
            bombing.close()
    return outcome


def _second_campaign(sandbox: Sandbox) -> None:
    folder = shutil.copytree(ROOT / "petition" / "campaigns" / CAMPAIGN, sandbox.folder / OTHER)
    file = folder / "campaign.toml"
    words = file.read_text("utf-8").replace(f'slug = "{CAMPAIGN}"', f'slug = "{OTHER}"')
    file.write_text(words, "utf-8")
    sandbox.instance.run("campaign", "load", str(folder))
    sandbox.instance.run("campaign", "open", OTHER)


def _bomb(
    bombing: Bombing, chosen: argparse.Namespace, chance: random.Random, outcome: Verdict
) -> list[str]:
    senders = addresses(SENDERS, network=18)
    victims = [f"victim{index}@own{index}.example" for index in range(VICTIMS)]
    homes = zip(itertools.count(), addresses(chosen.newcomers, network=19), strict=False)
    newcomers = [
        Filled(CAMPAIGN, f"newcomer{index}@new{index % 7}.example", home) for index, home in homes
    ]
    forms = bombs(chosen.forms, BOMBED, senders)
    forms += _at_each(victims, FORMS_EACH, senders)
    forms += newcomers
    chance.shuffle(forms)
    typing = bombing.start()
    began = time.monotonic()
    typing.send(forms)
    took = time.monotonic() - began
    say(f"  {len(forms):,} forms in {took:.0f} s: {dict(typing.answers)}")
    if not bombing.until_written():
        outcome.broken.append(f"RED {bombing.owed():,} letters are owed still")
    say(
        f"  all dealt with after {time.monotonic() - began:.0f} s: {len(bombing.sink.taken):,} sent"
    )
    _judge_letters(bombing, A_DAY, "a day", outcome)
    refused = sum(n for status, n in typing.answers.items() if status not in (303, 429))
    if refused:
        outcome.broken.append(f"RED {refused} forms were answered otherwise than by 303 or 429")
    new = {each.email for each in newcomers}
    asked = {each: at for each, at in typing.acknowledged.items() if each in new}
    waits = waited(asked, bombing.sink.taken)
    served = sum(seconds <= WITHIN for seconds in waits.values()) / len(newcomers)
    longest = max(waits.values(), default=float("inf"))
    outcome.extras += [
        f"{len(forms):,} forms",
        f"{len(bombing.sink.to(BOMBED))} letters to the one mailbox",
        f"{served:.1%} of newcomers served, the last after {longest:.0f} s",
    ]
    if served < SHARE:
        outcome.broken.append(f"RED {served:.2%} of newcomers got their letter in five minutes")
    return victims


def _judge_letters(bombing: Bombing, most: int, words: str, outcome: Verdict) -> None:
    for each, got in itertools.islice(too_many(bombing.sink.taken, most).items(), 3):
        outcome.broken.append(f"RED {each} got {got} letters {words}")
    typed = [word for letter in bombing.sink.taken for word in letter.holds(TYPED)]
    if typed:
        outcome.broken.append(f"RED letters hold {len(typed)} words that were typed into a form")


def _days_after(bombing: Bombing, victims: Sequence[str], outcome: Verdict) -> None:
    """As many spellings again, day after day: five letters ever, to those who never confirmed."""
    senders = addresses(SENDERS, network=18)
    for _ in range(DAYS):
        bombing.a_day_later()
        typing = Typing(bombing.instance)
        typing.send(bombs(60, BOMBED, senders) + _at_each(victims, 3, senders))
        if not bombing.until_written():
            outcome.broken.append("RED letters are owed still, days after")
    _judge_letters(bombing, EVER, "ever", outcome)
    outcome.extras.append(f"{len(bombing.sink.to(BOMBED))} after {DAYS} days more")


def _stop(bombing: Bombing, outcome: Verdict) -> None:
    """One click in one letter; then forms for both campaigns, in new spellings, for days."""
    victim = "stopper@own-stop.example"
    typing = Typing(bombing.instance)
    senders = addresses(SENDERS, network=18)
    typing.send(bombs(1, victim, senders))
    bombing.until_written()
    (letter,) = bombing.sink.to(victim)[:1] or (None,)
    if letter is None:
        outcome.broken.append("RED the mailbox that was to stop got no letter")
        return
    page = _press(bombing.instance, letter.link("stop"))
    if "This address is blocked here" not in page:
        outcome.broken.append("RED the link to stop does not say that it stopped")
    for day in range(2):
        if day:
            bombing.a_day_later()
            typing = Typing(bombing.instance)
        typing.send(bombs(60, victim, senders))
        bombing.until_written()
    after = len(bombing.sink.to(victim)) - 1
    outcome.extras.append(f"{after} letters after the click")
    if after:
        outcome.broken.append(f"RED {after} letters came after the click to stop")


def _press(instance: Instance, link: str) -> str:
    """Press the button behind a link; the page that comes."""
    form = urllib.parse.urlencode({"stop": "yes"}).encode()
    with urllib.request.urlopen(f"{instance.base}{link}", data=form, timeout=20) as page:
        return str(page.read().decode())


# -- controls: it must be seen -------------------------------------------------------------------


def _unlimited(bombing: Bombing, typing: Typing) -> str | None:
    typing.send(bombs(CONTROL_FORMS, "unlimited.one@gmail.com", addresses(9, network=18)))
    bombing.until_written()
    got = len(bombing.sink.to("unlimitedone@gmail.com"))
    return f"{got} letters in a day" if got > A_DAY else None


def _tags(bombing: Bombing, typing: Typing) -> str | None:
    typing.send(bombs(CONTROL_FORMS, "tagged@own-tags.example", addresses(9, network=18)))
    bombing.until_written()
    got = len(bombing.sink.to("tagged@own-tags.example"))
    return f"{got} letters in a day" if got > A_DAY else None


def _stopped(bombing: Bombing, typing: Typing) -> str | None:
    victim, senders = "ignored@own-stop.example", addresses(9, network=18)
    typing.send(bombs(1, victim, senders))
    bombing.until_written()
    (letter,) = bombing.sink.to(victim)[:1]
    _press(bombing.instance, letter.link("stop"))
    typing.send(bombs(CONTROL_FORMS, victim, senders))
    bombing.until_written()
    after = len(bombing.sink.to(victim)) - 1
    return f"{after} letters after the click" if after else None


CONTROLS: Final[dict[str, Callable[[Bombing, Typing], str | None]]] = {
    "mailbox-unlimited": _unlimited,
    "tags-apart": _tags,
    "stop-ignored": _stopped,
}


def _control(
    bombing: Bombing, name: str, shows: Callable[[Bombing, Typing], str | None]
) -> str | None:
    red = shows(bombing, bombing.start(name))
    bombing.instance.stop()
    say(f"  control {name}: {f'red, as it must be: {red}' if red else 'STAYED GREEN'}")
    return red


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--forms",
        type=bounded(MOST_FORMS),
        default=FORMS,
        help=f"for the one mailbox ({FORMS:,})",
    )
    parser.add_argument(
        "--newcomers",
        type=bounded(MOST_FORMS),
        default=NEWCOMERS,
        help=f"who sign meanwhile ({NEWCOMERS:,})",
    )
