"""Signed tokens: bound to a purpose, dated, and refused when one character is another."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from petition.domain.tokens import CONFIRM, TICKET, Tokens
from petition.errors import TokenExpired, TokenRefused

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKENS = Tokens("k" * 48)
SIGNS = string.ascii_letters + string.digits + "-_."


@given(st.text(st.sampled_from(string.ascii_letters + string.digits + "-"), min_size=1))
def test_what_was_signed_is_read_again(value: str) -> None:
    token = TOKENS.sign(CONFIRM, value, expires=NOW + HOUR)
    assert TOKENS.read(CONFIRM, token, at=NOW) == value


def test_a_token_is_bound_to_its_purpose() -> None:
    with pytest.raises(TokenRefused):
        TOKENS.read(TICKET, TOKENS.sign(CONFIRM, "7", expires=NOW + HOUR), at=NOW)
    with pytest.raises(TokenRefused):
        TOKENS.read(CONFIRM, TOKENS.sign(TICKET, "7", expires=NOW + HOUR), at=NOW)


def test_a_token_is_bound_to_the_key() -> None:
    with pytest.raises(TokenRefused):
        Tokens("l" * 48).read(CONFIRM, TOKENS.sign(CONFIRM, "7", expires=NOW + HOUR), at=NOW)


def test_every_other_character_at_every_place_is_refused() -> None:
    token = TOKENS.sign(CONFIRM, "8123456789012345678", expires=NOW + HOUR)
    for place, was in enumerate(token):
        for sign in SIGNS:
            if sign != was:
                with pytest.raises(TokenRefused):
                    TOKENS.read(CONFIRM, token[:place] + sign + token[place + 1 :], at=NOW)


def test_a_longer_or_shorter_token_is_refused() -> None:
    token = TOKENS.sign(CONFIRM, "8123456789012345678", expires=NOW + HOUR)
    for place in range(len(token) + 1):
        for sign in "A=.!\n ":
            with pytest.raises(TokenRefused):
                TOKENS.read(CONFIRM, token[:place] + sign + token[place:], at=NOW)
    for end in range(len(token)):
        with pytest.raises(TokenRefused):
            TOKENS.read(CONFIRM, token[:end], at=NOW)


@given(st.text(max_size=80))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        TOKENS.read(CONFIRM, text, at=NOW)


def test_a_token_lives_until_its_end_and_not_longer() -> None:
    token = TOKENS.sign(CONFIRM, "7", expires=NOW + HOUR)
    assert TOKENS.read(CONFIRM, token, at=NOW + HOUR - timedelta(seconds=1)) == "7"
    with pytest.raises(TokenExpired):
        TOKENS.read(CONFIRM, token, at=NOW + HOUR)


def test_a_forged_end_does_not_help_an_old_token() -> None:
    token = TOKENS.sign(CONFIRM, "7", expires=NOW)
    value, end, mac = token.split(".")
    with pytest.raises(TokenRefused):
        TOKENS.read(CONFIRM, f"{value}.{int(end, 16) + 3600:x}.{mac}", at=NOW)


def test_an_expired_forgery_is_refused_as_a_forgery() -> None:
    with pytest.raises(TokenRefused):
        TOKENS.read(CONFIRM, "7.1.AAAA", at=NOW)
