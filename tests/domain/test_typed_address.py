"""An address in its wrapping: taken out where there is no doubt, offered where there is some."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, example, given, strategies as st

from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.signatures.supporter import clean_unscripted
from petition.domain.signatures.typed_address import address_in, likely_address

A = "ana.b+c@example.org"

WRAPPED = (
    "mailto:{}",
    "MAILTO:{}",
    "mailto:{}?subject=Your%20call&body=x",
    "mailto://{}",
    "<{}>",
    "Ana <{}>",
    "Ana B. <{}>;",
    '"B, Ana" <{}>,',
    "{0} <{0}>",
    "Ana <mailto:{}>",
    "{}.",
    "{},",
    "{};",
    "{}:",
    "{}...",
    "{}!",
    "{}>",
    "<{}",
    "({})",
    "[{}]",
    '"{}"',
    "“{}”",
    "„{}“",
    "«{}»",
    "« {} »",
    "`{}`",
    "*{}*",
    "_{}_",
    "**{}**.",
    "{{{}}}",
    "'{}'",
    "`{}'",
    "*<{}>*",
    "*E-Mail:* {}",
    "Mail: *{}*",
    "E-Mail: {}",
    "email:{}",
    "Adresse : {}",
    "Dirección de correo: <{}>",
    "البريد الإلكتروني: {}",
    "\u200b{}\u200e",
    "\u202a{}\u202c",
)


def is_address(text: str) -> bool:
    """An address that the form takes and a letter may bear."""
    try:
        addr_spec(text)
        validate_email(text, check_deliverability=False, strict=True, allow_quoted_local=False)
    except (EmailNotValidError, AddressRefused):
        return False
    return True


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_it_is_taken_out_of_its_wrapping(wrapping: str) -> None:
    assert address_in(clean_unscripted(wrapping.format(A))) == A


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ana @example.org", "ana@example.org"),
        ("ana@ example.org", "ana@example.org"),
        ("ana @ example.org", "ana@example.org"),
        ("ana@example .org", "ana@example.org"),
        ("ana＠example.org", "ana@example.org"),
        ("ana＠example．org", "ana@example.org"),
        ("ana﹫example。org", "ana@example.org"),
        ("ａｎａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ana@example.org"),
        ("mailto:ana%2Bcalls@example.org", "ana+calls@example.org"),
    ],
)
def test_signs_of_other_keyboards_and_blanks(typed: str, meant: str) -> None:
    assert address_in(typed) == clean_unscripted(meant)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("_ana@example.org.", "_ana@example.org"),
        ("<_ana@example.org>", "_ana@example.org"),
        ("Ana <_ana_@example.org>,", "_ana_@example.org"),
        ("mailto:_ana@example.org", "_ana@example.org"),
        ("E-Mail: _ana@example.org", "_ana@example.org"),
        ("(*ana@example.org)", "*ana@example.org"),
        ("{ana}@example.org.", "{ana}@example.org"),
        ("'ana@example.org.", "'ana@example.org"),
        ("*_ana@example.org*", "_ana@example.org"),
        ("__ana@example.org_", "_ana@example.org"),
        ("ana²@example.org.", "ana²@example.org"),
        ("<ﬁona@example.org>", "ﬁona@example.org"),
        ("ana:maria@example.org", "ana:maria@example.org"),
        ("https:ana@example.org", "https:ana@example.org"),
    ],
)
def test_it_never_becomes_somebody_elses(typed: str, kept: str) -> None:
    assert address_in(typed) == kept
    assert likely_address("ana:maria@example.org") is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a@gmail,com", "a@gmail.com"),
        ("a@gmial,com", "a@gmail.com"),
        ("a@example;org", "a@example.org"),
        ("a@example..org", "a@example.org"),
        ("a..b@example.org", "a.b@example.org"),
        ("a@@example.org", "a@example.org"),
        ("a(at)example.org", "a@example.org"),
        ("a [at] example [dot] org", "a@example.org"),
        ("a{ät}example.org", "a@example.org"),
        ("a at example.org", "a@example.org"),
        ("a (arroba) example (punto) org", "a@example.org"),
        ("a@example. org", "a@example.org"),
        ("Ana a@example.org", "a@example.org"),
        ("my address is a@example.org", "a@example.org"),
        ("a@example.org (private)", "a@example.org"),
        ("a@example.org. Thank you", "a@example.org"),
    ],
)
def test_in_doubt_it_is_offered_and_not_taken(typed: str, meant: str) -> None:
    assert address_in(typed) == typed
    assert not is_address(typed)
    assert likely_address(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ana",
        "ana@",
        "@example.org",
        "ana@example",
        "ana@localhost",
        "a@example.org, b@example.org",
        "a@example.org b@example.org",
        "a@example.org <b@example.org>",
        "a@example.org\nBcc: b@example.org",
        '"ana bcc"@example.org',
        "ana@[127.0.0.1]",
        "https://ana@example.org",
        "ana@exa mple.org",
        "mailto:a@example.org,b@example.org",
        "mailto:a%0d%0aBcc:b@example.org",
        "mailto:a%00@example.org",
        "=?utf-8?q?x=0D=0ABcc=3A_b=40example.org?=@example.org",
        "<=?utf-8?q?x?=@example.org>",
        "=?utf-8?q?Ana?= <a@example.org>",
        "Ana <a?=@example.org>",
        "mailto:a%25b@example.org",
        "<a!b@example.org>",
        "Ana <|id@example.org>",
        "(/etc/x@example.org)",
        "a\x00@example.org>",
        "a\ud800@example.org>",
        "x" * 600 + " <a@example.org>",
    ],
)
def test_what_holds_no_one_address_is_neither_taken_nor_offered(typed: str) -> None:
    assert address_in(typed) == typed
    assert likely_address(typed) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_comes_out_is_the_text_or_an_address(before: str, after: str) -> None:
    for text in (f"{before}@{after}", f"{before}<{after}@example.org>", before):
        found = address_in(text)
        assert found == text or is_address(found)
        offered = likely_address(text)
        assert offered is None or is_address(offered)


@given(st.emails(), st.sampled_from(WRAPPED))
@example("{@a.ac", "{0} <{0}>")
def test_an_address_that_is_right_is_never_changed(address: str, wrapping: str) -> None:
    assume(is_address(address))
    assert address_in(address) == address
    assert is_address(address_in(clean_unscripted(wrapping.format(address))))
