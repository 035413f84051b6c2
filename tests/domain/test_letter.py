"""What a letter says to whom: the whole table."""

from __future__ import annotations

import pytest

from petition.domain.letters import letter as letters
from petition.domain.letters.letter import ALREADY, CONFIRM, DATA, REMINDER, THANKS, letter_to_send
from petition.domain.signatures import states

TABLE = {
    # state, mailbox confirmed:      confirm  reminder  thanks  data
    (states.PENDING, False): (CONFIRM, REMINDER, None, DATA),
    (states.CONFIRMED, True): (ALREADY, None, THANKS, DATA),
    (states.HELD, False): (CONFIRM, None, None, DATA),
    (states.HELD, True): (ALREADY, None, THANKS, DATA),
    (states.REJECTED, False): (CONFIRM, None, None, DATA),
    (states.REJECTED, True): (CONFIRM, None, None, DATA),
    (states.WITHDRAWN, False): (CONFIRM, None, None, DATA),
    (states.WITHDRAWN, True): (CONFIRM, None, None, DATA),
}
KINDS = (CONFIRM, REMINDER, THANKS, DATA)


@pytest.mark.parametrize(("state", "confirmed"), TABLE)
def test_what_each_letter_says(state: str, confirmed: bool) -> None:
    assert (
        tuple(letter_to_send(kind, state, confirmed) for kind in KINDS) == TABLE[state, confirmed]
    )


def test_the_table_has_every_state() -> None:
    assert {state for state, _ in TABLE} == set(states.STATES)


def test_a_kind_that_nobody_knows_says_nothing() -> None:
    assert letter_to_send("news", states.CONFIRMED, True) is None


def test_a_letters_number_makes_its_message_id() -> None:
    one = letters.message_id("k" * 48, 1)
    assert one == letters.message_id("k" * 48, 1)
    assert len({one, letters.message_id("k" * 48, 2), letters.message_id("l" * 48, 1)}) == 3
    assert len(one) == 32
