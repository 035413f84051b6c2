"""What a comment may give away: seen in seven languages, and not where it is not."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from petition.domain.signatures.identifying_details import BADGE, EMAIL, KINDS, PHONE, SITE, seen_in


def found(comment: str) -> list[tuple[str, str]]:
    return [(seen.kind, seen.text) for seen in seen_in(comment)]


@pytest.mark.parametrize(
    ("comment", "number"),
    [
        ("My badge is 48213.", "48213"),
        ("48213 is my badge", "48213"),
        ("employee ID: 102938", "102938"),
        ("login 77123", "77123"),
        ("Mon badge : 48213", "48213"),
        ("matricule 100234", "100234"),
        ("mi número de empleado es el 55123", "55123"),
        ("Meine Personalnummer ist 12345", "12345"),
        ("Ausweis Nr. 48213", "48213"),
        ("la mia matricola 90817", "90817"),
        ("numer pracownika 77123", "77123"),
        ("رقم الموظف ٤٨٢١٣", "٤٨٢١٣"),
        ("شارتي 48213", "48213"),
        ("I am 482913.", "482913"),
        ("123456789", "123456789"),
    ],
)
def test_a_badge_number(comment: str, number: str) -> None:
    assert found(comment) == [(BADGE, number)]


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("I work at BER3.", ["BER3"]),
        ("DTM2, LEJ1 and MXP5", ["DTM2", "LEJ1", "MXP5"]),
        ("Pracuję w WRO1, na nocnej zmianie", ["WRO1"]),
        ("أعمل في MAD4", ["MAD4"]),
        ("أعمل بBER3", ["BER3"]),
        ("BER3 BER3", ["BER3"]),
    ],
)
def test_the_code_of_a_site(comment: str, codes: list[str]) -> None:
    assert found(comment) == [(SITE, code) for code in codes]


@pytest.mark.parametrize(
    ("comment", "number"),
    [
        ("Call +49 170 1234567 at night", "+49 170 1234567"),
        ("0170 1234567", "0170 1234567"),
        ("+49 (0)30 901820", "+49 (0)30 901820"),
        ("06 12 34 56 78", "06 12 34 56 78"),
        ("0612345678", "0612345678"),
        ("tel. 600 123 456", "600 123 456"),
        ("(555) 123-4567", "(555) 123-4567"),
        ("٠٦١٢٣٤٥٦٧٨", "٠٦١٢٣٤٥٦٧٨"),
        ("347.123.45.67", "347.123.45.67"),
    ],
)
def test_a_phone_number(comment: str, number: str) -> None:
    assert found(comment) == [(PHONE, number)]


@pytest.mark.parametrize(
    ("comment", "address"),
    [
        ("Write to sam@example.org.", "sam@example.org"),
        ("(sam.o'neill+work@mail.example.org)", "sam.o'neill+work@mail.example.org"),
        ("راسلوني sam@example.org", "sam@example.org"),
        ("0170123456@example.org", "0170123456@example.org"),
    ],
)
def test_an_email_address(comment: str, address: str) -> None:
    assert found(comment) == [(EMAIL, address)]


def test_all_kinds_in_one_comment_come_in_one_order() -> None:
    comment = "sam@example.org, +49 170 1234567, BER3, badge 482913"
    assert [kind for kind, _ in found(comment)] == list(KINDS)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Because nobody should be afraid to say what they see.",
        "I worked there from 2019 to 2020, in 2021-2022 elsewhere.",
        "On 6 October 2020, 2020-10-06, 06.10.2020, 06/10/2020.",
        "10-12 hours, 60-70 hours a week, 300-400 items an hour, 24/7, 8:00-16:30",
        "10 000 000 parcels, 1.000.000 €, 100000 workers, 1500 people",
        "Les 1500 salariés du site, 2000 empleados, 800 dipendenti",
        "COP26, SDG8, ILO98, EUR50, COVID19, MP3, G20, C98",
        "My badge was taken away in 2020, after 12 years.",
        "ثلاث سنوات في مستودع، ١٢ ساعة في اليوم",
        "1 2 3 4 5 6 7",
        "@amazon, listen!",
    ],
)
def test_ordinary_words_are_left_in_peace(comment: str) -> None:
    assert found(comment) == []


@given(st.text(max_size=300))
def test_what_is_seen_stands_in_the_comment(comment: str) -> None:
    for kind, text in found(comment):
        assert kind in KINDS
        assert text in comment


@given(st.text(alphabet="0123456789 .-/()+@aBER\n", max_size=1000))
def test_no_heap_of_digits_is_too_strange(comment: str) -> None:
    assert len(set(found(comment))) == len(found(comment))
