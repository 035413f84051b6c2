"""The form for people at risk: employers who read, slips, traces in a comment, and the way out."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings as profile, strategies as st
from sqlalchemy import func, select
from werkzeug.test import TestResponse as Answer

from petition.services.campaigns import target_domains
from petition.store.db import db, reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people as personas
from tests.people import Form

Signing = Callable[..., Answer]

SLIP = personas.ben | {"email": "ben.okafor@gmial.com"}
MEANT = "ben.okafor@gmail.com"
TELLING = "I work at BER3, badge 482913. Call +49 170 1234567 or sam@example.org."
BEFORE = re.compile(r'name="noticed" value="([^"]*)"')


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def noticed(answer: Answer) -> Form:
    """What the form sends back: that it was asked about."""
    found = BEFORE.search(answer.get_data(as_text=True))
    assert found, "the form does not say what it asked about"
    return {"noticed": found[1]}


def everything(app: Flask) -> dict[str, int]:
    """How many rows every table holds."""
    with app.app_context(), reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.metadata.sorted_tables
        }


def asked(answer: Answer) -> list[str]:
    """The fields that a question stands at."""
    return re.findall(r'id="(\w+)-asked"', answer.get_data(as_text=True))


def described(answer: Answer, field: str) -> str:
    """What a screen reader says of a field besides its label."""
    page = answer.get_data(as_text=True)
    found = re.search(rf'id="{field}" [^>]*aria-describedby="([^"]*)"', page)
    assert found
    said = [
        re.search(rf'<(p|div)[^>]* id="{each}"[^>]*>(.*?)</\1>', page, re.S)
        for each in found[1].split()
    ]
    assert all(said), found[1]
    return html.unescape(" ".join(re.sub("<[^>]*>", "", each[2]) for each in said if each))


class TestSlip:
    """gmial.com: gmail.com is offered, and never forced."""

    def test_it_is_asked_about_and_nothing_is_stored(
        self, app: Flask, client: FlaskClient, sign: Signing
    ) -> None:
        before = everything(app)
        answer = sign(client, SLIP)
        assert answer.status_code == 422
        assert answer.headers["Cache-Control"] == "no-store"
        assert everything(app) == before
        assert factories.work(app) == 0
        assert factories.letters(app) == []
        assert asked(answer) == ["email"]
        assert "Did you mean" in described(answer, "email")
        assert 'href="#email"' in text(answer)
        assert f'name="use_email" value="{MEANT}"' in text(answer)
        assert f'value="{SLIP["email"]}"' in text(answer), "what was typed stays"
        assert "aria-invalid" not in text(answer), "a question is no error"
        assert re.search(r'id="agree"[^>]* checked', text(answer))

    def test_enter_signs_with_what_was_typed(self, client: FlaskClient, sign: Signing) -> None:
        """Browsers press a form's first button: that must not be the one that changes it."""
        form = text(sign(client, SLIP)).partition('action="/en/amazon/sign"')[2]
        first = re.search(r"<button[^>]*>", form)
        assert first
        assert 'type="submit"' in first[0]
        assert "name=" not in first[0]
        assert 'tabindex="-1"' in first[0]
        plain = text(client.get("/en/amazon")).partition('action="/en/amazon/sign"')[2]
        found = re.search(r"<button[^>]*>", plain)
        assert found
        assert "sign-button" in found[0], "without a question there is one button"

    @pytest.mark.parametrize("press", ["as typed", "as offered"])
    def test_one_press_more_signs(
        self, app: Flask, client: FlaskClient, sign: Signing, press: str
    ) -> None:
        again = SLIP | noticed(sign(client, SLIP))
        if press == "as offered":
            again["use_email"] = MEANT
        assert sign(client, again).status_code == 303
        factories.work(app)
        (letter,) = factories.letters(app)
        assert str(letter["To"]) == (MEANT if press == "as offered" else SLIP["email"])

    def test_another_slip_is_looked_at_again(self, client: FlaskClient, sign: Signing) -> None:
        seen = noticed(sign(client, SLIP))
        for other in ("ben.okafor@gmal.com", "ben.okaforr@gmial.com", "ben@hotmial.com"):
            answer = sign(client, SLIP | seen | {"email": other})
            assert answer.status_code == 422, other
            assert noticed(answer) != seen
        assert sign(client, SLIP | seen | {"given_name": "Benjamin"}).status_code == 303

    def test_what_is_offered_is_checked_like_what_is_typed(
        self, app: Flask, client: FlaskClient, sign: Signing
    ) -> None:
        before = everything(app)
        for offered in ("no address", "x@amazon.example.org", "ben@hotmial.com"):
            answer = sign(client, personas.ben | {"use_email": offered})
            assert answer.status_code == 422
            assert f'value="{offered}"' in text(answer)
        assert everything(app) == before

    def test_an_error_elsewhere_and_the_question_come_at_once(
        self, client: FlaskClient, sign: Signing
    ) -> None:
        answer = sign(client, SLIP | {"country": "", "comment": TELLING})
        assert "Please check 3 things" in text(answer)
        assert asked(answer) == ["email", "comment"]
        again = SLIP | {"comment": TELLING} | noticed(answer)
        assert sign(client, again).status_code == 303, "it has been asked about already"

    def test_a_wrong_address_is_not_asked_about(self, client: FlaskClient, sign: Signing) -> None:
        answer = sign(client, personas.ben | {"email": "ben@gmial"})
        assert asked(answer) == []
        assert "does not look like an email address" in text(answer)


class TestTraces:
    """What in a comment may lead to a person: named, with the reason; the text is theirs."""

    def test_each_kind_is_named_and_nothing_is_stored(
        self, app: Flask, client: FlaskClient, sign: Signing
    ) -> None:
        before = everything(app)
        answer = sign(client, personas.ben | {"comment": TELLING})
        assert answer.status_code == 422
        assert everything(app) == before
        assert factories.work(app) == 0
        assert asked(answer) == ["comment"]
        said = described(answer, "comment")
        for trace in ("482913", "BER3", "+49 170 1234567", "sam@example.org"):
            assert trace in said
        for reason in ("badge number", "code of a site", "phone number", "email address"):
            assert reason in said
        assert 'href="#comment"' in text(answer)
        assert "use_email" not in text(answer)

    def test_the_text_stays_as_it_is_when_it_comes_again(
        self, app: Flask, client: FlaskClient, sign: Signing
    ) -> None:
        form = personas.ben | {"comment": TELLING}
        answer = sign(client, form)
        assert f">{TELLING}</textarea>" in text(answer)
        assert sign(client, form | noticed(answer)).status_code == 303
        ((sealed, entry_id, key),) = factories.rows(
            app, "SELECT sealed, id, key_number FROM entries"
        )
        vault = dependencies_of(app).vault
        assert vault.open(sealed, entry_id, key).comment == TELLING

    def test_other_traces_are_looked_at_again(self, client: FlaskClient, sign: Signing) -> None:
        form = personas.ben | {"comment": TELLING}
        seen = noticed(sign(client, form))
        answer = sign(client, form | seen | {"comment": TELLING.replace("BER3", "LEJ1")})
        assert answer.status_code == 422
        assert "LEJ1" in text(answer)
        assert sign(client, form | seen | {"comment": TELLING + " Yours, Ben"}).status_code == 303

    def test_without_traces_it_goes_through(self, client: FlaskClient, sign: Signing) -> None:
        seen = noticed(sign(client, personas.ben | {"comment": TELLING}))
        assert sign(client, personas.ben | seen | {"comment": "It is right."}).status_code == 303

    def test_markup_in_a_trace_is_only_text(self, client: FlaskClient, sign: Signing) -> None:
        answer = sign(client, personas.ben | {"comment": "<b>a&quot;b@example.org</b> BER3"})
        assert answer.status_code == 422
        assert "<b>" not in answer.get_data(as_text=True)


def test_both_are_asked_about_at_once(app: Flask, client: FlaskClient, sign: Signing) -> None:
    form = SLIP | {"comment": TELLING}
    answer = sign(client, form)
    assert asked(answer) == ["email", "comment"]
    assert "Nothing has been stored or sent yet" in text(answer)
    taken_up = form | noticed(answer) | {"use_email": MEANT}
    assert sign(client, taken_up).status_code == 303, "the comment was asked about as well"
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(1,)]


@pytest.mark.parametrize(
    "junk", ["", "x", " ".join("abcdef0123456789" for _ in range(99)), "\x00é"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_junk_for_what_was_noticed(client: FlaskClient, sign: Signing, junk: str) -> None:
    assert sign(client, SLIP | {"noticed": junk}).status_code == 422
    assert sign(client, personas.ben | {"noticed": junk}).status_code == 303


def test_the_question_tells_nobody_who_signed(
    app: Flask, client: FlaskClient, sign: Signing
) -> None:
    first = sign(client, SLIP)
    sign(client, SLIP | noticed(first))
    sign(client, personas.ben)
    factories.work(app)
    for letter in factories.letters(app):
        client.post(factories.link_in(letter))
    again = sign(client, SLIP)
    assert (again.status_code, list(again.headers), again.data) == (
        first.status_code,
        list(first.headers),
        first.data,
    )


@pytest.mark.parametrize(
    "address",
    [
        "wanda@amazon.example.org",
        "wanda@AMAZON.de",
        "w@mail.amazon.co.uk",
        "w@a2z.com",
        "w@x.twitch.tv",
    ],
)
def test_no_address_at_the_targets_own_mail_is_taken(
    app: Flask, client: FlaskClient, sign: Signing, address: str
) -> None:
    before = everything(app)
    answer = sign(client, personas.wanda | {"email": address})
    assert answer.status_code == 422
    assert everything(app) == before
    assert factories.work(app) == 0
    said = described(answer, "email")
    for word in ("employer", "private", "Nothing has been stored", "or sent"):
        assert word in said
    assert 'id="email" ' in text(answer)
    assert 'aria-invalid="true"' in text(answer)


def test_pressing_again_does_not_get_such_an_address_through(
    app: Flask, client: FlaskClient, sign: Signing
) -> None:
    form = personas.wanda | {"comment": TELLING}
    again = form | noticed(sign(client, form))
    assert sign(client, again).status_code == 422
    assert factories.rows(app, "SELECT * FROM signatures") == []


def test_a_domain_that_staff_add_counts_from_the_next_form_on(
    app: Flask, client: FlaskClient, sign: Signing, clock: Callable[[], object]
) -> None:
    form = personas.someone(1, email="carol@corp.example.org")
    assert sign(client, form).status_code == 303
    with transaction() as session:
        target_domains.add_domain(
            session, "amazon", "corp.example.org", by="sam", at=dependencies_of(app).now()
        )
    dependencies_of(app).campaign_cache.clear()
    assert sign(client, form).status_code == 422


@profile(max_examples=40)
@given(comment=st.text(alphabet="0123456789 BERabc@.+-\n", max_size=200), email=st.booleans())
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_was_asked_about_passes_when_it_comes_again(
    app: Flask, client: FlaskClient, comment: str, email: bool
) -> None:
    form = (SLIP if email else personas.ben) | {"comment": comment}
    answer = factories.sign(client, form)
    assert answer.status_code in {303, 422}
    if answer.status_code == 422:
        assert factories.sign(client, form | noticed(answer)).status_code == 303


PUBLIC = (
    "/en/amazon",
    "/ar/amazon",
    "/en/amazon/thanks",
    "/en/amazon/privacy",
    "/confirm/x",
    "/none",
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_public_page_has_a_way_out_and_no_page_of_staff(
    app: Flask, client: FlaskClient, sign: Signing
) -> None:
    pages = {address: client.get(address) for address in PUBLIC} | {"422": sign(client, SLIP)}
    for name, answer in pages.items():
        lang = "ar" if name.startswith("/ar") else "en"
        (link,) = re.findall(r'<a class="quick-exit"[^>]*>', text(answer))
        assert f'href="https://{lang}.wikipedia.org/"' in link, name
        assert 'rel="noreferrer noopener"' in link
        assert "data-quick-exit" in link
        assert text(answer).index("quick-exit") < text(answer).index("<main")
    staff = console.enter(app)
    for address in ("/staff/", "/staff/campaigns/amazon", "/staff/campaigns/amazon/domains"):
        assert "quick-exit" not in text(staff.get(address))


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_visibility_is_a_line_with_what_it_means_and_the_safest_is_chosen(
    app: Flask, client: FlaskClient, lang: str
) -> None:
    page = text(client.get(f"/{lang}/amazon"))
    question = factories.the_call(app, lang).call.consents["visibility"]
    for value, sentence in (
        ("counted", question.says("counted")),
        ("target", question.says("target")),
        ("public", question.says("public")),
    ):
        row = re.search(
            rf'name="visibility" value="{value}" required( checked)?><span>([^<]*)'
            r' <span class="detail">([^<]*)</span></span>',
            page,
        )
        assert row
        assert f"{row[2]}\n{row[3]}" == sentence
        assert (row[1] is not None) == (value == "counted")
        assert len(re.findall(r"[.!?؟](?:\s|$)", row[2])) == 1
