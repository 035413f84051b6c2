"""A folder at an IMAP server: what lies in it is handed on, and deleted there once it is kept."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from petition.domain.letters.inbound import LARGEST
from petition.errors import PetitionError
from petition.setting_urls import Imap

TIMEOUT: Final = 60.0
"""Seconds for each answer."""
AT_ONCE: Final = 50_000
"""So many numbers in one answer at most: Python's client takes no line of more than a megabyte."""


class FolderAway(PetitionError):
    """The server cannot be reached, or does not let us do this."""


@dataclass(frozen=True, kw_only=True)
class FolderPlace:
    """Where an email lies."""

    uid: str
    name: str
    """Of it alone, for ever: no other email at any time has the same."""


@dataclass(frozen=True, kw_only=True)
class FolderMail:
    """An email that lies there."""

    place: FolderPlace
    content: bytes


class ImapFolder:
    """The folder, open. Raises FolderAway at each step."""

    def __init__(self, server: Imap) -> None:
        self._server = server
        self._connection: imaplib.IMAP4 | None = None
        self._era = ""
        self._number = 0
        self._deletes_one = False
        """The server can take one of those that are marked, and leave the others."""

    def __enter__(self) -> ImapFolder:
        try:
            connection = self._connect()
            self._connection = connection
            self._open(connection)
        except (imaplib.IMAP4.error, OSError) as error:
            self._close()
            raise _away(error) from None
        except FolderAway:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _connect(self) -> imaplib.IMAP4:
        server, context = self._server, ssl.create_default_context()
        if server.implicit_tls:
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=TIMEOUT)
        connection = imaplib.IMAP4(server.host, server.port, timeout=TIMEOUT)
        connection.starttls(ssl_context=context)
        return connection

    def _open(self, connection: imaplib.IMAP4) -> None:
        connection.login(self._server.username, self._server.password)
        number = _answer(connection.select(_spelled(self._server.folder)))
        self._number = int(_text(number[0]) or 0)
        _, able = connection.capability()
        self._deletes_one = b"UIDPLUS" in (able[0] or b"").upper().split()
        _, era = connection.response("UIDVALIDITY")
        self._era = _text(era[0] if era else None)
        if not self._era.isdigit():
            raise FolderAway("the IMAP server does not number its emails for good")

    def waiting(self) -> Iterator[FolderMail]:
        """What lies there, the oldest first. Looking changes nothing."""
        for place in self._found("UNDELETED"):
            content = self._content(place.uid)
            if content is not None:  # else another took it meanwhile
                yield FolderMail(place=place, content=content)

    def marked(self) -> Iterator[FolderPlace]:
        """What is marked as deleted and not gone: by others, or by us, who then were ended."""
        yield from self._found("DELETED")

    def _found(self, state: str) -> list[FolderPlace]:
        uids: list[str] = []
        for first in range(1, self._number + 1, AT_ONCE):
            last = first + AT_ONCE - 1
            upto = "*" if last >= self._number else last
            uids += _text(self._asked("SEARCH", f"{first}:{upto}", state)[0]).split()
        server = self._server
        there = f"{server.username}@{server.host} {server.folder} {self._era}"
        return [FolderPlace(uid=uid, name=f"{there} {uid}") for uid in uids]

    def _content(self, uid: str) -> bytes | None:
        for part in self._asked("FETCH", uid, f"(UID BODY.PEEK[]<0.{LARGEST}>)"):
            if isinstance(part, tuple) and re.search(rb"\bBODY\[\]", part[0]):
                return bytes(part[1])
        return None

    def delete(self, uid: str) -> None:
        """It is kept here. What else is marked as deleted there stays, where the server can."""
        self._asked("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        self.expunge(uid)

    def expunge(self, uid: str) -> None:
        """It is marked as deleted, and goes."""
        self._asked("EXPUNGE", *([uid] if self._deletes_one else []))

    def _asked(self, command: str, *words: str) -> list[Any]:
        try:
            connection = self._there()
            return _answer(connection.uid(command, *words) if words else connection.expunge())
        except (imaplib.IMAP4.error, OSError) as error:
            raise _away(error) from None

    def _there(self) -> imaplib.IMAP4:
        if self._connection is None:
            raise FolderAway("the folder is not open")
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.logout()
            except (imaplib.IMAP4.error, OSError):
                connection.shutdown()


def _spelled(folder: str) -> str:
    """A folder's name as the protocol has it, which keeps & for other scripts."""
    quoted = re.sub(r'(["\\])', r"\\\1", folder.replace("&", "&-"))
    return f'"{quoted}"'


def _answer(found: tuple[str, list[Any]]) -> list[Any]:
    state, data = found
    if state != "OK":
        raise FolderAway(f"the IMAP server says {state}: {_text(data[0] if data else None)[:200]}")
    return data


def _text(raw: object) -> str:
    return raw.decode("ascii", "replace") if isinstance(raw, bytes) else ""


def _away(error: Exception) -> FolderAway:
    said = str(error.args[0]) if isinstance(error, imaplib.IMAP4.error) and error.args else ""
    return FolderAway(f"the IMAP server: {said[:200] or type(error).__name__}")
