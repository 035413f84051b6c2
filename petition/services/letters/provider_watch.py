"""Provider watch: a mail provider that blocks our letters gets none for a while; staff are told.

Only what servers answer to ourselves is counted: a report that came by mail may be forged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.domain.signatures.mail_providers import halves
from petition.store.db import Session
from petition.store.letters import outbox, provider_pauses
from petition.store.letters.outbox import NewLetter
from petition.store.letters.provider_pauses import Tally
from petition.store.signatures import mail_providers
from petition.store.staff import roles
from petition.store.vault.vault import Vault

ENOUGH: Final = 50
"""Letters to a provider in an hour, from which on its share of blocked ones says something."""
MOST_BLOCKED: Final = 0.05
PAUSE: Final = timedelta(hours=1)


def provider_of(session: Session, domain: str) -> str:
    """The provider behind a domain: several may be one."""
    found = mail_providers.of_domain(session, domain).get(domain)
    return found.same_as or domain if found is not None else domain


def note(
    session: Session,
    vault: Vault,
    seen: Mapping[tuple[str, datetime], Tally],
    *,
    at: datetime,
) -> list[str]:
    """Add what a worker saw, by domain and minute; the providers that are paused because of it."""
    tallies: dict[tuple[bytes, datetime], Tally] = {}
    names: dict[bytes, str] = {}
    for (domain, minute), tally in seen.items():
        name = provider_of(session, domain)
        key = vault.provider_key(name)
        before = tallies.get((key, minute), Tally())
        tallies[key, minute] = Tally(
            letters=before.letters + tally.letters, blocked=before.blocked + tally.blocked
        )
        if tally.blocked:
            names[key] = name
    provider_pauses.add(session, tallies)
    return [name for key, name in sorted(names.items()) if _is_paused(session, key, name, at)]


def _is_paused(session: Session, key: bytes, name: str, at: datetime) -> bool:
    """Pause the provider, if it blocks that much."""
    tally = provider_pauses.last_hour(session, key, at=at)
    if tally.letters < ENOUGH or tally.blocked <= MOST_BLOCKED * tally.letters:
        return False
    if not provider_pauses.pause(session, key, name, tally, at=at, until=at + PAUSE):
        return False
    outbox.enqueue(
        session,
        [
            NewLetter(kind=letter.PROVIDER_BLOCKS, to=Recipient.staff(id_), due_at=at)
            for id_ in sorted(roles.owners(session))
        ],
    )
    return True


def paused_until(session: Session, vault: Vault, to: str, *, at: datetime) -> datetime | None:
    """Until when no letter goes to the provider of an address; None when letters go."""
    if not provider_pauses.is_any(session, at=at):
        return None
    _, domain = halves(to)
    key = vault.provider_key(provider_of(session, domain))
    return provider_pauses.until(session, key, at=at)
