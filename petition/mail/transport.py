"""Transport: handing a letter over, to an SMTP server or into the mailbox folder."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from petition import files
from petition.config import Settings
from petition.domain.letters import bounce
from petition.domain.letters.bounce import BounceClass
from petition.errors import PetitionError
from petition.mail.dkim import UNSIGNED, Signer, signer
from petition.mail.ready_letter import ReadyLetter, check
from petition.setting_urls import Smtp
from petition.store.letters import outbox_files

TIMEOUT = 30.0
"""Seconds for each step of a conversation."""


class ServerAway(PetitionError):
    """The mail server cannot be reached or refuses us. No letter's fault."""


class NotTaken(PetitionError):
    """The server did not take this letter."""

    means: BounceClass | None = None
    """What its answer means by our own table; None where it gave none."""
    answers: Mapping[str, NotTaken] = MappingProxyType({})
    """By recipient, what it said of each; empty where it gave no answer."""


class TryLater(NotTaken):
    """The server does not take this letter now."""


class OutcomeUnknown(TryLater):
    """Cut off after the end of the letter was sent: the server may have taken it."""


class Refused(NotTaken):
    """The server will never take this letter."""


class TurnedAway(NotTaken):
    """The server refuses this letter, and says nothing against its mailbox: maybe it is we."""


Refusals = Mapping[str, NotTaken]
"""Of a letter that was taken for some of its recipients: the others, and what was said of each."""
_NONE: Final[Refusals] = MappingProxyType({})


class Transport(Protocol):
    """Hands letters over, one after the other."""

    def send(self, letter: ReadyLetter) -> Refusals:
        """Return once the letter is taken; raise ServerAway, TryLater, Refused or TurnedAway.

        Of several recipients, whom the server did not take it for is in what is returned. The
        bytes are checked first: raises UnsafeLetter, and nothing has left.
        """

    def unsend(self, letter: ReadyLetter) -> None:
        """Take a letter back, as far as that can be done: it was erased while it went out."""

    def close(self) -> None:
        """End the conversation."""


def transport(settings: Settings) -> Transport:
    """The one that the settings ask for."""
    if settings.smtp is not None:
        return SmtpTransport(settings.smtp, signer(settings))
    return FolderTransport(settings.outbox_dir, signer(settings))


class FolderTransport:
    """Letters as files, for development. A file appears whole or not at all."""

    def __init__(self, folder: Path, signer: Signer = UNSIGNED) -> None:
        self._folder = folder
        self._signer = signer

    def send(self, letter: ReadyLetter) -> Refusals:
        check(letter)
        try:
            self._write(letter)
        except OSError as error:
            raise ServerAway(type(error).__name__) from None
        return _NONE

    def _write(self, letter: ReadyLetter) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = outbox_files.path(self._folder, _stem(letter), at=letter.at)
        files.write_whole(path, [self._signer.signed(letter.content)])

    def unsend(self, letter: ReadyLetter) -> None:
        outbox_files.delete(self._folder, {_stem(letter)})

    def close(self) -> None:
        pass


def _stem(letter: ReadyLetter) -> str:
    return letter.message_id[: outbox_files.STEM]


class Conversation(smtplib.SMTP):
    """With one server; it knows whether the end of a letter was sent.

    The one that `sendmail` sends as bytes with this end is the letter; commands are texts.
    """

    has_ended_letter = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        """Of the letter at hand, what was said of each recipient."""
        super().__init__(*args, **options)

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        answer = super().rcpt(recip, options)
        self.answers[recip] = answer
        return answer

    def send(self, s: Any) -> None:
        if isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            self.has_ended_letter = True
        super().send(s)


class TlsConversation(Conversation, smtplib.SMTP_SSL):
    """The same, encrypted from the beginning."""


class SmtpTransport:
    """One connection for many letters; opened when the first one goes."""

    def __init__(self, server: Smtp, signer: Signer = UNSIGNED) -> None:
        self._server = server
        self._signer = signer
        self._connection: Conversation | None = None

    def send(self, letter: ReadyLetter) -> Refusals:
        check(letter)
        connection = self._connection or self._open()
        self._connection = connection
        try:
            return self._hand_over(connection, letter)
        except (ServerAway, TryLater):
            self.close()
            raise

    def _hand_over(self, connection: Conversation, letter: ReadyLetter) -> Refusals:
        connection.has_ended_letter = False
        connection.answers = {}
        options: tuple[str, ...] = ()
        if not all(map(str.isascii, letter.envelope_recipients)):
            if not connection.has_extn("smtputf8"):
                raise Refused("SMTPUTF8 is not supported")
            options = ("SMTPUTF8", "BODY=8BITMIME")
        content = self._signer.signed(letter.content)
        try:
            refused = connection.sendmail(
                letter.envelope_sender, [*letter.envelope_recipients], content, options
            )
        except smtplib.SMTPRecipientsRefused as error:
            raise _taken_by_none(error.recipients) from None
        except smtplib.SMTPSenderRefused as error:
            raise _our_fault(error) from None
        except smtplib.SMTPDataError as error:
            of_all = (error.smtp_code, error.smtp_error)
            accepted = {to: of_all for to, said in connection.answers.items() if said[0] < 300}
            raise _taken_by_none(connection.answers | accepted) from None
        except (smtplib.SMTPException, OSError) as error:  # a server that is gone is one of them
            cut_off = f"cut off: {type(error).__name__}"
            raise (OutcomeUnknown if connection.has_ended_letter else TryLater)(cut_off) from None
        return {address: _verdict(*answer) for address, answer in refused.items()}

    def _open(self) -> Conversation:
        try:
            connection = self._connect()
            try:
                self._introduce(connection)
            except BaseException:
                connection.close()
                raise
        except smtplib.SMTPResponseException as error:  # at the greeting, at hello, at the login
            raise ServerAway(f"{type(error).__name__}: SMTP {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise ServerAway(type(error).__name__) from None
        return connection

    def _connect(self) -> Conversation:
        server = self._server
        if server.implicit_tls:
            context = ssl.create_default_context()
            return TlsConversation(server.host, server.port, timeout=TIMEOUT, context=context)
        return Conversation(server.host, server.port, timeout=TIMEOUT)

    def _introduce(self, connection: smtplib.SMTP) -> None:
        server = self._server
        if server.starttls:
            connection.starttls(context=ssl.create_default_context())
        connection.ehlo_or_helo_if_needed()
        if server.username is not None:
            connection.login(server.username, server.password or "")

    def unsend(self, letter: ReadyLetter) -> None:
        pass  # what a server has taken is on its way

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()


def _taken_by_none(answers: Mapping[str, tuple[int, bytes | str]]) -> NotTaken:
    """Nobody has it: what may pass for one of several is tried again for all."""
    verdicts = {to: _verdict(*said) for to, said in answers.items()}
    passing = (each for each in verdicts.values() if not isinstance(each, Refused))
    verdict = next(passing, None) or next(iter(verdicts.values()))
    verdict.answers = verdicts
    return verdict


_ENHANCED: Final = re.compile(rb"5\.(\d{1,3}\.\d{1,3})(?!\S)")
_FULL: Final = "2.2"
_THE_MAILBOX: Final = re.compile(r"[12]\..*")
_OUR_ADDRESS: Final = frozenset({"1.7", "1.8"})


def _verdict(code: int, words: bytes | str) -> NotTaken:
    """What an answer comes to, and what it means (domain/letters/bounce.py)."""
    raw = words.encode() if isinstance(words, str) else words
    verdict = _outcome(code, raw)
    verdict.means = bounce.of_text(f"{code} {raw.decode('utf-8', 'replace')}")
    return verdict


def _outcome(code: int, raw: bytes) -> NotTaken:
    """4xx may pass (RFC 5321, 4.2.1). Of 5xx, the enhanced code says whom it is about (RFC 3463).

    A full mailbox may be emptied. Without an enhanced code, a server that refuses us says the
    same as one that does not know the mailbox, so it is not taken to be for ever.
    """
    found = _ENHANCED.match(raw.lstrip())
    detail = found[1].decode() if found else ""
    said = f"SMTP {code} 5.{detail}" if detail else f"SMTP {code}"
    if not 500 <= code < 600 or detail == _FULL or (code == 552 and not detail):
        return TryLater(said)
    if _THE_MAILBOX.fullmatch(detail) and detail not in _OUR_ADDRESS:
        return Refused(said)
    return TurnedAway(said)


def _our_fault(error: smtplib.SMTPSenderRefused) -> ServerAway:
    """The server refuses the sender: every letter would fare the same."""
    return ServerAway(f"sender refused: SMTP {error.smtp_code}")
