"""Address keys: what stands for an address, and for the mailbox behind it, in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from petition.domain.signatures.mail_providers import (
    Provider,
    canonical_address,
    earlier_addresses,
    earlier_mailboxes,
    halves,
    mailbox_of,
)
from petition.store.db import Session
from petition.store.signatures import mail_providers
from petition.store.vault.vault import Vault


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressKeys:
    """The keyed hashes of one address, however it is spelled."""

    address: bytes
    """The same for two spellings of one person's address: one signature."""
    mailbox: bytes
    """The same for all its tags, too: what limits letters."""

    @property
    def own_mailbox(self) -> bytes | None:
        """The mailbox's key as it stands beside the address's: None where it is the same."""
        return self.mailbox if self.mailbox != self.address else None


def of_parts(
    vault: Vault, providers: Mapping[str, Provider], local_part: str, domain: str
) -> AddressKeys:
    """What stands for an address; `domain` as A-label."""
    canonical = canonical_address(local_part, domain, providers)
    mailbox = mailbox_of(local_part, domain, providers)
    key = vault.address_key(canonical)
    return AddressKeys(
        address=key, mailbox=key if mailbox == canonical else vault.address_key(mailbox)
    )


def of_email(vault: Vault, providers: Mapping[str, Provider], email: str) -> AddressKeys:
    """What stands for an address that was sealed."""
    return of_parts(vault, providers, *halves(email))


def ever(
    vault: Vault, providers: Mapping[str, Provider], local_part: str, domain: str
) -> frozenset[bytes]:
    """Every key that this spelling may have had: signatures may wait to be keyed anew.

    Which they are depends on the spelling alone, and not on who has signed.
    """
    addresses = earlier_addresses(local_part, domain, providers)
    return frozenset(vault.address_key(each) for each in addresses)


def blocking(session: Session, vault: Vault, email: str) -> tuple[AddressKeys, frozenset[bytes]]:
    """The keys of an address, and every key under which its mailbox may have been blocked."""
    local, domain = halves(email)
    providers = mail_providers.of_domain(session, domain)
    known = earlier_mailboxes(local, domain, providers)
    keys = frozenset(vault.address_key(each) for each in known)
    return of_parts(vault, providers, local, domain), keys
