"""The driver: people who sign, at a steady rate, whatever happens to the server meanwhile.

Each form carries its number as utm_campaign, so that the checker can find it again. A share of
the forms repeats an earlier person's address in another spelling, often while the first is
still on its way; some people whose form was cut off try again; some open their letter and
confirm. Only addresses of this machine are asked, and rate and time are bounded.
"""

import argparse
import asyncio
import email
import email.policy
import itertools
import json
import random
import re
import signal
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from drills import ledger
from drills.http_client import BROKEN, Answer, Connection, hidden_fields, loopback, sender

MOST_RATE, MOST_SECONDS, MOST_CONNECTIONS = 5_000, 3_600, 256
LINK = re.compile(r"https?://\S+?(/confirm/[^\s\"<>]+)")
COUNTRIES = ("DE", "FR", "EG", "US", "GB", "JP", "IN", "BR")
LOOK_EVERY = 0.25
SYNC_EVERY = 0.5
PAUSE = 0.25  # seconds without an acknowledgement: the server is away


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the driver is to do; seconds are a limit, SIGTERM ends it sooner."""

    base: str
    ledger: Path
    rate: float
    seconds: float
    connections: int = 32
    seed: int = 1
    campaign: str = "amazon"
    language: str = "en"
    repeats: float = 0.15
    mailbox: Path | None = None
    confirming: float = 0.5


class Pacer:
    """Hands out one turn every 1/rate seconds; turns missed in an outage are not made up for."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._next = time.monotonic()

    async def turn(self) -> None:
        now = time.monotonic()
        self._next = max(self._next, now - 0.1)
        wait = self._next - now
        self._next += self._pause
        if wait > 0:
            await asyncio.sleep(wait)


class Driver:
    """The signing people; `run` returns when the time is up."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        account = ledger.read(plan.ledger)
        self._token = account.token
        form, self._persons = account.last
        self._forms = itertools.count(form + 1)
        self._confirmed = set(account.confirmed)
        self._ledger = ledger.Ledger(plan.ledger)
        self._chance = random.Random(plan.seed)
        self._pacer = Pacer(plan.rate)
        self._again: deque[int] = deque()
        self._ticket = ""
        self._stop = asyncio.Event()
        self._seen: set[str] = set()
        self._times: list[float] = []
        self._last_ack = time.monotonic()
        self._pauses: list[float] = []
        self._tally: Counter[str] = Counter()
        self._curt = 0

    async def run(self) -> dict[str, object]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        loop.call_later(self._plan.seconds, self._stop.set)
        began = time.monotonic()
        await asyncio.gather(
            *(self._sign_on() for _ in range(self._plan.connections)),
            self._confirm_on(),
            self._sync_on(),
        )
        self._ledger.close()
        return self._summary(time.monotonic() - began)

    def _summary(self, seconds: float) -> dict[str, object]:
        times = sorted(self._times) or [0.0]
        signed = self._tally[str(ledger.SIGNED)]
        return {
            "seconds": round(seconds, 2),
            "acknowledged": signed,
            "per_second": round(signed / seconds, 1),
            "per_second_up": round(signed / max(0.1, seconds - sum(self._pauses)), 1),
            "p50_ms": round(times[len(times) // 2] * 1000, 1),
            "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1),
            "longest_pause_s": round(max(self._pauses, default=0.0), 2),
            "outcomes": dict(self._tally),
            "without_retry_after": self._curt,
        }

    # -- signing ------------------------------------------------------------------------

    async def _sign_on(self) -> None:
        connection = Connection(self._plan.base)
        while not self._stop.is_set():
            await self._pacer.turn()
            try:
                await connection.open()
                if not self._ticket:
                    await self._fetch_ticket(connection)
            except BROKEN:
                await asyncio.sleep(0.05)
                continue
            await self._sign(connection)
        connection.close()

    async def _fetch_ticket(self, connection: Connection) -> None:
        page = await connection.get(f"/{self._plan.language}/{self._plan.campaign}")
        self._ticket = hidden_fields(page.body).get("ticket", "")
        if not self._ticket:
            raise ValueError("the campaign page has no form ticket")

    async def _sign(self, connection: Connection) -> None:
        form, (person, variant) = next(self._forms), self._pick()
        fields = self._fields(form, person, variant)
        self._ledger.write(f"ATTEMPT {form} {person}")
        began = time.monotonic()
        try:
            answer = await connection.post(
                f"/{self._plan.language}/{self._plan.campaign}/sign",
                fields,
                forwarded_for=sender(person),
            )
        except BROKEN:
            self._tally["broken"] += 1
            if self._chance.random() < 0.5:
                self._again.append(person)
            return
        status = _meaning(answer)
        self._ledger.write(f"ACK {form} {status}")
        self._tally[str(status)] += 1
        if status == ledger.SIGNED:
            self._note_time(began)
        elif status >= 500:
            self._curt += "retry-after" not in answer.headers
            await asyncio.sleep(0.2)
        else:
            self._ticket = ""

    def _note_time(self, began: float) -> None:
        now = time.monotonic()
        self._times.append(now - began)
        if now - self._last_ack > PAUSE:
            self._pauses.append(now - self._last_ack)
        self._last_ack = now

    def _pick(self) -> tuple[int, int]:
        """Who signs next, in which spelling."""
        if self._again:
            return self._again.popleft(), self._chance.randrange(4)
        if self._persons and self._chance.random() < self._plan.repeats:
            recent = max(1, self._persons - 40) if self._chance.random() < 0.5 else 1
            return self._chance.randint(recent, self._persons), self._chance.randrange(4)
        self._persons += 1
        return self._persons, 0

    def _fields(self, form: int, person: int, variant: int) -> dict[str, str]:
        return {
            "ticket": self._ticket,
            "given_name": "Drill",
            "family_name": f"Person {person}",
            "email": ledger.spelling(self._token, person, variant),
            "country": COUNTRIES[person % len(COUNTRIES)],
            "comment": "",
            "agree": "yes",
            "updates": "yes" if person % 2 else "no",
            "visibility": ("counted", "target", "public")[person % 3],
            "utm_source": "drill",
            "utm_campaign": ledger.mark(self._token, form),
        }

    # -- confirming ---------------------------------------------------------------------

    async def _confirm_on(self) -> None:
        if self._plan.mailbox is None:
            return
        connection = Connection(self._plan.base)
        while not self._stop.is_set():
            for letter in self._new_letters(self._plan.mailbox):
                if self._stop.is_set():
                    break
                await self._open_letter(connection, letter)
                await asyncio.sleep(0)  # thousands that are no longer needed keep nobody waiting
            await asyncio.sleep(LOOK_EVERY)
        connection.close()

    def _new_letters(self, mailbox: Path) -> list[Path]:
        if not mailbox.is_dir():
            return []
        return [path for path in mailbox.glob("*.eml") if path.name not in self._seen]

    async def _open_letter(self, connection: Connection, path: Path) -> None:
        found = read_letter(path, self._token)
        self._seen.add(path.name)
        if found is None:
            return
        person, link = found
        wanted = random.Random(f"{self._token}{person}").random() < self._plan.confirming
        if not wanted or person in self._confirmed:
            return
        try:
            await self._confirm(connection, person, link)
        except BROKEN:
            self._tally["confirm broken"] += 1
            self._seen.discard(path.name)  # to be tried again
            await asyncio.sleep(LOOK_EVERY)

    async def _confirm(self, connection: Connection, person: int, link: str) -> None:
        page = await connection.get(link)
        self._ledger.write(f"CONFIRM {person}")
        answer = await connection.post(link, hidden_fields(page.body), forwarded_for=sender(person))
        self._ledger.write(f"CONFIRMED {person} {answer.status}")
        self._tally[f"confirm {answer.status}"] += 1
        if answer.status in ledger.CONFIRMED_STATUSES:
            self._confirmed.add(person)

    async def _sync_on(self) -> None:
        """The ledger's own durability; in a thread, so that a slow disk delays nobody."""
        while not self._stop.is_set():
            await asyncio.sleep(SYNC_EVERY)
            await asyncio.to_thread(self._ledger.sync)


def _meaning(answer: Answer) -> int:
    """The status; a redirect to anywhere but the thanks is no acknowledgement."""
    thanked = answer.headers.get("location", "").endswith("/thanks")
    return answer.status if answer.status != ledger.SIGNED or thanked else 300


def read_letter(path: Path, token: str) -> tuple[int, str] | None:
    """Whose letter it is and the path of its confirm link; None for any other letter."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    person = ledger.person_of(token, str(message["To"] or ""))
    body = message.get_body(("plain",))
    link = LINK.search(body.get_content()) if body else None
    return (person, urlsplit(link[1]).path) if person is not None and link else None


def _bounded(kind: type[float] | type[int], most: float) -> object:
    def convert(text: str) -> float:
        value = kind(text)
        if not 0 < value <= most:
            raise ValueError
        return value

    convert.__name__ = f"number up to {most:,}"
    return convert


def main() -> None:
    parser = argparse.ArgumentParser(prog="drills.load", description=__doc__)
    parser.add_argument("base", help="origin of the server: http://127.0.0.1:PORT")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--rate", type=_bounded(float, MOST_RATE), default=200.0)  # type: ignore[arg-type]
    parser.add_argument("--seconds", type=_bounded(float, MOST_SECONDS), default=10.0)  # type: ignore[arg-type]
    parser.add_argument("--connections", type=_bounded(int, MOST_CONNECTIONS), default=32)  # type: ignore[arg-type]
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--campaign", default="amazon")
    parser.add_argument("--language", default="en")
    parser.add_argument("--repeats", type=float, default=0.15, help="share of repeated addresses")
    parser.add_argument("--mailbox", type=Path, help="folder of .eml letters to confirm from")
    parser.add_argument("--confirming", type=float, default=0.5, help="share who confirm")
    chosen = parser.parse_args()
    loopback(chosen.base)
    if not chosen.ledger.exists():
        ledger.begin(chosen.ledger)
    json.dump(asyncio.run(Driver(Plan(**vars(chosen))).run()), sys.stdout)
    print()


if __name__ == "__main__":
    main()
