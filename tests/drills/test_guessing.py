"""What the drill of guesses calls red."""

import random
from collections import Counter

import pytest

from drills.guessing import (
    BEYOND,
    GUESSERS,
    TOTAL,
    Middles,
    SignInForm,
    judge_account,
    judge_codes,
    judge_signing,
    sign_ins,
)


@pytest.mark.parametrize(("guessed", "red"), [(20.0, False), (39.0, False), (41.0, True)])
def test_signing_among_guessers_is_held_against_signing_among_those_who_are_refused(
    guessed: float, red: bool
) -> None:
    found = judge_signing(Middles(alone=5.0, refused=20.0, guessed=guessed))

    assert bool(found) == red


@pytest.mark.parametrize(
    ("answers", "minutes", "red"),
    [
        ({422: 5, 429: 150, 503: 45}, 1, False),
        ({422: 10, 429: 190}, 2, False),
        ({422: 6, 429: 194}, 1, True),
        ({429: 200}, 1, True),
        ({422: 5, 429: 194, 500: 1}, 1, True),
    ],
)
def test_five_passwords_a_minute_are_judged_and_nothing_else_is_answered(
    answers: dict[int, int], minutes: int, red: bool
) -> None:
    assert bool(judge_account(Counter(answers), minutes)) == red


@pytest.mark.parametrize(
    ("judged", "owner", "red"),
    [
        (TOTAL, 422, False),
        (TOTAL + GUESSERS * BEYOND, 422, False),
        (TOTAL - 1, 422, True),
        (TOTAL + GUESSERS * BEYOND + 1, 422, True),
        (TOTAL, 429, True),
    ],
)
def test_codes_have_a_total_and_who_comes_then_is_judged(
    judged: int, owner: int, red: bool
) -> None:
    assert bool(judge_codes(Counter({422: judged}), Counter({owner: 1}))) == red


def test_every_guess_has_a_sender_and_an_address_of_its_own_and_half_bring_a_device() -> None:
    where = SignInForm(base="http://127.0.0.1:1", token="t", cookie="session=s")

    asked = sign_ins(where, 10, random.Random(7))

    senders = {line for each in asked for line in each.request.split(b"\r\n") if b"Forw" in line}
    assert len(senders) == len({each.typed for each in asked}) == 10
    assert sum(b"staff-device=" in each.request for each in asked) == 5
