"""A small IMAP server on loopback, over TLS, with one folder."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.smtp_server import PASSWORD, USER, Certificates

UIDVALIDITY: Final = 7


@dataclass
class Folder:
    """What lies there, by its number, and what was asked."""

    emails: dict[int, bytes] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    breaks_at: str = ""
    """At this command the connection ends."""
    name: str = "INBOX/petition"
    """As the protocol spells it."""
    uidplus: bool = True
    found_at_once: int = 0
    """Numbers in the longest answer."""
    port: int = 0


class _Conversation(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self._say("* OK ready")
        for line in self.rfile:
            tag, _, rest = line.decode().strip().partition(" ")
            words = rest.upper().split()
            name = " ".join(words[: 2 if words[0] == "UID" else 1])
            folder: Folder = self.server.folder
            folder.asked.append(name)
            if name == folder.breaks_at:
                return
            state = self._answered(folder, name, rest)
            self._say(f"{tag} {state} {name}")
            if name == "LOGOUT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _answered(self, folder: Folder, name: str, rest: str) -> str:
        uids = [int(each) for each in re.findall(r"\b\d+\b", rest)][:1]
        match name:
            case "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1" + folder.uidplus * " UIDPLUS")
            case "LOGIN":
                known = rest.split(" ", 1)[1] == f'{USER} "{PASSWORD}"'
                return "OK" if known else "NO [AUTHENTICATIONFAILED]"
            case "SELECT":
                self._say(f"* {len(folder.emails)} EXISTS")
                self._say(f"* OK [UIDVALIDITY {UIDVALIDITY}] numbers stay")
                return "OK" if f'"{folder.name}"' in rest else "NO"
            case "UID SEARCH":
                numbers = sorted(folder.emails)[_places(rest.split()[2])]
                found = [n for n in numbers if (n in folder.deleted) == rest.endswith(" DELETED")]
                folder.found_at_once = max(folder.found_at_once, len(found))
                self._say("* SEARCH " + " ".join(map(str, found)))
            case "UID FETCH":
                content = folder.emails.get(uids[0])
                if content is not None:
                    self.wfile.write(
                        b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n" % (uids[0], len(content))
                    )
                    self.wfile.write(content + b")\r\n")
            case "UID STORE":
                folder.deleted.add(uids[0])
            case "UID EXPUNGE":
                for number in folder.deleted & set(uids):
                    folder.emails.pop(number, None)
                    folder.deleted.discard(number)
            case "EXPUNGE":
                for number in folder.deleted:
                    folder.emails.pop(number, None)
                folder.deleted.clear()
        return "OK"


def _places(text: str) -> slice:
    """`1:20` or `21:*` of the emails in their order."""
    first, _, last = text.partition(":")
    return slice(int(first) - 1, None if last == "*" else int(last))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    folder: Folder
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us ends the conversation."""


@contextmanager
def imap_server(certificates: Certificates) -> Iterator[Folder]:
    """The server; the folder that it has."""
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.folder = Folder(port=server.server_address[1])
        server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.context.load_cert_chain(certificates.chain)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.folder
        finally:
            server.shutdown()
            thread.join()
