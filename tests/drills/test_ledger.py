"""The ledger says what the driver knew; an address is one person however it is spelled."""

from pathlib import Path

import pytest

from drills import ledger


def test_each_form_ends_in_one_of_three_ways() -> None:
    account = ledger.account(
        [
            "RUN abcd\n",
            *(f"ATTEMPT {form} {form % 3}\n" for form in range(1, 6)),
            "ACK 1 303\n",
            "ACK 2 422\n",
            "ACK 3 503\n",
            "CONFIRM 1\n",
            "CONFIRM 2\n",
            "CONFIRMED 1 200\n",
            "CONFIRMED 2 500\n",
            "ACK 4 30",  # cut short: not written
        ]
    )
    assert account.token == "abcd"
    assert account.acknowledged == {1}
    assert account.refused == {2}
    assert account.unknown == {3, 4, 5}
    assert account.confirms == {1, 2}
    assert account.confirmed == {1}
    assert account.last == (5, 2)


def test_it_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    token = ledger.begin(path)
    for form in (1, 2):
        book = ledger.Ledger(path)
        book.write(f"ATTEMPT {form} {form}")
        book.close()
    account = ledger.read(path)
    assert account.token == token
    assert account.unknown == {1, 2}


@pytest.mark.parametrize("variant", range(4))
def test_spellings_are_one_person(variant: int) -> None:
    email = ledger.spelling("abcd", 17, variant)
    assert ledger.person_of("abcd", email) == 17
    assert ledger.person_of("beef", email) is None
    assert len({ledger.spelling("abcd", 17, other) for other in range(4)}) == 4


def test_strangers_and_marks() -> None:
    assert ledger.person_of("abcd", "someone@example.org") is None
    assert ledger.form_of("abcd", ledger.mark("abcd", 5)) == 5
    assert ledger.form_of("abcd", "drill-beef-5") is None
    assert ledger.form_of("abcd", "") is None


def test_the_watch_sees_only_what_begins_after_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger.begin(path)
    book = ledger.Ledger(path)
    book.write("ATTEMPT 1 1")
    watch = ledger.Watch(path)
    book.write("ACK 1 303")
    book.write("ATTEMPT 2 2")
    book.write("ACK 2 503")
    assert not watch.acknowledged()
    book.write("ATTEMPT 3 3")
    book.write("ACK 3 303")
    assert watch.acknowledged()
    book.close()
