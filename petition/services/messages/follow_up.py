"""Follow-up: two weeks on, supporters are asked once what came back, and may chase it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.domain.messages import message
from petition.domain.messages.message import MessageText
from petition.domain.messages.steps import Step
from petition.domain.messages.targets import ASK_AFTER, Outcome, Stand
from petition.domain.signatures.entry_ids import new_entry_id
from petition.services.messages import queueing
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.messages import counts, follow_up, messages, target_details
from petition.store.messages.follow_up import NewChaseUp
from petition.store.messages.messages import MessageRecord
from petition.store.vault.vault import Vault

BATCH: Final = 500


def ask_due(session: Session, *, at: datetime) -> int:
    """Owe the question to some who are due; how many messages were looked at."""
    looked_at, asked = follow_up.ask(session, sent_before=at - ASK_AFTER, at=at, most=BATCH)
    outbox.enqueue(
        session,
        [NewLetter(kind=letter.FOLLOW_UP, to=Recipient.entry(id_), due_at=at) for id_ in asked],
    )
    return looked_at


def note_outcome(session: Session, signature_id: int, message_id: int, outcome: Outcome) -> bool:
    """What came back; False where it is no message that they sent."""
    return follow_up.set_outcome(session, signature_id, message_id, outcome)


def set_wants_answer(session: Session, signature_id: int, *, wants: bool) -> None:
    """Whether they are told if a target answers all."""
    follow_up.set_wants_answer(session, signature_id, wants=wants)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message that went, and what its writer can do about it."""

    record: MessageRecord
    may_chase_up: bool


def sent(session: Session, signature_id: int) -> list[Sent]:
    """What they sent, the last first; chase-ups are not asked about."""
    found = []
    for record in reversed(messages.of_signature(session, signature_id)):
        if record.state == message.SENT and record.wave > 0 and not record.is_answer:
            may = record.outcome == Outcome.NONE and _is_open(session, record)
            found.append(Sent(record=record, may_chase_up=may))
    return found


def _is_open(session: Session, record: MessageRecord) -> bool:
    """Whether a second message may go to its target: it is written to, and has not agreed."""
    target = target_details.by_id(session, record.target_id)
    has_agreed = target.stand is not None and target.stand.stand == Stand.PROMISED
    return (
        target.retired_at is None
        and not has_agreed
        and not follow_up.has_chase_up(session, record.id)
    )


def chase_up(
    session: Session,
    vault: Vault,
    signature_id: int,
    first: MessageRecord,
    text: MessageText,
    *,
    at: datetime,
) -> bool:
    """Queue a second message to the target of a first one; False where none may go."""
    if first.outcome != Outcome.NONE or not _is_open(session, first):
        return False
    id_, number = new_entry_id(at), vault.current
    new = NewChaseUp(id=id_, sealed=vault.seal_message(text, id_, number), key_number=number)
    if not follow_up.add_chase_up(session, signature_id, first.id, new, at=at):
        return False
    for step in (Step.COMPOSED, Step.CONFIRMED):
        counts.note(session, [id_], step, at=at)
    queueing.owe(session, [id_], at)
    return True
