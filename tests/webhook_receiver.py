"""A receiver of webhooks: a real HTTPS server on loopback, certified by a CA of its own."""

# The server calls its handler by these names.

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from petition.domain.webhooks.event import Algorithm
from petition.services.webhooks import endpoints
from petition.services.webhooks.endpoints import Made, NewEndpoint
from petition.store.db import db, reading, transaction
from petition.web.http.dependencies import dependencies_of
from petition.worker.webhook_client import WebhookClient
from petition.worker.webhooks import WebhookSender

HOST = "hooks.example.org"
SECRET_WORDS = "What-the-receiver-says-to-nobody"


@dataclass(frozen=True, kw_only=True)
class Got:
    """One message as it came."""

    headers: dict[str, str]
    body: bytes
    path: str = ""

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.said["data"]

    @property
    def kind(self) -> str:
        return str(self.said["type"])


@dataclass
class Receiver:
    """What it got, and what it answers."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], int] = lambda got: 204
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/in?from=petition"

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.got]


class Authority:
    """A CA, and a certificate for the receiver's name."""

    def __init__(self, folder: Path, host: str = HOST) -> None:
        self.file, self.chain = folder / "ca.pem", folder / "chain.pem"
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = _certificate("Test CA", ca_key, "Test CA", ca_key, None)
        own = _certificate(host, key, "Test CA", ca_key, host)
        self.file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        self.chain.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + own.public_bytes(serialization.Encoding.PEM)
        )

    def trusted(self) -> ssl.SSLContext:
        """For a client that trusts this CA alone."""
        return ssl.create_default_context(cafile=str(self.file))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    host: str | None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    public = issuer_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if host is not None:
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@contextmanager
def receiving(authority: Authority) -> Iterator[Receiver]:
    """A receiver that listens for as long as the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(headers=headers, body=body, path=self.path)
            status = receiver.answer(got)
            receiver.got.append(got)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if status >= 400:
                self.wfile.write(SECRET_WORDS.encode())

        def log_message(self, *_: object) -> None:
            """Tests read what it got."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that trusts another CA hangs up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.chain)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def client_to(authority: Authority) -> WebhookClient:
    """As in development: the receiver's name leads to this machine."""
    return WebhookClient(
        loopback=True, resolver=lambda host, port: ["127.0.0.1"], context=authority.trusted()
    )


def sender_of(
    app: Flask, client: WebhookClient, stop: threading.Event | None = None
) -> WebhookSender:
    """A worker's sender, with no jitter: tests know when each try is due."""
    deps = dependencies_of(app)
    with app.app_context():
        engine = db.engine
    return WebhookSender(
        deps.vault,
        client,
        transaction=lambda: transaction(engine),
        reading=lambda: reading(engine),
        now=deps.now,
        stop=stop or threading.Event(),
        jitter=lambda: 0.0,
    )


def add(
    app: Flask,
    url: str,
    algorithm: Algorithm = Algorithm.HMAC,
    slug: str = "amazon",
    partner: str | None = None,
) -> Made:
    """An endpoint of the campaign, as an owner makes it."""
    deps = dependencies_of(app)
    command = NewEndpoint(campaign=slug, url=url, algorithm=algorithm, partner=partner)
    with app.app_context(), transaction() as session:
        return endpoints.add(
            session, deps.vault, command, loopback=True, by="owner@example.org", at=deps.now()
        )
