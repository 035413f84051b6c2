"""Replies: what targets answer reaches who wrote to them, and what they answer to that goes back.

Nothing that is mailed to an alias is ever sent to a target: answers are written on the supporter's
own page. What becomes of an email that came to an alias is known to us alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.letters import letter
from petition.domain.letters.inbound import InboundMail, InboundOutcome
from petition.domain.letters.letter import message_id
from petition.domain.letters.recipient import Recipient
from petition.domain.messages.message import MessageText
from petition.domain.messages.reply import MOST_A_DAY, ReplyText
from petition.domain.messages.steps import Step
from petition.domain.signatures.entry_ids import new_entry_id
from petition.domain.signatures.mail_providers import Provider, halves
from petition.errors import NotFound
from petition.services.privacy.rights import reply_text
from petition.services.vault import address_keys
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.messages import counts, replies
from petition.store.messages.replies import Answerable, OpenAlias, ReplyRecord
from petition.store.signatures import mail_providers
from petition.store.vault.vault import Vault

A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class AliasContext:
    """What telling a target's email from its supporter's own needs."""

    vault: Vault
    secret_key: str


def take(
    session: Session, context: AliasContext, letter_id: int, mail: InboundMail, *, at: datetime
) -> InboundOutcome:
    """Deal with an email that came to the alias which was made from this letter."""
    alias = replies.open_alias(session, letter_id, at=at)
    if alias is None:
        return InboundOutcome.NOWHERE
    if mail.is_loop:
        return InboundOutcome.LOOP
    if mail.is_auto:
        return InboundOutcome.AUTO_REPLY
    if _is_own(session, context, alias, mail):
        _tell_where(session, alias, at=at)
        return InboundOutcome.OWN
    if replies.number_since(session, alias.message_id, at - A_DAY) >= MOST_A_DAY:
        return InboundOutcome.TOO_MANY
    _keep(session, context.vault, alias, mail.text, at=at)
    return InboundOutcome.REPLY


def _is_own(session: Session, context: AliasContext, alias: OpenAlias, mail: InboundMail) -> bool:
    """Whether the supporter themself wrote it: from their address, or in answer to our letter.

    Nobody else has seen the number of that letter, and whoever writes from another of their own
    addresses still answers it.
    """
    ours = replies.letters_about(session, alias.message_id)
    if any(message_id(context.secret_key, id_) in mail.answers for id_ in ours):
        return True
    if not mail.author:
        return False
    _, domain = halves(mail.author)
    providers: Mapping[str, Provider] = mail_providers.of_domain(session, domain)
    keys = address_keys.of_email(context.vault, providers, mail.author)
    return keys.address == alias.address_key or keys.mailbox == alias.mailbox_key


def _keep(
    session: Session, vault: Vault, alias: OpenAlias, text: ReplyText, *, at: datetime
) -> None:
    id_, number = new_entry_id(at), vault.current
    if replies.is_first(session, alias.message_id):
        counts.note(session, [alias.message_id], Step.ANSWERED, at=at)
    replies.add(session, id_, alias.message_id, vault.seal_reply(text, id_, number), number, at=at)
    told = NewLetter(kind=letter.REPLY, to=Recipient.reply(id_), due_at=at)
    outbox.enqueue(session, [told])


def _tell_where(session: Session, alias: OpenAlias, *, at: datetime) -> None:
    """Once a day at most: two mail programs could answer each other for ever."""
    newest = replies.newest(session, alias.message_id)
    if newest is None or replies.was_told_where(session, alias.signature_id, at - A_DAY):
        return
    told = NewLetter(kind=letter.ANSWER_HERE, to=Recipient.reply(newest), due_at=at)
    outbox.enqueue(session, [told])


# --- on the supporter's own page ------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OwnReply:
    """A reply, opened."""

    record: ReplyRecord
    text: ReplyText | None
    """None once it was deleted."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a supporter answers to a reply."""

    reply_id: int
    text: MessageText


def opened(vault: Vault, records: tuple[ReplyRecord, ...]) -> list[OwnReply]:
    """The replies with their texts."""
    return [OwnReply(record=each, text=reply_text(vault, each)) for each in records]


def answerable(session: Session, signature_id: int, reply_id: int) -> Answerable:
    """The reply that somebody is about to answer; raises NotFound where that cannot be."""
    found = replies.answerable(session, signature_id, reply_id)
    if found is None:
        raise NotFound(f"reply {reply_id} cannot be answered")
    return found


def answer(
    session: Session, vault: Vault, signature_id: int, command: Answer, *, at: datetime
) -> None:
    """Queue the answer for the target: paced, parked and counted to its cap like any message.

    Raises NotFound where the reply cannot be answered (any more).
    """
    to = answerable(session, signature_id, command.reply_id)
    id_, number = new_entry_id(at), vault.current
    sealed = vault.seal_message(command.text, id_, number)
    if not replies.add_answer(session, to, signature_id, id_, sealed, number, at=at):
        raise NotFound(f"reply {command.reply_id} was answered just now")
    owed = NewLetter(kind=letter.MESSAGE, to=Recipient.message(id_), due_at=at)
    outbox.enqueue(session, [owed])


def close(session: Session, signature_id: int, message_id: int, *, at: datetime) -> bool:
    """No more answers to this message; False where there is none to close."""
    return replies.close(session, signature_id, message_id, at=at)
