"""Letters about a target's reply, to the supporter whose message it answers.

A reply reaches them as a new letter of ours: its subject and its plain text, and not a byte of its
head. Answers go to the alias, whatever button of a mail program is pressed, so that no supporter's
address reaches a target; and what comes there by mail is passed on to nobody.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from petition import i18n
from petition.addr_spec import addr_spec
from petition.domain import tokens
from petition.domain.letters import letter as kinds
from petition.domain.letters.letter import message_id
from petition.domain.messages.reply import ReplyText
from petition.domain.tokens import MY_LIFE
from petition.mail.header_lines import from_line, line, quoted_printable, subject_line
from petition.mail.letters import LetterContext, finished, flowed
from petition.mail.ready_letter import ReadyLetter
from petition.mail.return_addresses import alias, return_path
from petition.store.messages.replies import ReplyLetter


def reply(
    context: LetterContext, letter: ReplyLetter, text: ReplyText, to: str, at: datetime
) -> ReadyLetter:
    """The reply in a letter of ours, in plain text: nothing in it is loaded, and nothing hidden."""
    settings, language = context.settings, i18n.language(letter.language)
    sender = settings.mail_from
    number, address = message_id(settings.secret_key, letter.id), addr_spec(to)
    head = [
        from_line(sender),
        line("To", address),
        line("Reply-To", alias(settings, letter.alias_of)),
        subject_line(language.gettext("There is an answer for you")),
        line("Date", format_datetime(at)),
        line("Message-ID", f"<{number}@{sender.address.rpartition('@')[2]}>"),
        line("Auto-Submitted", "auto-generated"),
        line("X-Auto-Response-Suppress", "All"),
        line("Content-Language", language.code),
        line("MIME-Version", "1.0"),
        line("Content-Type", 'text/plain; charset="utf-8"; format="flowed"'),
        line("Content-Transfer-Encoding", "quoted-printable"),
        "\r\n",
    ]
    body = flowed(
        context.render(
            "mail/reply.txt",
            language,
            subject="",
            host=urlsplit(settings.base_url).netloc,
            base_url=settings.base_url,
            target=letter.target,
            reply=text,
            link=_answer_link(context, letter, at),
        )
    )
    return ReadyLetter(
        sender=sender.address,
        to=address,
        message_id=number,
        at=at,
        content="".join(head).encode() + quoted_printable(body),
        return_path=return_path(settings, letter.id),
    )


def answer_here(context: LetterContext, letter: ReplyLetter, to: str, at: datetime) -> ReadyLetter:
    """What they sent by mail went to nobody: here is the page on which answers are written."""
    subject = i18n.language(letter.language).gettext("Your email was not passed on")
    links = {"link": _answer_link(context, letter, at)}
    return finished(context, letter, kinds.ANSWER_HERE, subject, links, to, at)


def _answer_link(context: LetterContext, letter: ReplyLetter, at: datetime) -> str:
    token = context.tokens.sign(tokens.MY, str(letter.signature_id), expires=at + MY_LIFE)
    return f"{context.settings.base_url}/my/{token}/answer?reply={letter.reply_id}"
