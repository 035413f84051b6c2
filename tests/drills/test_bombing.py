"""The drill of bombing: what it counts, what it sees in a letter, and what it sends."""

from __future__ import annotations

from email.message import EmailMessage

from email_validator import validate_email

from drills.bombing import BOMBED, TYPED, addresses, bombs, spelled, too_many, waited
from drills.sink import Taken, mailbox
from petition.domain.signatures.mail_providers import canonical_address, halves, mailbox_address
from tests.domain.test_mail_providers import SHIPPED


def letter(to: str, body: str = "Hello", at: float = 0.0, **headers: str) -> Taken:
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    message.set_content(body, cte="base64")
    return Taken(at=at, to=(to,), sender="us@example.org", content=message.as_bytes())


def test_every_spelling_is_valid_and_another_and_of_one_mailbox() -> None:
    for address in (BOMBED, "victim@own.example"):
        spellings = {spelled(number, address) for number in range(2_000)}
        assert len(spellings) > 1_400
        assert {mailbox(each) for each in spellings} == {address}
        for each in spellings:
            assert validate_email(each, check_deliverability=False)
            canonical = canonical_address(*halves(each), SHIPPED)
            assert mailbox_address(canonical) == address, "the program must see it so, too"


def test_each_form_comes_from_the_next_sender_and_for_both_campaigns() -> None:
    senders = addresses(1_000, network=18)
    forms = bombs(2_000, BOMBED, senders)
    assert len(set(senders)) == len({form.sender for form in forms}) == 1_000
    assert len({form.campaign for form in forms}) == 2


def test_letters_are_counted_by_mailbox() -> None:
    letters = [letter(to) for to in ("v+1@own.example", "V+2@own.example", "w@own.example")]
    assert too_many(letters, 2) == {}
    assert too_many(letters, 1) == {"v@own.example": 2}


def test_what_was_typed_is_seen_however_it_is_written() -> None:
    assert letter("v@own.example").holds(TYPED) == []
    assert letter("v@own.example", body=f"Hello {TYPED[0].upper()}").holds(TYPED) == [TYPED[0]]
    subject = f"=?utf-8?q?{TYPED[1]}?="
    assert letter("v@own.example", Subject=subject).holds(TYPED) == [TYPED[1]]


def test_who_got_no_letter_waits_for_ever() -> None:
    waits = waited({"a@b.example": 1.0, "c@b.example": 1.0}, [letter("A@b.example", at=3.5)])
    assert waits == {"a@b.example": 2.5, "c@b.example": float("inf")}


def test_the_link_of_a_letter_is_found() -> None:
    body = "Or:\n\nhttp://127.0.0.1:8000/stop/abc.def.ghi\n"
    assert letter("v@own.example", body=body).link("stop") == "/stop/abc.def.ghi"
    assert letter("v@own.example").link("stop") == ""
