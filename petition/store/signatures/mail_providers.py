"""Mail providers: which spellings of an address they read as one mailbox."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.domain.signatures.mail_providers import Provider, Providers
from petition.store.tables import MailProvider


def table(session: Session) -> Providers:
    """The whole table."""
    return Providers(_provider(row) for row in session.scalars(select(MailProvider)))


def of_domain(session: Session, domain: str) -> Providers:
    """Of the table, what an address at that domain is read by; its fingerprint is another."""
    known = domain.lower().rstrip(".")
    near = (known, known.partition(".")[2])
    return Providers(
        _provider(row)
        for row in session.scalars(select(MailProvider).where(MailProvider.domain.in_(near)))
    )


def _provider(row: MailProvider) -> Provider:
    return Provider(
        domain=row.domain,
        same_as=row.same_as,
        ignores_dots=row.ignores_dots,
        ignores_tags=row.ignores_tags,
        ignores_marks=row.ignores_marks,
        dots_as_hyphens=row.dots_as_hyphens,
        takes_subdomains=row.takes_subdomains,
    )


def save(session: Session, provider: Provider) -> None:
    """Add a provider or change its row."""
    session.merge(
        MailProvider(
            domain=provider.domain,
            same_as=provider.same_as,
            ignores_dots=provider.ignores_dots,
            ignores_tags=provider.ignores_tags,
            ignores_marks=provider.ignores_marks,
            dots_as_hyphens=provider.dots_as_hyphens,
            takes_subdomains=provider.takes_subdomains,
        )
    )
