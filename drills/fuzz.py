"""`drill fuzz`: whatever strangers send, no answer is a fault of ours, none is late, none tells.

Texts, bytes, bodies, headers, methods and addresses that were made to break programs go to every
route, from strangers and from staff who are signed in, drawn by a seed. No answer may be a 5xx or
come later than two seconds, show what runs inside, lead to another host, carry a stranger's header
or lack one of ours.
"""

import argparse
import asyncio
import random
import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from drills import payloads
from drills.http_client import BROKEN, PATIENCE, Answer, Connection
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.routes import Route, Site, site_of
from drills.sandbox import Sandbox, open_sandbox

REQUESTS: Final = 10_000
"""For each database."""
MOST_REQUESTS: Final = 1_000_000
CONTROL_REQUESTS: Final = 1_500
CONNECTIONS: Final = 8
LATE: Final = 2.0
"""Seconds. What is late is asked once more, alone: only what is late again hangs."""
BRIEF: Final = 0.5
"""Seconds for what is no whole request: the server may well wait for the rest of it."""
EXAMPLES: Final = 5
SENDERS: Final = {"PETITION_TRUSTED_PROXIES": "1"}
"""Every request comes from a sender of its own: no limit by sender stands before the rest."""

HEADERS: Final[Mapping[str, re.Pattern[str]]] = {
    "content-security-policy": re.compile(r"default-src 'none';.*frame-ancestors 'none'"),
    "x-content-type-options": re.compile(r"nosniff\Z"),
    "x-frame-options": re.compile(r"DENY\Z"),
    "referrer-policy": re.compile(r"(?:no-referrer|strict-origin-when-cross-origin)\Z"),
    "cross-origin-opener-policy": re.compile(r"same-origin\Z"),
    "cross-origin-resource-policy": re.compile(r"(?:same-origin|cross-origin)\Z"),
    "permissions-policy": re.compile(r"camera=\(\)"),
    "cache-control": re.compile(r"no-store\Z|public, max-age=\d+"),
}
"""On every answer of ours, refusals included."""
TELLS: Final = re.compile(
    rb"Traceback|File \"/|\bline \d+, in |sqlalchemy|sqlite3|psycopg|jinja2|[Ww]erkzeug|wtforms"
    rb"|SELECT [\w.*]+|INSERT INTO|UPDATE \w+ SET|\b(?:Type|Value|Key|Attribute|Unicode\w*)Error\b"
    rb"|Python/\d|[Gg]ranian/?\d|/site-packages/|petition/web/"
)
"""Words of what runs inside. No payload holds one of them: pages repeat what was typed."""
URI: Final = re.compile(r"[\w!$%&'()*+,./:;=?@~-]+", re.ASCII)
"""What may stand in an address (RFC 3986)."""
OWN_REFUSALS: Final = frozenset({400, 404, 405, 408, 411, 413, 414, 417, 426, 431, 501, 505})
"""What the server itself may say to what is no request, before any program of ours sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One request as bytes, and what it is in words that may be printed."""

    of: str
    raw: bytes
    head: bool = False
    whole: bool = True
    """A request that the program must answer; else the server may refuse it by itself."""


class Drawing:
    """Draws requests to a site."""

    def __init__(self, site: Site, chance: random.Random) -> None:
        self._site, self._chance = site, chance
        self._posts = [route for route in site.routes if route.method != "GET"]

    def draw(self, number: int) -> Iterator[Sending]:
        """So many requests."""
        kinds = (self._form, self._address, self._query, self._header, self._method, self._broken)
        for _ in range(number):
            (kind,) = self._chance.choices(kinds, weights=(50, 14, 10, 15, 5, 6))
            yield kind()

    def _form(self) -> Sending:
        """One to three fields of a right form are something else."""
        route = self._chance.choice(self._posts)
        form = {name: value.encode() for name, value in self._site.form(self._chance).items()}
        changed = []
        for name in self._chance.sample(sorted(form), self._chance.randint(1, 3)):
            what, form[name] = payloads.text(self._chance)
            changed.append(f"{name}={what}")
        if not self._may_hold_token(route):
            del form["csrf_token"]
            changed.append("without its token")
        kind = self._chance.choices(payloads.TYPES, weights=(8, 3, 1, 1, 1, 1, 1))[0]
        body = payloads.body(form, kind, self._chance)
        address = self._site.address(route, self._chance)
        return self._sending(route, "POST", address, f"{kind}: {', '.join(changed)}", body=body)

    def _may_hold_token(self, route: Route) -> bool:
        """Staff stay signed in, and few passwords are looked at: that is slow on purpose."""
        if route.rule.endswith(("/sign-out", "/sign-out-everywhere")):
            return False
        slow = route.rule.endswith(("/sign-in", "/<secret:token>"))
        return not slow or self._chance.random() < 0.03

    def _address(self) -> Sending:
        """A part of an address is something else, or something is stuck to its end."""
        route = self._chance.choice(self._site.routes)
        parts = self._site.address(route, self._chance).split("/")
        index = self._chance.randrange(1, len(parts))
        what, value = payloads.text(self._chance)
        odd = payloads.in_address(value, self._chance)
        parts[index] = odd if self._chance.random() < 0.6 else parts[index] + odd
        slash = self._chance.choice(("/", "/", "/", "//", "/./"))
        method = self._chance.choice(("GET", "GET", "HEAD", route.method))
        return self._sending(route, method, slash.join(parts), f"part {index}: {what}")

    def _query(self) -> Sending:
        """Something is asked for behind the question mark."""
        route = self._chance.choice(self._site.routes)
        names = ("lang", "source", "utm_source", "utm_medium", "before", "after", "verdict", "done")
        name = self._chance.choice((*names, "changed", "x"))
        what, value = payloads.text(self._chance)
        odd = payloads.in_address(value, self._chance)
        address = f"{self._site.address(route, self._chance)}?{name}={odd}"
        return self._sending(route, "GET", address, f"?{name}: {what}")

    def _header(self) -> Sending:
        """One or two headers are something else."""
        route = self._chance.choice(self._site.routes)
        drawn = [payloads.header(self._chance) for _ in range(self._chance.randint(1, 2))]
        form = {name: value.encode() for name, value in self._site.form(self._chance).items()}
        if "/staff/" in route.rule:
            del form["csrf_token"]
        return self._sending(
            route,
            route.method,
            self._site.address(route, self._chance),
            ", ".join(f"{name}: {what}" for name, what, _ in drawn),
            body=payloads.body(form, "urlencoded", self._chance) if route.method != "GET" else None,
            headers={name: value for name, _, value in drawn},
        )

    def _method(self) -> Sending:
        route = self._chance.choice(self._site.routes)
        method = self._chance.choice(payloads.METHODS)
        return self._sending(route, method, self._site.address(route, self._chance), "method")

    def _broken(self) -> Sending:
        name = self._chance.choice(sorted(payloads.BROKEN_REQUESTS))
        return Sending(of=name, raw=payloads.BROKEN_REQUESTS[name], whole=False)

    def _sending(
        self,
        route: Route,
        method: str,
        address: str,
        what: str,
        *,
        body: payloads.Body | None = None,
        headers: Mapping[str, bytes] | None = None,
    ) -> Sending:
        lines = {"Host": self._site.host.encode(), **self._caller(route)}
        data = b""
        if body is not None or method not in {"GET", "HEAD", "OPTIONS"}:
            data = body.data if body is not None else b""
            lines["Content-Length"] = str(len(data)).encode()
            if body is not None and body.content_type is not None:
                lines["Content-Type"] = body.content_type.encode()
        lines |= headers or {}
        whole = self._is_whole(address, lines, data)
        head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in lines.items())
        line = f"{method} {address} HTTP/1.1\r\n".encode("ascii", "replace")
        return Sending(
            of=f"{method} to {route} with {what}{' as staff' if 'Cookie' in lines else ''}",
            raw=line + head + b"\r\n" + data,
            head=method == "HEAD",
            whole=whole and method.isupper(),
        )

    def _caller(self, route: Route) -> dict[str, bytes]:
        """Who asks: somebody of the staff, mostly for staff pages, and a sender of their own."""
        lines = {}
        if not route.rule.startswith("/dev/"):
            sender = self._chance.getrandbits(24).to_bytes(3)
            lines["X-Forwarded-For"] = ".".join(map(str, (10, *sender))).encode()
        if self._chance.random() < (0.8 if route.rule.startswith("/staff/") else 0.1):
            lines["Cookie"] = self._site.cookie.encode()
        return lines

    def _is_whole(self, address: str, lines: Mapping[str, bytes], data: bytes) -> bool:
        """True unless the server may well refuse it by itself."""
        heads = sum(len(name) + len(value) for name, value in lines.items())
        plain_host = lines["Host"] == self._site.host.encode()
        ascii_only = all(value.isascii() for value in lines.values())
        controls = any(byte < 0x20 or byte == 0x7F for value in lines.values() for byte in value)
        short = len(address) < 4000 and heads < 6000 and len(data) <= 60_000
        return (
            plain_host
            and ascii_only
            and short
            and not controls
            and URI.fullmatch(address) is not None
        )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A rule that an answer broke."""

    rule: str
    of: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}: {self.of}"


def judge(sending: Sending, answer: Answer) -> Iterator[Fault]:
    """What is wrong with an answer."""

    def fault(rule: str, detail: str) -> Fault:
        return Fault(rule=rule, of=sending.of, detail=detail)

    if answer.status >= 500 and not (answer.status in OWN_REFUSALS and not sending.whole):
        yield fault("5xx", str(answer.status))
    told = TELLS.search(answer.body)
    if told:
        yield fault("tells", told[0].decode("latin-1"))
    if "x-injected" in answer.headers or "injected" in answer.headers.get("set-cookie", ""):
        yield fault("injected", "a stranger's header")
    if re.search(r"\d", answer.headers.get("server", "")) or "x-powered-by" in answer.headers:
        yield fault("tells", "a version in the headers")
    target = answer.headers.get("location", "/")
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        yield fault("leads away", "an address that is not on this host")
    if not sending.whole and answer.status in OWN_REFUSALS and not _ours(answer):
        return
    for name, right in HEADERS.items():
        if not right.match(answer.headers.get(name, "")):
            yield fault("headers", f"{answer.status} without a right {name}")
    if answer.status >= 400 and answer.headers.get("cache-control") != "no-store":
        yield fault("headers", f"{answer.status} may be kept")


def _ours(answer: Answer) -> bool:
    return "x-content-type-options" in answer.headers


@dataclass
class Found:
    """What came of many requests."""

    faults: list[Fault] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    late: list[Sending] = field(default_factory=list)
    sent: int = 0
    slowest: float = 0.0

    def of(self, rule: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.rule == rule]


class Run:
    """Sends requests over some connections at once."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.found = Found()

    async def all(self, sendings: Sequence[Sending]) -> Found:
        """Every one of them; then those that were late once more, alone."""
        waiting = deque(sendings)

        async def work() -> None:
            connection = Connection(self._base)
            while waiting:
                await self._one(connection, waiting.popleft())
            connection.close()

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
        for sending in self.found.late:
            if len(self.found.of("hangs")) == EXAMPLES:
                break
            connection = Connection(self._base)
            _, seconds = await self._answer(connection, sending)
            if seconds > LATE:
                fault = Fault(rule="hangs", of=sending.of, detail=f"{seconds:.1f} s, twice")
                self.found.faults.append(fault)
            connection.close()
        return self.found

    async def _one(self, connection: Connection, sending: Sending) -> None:
        answer, seconds = await self._answer(connection, sending)
        found = self.found
        found.sent += 1
        found.slowest = max(found.slowest, seconds)
        if seconds > LATE and sending.whole:
            found.late.append(sending)
        if answer is None:
            found.statuses["none"] += 1
            if sending.whole:
                found.faults.append(Fault(rule="no answer", of=sending.of, detail="hung up"))
            return
        found.statuses[f"{answer.status // 100}xx"] += 1
        found.faults += judge(sending, answer)

    async def _answer(
        self, connection: Connection, sending: Sending
    ) -> tuple[Answer | None, float]:
        """The answer and its seconds; once more where an idle connection was closed meanwhile."""
        for _ in range(2 if sending.whole else 1):
            began = time.perf_counter()
            try:
                answer = await connection.exchange(
                    sending.raw,
                    bodyless=sending.head,
                    patience=PATIENCE if sending.whole else BRIEF,
                )
                return answer, time.perf_counter() - began
            except BROKEN:
                seconds = time.perf_counter() - began
                if seconds > LATE:
                    break
            finally:
                if not sending.whole:
                    connection.close()  # what is left of it must not be read as the next answer
        return None, seconds


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """All requests; then fewer to a program that is broken in four places."""
    outcome = Verdict(f"fuzz {database}")
    chance = random.Random(f"{chosen.seed} {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        sandbox.instance.settings = dict(SENDERS)
        say(f"fuzz {database}: {chosen.requests:,} requests, seed {chosen.seed}{busy()}")
        found = _send(sandbox, chosen.requests, chance)
        statuses = ", ".join(
            f"{number:,} {kind}" for kind, number in sorted(found.statuses.items())
        )
        say(f"  {statuses}; slowest {found.slowest:.2f} s")
        for rule in sorted({fault.rule for fault in found.faults}):
            for fault in found.of(rule)[:EXAMPLES]:
                say(f"  RED {fault}")
            outcome.broken.append(f"RED {len(found.of(rule)):,} {rule}")
        outcome.extras += [
            f"{found.sent:,} requests ({statuses})",
            f"0 5xx, 0 hangs, slowest {found.slowest:.2f} s" if not found.faults else "faults",
            f"{len(found.late)} late once",
        ]
        sandbox.instance.control = CONTROL
        say(f"  control {CONTROL}: {CONTROL_REQUESTS:,} requests")
        broken = _send(sandbox, CONTROL_REQUESTS, chance)
        for rule in PLANTED:
            seen = broken.of(rule)
            outcome.controls[rule] = str(seen[0]) if seen else None
            say(f"  control {rule}: {f'red, as it must be: {seen[0]}' if seen else 'STAYED GREEN'}")
    return outcome


CONTROL: Final = "four-faults"
PLANTED: Final = ("5xx", "hangs", "tells", "headers")


def _send(sandbox: Sandbox, number: int, chance: random.Random) -> Found:
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()
    site = site_of(sandbox.instance, chance)
    sendings = list(Drawing(site, chance).draw(number))
    found = asyncio.run(Run(sandbox.instance.base).all(sendings))
    if not sandbox.instance.answers():
        found.faults.append(Fault(rule="5xx", of="afterwards", detail="the page does not answer"))
    sandbox.instance.stop()
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--requests", type=bounded(MOST_REQUESTS), default=REQUESTS, help=f"({REQUESTS:,})"
    )
