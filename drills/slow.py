"""`drill slow`: hundreds of slow clients cost the people who sign next to nothing.

Some send a form a byte at a time, some begin a request and stop, some ask for pages and do not read
them. Meanwhile people sign. Their times are compared with those of the same server without the slow
ones, in turns, because what else the machine does changes from minute to minute. With `--behind`
all of them come through a proxy, as they do to most hosts.
"""

import argparse
import asyncio
import random
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from drills.http_client import BROKEN, SENDERS, Connection, forwarded, hidden_fields, sender
from drills.instance import CAMPAIGN
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.proxies import PROXIES, behind
from drills.sandbox import Sandbox, open_sandbox

DRIPPING: Final = 500
HALF_OPEN: Final = 200
NOT_READING: Final = 100
MOST: Final = 1_000
SECONDS: Final = 8.0
TURNS: Final = 2
SIGNERS: Final = 4
PATIENCE: Final = 10.0
"""Seconds after which a form counts as not answered, with this time as its own."""
WORST: Final = 2.0
"""How many times its baseline signing's p95 may become."""
DRIP: Final = 1.0
CONTROL: Final = "bodies-in-threads"


@dataclass
class Signed:
    """The times of forms, and what they were answered."""

    times: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    alive: int = 0
    dead: int = 0

    @property
    def p95(self) -> float:
        return percentile(self.times, 0.95)

    def add(self, other: "Signed") -> None:
        self.times += other.times
        self.answers += other.answers
        self.alive += other.alive
        self.dead += other.dead


def percentile(times: list[float], share: float) -> float:
    """The time that this share of all stays under; without any, nobody was answered."""
    if not times:
        return PATIENCE
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def judge(calm: Signed, slowed: Signed) -> list[str]:
    """What is not as it must be."""
    found = []
    if slowed.p95 > WORST * calm.p95:
        found.append(
            f"RED p95 {slowed.p95 * 1000:,.0f} ms is {slowed.p95 / calm.p95:.1f} times "
            f"its {calm.p95 * 1000:,.0f} ms"
        )
    wrong = {name: number for name, number in slowed.answers.items() if name != "303"}
    if wrong:
        found.append(f"RED forms not kept: {wrong}")
    if slowed.dead:
        found.append(f"RED /healthz silent {slowed.dead} of {slowed.alive + slowed.dead} times")
    return found


class SlowClients:
    """Slow clients; each comes again when the server has had enough of it."""

    def __init__(self, base: str, dripping: int, half_open: int, not_reading: int) -> None:
        self._host, self._port = urlsplit(base).hostname or "", urlsplit(base).port or 80
        chunked = dripping // 2
        self._kinds = [
            *[self._drip] * (dripping - chunked),
            *[self._drip_chunks] * chunked,
            *[self._half_open] * half_open,
            *[self._not_reading] * not_reading,
        ]

    @asynccontextmanager
    async def around(self) -> AsyncIterator[None]:
        """All of them are there for as long as the block lasts."""
        tasks = [asyncio.create_task(self._again(kind)) for kind in self._kinds]
        try:
            await asyncio.sleep(2 * DRIP)  # until they are connected
            yield
        finally:
            await _end(tasks)

    async def _again(self, kind: object) -> None:
        while True:
            writer = None
            try:
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection(self._host, self._port, limit=1024), PATIENCE
                )
                await kind(reader, writer)  # type: ignore[operator]  # one of the four below
            except BROKEN:
                await asyncio.sleep(DRIP)
            finally:
                if writer is not None:
                    writer.transport.abort()

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._form(b"Content-Length: 5000") + b"ab")
        while not reader.at_eof():
            await asyncio.sleep(DRIP)
            writer.write(b"a")

    async def _drip_chunks(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self._form(b"Transfer-Encoding: chunked"))
        while not reader.at_eof():
            writer.write(b"1\r\na\r\n")
            await asyncio.sleep(DRIP)

    async def _half_open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            random.choice((b"", b"GET /en/ama", b"POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n"))
        )
        await reader.read(1)

    async def _not_reading(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        page = (f"GET /en/{CAMPAIGN} HTTP/1.1\r\nHost: {self._host}\r\n{_anybody()}\r\n").encode()
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        writer.write(page * 20)  # more than the system's buffers hold
        await asyncio.sleep(60)

    def _form(self, length: bytes) -> bytes:
        return (
            (
                f"POST /en/{CAMPAIGN}/sign HTTP/1.1\r\nHost: {self._host}\r\n{_anybody()}"
                "Content-Type: application/x-www-form-urlencoded\r\n"
            ).encode()
            + length
            + b"\r\n\r\n"
        )


def _anybody() -> str:
    """Each slow client is a sender of its own: limits by sender do not help here."""
    return forwarded(random.randrange(SENDERS))


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel them until all have ended: before Python 3.12 `wait_for` may lose a cancellation."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)


def hidden_on_the_page(base: str) -> dict[str, str]:
    """What the form has besides what people type; asked for while the server is calm."""
    form_page = urllib.request.Request(
        f"{base}/en/{CAMPAIGN}", headers={"X-Forwarded-For": sender(0)}
    )
    with urllib.request.urlopen(form_page, timeout=60) as page:
        return hidden_fields(page.read())


async def sign_for(base: str, hidden: dict[str, str], seconds: float, run: str) -> Signed:
    """A few people sign one after the other, and somebody looks whether the server is there."""
    signed = Signed()
    end = time.monotonic() + seconds

    async def signer(number: int) -> None:
        connection = Connection(base)
        form = 0
        while time.monotonic() < end:
            form += 1
            began = time.perf_counter()
            try:
                fields = hidden | _person(f"{run}-{number}-{form}")
                answer = await asyncio.wait_for(
                    connection.post(
                        f"/en/{CAMPAIGN}/sign",
                        fields,
                        forwarded_for=sender(form * SIGNERS + number),
                    ),
                    PATIENCE,
                )
                signed.answers[str(answer.status)] += 1
            except BROKEN as error:
                signed.answers[type(error).__name__] += 1
            signed.times.append(time.perf_counter() - began)
        connection.close()

    async def onlooker() -> None:
        while time.monotonic() < end:
            connection = Connection(base)  # a new one each time, as a monitor's
            try:
                await asyncio.wait_for(connection.get("/healthz"), PATIENCE)
                signed.alive += 1
            except BROKEN:
                signed.dead += 1
            connection.close()
            await asyncio.sleep(0.2)

    await asyncio.gather(*map(signer, range(SIGNERS)), onlooker())
    return signed


def _person(name: str) -> dict[str, str]:
    return {
        "given_name": "Ada",
        "family_name": "Stone",
        "email": f"{name}@example.org",
        "country": "DE",
        "comment": "",
        "agree": "yes",
        "updates": "no",
        "visibility": "counted",
    }


async def in_turns(
    base: str, slow_clients: SlowClients, turns: int, run: str
) -> tuple[Signed, Signed]:
    """Without the slow ones, and among them."""
    calm, slowed = Signed(), Signed()
    for turn in range(turns):
        hidden = hidden_on_the_page(base)
        calm.add(await sign_for(base, hidden, SECONDS, f"{run}-calm-{turn}"))
        async with slow_clients.around():
            slowed.add(await sign_for(base, hidden, SECONDS, f"{run}-slow-{turn}"))
        await asyncio.sleep(1.0)
    return calm, slowed


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Turns with the slow clients and without; then the control."""
    outcome = Verdict(f"slow {database}" + (f" behind {chosen.behind}" if chosen.behind else ""))
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        say(
            f"slow {database}: {chosen.dripping} drip, {chosen.half_open} half open, "
            f"{chosen.not_reading} do not read{busy()}"
        )
        calm, slowed = _measure(sandbox, chosen, TURNS, chosen.behind)
        outcome.broken += judge(calm, slowed)
        outcome.extras.append(
            f"{len(slowed.times):,} forms among the slow, p95 {slowed.p95 * 1000:,.0f} ms "
            f"beside {calm.p95 * 1000:,.0f} ms, {slowed.p95 / calm.p95:.2f} times (≤ {WORST:.0f}), "
            f"/healthz {slowed.alive} of {slowed.alive + slowed.dead}"
        )
        sandbox.instance.control = CONTROL
        found = judge(*_measure(sandbox, chosen, 1, None))  # nginx holds what is broken here
        outcome.controls[CONTROL] = found[0] if found else None
        say(f"  control {CONTROL}: {found[0] if found else 'STAYED GREEN'}")
    return outcome


def _measure(
    sandbox: Sandbox, chosen: argparse.Namespace, turns: int, proxy: str | None
) -> tuple[Signed, Signed]:
    sandbox.instance.settings["PETITION_TRUSTED_PROXIES"] = "2" if proxy else "1"
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()
    run = f"{chosen.seed}-{sandbox.instance.control or 'green'}"
    with _origin(sandbox, proxy) as base:
        slow_clients = SlowClients(base, chosen.dripping, chosen.half_open, chosen.not_reading)
        calm, slowed = asyncio.run(in_turns(base, slow_clients, turns, run))
    say(f"  p95 calm {calm.p95 * 1000:,.0f} ms, among slow ones {slowed.p95 * 1000:,.0f} ms")
    say(f"  answers {dict(slowed.answers)}, /healthz {slowed.alive} up, {slowed.dead} silent")
    sandbox.instance.kill()
    return calm, slowed


@contextmanager
def _origin(sandbox: Sandbox, proxy: str | None) -> Iterator[str]:
    """Where people come in."""
    if proxy is None:
        yield sandbox.instance.base
    else:
        with behind(proxy, sandbox.instance.base, sandbox.folder / "proxy") as base:
            yield base


def arguments(parser: argparse.ArgumentParser) -> None:
    for name, number in (
        ("--dripping", DRIPPING),
        ("--half-open", HALF_OPEN),
        ("--not-reading", NOT_READING),
    ):
        parser.add_argument(name, type=bounded(MOST), default=number, help=f"clients ({number})")
    parser.add_argument("--behind", choices=PROXIES, help="a proxy between them and the server")
