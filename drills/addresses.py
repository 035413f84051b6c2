"""Addresses of every class, by the thousand: the rows that supporters would have left."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, bindparam, text

from drills.instance import CAMPAIGN, Instance
from petition.app import create_app
from petition.config import load
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.signatures import consent
from petition.domain.signatures.entry_ids import new_entry_id
from petition.domain.signatures.mail_providers import Providers
from petition.domain.signatures.source import Source
from petition.domain.signatures.supporter import Person
from petition.services.signatures import signing
from petition.store.campaigns import campaigns
from petition.store.db import Instant, db, reading, transaction
from petition.store.signatures import bulk_insert
from petition.store.signatures.bulk_insert import Answer, NewEntry
from petition.web.http.dependencies import Dependencies, dependencies_of

UNKNOWN: Final = "unknown"
PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
WITHDRAWN: Final = "withdrawn"
ERASED: Final = "erased"
BLOCKED: Final = "blocked"
CLASSES: Final = (UNKNOWN, PENDING, CONFIRMED, WITHDRAWN, ERASED, BLOCKED)
HELD: Final = frozenset({PENDING, CONFIRMED, WITHDRAWN})
"""Those that have a signature in the database."""

BATCH: Final = 500
NO_PROVIDERS: Final = Providers(())
SIGNED_AGO: Final = timedelta(hours=30)
"""Long enough for a letter to have gone, so short that nothing is due to be forgotten."""
GONE: Final = "DELETE FROM signatures WHERE campaign_id = :campaign AND address_key = :key"
CONFIRM: Final = (
    "UPDATE signatures SET state = 'confirmed', confirmed_at = created_at"
    " WHERE campaign_id = :campaign AND address_key = :key"
)
WITHDRAW: Final = (
    "UPDATE signatures SET state = 'withdrawn', withdrawn_from = state, withdrawn_at = :now"
    " WHERE campaign_id = :campaign AND address_key = :key"
)
BLOCK: Final = (
    "INSERT INTO mailbox_blocks (mailbox_key, blocked_at)"
    " SELECT address_key, created_at FROM signatures"
    " WHERE campaign_id = :campaign AND address_key = :key"
)
LATER: Final[Mapping[str, tuple[str, ...]]] = {
    PENDING: (),
    CONFIRMED: (CONFIRM,),
    WITHDRAWN: (
        CONFIRM,
        WITHDRAW,
    ),
    ERASED: (GONE,),
    BLOCKED: (
        BLOCK,
        GONE,
    ),
}
"""What became of a form that was sent in. By statements of our own: the services take a minute
for ten thousand, and the pages that are drilled read nothing else of it."""

Pool = Mapping[str, Sequence[str]]
"""A class's addresses."""


def draw(number: int, chance: random.Random) -> Pool:
    """`number` new addresses for each class: equally long, alike, and dealt out by chance."""
    names = set[str]()
    while len(names) < number * len(CLASSES):
        names.add(f"{chance.getrandbits(64):016x}@example.org")
    drawn = sorted(names)
    chance.shuffle(drawn)
    return {
        each: drawn[index * number : (index + 1) * number] for index, each in enumerate(CLASSES)
    }


def make(instance: Instance, pool: Pool, chance: random.Random) -> None:
    """Bring every address into its class. No letter is left to send."""
    # In mixed order: no class's rows lie together.
    order = [(email, each) for each, emails in pool.items() if each != UNKNOWN for email in emails]
    chance.shuffle(order)
    at = datetime.now(UTC) - SIGNED_AGO
    with opened(instance) as (deps, campaign):
        for start in range(0, len(order), BATCH):
            _add(deps, campaign, order[start : start + BATCH], at)


@contextmanager
def opened(instance: Instance) -> Iterator[tuple[Dependencies, CampaignView]]:
    """The installation from inside, as a command of its own opens it."""
    app = create_app(load(instance.environment()))
    with app.app_context():
        try:
            with reading() as session:
                campaign = campaigns.view(session, CAMPAIGN, "en")
            yield dependencies_of(app), campaign
        finally:
            db.engine.dispose()


def _add(
    deps: Dependencies, campaign: CampaignView, batch: list[tuple[str, str]], at: datetime
) -> None:
    made = [(_new_entry(deps, campaign, email, at), each) for email, each in batch]
    with transaction() as session:
        bulk_insert.add(session, [arrival for arrival, _ in made])
        session.execute(text("UPDATE letters SET state = 'sent' WHERE state = 'owed'"))
        for each, statements in LATER.items():
            keys = [arrival.address_key for arrival, its in made if its == each]
            for statement in statements if keys else ():
                session.execute(
                    text(statement).bindparams(*_moment(statement)),
                    [{"campaign": campaign.id, "key": key} for key in keys],
                )


def _moment(statement: str) -> list[BindParameter[datetime]]:
    """What is withdrawn is so from now on: an hour later the worker erases it."""
    now = bindparam("now", datetime.now(UTC), type_=Instant)
    return [now] if ":now" in statement else []


def _new_entry(deps: Dependencies, campaign: CampaignView, email: str, at: datetime) -> NewEntry:
    entry_id, number = new_entry_id(at), deps.vault.current
    local, _, domain = email.partition("@")
    person = Person(given_name="Ada", family_name="Stone", email=email, postcode="", comment="")
    answers = {consent.SIGN: "yes", consent.UPDATES: "no", consent.VISIBILITY: "counted"}
    return NewEntry(
        campaign_id=campaign.id,
        address_key=signing.address_key(deps.vault, NO_PROVIDERS, local, domain),
        mailbox_key=None,
        keyed_by=NO_PROVIDERS.fingerprint,
        entry_id=entry_id,
        sealed=deps.vault.seal(person, entry_id, number),
        key_number=number,
        country="DE",
        language="en",
        visibility="counted",
        updates="no",
        source=Source(),
        answers=tuple(
            Answer(purpose=each, consent_text_id=campaign.consent_text_ids[each], answer=answer)
            for each, answer in answers.items()
        ),
        way=consent.WEB,
        at=at,
    )
