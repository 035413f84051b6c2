"""Mail providers: when two addresses are the same person, and when they are one mailbox.

The two are not the same question. Two people must never become one signature, so only what a
provider documents is folded for that. A mailbox must never be flooded, so for what limits letters
every `+tag` is folded, whoever the provider is, and letters that only look other (full width, in
circles, ligatures) are plain ones.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import combinations
from typing import Any, Final

from email_validator import EmailNotValidError, validate_email

TAG: Final = "+"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """How a mail provider reads the local part, and under which domain it delivers."""

    domain: str
    same_as: str | None = None
    ignores_dots: bool = False
    ignores_tags: bool = False
    ignores_marks: bool = False
    """Hyphens and underscores are as if they were not there."""
    dots_as_hyphens: bool = False
    """A dot and a hyphen are the same."""
    takes_subdomains: bool = False
    """anything@name.domain is delivered to name@domain."""


_RULES: Final = (
    "same_as",
    "ignores_dots",
    "ignores_tags",
    "ignores_marks",
    "dots_as_hyphens",
    "takes_subdomains",
)


class Providers(Mapping[str, Provider]):
    """The table of mail providers, by domain."""

    def __init__(self, rows: Iterable[Provider]) -> None:
        self._rows = {row.domain: row for row in rows}

    def __getitem__(self, domain: str) -> Provider:
        return self._rows[domain]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def fingerprint(self) -> str:
        """16 characters that are others as soon as any rule is another one."""
        rows = [vars(self._rows[domain]) for domain in sorted(self._rows)]
        return sha256(json.dumps(rows).encode()).hexdigest()[:16]


def halves(email: str) -> tuple[str, str]:
    """(local part, domain as A-label) of an address that we once took."""
    local, _, domain = email.rpartition("@")
    if not domain.isascii():
        with suppress(EmailNotValidError):  # not valid today: then it stays as it was typed
            domain = validate_email(f"x@{domain}", check_deliverability=False).ascii_domain
    return local, domain


def canonical_address(local: str, domain: str, providers: Mapping[str, Provider]) -> str:
    """The form under which two spellings of one person's address are equal.

    `local` as typed, `domain` as A-label (email-validator's `ascii_domain`): NFC, local part
    case-folded, and then what the provider table says.
    """
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).casefold())
    domain = domain.lower().rstrip(".")
    provider = providers.get(domain)
    if provider is None:
        local, domain = _out_of_subdomain(local, domain, providers)
        provider = providers.get(domain)
    if provider is None:
        return f"{local}@{domain}"
    return f"{_folded(local, provider)}@{provider.same_as or domain}"


def _out_of_subdomain(
    local: str, domain: str, providers: Mapping[str, Provider]
) -> tuple[str, str]:
    name, _, parent = domain.partition(".")
    provider = providers.get(parent)
    if provider is None or not provider.takes_subdomains or not name:
        return local, domain
    # A hyphen there may stand for an underscore of the name: it is somebody's, but not surely
    # name@domain's.
    return name, domain if "-" in name else parent


def _folded(local: str, provider: Provider) -> str:
    if provider.ignores_tags:
        local = _without_tag(local)
    if provider.ignores_dots:
        local = local.replace(".", "") or local
    if provider.ignores_marks:
        local = local.replace("-", "").replace("_", "") or local
    if provider.dots_as_hyphens:
        local = local.replace(".", "-")
    return local


def _without_tag(local: str) -> str:
    return local.partition(TAG)[0] or local


def plain(local: str) -> str:
    """The local part in everyday letters: many mail servers read `ａｎａ` and `ana` as one.

    Others do not, so it says nothing of whether two addresses are one person's.
    """
    for _ in range(2):  # folding case may leave something to compose, and the other way round
        local = unicodedata.normalize("NFKC", local).casefold()
    return unicodedata.normalize("NFKC", local)


def mailbox_address(canonical: str) -> str:
    """What stands for the mailbox behind a canonical address: what limits letters."""
    local, _, domain = canonical.rpartition("@")
    return f"{_without_tag(plain(local))}@{domain}"


def mailbox_of(local: str, domain: str, providers: Mapping[str, Provider]) -> str:
    """The same, of an address as typed: a provider's rules read its plain letters."""
    return mailbox_address(canonical_address(plain(local), domain, providers))


def earlier_mailboxes(local: str, domain: str, providers: Mapping[str, Provider]) -> frozenset[str]:
    """Every form that its mailbox may have had, before letters were read as plain ones, too."""
    as_typed = earlier_addresses(local, domain, providers)
    known = {*as_typed, *earlier_addresses(plain(local), domain, providers)}
    halved = (each.rpartition("@") for each in as_typed)
    tagless = {f"{_without_tag(local)}@{domain}" for local, _, domain in halved}
    return frozenset({*as_typed, *tagless, *(mailbox_address(each) for each in known)})


def earlier_addresses(local: str, domain: str, providers: Mapping[str, Provider]) -> frozenset[str]:
    """Every form that this spelling may have had before one of its rules was in the table."""
    known = domain.lower().rstrip(".")
    provider = providers.get(known) or providers.get(known.partition(".")[2])
    fewer = _with_fewer_rules(provider) if provider is not None else ()
    tables: list[Mapping[str, Provider]] = [{}, *({row.domain: row} for row in fewer)]
    return frozenset(canonical_address(local, domain, table) for table in tables)


def _with_fewer_rules(provider: Provider) -> Iterator[Provider]:
    """The provider with each choice of its rules, all of them at last."""
    rules = [name for name in _RULES if getattr(provider, name)]
    for number in range(len(rules), -1, -1):
        for off in combinations(rules, number):
            without: dict[str, Any] = {name: None if name == "same_as" else False for name in off}
            yield replace(provider, **without)
