"""The sink: a mail server on this machine that takes every letter and keeps it."""

import contextlib
import email
import email.policy
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from drills.ports import free_port

SEVERAL_DOMAINS = {"googlemail.com": "gmail.com"}


@dataclass(frozen=True)
class Taken:
    """One letter, as it came."""

    at: float
    to: tuple[str, ...]
    sender: str
    content: bytes

    def text(self) -> str:
        """Its text part, decoded."""
        message = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        part = message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    def holds(self, words: Collection[str]) -> list[str]:
        """Which of these words stand in it, as its bytes or as anybody reads it."""
        message = email.message_from_bytes(self.content, policy=email.policy.default)
        read = [self.content.decode("latin-1"), self.sender, *self.to, *map(str, message.values())]
        read += [str(part.get_content()) for part in message.walk() if not part.is_multipart()]
        everything = "\n".join(read).casefold()
        return [word for word in words if word.casefold() in everything]

    def link(self, prefix: str) -> str:
        """The path of its link that begins so."""
        found = re.search(rf"https?://[^/\s]+(/{prefix}/\S+)", self.text())
        return found[1] if found else ""


@dataclass
class Sink:
    """What came in."""

    url: str
    taken: list[Taken] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(
            Taken(time.monotonic(), tuple(envelope.rcpt_tos), envelope.mail_from or "", content)
        )
        return "250 taken"

    def to(self, mailbox_: str) -> list[Taken]:
        """The letters to a mailbox, however it was spelled, oldest first."""
        return [letter for letter in self.taken if mailbox_ in map(mailbox, letter.to)]


def mailbox(address: str) -> str:
    """Where a letter ends: worked out apart from the program that is tested."""
    local, _, domain = address.lower().partition("@")
    domain = SEVERAL_DOMAINS.get(domain, domain)
    local = local.split("+")[0]
    if domain == "gmail.com":
        local = local.replace(".", "")
    return f"{local}@{domain}"


@contextlib.contextmanager
def sink() -> Iterator[Sink]:
    """A mail server that listens for as long as the block lasts."""
    port = free_port()
    taken = Sink(url=f"smtp://127.0.0.1:{port}?starttls=0")
    controller = Controller(taken, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield taken
    finally:
        controller.stop()
