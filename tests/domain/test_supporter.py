"""Names and addresses: every script is welcome, links and controls are not, one mailbox is one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given, settings, strategies as st

from petition.domain.signatures.mail_providers import Provider, canonical_address
from petition.domain.signatures.supporter import (
    clean,
    clean_lines,
    has_control,
    has_letter,
    has_link,
)
from tests import people

GMAIL = Provider(domain="gmail.com", same_as=None, ignores_dots=True, ignores_tags=True)
GOOGLEMAIL = Provider(
    domain="googlemail.com", same_as="gmail.com", ignores_dots=True, ignores_tags=True
)
FASTMAIL = Provider(domain="fastmail.com", same_as=None, ignores_dots=False, ignores_tags=True)
DOTS = Provider(domain="dots.example", same_as=None, ignores_dots=True, ignores_tags=False)
PROVIDERS = {row.domain: row for row in (GMAIL, GOOGLEMAIL, FASTMAIL, DOTS)}

NAMES = (
    "Ben",
    "José María",
    "Nguyễn Thị Ánh",
    "أمينة بن يوسف",
    "עמית כהן",
    "王小明",
    "やまだ たろう",
    "김민준",
    "ประยุทธ์",
    "Ἀλέξανδρος",
    "Владимир",
    "क्षितिज",
    "முருகன்",
    "మల్లిక",
    "ქეთევან",
    "Հայկ",
    "ተስፋዬ",
    "ကျော်",
    "ᠮᠣᠩᠭᠣᠯ",
    "ߞߊ߲߬ߓߊ",
    "𞤀𞤣𞤤𞤢𞤥",
    "O’Connor-d'Arcy",
    "J. R. R.",
    "X Æ A-12",
    "می‌خواهم",  # a joiner that Persian needs
    "ශ්‍රී",
    "U",
)

letters = st.characters(categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"))
names = st.text(letters, min_size=1, max_size=40)
# What may stand before the @, as email-validator lets it through.
local_parts = st.text(
    st.one_of(
        st.sampled_from("abcXYZ019.+_-'"), st.characters(categories=("Lu", "Ll", "Lo", "Mn"))
    ),
    min_size=1,
    max_size=30,
)
domains = st.sampled_from([*PROVIDERS, "example.org", "xn--bcher-kva.example"])


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_is_taken(name: str) -> None:
    assert has_letter(name)
    assert not has_link(name)
    assert not has_control(name)
    assert clean(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", people.INITIALS)
def test_initials_without_a_blank_are_a_name(name: str) -> None:
    assert not has_link(name)
    assert not has_link(f"Ana {name}")
    assert not has_link(f"{name} {name}")


@given(names)
def test_letters_of_any_script_are_no_link_and_no_control(name: str) -> None:
    assert not has_link(name)
    assert not has_control(name)
    assert has_letter(name) == any(unicodedata.category(char)[0] == "L" for char in name)


@pytest.mark.parametrize("name", people.LINKS)
def test_a_link_in_a_name_is_seen(name: str) -> None:
    assert has_link(name)


@given(names, st.sampled_from(people.LINKS), names)
def test_a_link_is_seen_wherever_it_stands(before: str, link: str, after: str) -> None:
    assert has_link(f"{before} {link} {after}")


@pytest.mark.parametrize("name", people.CONTROLS)
def test_a_control_in_a_name_is_seen(name: str) -> None:
    assert has_control(name)


@given(
    st.text(max_size=10),
    st.one_of(
        st.characters(categories=("Cc", "Cs", "Zl", "Zp")),
        st.sampled_from("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
    ),
    st.text(max_size=10),
)
def test_every_control_is_seen_wherever_it_stands(before: str, control: str, after: str) -> None:
    assert has_control(before + control + after)


def test_a_comment_may_hold_line_breaks_and_nothing_else() -> None:
    assert not has_control("one\ntwo", allow="\n")
    assert has_control("one\ntwo")
    assert has_control("one\n\x07two", allow="\n")


@pytest.mark.parametrize("text", ["", "123", "…", "---", "🙂", "\u0301"])
def test_what_has_no_letter_is_no_name(text: str) -> None:
    assert not has_letter(text)


@given(st.text(max_size=60))
def test_clean_is_composed_folded_and_stays_so(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert not any(char in cleaned for char in "\t\r\n")


def test_clean_composes() -> None:
    assert clean("  Jose\u0301 \t Mari\u0301a ") == "José María"


@given(st.text(st.sampled_from("ab \n\r\t\u0301"), max_size=40))
def test_clean_lines_keeps_lines_and_stays_so(text: str) -> None:
    cleaned = clean_lines(text)
    assert clean_lines(cleaned) == cleaned
    assert "\n\n\n" not in cleaned
    assert not any(char in cleaned for char in "\t\r")


def test_clean_lines_keeps_one_empty_line() -> None:
    assert clean_lines(" one \r\n\r\n\r\n\r\n two  three \n") == "one\n\ntwo three"


@settings(max_examples=500)
@given(local_parts, domains)
def test_the_canonical_form_of_a_canonical_form_is_itself(local: str, domain: str) -> None:
    once = canonical_address(local, domain, PROVIDERS)
    again = canonical_address(*once.rsplit("@", 1), PROVIDERS)
    assert again == once


@given(local_parts, domains)
def test_the_canonical_form_is_composed_and_has_one_at(local: str, domain: str) -> None:
    canonical = canonical_address(local, domain, PROVIDERS)
    assert unicodedata.is_normalized("NFC", canonical)
    assert canonical.count("@") == 1
    assert not canonical.startswith("@")


@given(local_parts, domains)
def test_case_makes_no_other_person(local: str, domain: str) -> None:
    # Letters whose upper case is another letter altogether (ı, ſ) are left out.
    assume(local.upper().casefold() == local.casefold() and local.upper().lower() == local.lower())
    expected = canonical_address(local.lower(), domain, PROVIDERS)
    assert canonical_address(local.upper(), domain.upper(), PROVIDERS) == expected


@given(local_parts, domains)
def test_composed_or_not_is_the_same_person(local: str, domain: str) -> None:
    composed, apart = (unicodedata.normalize(form, local) for form in ("NFC", "NFD"))
    assert canonical_address(composed, domain, PROVIDERS) == canonical_address(
        apart, domain, PROVIDERS
    )


@given(local_parts, st.text(st.sampled_from("abc+.1"), max_size=8))
def test_a_tag_counts_only_where_the_provider_reads_it(local: str, tag: str) -> None:
    assume("+" not in local)
    for domain in ("gmail.com", "fastmail.com"):
        assert canonical_address(f"{local}+{tag}", domain, PROVIDERS) == canonical_address(
            local, domain, PROVIDERS
        )
    for domain in ("dots.example", "example.org"):
        assert canonical_address(f"{local}+{tag}", domain, PROVIDERS) != canonical_address(
            local, domain, PROVIDERS
        )


@given(st.lists(st.text(st.sampled_from("abc1"), min_size=1, max_size=4), min_size=2, max_size=4))
def test_dots_count_only_where_the_provider_reads_them(parts: list[str]) -> None:
    dotted, plain = ".".join(parts), "".join(parts)
    for domain in ("gmail.com", "dots.example"):
        assert canonical_address(dotted, domain, PROVIDERS) == canonical_address(
            plain, domain, PROVIDERS
        )
    for domain in ("fastmail.com", "example.org"):
        assert canonical_address(dotted, domain, PROVIDERS) != canonical_address(
            plain, domain, PROVIDERS
        )


@pytest.mark.parametrize(
    ("local", "domain", "canonical"),
    [
        ("Ben.Okafor+calls", "GoogleMail.com", "benokafor@gmail.com"),
        ("b.e.n", "gmail.com", "ben@gmail.com"),
        ("Ben+a+b", "fastmail.com", "ben@fastmail.com"),
        ("Ben.O+a", "fastmail.com", "ben.o@fastmail.com"),
        ("Ben.O+a", "example.org", "ben.o+a@example.org"),
        ("+only", "gmail.com", "+only@gmail.com"),
        ("STRASSE", "example.org", "strasse@example.org"),
        ("Straße", "example.org", "strasse@example.org"),
        ("ben", "example.org.", "ben@example.org"),
    ],
)
def test_the_rules_one_by_one(local: str, domain: str, canonical: str) -> None:
    assert canonical_address(local, domain, PROVIDERS) == canonical


def test_different_people_stay_different() -> None:
    found = {
        canonical_address(local, domain, PROVIDERS)
        for local in ("ben", "bem", "be_n", "be-n", "b")
        for domain in ("gmail.com", "fastmail.com", "example.org")
    }
    assert len(found) == 15
