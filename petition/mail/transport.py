"""Transport: handing a letter over, to an SMTP server or into the mailbox folder."""

from __future__ import annotations

import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol

from petition.config import Settings, Smtp
from petition.errors import PetitionError
from petition.store import mailfiles

TIMEOUT = 30.0
"""Seconds for each step of a conversation."""


class ServerAway(PetitionError):
    """The mail server cannot be reached or refuses us. No letter's fault."""


class TryLater(PetitionError):
    """The server does not take this letter now."""


class Refused(PetitionError):
    """The server will never take this letter."""


class Transport(Protocol):
    """Hands letters over, one after the other."""

    def send(self, message: EmailMessage) -> None:
        """Return once the letter is taken; raise ServerAway, TryLater or Refused."""

    def forget(self, message: EmailMessage) -> None:
        """Take a letter back, as far as that can be done: it was erased while it went out."""

    def close(self) -> None:
        """End the conversation."""


def transport(settings: Settings) -> Transport:
    """The one that the settings ask for."""
    if settings.smtp is not None:
        return SmtpTransport(settings.smtp)
    return FolderTransport(settings.outbox_dir)


class FolderTransport:
    """Letters as files, for development. A file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        try:
            self._write(message)
        except OSError as error:
            raise ServerAway(type(error).__name__) from None

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = mailfiles.path(self._folder, _stem(message), at=message["Date"].datetime)
        temporary = path.with_suffix(".part")
        spoken = policy.SMTP if str(message["To"]).isascii() else policy.SMTPUTF8
        temporary.write_bytes(message.as_bytes(policy=spoken))
        temporary.chmod(0o600)
        temporary.replace(path)

    def forget(self, message: EmailMessage) -> None:
        mailfiles.forget(self._folder, {_stem(message)})

    def close(self) -> None:
        pass


def _stem(message: EmailMessage) -> str:
    return str(message["Message-ID"]).strip("<>").partition("@")[0][: mailfiles.STEM]


class SmtpTransport:
    """One connection for many letters; opened when the first one goes."""

    def __init__(self, server: Smtp) -> None:
        self._server = server
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        connection = self._connection or self._open()
        self._connection = connection
        try:
            self._hand_over(connection, message)
        except (ServerAway, TryLater):
            self.close()
            raise

    def _hand_over(self, connection: smtplib.SMTP, message: EmailMessage) -> None:
        sender = parseaddr(str(message["From"]))[1]
        try:
            connection.send_message(message, from_addr=sender)
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            raise _verdict(code) from None
        except smtplib.SMTPNotSupportedError:
            # The address needs SMTPUTF8 and this server does not speak it.
            raise Refused("SMTPUTF8 is not supported") from None
        except smtplib.SMTPSenderRefused as error:
            raise _our_fault(error.smtp_code) from None
        except smtplib.SMTPDataError as error:
            raise _verdict(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:  # a server that is gone is one of them
            raise TryLater(f"cut off: {type(error).__name__}") from None

    def _open(self) -> smtplib.SMTP:
        try:
            connection = self._connect()
            try:
                self._introduce(connection)
            except BaseException:
                connection.close()
                raise
        except (smtplib.SMTPException, OSError) as error:
            raise ServerAway(type(error).__name__) from None
        return connection

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.implicit_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)

    def _introduce(self, connection: smtplib.SMTP) -> None:
        server = self._server
        if server.starttls:
            connection.starttls(context=ssl.create_default_context())
        connection.ehlo_or_helo_if_needed()
        if server.username is not None:
            connection.login(server.username, server.password or "")

    def forget(self, message: EmailMessage) -> None:
        pass  # what a server has taken is on its way

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()


def _verdict(code: int) -> TryLater | Refused:
    """5xx is for ever, all else may pass (RFC 5321, 4.2.1)."""
    return Refused(f"SMTP {code}") if 500 <= code < 600 else TryLater(f"SMTP {code}")


def _our_fault(code: int) -> ServerAway:
    """The server refuses the sender: every letter would fare the same."""
    return ServerAway(f"sender refused: SMTP {code}")
