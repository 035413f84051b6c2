"""Key checks: whether the keys in the settings are those that the database was filled under.

The database keeps a keyed fingerprint of each key, which tells nothing about it. With other keys
the same person could sign again, nothing sealed would open, and links in letters would be dead: so
no process starts with them. A database without a person in it takes any keys.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, delete, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from petition.domain.signatures.mail_providers import (
    Provider,
    Providers,
    canonical_address,
    earlier_addresses,
    halves,
)
from petition.errors import PetitionError, SealBroken, SettingError
from petition.keyring import KeyRing
from petition.store.db import engine_options
from petition.store.signatures import mail_providers
from petition.store.tables import Block, Entry, KeyCheck, Mailbox, MailProvider, Signature
from petition.store.vault.vault import Vault

INDEX: Final = "index"
SECRET: Final = "secret"  # noqa: S105  # a name
SAMPLE: Final = 100
"""Records that are looked at where the database has no fingerprint yet."""

RING: Final = "PETITION_VAULT_KEY"
PUT_BACK: Final = "put back the vault.key that belongs to this database"


class KeysForeign(PetitionError):
    """The keys are not those that this database was filled under."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One key that does not fit: the setting, and what is wrong with it."""

    setting: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys in the settings."""

    ring: KeyRing
    secret_key: str

    def fingerprints(self) -> dict[str, bytes]:
        """One for each key, by its name in the database."""
        keys = {INDEX: self.ring.index, SECRET: self.secret_key.encode()}
        keys |= {seal(number): key for number, key in self.ring.sealing.items()}
        return {name: _fingerprint(name, key) for name, key in keys.items()}


def seal(number: int) -> str:
    """The name of a sealing key."""
    return f"seal {number}"


def _fingerprint(name: str, key: bytes) -> bytes:
    return hmac.new(key, f"petition.key-check.{name}".encode(), sha256).digest()[:16]


def require(session: Session, keys: Keys) -> None:
    """Raise KeysForeign when a key is not the one that this database was filled under."""
    found = findings(session, keys)
    if found:
        raise KeysForeign("; ".join(f"{each.setting} {each.words}" for each in found))


def keep(session: Session, keys: Keys) -> None:
    """Like `require`; then the database knows these keys, and takes no others from now on.

    Belongs into the transaction of the first signature: of two processes that begin with different
    keys on one empty database, the second finds the first one's.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE key_checks IN SHARE ROW EXCLUSIVE MODE"))
    require(session, keys)
    fingerprints = keys.fingerprints()
    if _stored(session) != fingerprints:
        session.execute(delete(KeyCheck))
        session.add_all(
            KeyCheck(name=name, fingerprint=value) for name, value in fingerprints.items()
        )
        session.flush()


def accept_secret(session: Session, keys: Keys) -> None:
    """Take a secret key that was changed on purpose as this database's own.

    Raises KeysForeign when the ring does not fit.
    """
    session.execute(delete(KeyCheck).where(KeyCheck.name == SECRET))
    keep(session, keys)


def findings(session: Session, keys: Keys) -> list[Finding]:
    """What does not fit; nothing in a database that has all its tables and nobody in them."""
    if not holds_people(session):
        return []
    return [*_judged(session, keys, _stored(session), keys.fingerprints())]


def holds_people(session: Session) -> bool:
    """True when there is a row that only one key ring finds or opens."""
    there = inspect(session.connection()).get_table_names()
    # No column by name: the tables may be an older version's.
    found = [
        f"EXISTS (SELECT 1 FROM {each.__tablename__})"  # noqa: S608  # our own names
        for each in (Signature, Entry, Mailbox, Block)
        if each.__tablename__ in there
    ]
    return bool(found) and bool(session.scalar(text(f"SELECT {' OR '.join(found)}")))


def _stored(session: Session) -> dict[str, bytes]:
    """The fingerprints; none before this version's migrations ran."""
    if not inspect(session.connection()).has_table(KeyCheck.__tablename__):
        return {}
    rows = session.execute(select(KeyCheck.name, KeyCheck.fingerprint))
    return {name: bytes(value) for name, value in rows}


def _judged(
    session: Session, keys: Keys, stored: Mapping[str, bytes], mine: Mapping[str, bytes]
) -> Iterator[Finding]:
    if INDEX in stored and stored[INDEX] != mine[INDEX]:
        yield Finding(setting=RING, words=f"has another index key; {PUT_BACK}")
    elif INDEX not in stored and not _index_finds(session, keys.ring):
        yield Finding(setting=RING, words=f"has an index key that finds nobody; {PUT_BACK}")
    for number in sorted({*_numbers(stored), *keys.ring.sealing, *_in_use(session)}):
        words = _seal_fault(session, keys.ring, number, stored.get(seal(number)), mine)
        if words:
            yield Finding(setting=RING, words=f"{words}; {PUT_BACK}")
    if SECRET in stored and stored[SECRET] != mine[SECRET]:
        yield Finding(
            setting="PETITION_SECRET_KEY",
            words="is another than this database's; put back its secret.key or, if you changed it "
            "on purpose, run `petition vault accept-secret`",
        )


def _numbers(stored: Mapping[str, bytes]) -> list[int]:
    return [int(name.removeprefix("seal ")) for name in stored if name.startswith("seal ")]


def _in_use(session: Session) -> set[int]:
    """The key numbers of the oldest and the newest records: counting all takes too long."""
    found: set[int] = set()
    for order in (Entry.id, Entry.id.desc()):
        found.update(session.scalars(select(Entry.key_number).order_by(order).limit(SAMPLE)))
    return found


def _seal_fault(
    session: Session, ring: KeyRing, number: int, stored: bytes | None, mine: Mapping[str, bytes]
) -> str | None:
    if number not in ring.sealing:
        # An old key may go once nothing stands under it.
        return f"lacks sealing key {number}" if _sealed_under(session, number) else None
    if stored == mine[seal(number)]:
        return None
    record = _sealed_under(session, number)
    if record is None or (stored is None and _opens(Vault(ring), *record)):
        return None
    return f"has another sealing key {number}"


def _sealed_under(session: Session, number: int) -> tuple[bytes, int, int] | None:
    query = select(Entry.sealed, Entry.id, Entry.key_number).where(Entry.key_number == number)
    row = session.execute(query.limit(1)).first()
    return (bytes(row.sealed), row.id, row.key_number) if row is not None else None


def _opens(vault: Vault, sealed: bytes, entry_id: int, key_number: int) -> bool:
    try:
        vault.open(sealed, entry_id, key_number)
    except SealBroken:
        return False
    return True


def _index_finds(session: Session, ring: KeyRing) -> bool:
    """True when one of some newest records stands under the index of its own address.

    One is enough: the table of mail providers, by which spellings become one, may have changed.
    """
    vault = Vault(ring)
    query = (
        select(Entry.sealed, Entry.id, Entry.key_number, Signature.address_key)
        .join(Signature, Signature.id == Entry.signature_id)
        .order_by(Entry.id.desc())
        .limit(SAMPLE)
    )
    providers = _providers(session)
    compared = False
    for sealed, entry_id, number, address_key in session.execute(query):
        if number not in ring.sealing or not _opens(vault, bytes(sealed), entry_id, number):
            continue
        email = vault.open(bytes(sealed), entry_id, number).email
        if email:
            compared = True
            if bytes(address_key) in _possible_keys(vault, email, providers):
                return True
    return not compared


def _providers(session: Session) -> Providers:
    """The table of mail providers, also where the migrations to this version have not run yet."""
    columns = inspect(session.connection()).get_columns(MailProvider.__tablename__)
    if {column["name"] for column in columns} >= set(MailProvider.__table__.columns.keys()):
        return mail_providers.table(session)
    rows = session.execute(
        select(
            MailProvider.domain,
            MailProvider.same_as,
            MailProvider.ignores_dots,
            MailProvider.ignores_tags,
        )
    )
    return Providers(
        Provider(domain=domain, same_as=same_as, ignores_dots=dots, ignores_tags=tags)
        for domain, same_as, dots, tags in rows
    )


def _possible_keys(vault: Vault, email: str, providers: Providers) -> set[bytes]:
    """What the address may stand under: the table may have grown since it came."""
    local, domain = halves(email)
    spellings = {
        canonical_address(local, domain, providers),
        *earlier_addresses(local, domain, providers),
    }
    return {vault.address_key(each) for each in spellings}


def refuse_beside_people(database_url: str) -> None:
    """Raise SettingError when keys are about to be made beside a database that others filled."""
    with _looking_at(database_url) as session:
        if session is not None and holds_people(session):
            raise SettingError(
                "PETITION_VAULT_KEY and PETITION_SECRET_KEY: this database holds signatures, so no "
                "new keys are made beside it; put its vault.key and secret.key into the instance "
                "folder"
            )


@contextmanager
def _looking_at(database_url: str) -> Iterator[Session | None]:
    """A session before there is an app; None where there is no SQLite file yet."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        yield None
        return
    engine = create_engine(url, **engine_options(database_url))
    try:
        with Session(engine) as session:
            yield session
    except SQLAlchemyError:
        raise SettingError(
            "DATABASE_URL: the database cannot be read, so no keys are made beside it"
        ) from None
    finally:
        engine.dispose()
