"""What comes along when people paste: invisible marks, wrappings, labels, in every form."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition import i18n
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people as personas, rights
from tests.people import Form

pytestmark = pytest.mark.slow


Signing = Callable[..., Answer]

MARKS = (
    "\u200b",
    "\u200e",
    "\u200f",
    "\u202a",
    "\u202b",
    "\u202c",
    "\u202d",
    "\u202e",
    "\u2066",
    "\u2067",
    "\u2068",
    "\u2069",
    "\ufeff",
    "\u00ad",
    "\u2060",
    "\u2064",
    "\u180e",
    "\ufe0f",
    "\u061c",
    "\U000e0061",
    "\ufffa",
    "\u034f",
)
PASTED = ("given_name", "family_name", "email", "country", "postcode", "comment")
FORM: Form = personas.someone(
    1, postcode="10115", comment="For Amal.\nAnd all.", visibility="public"
)


def around(text: str, mark: str) -> str:
    """The mark before, after and inside each line."""
    return "\n".join(
        f"{mark}{line[:2]}{mark}{line[2:]}{mark * 3}{mark}" for line in text.split("\n")
    )


def persons(app: Flask) -> list[object]:
    vault = dependencies_of(app).vault
    found = factories.rows(app, "SELECT sealed, id, key_number FROM entries ORDER BY id")
    return [vault.open(*row) for row in found]


def page_of(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_form_is_kept_as_if_the_mark_had_not_come_along(
    app: Flask, client: FlaskClient, sign: Signing
) -> None:
    assert sign(client, FORM).status_code == 303
    for mark in MARKS:
        pasted = FORM | {name: around(FORM[name], mark) for name in PASTED}
        assert sign(client, pasted).status_code == 303, ascii(mark)
        assert persons(app)[-1] == persons(app)[0], ascii(mark)
    # One address is one signature, however it came.
    assert factories.rows(app, "SELECT count(*), max(state) FROM signatures") == [(1, "pending")]
    assert factories.rows(app, "SELECT DISTINCT country FROM entries") == [("DE",)]


def test_what_was_found_is_taken(app: Flask, client: FlaskClient, sign: Signing) -> None:
    form = personas.someone(
        2,
        given_name="\u202bليلى\u202c",
        family_name="می‌خواهم",
        email="\u202av1@exam\u00adple.org\u202c",
        postcode="\u202a10115\u202c",
        comment="\u2068Amal\u2069 👩‍💻",
    )
    assert sign(client, form).status_code == 303
    (person,) = persons(app)
    assert person == factories.Person(
        given_name="ليلى",
        family_name="می‌خواهم",
        email="v1@example.org",
        postcode="10115",
        comment="Amal 👩‍💻",
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_that_is_seen_is_nothing(app: Flask, client: FlaskClient, sign: Signing) -> None:
    for empty in ("\ufeff", "\u200b\u2060", "\u2800", "\u3164", "\ufe0f \u00ad", "\u034f"):
        assert sign(client, FORM | {"comment": empty}).status_code == 303
        assert persons(app)[-1].comment == ""  # type: ignore[attr-defined]
        answer = sign(client, FORM | {"given_name": empty})
        assert answer.status_code == 422
        assert "Please fill this in." in page_of(answer)


@pytest.mark.parametrize("field", ["given_name", "family_name", "email", "postcode", "comment"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_real_control_keeps_its_error(client: FlaskClient, sign: Signing, field: str) -> None:
    for control in "\x00\x07\x1b\x7f\x9b":
        typed = f"\u200e{FORM[field][:3]}{control}{FORM[field][3:]}\u200e"
        answer = sign(client, FORM | {field: typed})
        assert answer.status_code == 422
        assert "This contains characters that we cannot accept." in page_of(answer)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_password_is_left_as_it_is(app: Flask) -> None:
    staff = console.enter(app)
    assert staff.get("/staff/").status_code == 200
    visitor = app.test_client()
    email = str(factories.rows(app, "SELECT email FROM staff")[0][0])
    typed = console.type_password(visitor, f"\u202a<{email}>\u202c", personas.sam["password"])
    assert typed.status_code == 303
    wrong = console.sign_in(app.test_client(), email, f"{personas.sam['password']}\u200b")
    assert wrong.status_code == 422


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_staff_paste_too(app: Flask) -> None:
    staff = console.enter(app)
    place = "/staff/campaigns/amazon/domains"
    for number, mark in enumerate(MARKS):
        console.export(staff, reason=around("For the office", mark))
        domain = around(f"corp{number}.example.org", mark)
        token = console.form_token(staff.get(place))
        staff.post(place, data={"csrf_token": token, "domain": domain})
        limits = {"network": f"203.0.{number}.0/24", "hours": "12", "factor": "10"}
        token = {"csrf_token": console.form_token(staff.get("/staff/limits"))}
        pasted = {name: around(value, mark) for name, value in limits.items()}
        assert staff.post("/staff/limits", data=token | pasted).status_code == 303, ascii(mark)
    assert factories.rows(app, "SELECT DISTINCT reason FROM exports") == [("For the office",)]
    found = factories.rows(app, "SELECT pattern FROM target_domains WHERE pattern LIKE 'corp%'")
    assert {pattern for (pattern,) in found} == {
        f"corp{number}.example.org" for number in range(len(MARKS))
    }
    wide = factories.rows(app, "SELECT network, factor FROM sender_allowances")
    assert set(wide) == {(f"203.0.{number}.0/24", 10) for number in range(len(MARKS))}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_code_a_link_and_a_corrected_name(app: Flask, client: FlaskClient) -> None:
    factories.sign(client, FORM)
    factories.work(app)
    code = rights.code_in(factories.letters(app)[0])
    for mark in MARKS[:9]:  # the tenth try is the last of the day
        answer = rights.type_code(client, around(FORM["email"], mark), around(code, mark))
        assert (answer.status_code, rights.state(app)) == (303, "confirmed"), ascii(mark)
    client.post("/en/amazon/my", data={"email": around(FORM["email"], "\u200f")})
    factories.work(app)
    mine = rights.newest(app, "my")
    for number, mark in enumerate(MARKS):
        names = {"given_name": around(f"Amal {number}. Z", mark), "family_name": mark * 3}
        assert client.post(f"{mine}/correct", data=names).status_code == 303, ascii(mark)
        person = persons(app)[0]
        assert (person.given_name, person.family_name) == (f"Amal {number}. Z", "")  # type: ignore[attr-defined]


# --- addresses in their wrapping --------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "mailto:{}",
        "mailto:{}?subject=Hello",
        "<{}>",
        "Cora L. <{}>",
        "{}.",
        "{},",
        '"{}"',
        "E-Mail: {}",
        "{}>",
        "the.lindqvists @example.net",
        "the.lindqvists@example .net",
        "the.lindqvists＠example．net",
        "the.lindqvists@example．net",
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrapped_address_is_that_address_in_every_form(
    app: Flask, client: FlaskClient, sign: Signing, typed: str
) -> None:
    typed = typed.format(personas.cora["email"])
    assert sign(client, personas.cora | {"email": typed}).status_code == 303
    factories.work(app)
    (letter,) = factories.letters(app)
    assert str(letter["To"]) == personas.cora["email"]
    assert client.post("/en/amazon/resend", data={"email": typed}).status_code == 303
    factories.work(app)
    assert len(factories.letters(app)) == 2
    assert rights.type_code(client, typed, rights.code_in(letter)).status_code == 303
    assert rights.state(app) == "confirmed"
    assert client.post("/en/amazon/my", data={"email": typed}).status_code == 303
    factories.work(app)
    assert rights.newest(app, "my")


OFFERED = {
    "cora@gmail,com": "cora@gmail.com",
    "cora@gmial,com": "cora@gmail.com",
    "cora(at)example.net": "cora@example.net",
    "Cora cora@example.net": "cora@example.net",
    "cora@example..net": "cora@example.net",
}


@pytest.mark.parametrize("place", ["sign", "my", "resend", "code"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_doubt_it_is_offered_in_every_form(
    app: Flask, client: FlaskClient, sign: Signing, place: str
) -> None:
    for typed, meant in OFFERED.items():
        _is_offered(app, client, sign, place, typed, meant)
    for table in ("signatures", "link_requests", "code_tries"):
        assert factories.rows(app, f"SELECT count(*) FROM {table}") == [(0,)]


def _is_offered(
    app: Flask, client: FlaskClient, sign: Signing, place: str, typed: str, meant: str
) -> None:
    form = (
        personas.cora | {"email": typed} if place == "sign" else {"email": typed, "code": "BCD-FGH"}
    )

    def send(fields: Form) -> Answer:
        return sign(client, fields) if place == "sign" else client.post(address, data=fields)

    address = f"/en/amazon/{place}"
    answer = send(form)
    assert answer.status_code == 422
    page = page_of(answer)
    assert "does not look like an email address" in page
    assert "Did you mean" in page
    assert f'name="use_email" value="{meant}"' in page
    assert f'value="{typed}"' in page, "what was typed stays"
    # Enter presses a form's first button: not the one that changes what was typed.
    first = re.search(r"<button[^>]*>", page.partition(f'action="{address}"')[2])
    assert first
    assert "name=" not in first[0]


@pytest.mark.parametrize("place", ["sign", "my", "resend", "code"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_offered_can_be_taken(client: FlaskClient, sign: Signing, place: str) -> None:
    typed = {"email": "cora@gmail,com", "use_email": "cora@gmail.com"}
    if place == "sign":
        assert sign(client, personas.cora | typed).status_code == 303
        return
    taken = client.post(f"/en/amazon/{place}", data=typed | {"code": "BCD-FGH"})
    assert taken.status_code == (422 if place == "code" else 303)  # nobody has that code
    assert "does not look like" not in page_of(taken)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_as_often_as_it_comes(client: FlaskClient, sign: Signing) -> None:
    form = personas.cora | {"email": "cora@gmail,com"}
    for _ in range(3):
        page = page_of(sign(client, form))
        assert 'name="use_email" value="cora@gmail.com"' in page
        assert "click “Sign” again" not in page


# --- codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_can_be_no_code_takes_none_of_the_tries(app: Flask, client: FlaskClient) -> None:
    factories.sign(client, personas.cora)
    factories.work(app)
    code = rights.code_in(factories.letters(app)[0])
    for typed in ("KFQ", "Code:", "123456", "AEIOUY", "KFQTRWW", "name@example.org", "?") * 3:
        answer = rights.type_code(client, personas.cora["email"], typed)
        assert answer.status_code == 422
        assert "This is not a code" in page_of(answer)
    assert factories.rows(app, "SELECT * FROM code_tries") == []
    assert rights.type_code(client, personas.cora["email"], f"Code: “{code}”.").status_code == 303


@pytest.mark.parametrize("lang", i18n.codes())
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_word_for_code_of_each_language(app: Flask, client: FlaskClient, lang: str) -> None:
    factories.sign(client, personas.cora, lang=lang)
    factories.work(app)
    code = rights.code_in(factories.letters(app)[0])
    word = i18n.language(lang).gettext("Code")
    typed = f"{word}: {code}" if len(lang) % 2 else f"({word} {code})"
    assert rights.type_code(client, personas.cora["email"], typed).status_code == 303
    for each in (f"{word} {code}", f"{word}: {code.lower()}.", f"{word.upper()}\n{code}"):
        assert rights.type_code(client, personas.cora["email"], each).status_code == 303


# --- names, countries -------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_initials_are_a_name(client: FlaskClient, sign: Signing) -> None:
    for name in personas.INITIALS:
        answer = sign(client, FORM | {"given_name": name, "family_name": name})
        assert answer.status_code == 303, name


def test_people_of_kosovo_sign_are_counted_and_exported(app: Flask, client: FlaskClient) -> None:
    for code in i18n.codes():
        assert dict(i18n.language(code).countries())["XK"] in {"Kosovo", "Kosowo", "كوسوفو"}
        assert '<option value="XK">' in client.get(f"/{code}/amazon").get_data(as_text=True)
    factories.sign(client, FORM | {"country": "XK"})
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    factories.work(app)
    assert rights.counted(app)["country", "XK"] == 1
    listed = console.export(console.enter(app), reason="x").get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    assert row["country"] == "XK"
