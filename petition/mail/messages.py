"""Messages of supporters, written as emails to a target: nothing in one leads back to its writer.

Its head has what its writer chose and saw, and what is ours: our address, the address for answers,
and a number made from that of a letter. The text is its whole body, and it has no other part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from petition.addr_spec import addr_spec
from petition.config import Sender
from petition.domain.letters.letter import message_id
from petition.domain.messages.message import MessageText
from petition.mail.header_lines import from_line, line, quoted_printable, subject_line
from petition.mail.letters import LetterContext
from petition.mail.ready_letter import ReadyLetter
from petition.mail.return_addresses import alias, return_path


def to_target(
    context: LetterContext,
    text: MessageText,
    *,
    letter_id: int,
    to: Sequence[str],
    language: str,
    at: datetime,
) -> ReadyLetter:
    """The message, ready to go to all of these, who see each other.

    Raises AddressRefused for an address that none goes to.
    """
    settings = context.settings
    ours = settings.mail_from.address
    number = message_id(settings.secret_key, letter_id)
    addresses = [addr_spec(each) for each in to]
    head = [
        from_line(Sender(name=text.sender, address=ours)),
        line("To", ",\r\n ".join(addresses)),
        line("Reply-To", alias(settings, letter_id)),
        subject_line(text.subject),
        line("Date", format_datetime(at)),
        line("Message-ID", f"<{number}@{ours.rpartition('@')[2]}>"),
        line("Content-Language", language),
        line("MIME-Version", "1.0"),
        line("Content-Type", 'text/plain; charset="utf-8"'),
        line("Content-Transfer-Encoding", "quoted-printable"),
        "\r\n",
    ]
    return ReadyLetter(
        sender=ours,
        to=addresses[0],
        also_to=tuple(addresses[1:]),
        message_id=number,
        at=at,
        content="".join(head).encode() + quoted_printable(text.body),
        return_path=return_path(settings, letter_id),
    )
