"""Signatures by address: whose they are by the keys of today and of before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from petition.store.tables import (
    Campaign,
    FormerKey,
    Signature,
)

MAILBOX = func.coalesce(Signature.mailbox_key, Signature.address_key)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a signature stands: under which campaign, for which address and mailbox."""

    slug: str
    address_key: bytes
    mailbox_key: bytes


def place(session: Session, signature_id: int) -> Place | None:
    """Where a signature stands; None when it is gone."""
    row = session.execute(
        select(Campaign.slug, Signature.address_key, MAILBOX.label("mailbox_key"))
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Signature.id == signature_id)
    ).first()
    if row is None:
        return None
    return Place(
        slug=row.slug, address_key=bytes(row.address_key), mailbox_key=bytes(row.mailbox_key)
    )


def former_keys(session: Session, key: bytes) -> list[bytes]:
    """What stood for the address before the provider table changed."""
    query = select(FormerKey.former_key).where(FormerKey.address_key == key)
    return [bytes(found) for found in session.scalars(query)]


def keys_now(session: Session, key: bytes) -> list[bytes]:
    """What stands today for the address that a link names: the same key, or later ones."""
    query = select(FormerKey.address_key).where(FormerKey.former_key == key)
    return [key, *(bytes(found) for found in session.scalars(query))]


def of_link(session: Session, campaign_id: int, keys: Sequence[bytes]) -> list[int]:
    """The signatures of a campaign whose address is one of these."""
    query = select(Signature.id).where(
        Signature.campaign_id == campaign_id, Signature.address_key.in_(keys)
    )
    return list(session.scalars(query))


def of_address_anywhere(session: Session, keys: Sequence[bytes]) -> list[int]:
    """The signatures of all campaigns whose address is one of these."""
    return list(session.scalars(_anywhere(Signature.address_key.in_(keys))))


def unconfirmed_of_mailboxes(session: Session, keys: Sequence[bytes]) -> list[int]:
    """The signatures of all campaigns that these mailboxes, by whatever tag, never confirmed."""
    own = _anywhere(Signature.address_key.in_(keys), Signature.mailbox_key.is_(None))
    tagged = select(Signature.id).where(Signature.mailbox_key.in_(keys))
    never = Signature.confirmed_at.is_(None)
    return list(session.scalars(own.where(never).union(tagged.where(never))))


def mailboxes_of(session: Session, keys: Sequence[bytes]) -> list[bytes]:
    """The mailboxes of the signatures whose address is one of these."""
    ids = _anywhere(Signature.address_key.in_(keys))
    query = select(MAILBOX).where(Signature.id.in_(ids)).distinct()
    return [bytes(found) for found in session.scalars(query)]


def _anywhere(*where: Any) -> Any:
    # Campaign by campaign: the index of signatures begins with the campaign.
    return select(Signature.id).join(Campaign, Campaign.id == Signature.campaign_id).where(*where)
