"""Mail providers: what each documents is one person; every tag is one mailbox."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from petition.domain.signatures.mail_providers import (
    Provider,
    Providers,
    canonical_address,
    earlier_addresses,
    halves,
    mailbox_address,
    mailbox_of,
    plain,
)

_FIRST = import_module("migrations.versions.0001_the_first_tables")
_MORE = import_module("migrations.versions.0004_mailbox_keys")


def _shipped() -> Providers:
    """The table as the migrations make it."""
    rows = {
        domain: {"same_as": same_as, "ignores_dots": dots, "ignores_tags": tags}
        for domain, same_as, dots, tags in _FIRST.PROVIDERS
    }
    rows |= {domain: dict(rules) for domain, rules in _MORE.NEW.items()}
    for name, domains in _MORE.CHANGED:
        for domain in domains:
            rows[domain][name] = True
    return Providers(Provider(domain=domain, **rules) for domain, rules in rows.items())


SHIPPED: Final = _shipped()

ONE_PERSON: Final = (
    ("Ben.Okafor+x@gmail.com", "benokafor@googlemail.com"),
    ("anna@me.com", "anna@icloud.com", "ANNA+call@mac.com"),
    ("a.nna-b_c@protonmail.com", "annabc@pm.me", "anna_bc+1@proton.me", "an-nabc@protonmail.ch"),
    (
        "ivan.petrov@ya.ru",
        "ivan-petrov@yandex.ru",
        "Ivan.Petrov+x@yandex.kz",
        "ivan-petrov@yandex.by",
    ),
    ("shop@anna.fastmail.com", "anna+shop@fastmail.com", "anna@fastmail.com"),
    ("anna+a@outlook.com", "anna@outlook.com"),
    ("anna+a@hotmail.co.uk", "anna@hotmail.co.uk"),
    ("anna+a@zoho.com", "anna@zoho.com"),
    ("anna+a@hey.com", "anna@hey.com"),
)
SEVERAL: Final = (
    # Nothing that is not documented: two people are never one.
    ("anna@mail.ru", "anna@bk.ru", "anna@inbox.ru", "anna@list.ru", "anna+x@mail.ru"),
    (
        "anna@yahoo.com",
        "anna@yahoo.co.uk",
        "anna-maria@yahoo.com",
        "an.na@yahoo.com",
        "anna@aol.com",
    ),
    ("an.na@outlook.com", "anna@outlook.com", "anna@hotmail.com", "anna@live.com", "anna@msn.com"),
    ("an.na@icloud.com", "anna@icloud.com", "an-na@icloud.com"),
    ("ivanpetrov@yandex.ru", "ivan.petrov@yandex.ru", "ivan_petrov@yandex.ru"),
    ("an.na@fastmail.com", "anna@fastmail.com", "anna@fastmail.fm", "x@an-na.fastmail.com"),
    ("an.na@hey.com", "anna@hey.com"),
    ("anna@zoho.com", "anna@zohomail.com", "anna@zoho.eu"),
    ("an-na@gmail.com", "anna@gmail.com"),
    ("x@anna.gmail.com", "anna@gmail.com", "x@gmail.com"),
    ("anna+x@own.example", "anna@own.example", "an.na@own.example", "anna-x@own.example"),
)


def canonical(email: str) -> str:
    return canonical_address(*halves(email), SHIPPED)


def mailbox(email: str) -> str:
    return mailbox_of(*halves(email), SHIPPED)


@pytest.mark.parametrize("emails", ONE_PERSON)
def test_what_a_provider_documents_is_one_person(emails: tuple[str, ...]) -> None:
    assert len({canonical(email) for email in emails}) == 1
    assert len({mailbox(email) for email in emails}) == 1


@pytest.mark.parametrize("emails", SEVERAL)
def test_nothing_else_is(emails: tuple[str, ...]) -> None:
    assert len({canonical(email) for email in emails}) == len(emails)


@pytest.mark.parametrize("domain", ["own.example", "mail.ru", "yahoo.com", "aol.com", "gmail.com"])
def test_tags_are_one_mailbox_wherever(domain: str) -> None:
    spelled = (
        f"v@{domain}",
        f"V+1@{domain.upper()}.",
        f"v+@{domain}",
        f"v+a+b@{domain}",
        f"v+é@{domain}",
    )
    assert {mailbox(email) for email in spelled} == {f"v@{domain}"}
    assert mailbox(f"v-1@{domain}") != mailbox(f"v@{domain}")
    assert mailbox(f"+v@{domain}") != mailbox(f"+w@{domain}"), "a tag of nobody is a name"


LOOK_ALIKE: Final = (
    "\uff41\uff4e\uff41",  # full width
    "\uff21\uff2e\uff21",
    "a\uff4ea",
    "\uff41na\uff0bcall",  # with a plus of full width
    "\u24d0\u24dd\u24d0",  # in circles
    "\U0001d41a\U0001d427\U0001d41a",  # bold, of mathematics
    "\U0001d4b6\U0001d4c3\U0001d4b6",  # script
    "\U0001d552\U0001d55f\U0001d552",  # double-struck
    "\U0001d68a\U0001d697\U0001d68a",  # of a typewriter
    "\u1d43\u207f\u1d43",  # raised
    "\U0001f130\U0001f13d\U0001f130",  # squared
    "\uff41\u0274a".replace("\u0274", "\uff2e") + "+\uff11",
)


@pytest.mark.parametrize("domain", ["own.example", "gmail.com", "yahoo.com"])
@pytest.mark.parametrize("local", LOOK_ALIKE)
def test_letters_that_only_look_other_are_one_mailbox(local: str, domain: str) -> None:
    assert mailbox(f"{local}@{domain}") == f"ana@{domain}"
    assert canonical(f"{local}@{domain}") != canonical(f"ana@{domain}"), "but not surely one person"


def test_a_provider_reads_plain_letters() -> None:
    assert mailbox("\uff41\uff0e\uff42@gmail.com") == "ab@gmail.com"
    assert mailbox("\ufb01na@own.example") == "fina@own.example"


@pytest.mark.parametrize("name", ["\u00f8", "\u0131", "\u0430na", "an\u00e1", "\u03bf"])
def test_letters_of_other_alphabets_stay_others(name: str) -> None:
    assert mailbox(f"{name}@own.example").startswith(name)


def test_a_subdomain_with_a_hyphen_is_somebodys_but_not_surely_whose() -> None:
    assert canonical("a@jo-e.fastmail.com") == canonical("b@jo-e.fastmail.com")
    assert canonical("a@jo-e.fastmail.com") not in {
        canonical("jo-e@fastmail.com"),
        canonical("jo_e@fastmail.com"),
    }


def test_an_address_outside_ascii_has_its_halves() -> None:
    assert halves("ana@münchen.example") == ("ana", "xn--mnchen-3ya.example")
    assert halves("ana@Example.org") == ("ana", "Example.org")


@pytest.mark.parametrize("domain", sorted(SHIPPED))
def test_a_row_and_the_one_that_it_delivers_to_read_alike(domain: str) -> None:
    """Else two spellings would be one under the one domain and two under the other."""
    row = SHIPPED[domain]
    if row.same_as is not None:
        other = SHIPPED[row.same_as]
        assert other.same_as is None
        for name in ("ignores_dots", "ignores_tags", "ignores_marks", "dots_as_hyphens"):
            assert getattr(row, name) == getattr(other, name)


LOCAL = st.from_regex(r"[a-zß][a-z.+_-]{0,12}[a-z]", fullmatch=True)
DOMAINS = st.sampled_from(
    [*sorted(SHIPPED), "own.example", "ana.fastmail.com", "an-a.fastmail.fm", "ana.gmail.com"]
)


@given(st.text(min_size=1, max_size=8))
def test_plain_letters_are_plain(local: str) -> None:
    assert plain(plain(local)) == plain(local)


@settings(max_examples=300)
@given(LOCAL, DOMAINS)
def test_folding_twice_is_folding_once(local: str, domain: str) -> None:
    once = canonical(f"{local}@{domain}")
    assert canonical(once) == once
    assert mailbox_address(mailbox_address(once)) == mailbox_address(once)
    assert once.count("@") == 1
    assert not mailbox_address(once).startswith("@")


def _older() -> Providers:
    """The table before this version."""
    rows = (
        Provider(domain=domain, same_as=same_as, ignores_dots=dots, ignores_tags=tags)
        for domain, same_as, dots, tags in _FIRST.PROVIDERS
    )
    return Providers(rows)


@settings(max_examples=300)
@given(LOCAL, DOMAINS)
def test_the_key_before_the_table_changed_is_among_the_earlier_ones(
    local: str, domain: str
) -> None:
    known = earlier_addresses(local, domain, SHIPPED)
    assert canonical(f"{local}@{domain}") in known
    assert canonical_address(local, domain, _older()) in known
    assert canonical_address(local, domain, {}) in known


def test_the_earlier_ones_are_no_strangers() -> None:
    """Each delivers to the same mailbox, by today's table."""
    for email in (email for emails in ONE_PERSON for email in emails):
        for each in earlier_addresses(*halves(email), SHIPPED):
            assert mailbox(each) == mailbox(email)


def test_the_fingerprint_tells_every_change_and_no_order() -> None:
    rows = list(SHIPPED.values())
    assert Providers(reversed(rows)).fingerprint == SHIPPED.fingerprint
    assert Providers(rows[1:]).fingerprint != SHIPPED.fingerprint
    assert _older().fingerprint != SHIPPED.fingerprint
    assert len(SHIPPED.fingerprint) == 16
