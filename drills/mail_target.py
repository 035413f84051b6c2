"""The target's mail server: takes what it is sent, or does one of the things that servers do."""

import asyncio
import contextlib
import email
import email.policy
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from drills.ports import free_port


class Does(StrEnum):
    """What the server does with one email."""

    TAKE = "takes"
    CLOSING = "421"
    LATER = "451"
    REFUSE = "550"
    HANG = "hangs"
    DROP_BEFORE = "drops before the dot"
    DROP_AFTER = "drops after the dot"
    TAKE_AND_DROP = "takes, and drops after the dot"


@dataclass(frozen=True)
class Taken:
    """One email, as it came."""

    at: float
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> Message:
        return email.message_from_bytes(self.content, policy=email.policy.compat32)

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class Target:
    """What it is told to do, and what came."""

    port: int
    draw: Callable[[], Does] = lambda: Does.TAKE
    hang: float = 60.0
    taken: list[Taken] = field(default_factory=list)
    did: Counter[Does] = field(default_factory=Counter)
    clock: Callable[[], float] = time.time

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?starttls=0"

    def begin(self, draw: Callable[[], Does] = lambda: Does.TAKE) -> None:
        """Another part of the drill: nothing has come yet."""
        self.draw = draw
        self.taken = []
        self.did = Counter()


class _Server(SMTP):
    """Draws what it does at each email's sender."""

    does = Does.TAKE

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        self.does = self.event_handler.target.draw()
        self.event_handler.target.did[self.does] += 1
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.does is Does.DROP_BEFORE:
            _cut(self)
            return
        await super().smtp_DATA(arg)


def _cut(server: SMTP) -> None:
    """End the connection without a word."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class _Handler:
    def __init__(self, target: Target) -> None:
        self.target = target

    async def handle_RCPT(  # noqa: N802
        self, server: _Server, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        if server.does is Does.REFUSE:
            return "550 5.1.1 nobody here"
        if server.does is Does.CLOSING:
            return "421 4.3.2 closing"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: _Server, _: Session, envelope: Envelope) -> str:  # noqa: N802
        if server.does is Does.LATER:
            return "451 4.3.0 later"
        if server.does is Does.HANG:
            await asyncio.sleep(self.target.hang)
            return "451 4.3.0 later"
        if server.does is not Does.DROP_AFTER:
            content = envelope.content
            assert isinstance(content, bytes)
            self.target.taken.append(
                Taken(
                    self.target.clock(),
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    content,
                )
            )
        if server.does in {Does.DROP_AFTER, Does.TAKE_AND_DROP}:
            _cut(server)
        return "250 taken"


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, enable_SMTPUTF8=True, hostname="target.drill.example")


@contextlib.contextmanager
def target() -> Iterator[Target]:
    """It listens for as long as the block lasts."""
    made = Target(free_port())
    controller = _Controller(_Handler(made), hostname="127.0.0.1", port=made.port)
    controller.start()
    try:
        yield made
    finally:
        controller.loop.call_soon_threadsafe(
            lambda: [task.cancel() for task in asyncio.all_tasks(controller.loop)]
        )
        controller.stop()


FAULTS = {
    Does.TAKE: 50,
    Does.CLOSING: 10,
    Does.LATER: 10,
    Does.REFUSE: 6,
    Does.HANG: 3,
    Does.DROP_BEFORE: 10,
    Does.DROP_AFTER: 5,
    Does.TAKE_AND_DROP: 6,
}


def faulty(seed: int) -> Callable[[], Does]:
    """One of them each time, as often as FAULTS says."""
    draws = random.Random(seed)
    return lambda: draws.choices([*FAULTS], [*FAULTS.values()])[0]
