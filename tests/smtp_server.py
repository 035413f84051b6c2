"""A real SMTP server on loopback, that accepts, refuses, drops and falls silent as it is told."""

# The server calls its handler by these names.
# ruff: noqa: N802

from __future__ import annotations

import asyncio
import email
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from drills.ports import free_port
from petition.cli.worker import make_worker
from petition.config import Smtp
from petition.web.http.dependencies import dependencies_of, set_dependencies
from petition.worker.loop import Worker
from tests.every_letter import reader

USER, PASSWORD = "letters@campaign", "p:a/s@s w?rd"


@dataclass
class Taken:
    """One letter that the server took."""

    connection: int
    sender: str
    recipients: list[str]
    encrypted: bool
    content: bytes
    message: EmailMessage


@dataclass
class Handler:
    """What the server does, told by the test, and what it saw."""

    taken: list[Taken] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    at_hello: str | None = None
    at_sender: Callable[[str], str | None] = lambda address: None
    at_recipient: Callable[[str], str | None] = lambda address: None
    at_data: Callable[[Envelope], str | None] = lambda envelope: None
    drop_after_data: bool = False
    silent: bool = False
    hold: threading.Event | None = None
    """When set: after each letter's data the server waits for it."""
    data_seen: threading.Event = field(default_factory=threading.Event)
    asked: dict[int, list[str]] = field(default_factory=dict)
    """By envelope, its recipients, and those that were refused among them."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [self.at_hello] if self.at_hello else answers

    async def handle_HELO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str
    ) -> str:
        return self.at_hello or "250 hello"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self.at_sender(address)
        if refusal:
            return refusal
        envelope.mail_from = address
        self.asked.pop(id(envelope), None)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.setdefault(id(envelope), []).append(address)
        refusal = self.at_recipient(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        number = session.peer[1]
        self.data_seen.set()
        if self.hold is not None:
            await asyncio.to_thread(self.hold.wait, 30)
        refusal = self.at_data(envelope)
        if refusal:
            return refusal
        assert isinstance(envelope.content, bytes)
        having = self._having(envelope.content)
        reader.take(envelope.content, self.asked.pop(id(envelope)), having=having)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            if number not in self.connections:
                self.connections.append(number)
            self.taken.append(
                Taken(
                    number,
                    str(envelope.mail_from),
                    list(envelope.rcpt_tos),
                    session.ssl is not None,
                    envelope.content,
                    message,
                )
            )
        if self.drop_after_data:
            server.transport.abort()  # type: ignore[union-attr]
        if self.silent:
            await asyncio.sleep(3600)
        return "250 taken"

    def _having(self, content: bytes) -> set[str]:
        """Of a letter to several, whom it was taken for before."""
        same = [each for each in self.taken if each.content == content]
        joint = [each for each in same if len(each.message["To"].addresses) > 1]
        return {address for each in joint for address in each.recipients}


@dataclass
class SmtpServer:
    """A running server, as the settings name it."""

    handler: Handler
    smtp: Smtp


class Certificates:
    """A certificate for 127.0.0.1, and the throwaway authority that vouches for it."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.chain = folder / "ca.pem", folder / "server.pem"
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throwaway")])
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        ca = self._made(ca_name, ca_name, ca_key, ca_key, authority=True)
        certificate = self._made(name, ca_name, key, ca_key, authority=False)
        pem = serialization.Encoding.PEM
        self.authority.write_bytes(ca.public_bytes(pem))
        self.chain.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(pem)
        )

    @staticmethod
    def _made(
        name: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        *,
        authority: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=authority,
            crl_sign=authority,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
            .sign(signer, hashes.SHA256())
        )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def _login(server: SMTP, session: Session, envelope: Envelope, kind: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@pytest.fixture
def start_smtp_server(certificates: Certificates) -> Iterator[Callable[..., SmtpServer]]:
    """start_smtp_server(tls=False, smtputf8=True): a server that is closed after the test."""
    with ExitStack() as closing:

        def begin(*, tls: bool = False, smtputf8: bool = True) -> SmtpServer:
            handler, port = Handler(), free_port()
            options: dict[str, Any] = {}
            if tls:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(certificates.chain)
                options = {
                    "tls_context": context,
                    "require_starttls": True,
                    "authenticator": _login,
                    "auth_required": True,
                }
            controller = Controller(
                handler,
                hostname="127.0.0.1",
                port=port,
                enable_SMTPUTF8=smtputf8,
                **options,
            )
            controller.start()
            closing.callback(_stop, controller)
            smtp = Smtp(
                host="127.0.0.1",
                port=port,
                username=USER if tls else None,
                password=PASSWORD if tls else None,
                starttls=tls,
                implicit_tls=False,
            )
            return SmtpServer(handler, smtp)

        yield begin


def _stop(controller: Controller) -> None:
    def cancel() -> None:
        for task in asyncio.all_tasks(controller.loop):
            task.cancel()

    controller.loop.call_soon_threadsafe(cancel)
    controller.stop()


@pytest.fixture
def smtp_server(start_smtp_server: Callable[..., SmtpServer]) -> SmtpServer:
    return start_smtp_server()


@pytest.fixture
def worker_to(app: Flask) -> Callable[..., Worker]:
    """worker_to(smtp, stop): a worker of this app who sends by that server."""

    def begin(smtp: Smtp | None, stop: threading.Event | None = None) -> Worker:
        deps = dependencies_of(app)
        set_dependencies(app, replace(deps, settings=replace(deps.settings, smtp=smtp)))
        return make_worker(app, stop or threading.Event())

    return begin
