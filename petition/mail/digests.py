"""Digests written as emails to a target: a short text of ours, and the messages as one PDF."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from hmac import new as hmac
from typing import Final

from petition import i18n
from petition.addr_spec import addr_spec
from petition.config import Sender
from petition.domain.messages.message import MessageText
from petition.mail.header_lines import from_line, line, quoted_printable, subject_line
from petition.mail.letters import LetterContext
from petition.mail.ready_letter import ReadyLetter
from petition.printing import Press

_WIDTH: Final = 76


@dataclass(frozen=True, kw_only=True)
class DigestLetter:
    """A message as it stands in the PDF."""

    text: MessageText
    language: str


def digest(
    context: LetterContext,
    press: Press,
    those: Sequence[DigestLetter],
    *,
    digest_id: int,
    to: str,
    language: str,
    organiser: str | None,
    at: datetime,
) -> ReadyLetter:
    """The digest, ready to go; raises AddressRefused for an address that none goes to."""
    settings, spoken = context.settings, i18n.language(language)
    name = spoken.organiser(organiser or settings.organiser)
    ours = settings.mail_from.address
    number = hmac(settings.secret_key.encode(), b"digest %d" % digest_id, sha256).hexdigest()[:32]
    address = addr_spec(to)
    people = len(those)
    subject = spoken.ngettext(
        "%(num)s email from supporters", "%(num)s emails from supporters", people
    ) % {"num": spoken.number(people)}
    text = context.render("mail/digest.txt", spoken, people=spoken.number(people), organiser=name)
    pdf = press.paper("digest.typ", _data(those, subject, name, spoken))
    boundary = f"=_{number}"
    head = [
        from_line(Sender(name=name, address=ours)),
        line("To", address),
        line("Reply-To", settings.reply_to),
        subject_line(subject),
        line("Date", format_datetime(at)),
        line("Message-ID", f"<{number}@{ours.rpartition('@')[2]}>"),
        line("Content-Language", language),
        line("MIME-Version", "1.0"),
        line("Content-Type", f'multipart/mixed;\r\n boundary="{boundary}"'),
        "\r\n",
    ]
    content = b"".join(
        (
            "".join(head).encode(),
            f"--{boundary}\r\n".encode(),
            line("Content-Type", 'text/plain; charset="utf-8"').encode(),
            line("Content-Transfer-Encoding", "quoted-printable").encode(),
            b"\r\n",
            quoted_printable(text),
            f"--{boundary}\r\n".encode(),
            line("Content-Type", "application/pdf").encode(),
            line("Content-Disposition", 'attachment; filename="emails.pdf"').encode(),
            line("Content-Transfer-Encoding", "base64").encode(),
            b"\r\n",
            _base64(pdf),
            f"--{boundary}--\r\n".encode(),
        )
    )
    return ReadyLetter(sender=ours, to=address, message_id=number, at=at, content=content)


def _base64(content: bytes) -> bytes:
    text = base64.b64encode(content)
    return b"".join(text[at : at + _WIDTH] + b"\r\n" for at in range(0, len(text), _WIDTH))


def _data(
    those: Sequence[DigestLetter], title: str, organiser: str, spoken: i18n.Language
) -> dict[str, object]:
    return {
        "title": title,
        "organiser": organiser,
        "lang": spoken.code,
        "dir": spoken.direction,
        "letters": [
            {
                "sender": each.text.sender,
                "subject": each.text.subject,
                "body": each.text.body,
                "lang": each.language,
                "dir": i18n.language(each.language).direction,
            }
            for each in those
        ],
    }
