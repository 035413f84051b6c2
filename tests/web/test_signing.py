"""Signing over HTTP: what the form takes, what it refuses, and that nobody learns who signed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings as profile, strategies as st
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse as Answer

from petition.domain import tokens
from petition.errors import StoreUnavailable
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people as personas
from tests.people import Form

Signing = Callable[..., Answer]

SHOWN = (
    "SELECT consent_text_id FROM campaign_questions q JOIN campaign_texts t "
    "ON t.id = campaign_text_id WHERE t.language = 'en' AND q.purpose = 'sign'"
)
FIELDS = (
    "given_name",
    "family_name",
    "email",
    "country",
    "postcode",
    "comment",
    "agree",
    "updates",
    "visibility",
    "source",
    "utm_source",
    "utm_medium",
    "utm_campaign",
)


def text(answer: Answer) -> str:
    return answer.get_data(as_text=True)


def post(client: FlaskClient, form: Any, lang: str = "en", **more: Any) -> Answer:
    """Send a form as it is, its own ticket and all."""
    return client.post(f"/{lang}/amazon/sign", data=form, **more)


def counted(app: Flask) -> tuple[int, ...]:
    """How many rows each table of a signing holds."""
    tables = ("signatures", "entries", "consents", "letters")
    return tuple(
        factories.rows(app, f"SELECT count(*) FROM {table}")[0][0]  # type: ignore[misc]
        for table in tables
    )


def test_a_right_form_makes_one_signature_with_all_that_belongs_to_it(
    app: Flask, client: FlaskClient, sign: Signing
) -> None:
    answer = sign(client, personas.amina, lang="ar")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ar/amazon/thanks")
    assert counted(app) == (1, 1, 3, 1)
    rows = factories.rows(app, "SELECT purpose, answer FROM consents ORDER BY purpose")
    assert rows == [("sign", "yes"), ("updates", "yes"), ("visibility", "public")]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"given_name": ""}, "given_name", "fill this in"),
        ({"given_name": "   "}, "given_name", "fill this in"),
        ({"given_name": "x" * 101}, "given_name", "too long"),
        ({"given_name": "12345"}, "given_name", "letters"),
        *[({"given_name": link}, "given_name", "only your name") for link in personas.LINKS],
        ({"family_name": "www.evil.example"}, "family_name", "only your name"),
        ({"family_name": "a\x1bb"}, "family_name", "characters"),
        *[({"email": bad}, "email", "") for bad in personas.BAD_ADDRESSES],
        ({"email": "a" * 250 + "@example.org"}, "email", "too long"),
        ({"country": ""}, "country", "choose your country"),
        ({"country": "XX"}, "country", "choose your country"),
        ({"country": "de"}, "country", "choose your country"),
        ({"postcode": "1" * 17}, "postcode", "too long"),
        ({"comment": "x" * 1001}, "comment", "1,000"),
        ({"comment": "a\x00b"}, "comment", "characters"),
        ({"agree": ""}, "agree", "agree"),
        ({"agree": "no"}, "agree", "agree"),
        ({"updates": ""}, "updates", "yes or no"),
        ({"updates": "maybe"}, "updates", "yes or no"),
        ({"visibility": "everyone"}, "visibility", "who may see"),
        ({"subject": "http://spam.example"}, "subject", "robots"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrong_field_is_named_and_nothing_typed_is_lost(
    app: Flask, client: FlaskClient, sign: Signing, change: Form, field: str, words: str
) -> None:
    answer = sign(client, personas.ben | {"comment": "Because."} | change)
    page = text(answer)
    assert answer.status_code == 422
    assert counted(app) == (0, 0, 0, 0)
    assert "error-summary" in page
    assert f'href="#{field}"' in page
    problem = re.search(rf'id="{field}-problem">([^<]*)<', page)
    assert problem
    assert words in problem[1]
    for name, value in (personas.ben | {"comment": "Because."}).items():
        if name in change or name in {"agree", "visibility", "updates"}:
            continue
        assert value in page, name
    if "agree" not in change:
        assert re.search(r'id="agree"[^>]* checked', page)
    if "visibility" not in change:
        assert re.search(r'value="target"[^>]* checked', page)


def test_an_empty_form_hears_of_every_field_at_once(client: FlaskClient, sign: Signing) -> None:
    page = text(sign(client, {}))
    for field in ("given_name", "email", "country", "updates", "agree"):
        assert f'href="#{field}"' in page


def test_no_choice_is_made_for_anybody(client: FlaskClient) -> None:
    """Neither the tick nor the answer about news is there before a person gives it."""
    for address in ("/en/amazon", "/en/amazon?agree=yes&updates=yes&visibility=public"):
        page = text(client.get(address))
        assert re.findall(r'value="(\w+)"[^>]* checked', page) == ["counted"]


def test_messages_come_in_the_language_of_the_page(client: FlaskClient, sign: Signing) -> None:
    page = text(sign(client, {}, lang="ar"))
    assert 'lang="ar"' in page
    assert "Please fill this in" not in page


class TestTicket:
    """The signed, dated ticket that stands in for a cookie."""

    def test_the_page_has_the_one_that_other_tests_send(self, client: FlaskClient) -> None:
        for lang in ("en", "ar"):
            ticket = factories.ticket(client, lang)
            assert ticket == factories.same_ticket(client, lang)
            form = personas.someone(1) | {"ticket": ticket}
            assert client.post(f"/{lang}/amazon/sign", data=form).status_code == 303

    @pytest.mark.parametrize("forged", ["", "x", "1.ffffffff.aaaa", "é", "\x00", "1" * 5000])
    def test_a_forged_one(self, app: Flask, client: FlaskClient, forged: str) -> None:
        answer = post(client, personas.ben | {"ticket": forged})
        assert answer.status_code == 422
        assert personas.ben["email"] in text(answer)
        assert counted(app) == (0, 0, 0, 0)

    def test_an_old_one_costs_one_more_click(
        self, app: Flask, client: FlaskClient, clock: Any
    ) -> None:
        old = factories.ticket(client)
        clock.forward(timedelta(hours=24, minutes=11))
        answer = post(client, personas.ben | {"ticket": old})
        assert answer.status_code == 422
        assert "open for too long" in text(answer)
        fresh = re.search(r'name="ticket" value="([^"]+)"', text(answer))
        assert fresh
        assert post(client, personas.ben | {"ticket": fresh[1]}).status_code == 303
        assert counted(app)[0] == 1

    def test_it_may_be_used_again_for_a_day(self, client: FlaskClient, clock: Any) -> None:
        ticket = factories.ticket(client)
        for number in range(3):
            form = personas.someone(number) | {"ticket": ticket}
            assert post(client, form).status_code == 303
            clock.forward(timedelta(hours=7))

    def test_one_of_another_language(self, app: Flask, client: FlaskClient) -> None:
        other = factories.ticket(client, "ar")
        assert post(client, personas.ben | {"ticket": other}).status_code == 422
        assert counted(app) == (0, 0, 0, 0)

    def test_a_letters_token_is_no_ticket(
        self, app: Flask, client: FlaskClient, clock: Any
    ) -> None:
        deps = dependencies_of(app)
        other = deps.tokens.sign(tokens.CONFIRM, "1", expires=clock() + timedelta(hours=1))
        assert post(client, personas.ben | {"ticket": other}).status_code == 422

    def test_the_consent_is_to_the_words_that_were_shown(
        self, app: Flask, client: FlaskClient
    ) -> None:
        """The consent's wording changed while the form was open: the old one was agreed to."""
        ticket = factories.ticket(client)
        shown = factories.rows(app, SHOWN)
        factories.change(
            app,
            "INSERT INTO consent_texts (campaign_id, purpose, language, version, wording, sha256, "
            "created_at) SELECT campaign_id, purpose, language, version + 1, 'Other words', "
            "'0', created_at FROM consent_texts WHERE language = 'en' AND purpose = 'sign'",
        )
        factories.change(
            app,
            "INSERT INTO campaign_texts (campaign_id, language, version, content, created_at) "
            "SELECT campaign_id, language, version + 1, content, created_at FROM campaign_texts "
            "WHERE language = 'en'",
        )
        factories.change(
            app,
            "INSERT INTO campaign_questions (campaign_text_id, purpose, consent_text_id, required) "
            "SELECT (SELECT max(id) FROM campaign_texts), q.purpose, CASE q.purpose "
            "WHEN 'sign' THEN (SELECT id FROM consent_texts WHERE sha256 = '0') "
            "ELSE consent_text_id END, required FROM campaign_questions q "
            "JOIN campaign_texts t ON t.id = campaign_text_id "
            "WHERE t.language = 'en' ORDER BY q.id",
        )
        dependencies_of(app).campaign_cache.clear()
        assert post(client, personas.ben | {"ticket": ticket}).status_code == 303
        agreed = "SELECT consent_text_id FROM consents WHERE purpose = 'sign' ORDER BY id"
        assert factories.rows(app, agreed) == shown
        assert factories.sign(client, personas.cora).status_code == 303
        assert factories.rows(app, agreed) != [*shown, *shown]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({}, 303),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_from_another_site(
    app: Flask, client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    answer = post(client, personas.ben | {"ticket": factories.ticket(client)}, headers=headers)
    assert answer.status_code == status
    assert counted(app)[0] == (1 if status == 303 else 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_form_of_ours(app: Flask, client: FlaskClient) -> None:
    ticket = factories.ticket(client)
    for data, kind, allowed in (
        (b"\xff\xfe\x00" * 20, "application/x-www-form-urlencoded", {422}),
        (b"given_name=%ff%fe%00&email=%c3%28", "application/x-www-form-urlencoded", {422}),
        (b"{}", "application/json", {422}),
        (b"--x", "multipart/form-data; boundary=x", {400, 422}),
        (b"", "multipart/form-data", {400, 422}),
        (b"", "", {422}),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", {413}),
        (b"&".join(b"a=1" for _ in range(5000)), "application/x-www-form-urlencoded", {413, 422}),
        (f"ticket={ticket}".encode() * 3, "application/x-www-form-urlencoded", {422}),
    ):
        answer = post(client, data, content_type=kind)
        assert answer.status_code in allowed, (data[:20], kind)
    parts = {name: ["a"] * 60 for name in ("given_name", "email")}
    assert post(client, parts, content_type="multipart/form-data").status_code in {413, 422}
    assert counted(app) == (0, 0, 0, 0)


JUNK = (
    "\x00",
    "a\x00b",
    "\ud800",
    "\ufffe",
    "\U0010ffff",
    "\u202eevil",
    "\u200d",
    "é" * 60,
    "e\u0301" * 90,
    "ﷺ" * 30,
    "👩‍👩‍👧‍👦" * 10,
    "'; DROP TABLE signatures; --",
    "{{7*7}}",
    "%s%n%(x)s",
    "\\x00\\",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "\u0130\u0131ß",
    "١٢٣",
    "\r\nBcc: x@example.org",
    "-1",
    "1e999",
    " " * 50,
)


@pytest.mark.slow
def test_junk_in_any_field_is_answered(app: Flask, client: FlaskClient, clock: Any) -> None:
    """Never a 500, on either database, and what is kept is a whole signature."""
    ticket = factories.ticket(client)
    fields = (*FIELDS, "subject", "ticket")
    for place, junk in enumerate(JUNK):
        clock.forward(timedelta(hours=1))  # one sender sends them all, and has a limit
        for number, field in enumerate(fields, place * len(fields)):
            form = personas.someone(number) | {"ticket": ticket, field: junk}
            encoded = {key: value.encode("utf-8", "surrogatepass") for key, value in form.items()}
            answer = post(client, encoded)
            assert answer.status_code in {303, 422}, (ascii(junk), field)
            assert "<script>alert" not in text(answer)
        signatures, entries, consents, letters = counted(app)
        whole = signatures, 3 * signatures, signatures
        assert (entries, consents, letters) == whole, ascii(junk)
    assert signatures > len(JUNK)


@profile(max_examples=40)
@given(field=st.sampled_from(FIELDS), junk=st.text(max_size=120))
def test_any_text_in_any_field_is_answered(
    app: Flask, client: FlaskClient, field: str, junk: str
) -> None:
    form = personas.someone(1) | {"ticket": factories.ticket(client), field: junk}
    encoded = {key: value.encode("utf-8", "surrogatepass") for key, value in form.items()}
    assert post(client, encoded).status_code in {303, 422}


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    "address",
    [
        "/%00",
        "/en/%00",
        "/en/a%00b/thanks",
        "/confirm/%00",
        "/confirm/%ff",
        "/confirm/1.ffffffffffffffffff.x",
        "/confirm/" + "9" * 400,
        "/staff/set-up/%00",
        "/static/%00/%00",
        "/static/x/..%2f..%2fconfig.py",
        "/static/x/css",
        "/dev/outbox/%00",
        "/dev/outbox/..%2f..%2fpetition.db",
        "/en/amazon?utm_source=%00&source=%ff",
        "/amazon?x=%0d%0aSet-Cookie:a=b",
        "/%F0%9F%92%A9",
        "/" + "a" * 3000,
        "/xx/amazon",
        "/en/amazon/",
    ],
)
def test_any_address_is_answered(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code in {200, 302, 308, 404, 410}
    assert "Set-Cookie" not in answer.headers or address.startswith("/staff")


def same(answers: list[Answer]) -> None:
    """All answers alike: status, headers in their order, and every byte."""
    first, *others = [(a.status_code, list(a.headers), a.data) for a in answers]
    for other in others:
        assert other == first


def test_nobody_learns_who_signed(app: Flask, client: FlaskClient, sign: Signing) -> None:
    """Unknown, pending, confirmed, held, rejected, withdrawn: one answer, and the same rows."""
    states = ("pending", "confirmed", "held", "rejected", "withdrawn")
    for number, state in enumerate(states):
        assert sign(client, personas.someone(number)).status_code == 303
        factories.change(
            app,
            "UPDATE signatures SET state = :state WHERE id = (SELECT max(id) FROM signatures)",
            state=state,
        )
    answers, grew = [], []
    for number in (*range(len(states)), 99):
        before = counted(app)
        answers.append(sign(client, personas.someone(number)))
        grew.append(tuple(after - old for after, old in zip(counted(app), before, strict=True)))
    same(answers)
    assert answers[0].headers["Location"] == "/en/amazon/thanks"
    # The signature's own row is the only one that a stranger makes more.
    assert [each[1:] for each in grew] == [(1, 3, 1)] * 6
    assert [each[0] for each in grew] == [0] * 5 + [1]


def test_thanks_and_confirmed_are_one_page_for_all(
    app: Flask, client: FlaskClient, sign: Signing
) -> None:
    fresh = app.test_client()
    sign(client, personas.ben)
    for name in ("thanks", "confirmed"):
        same([client.get(f"/en/amazon/{name}"), fresh.get(f"/en/amazon/{name}")])


def test_a_closed_campaign_takes_nothing_and_keeps_its_page(
    app: Flask, client: FlaskClient
) -> None:
    ticket = factories.ticket(client)
    with transaction() as session:
        content_files.close(session, "amazon", at=dependencies_of(app).now())
    dependencies_of(app).campaign_cache.clear()
    answer = post(client, personas.ben | {"ticket": ticket})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon")
    page = client.get("/en/amazon")
    assert page.status_code == 200
    assert "This petition is closed" in text(page)
    assert 'name="ticket"' not in text(page)
    assert counted(app) == (0, 0, 0, 0)


def test_a_draft_is_not_there(app: Flask, client: FlaskClient) -> None:
    factories.change(app, "UPDATE campaigns SET state = 'draft'")
    dependencies_of(app).campaign_cache.clear()
    for address in ("/amazon", "/en/amazon", "/en/amazon/thanks", "/en/amazon/privacy"):
        assert client.get(address).status_code == 404
    assert post(client, personas.ben).status_code == 404
    assert client.get("/").status_code == 200


def test_a_database_that_is_away(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = personas.ben | {"ticket": factories.ticket(client)}
    deps = dependencies_of(app)
    for fault in (StoreUnavailable(), OperationalError("x", {}, Exception("secret@example.org"))):

        def put(*_what: object, fault: Exception = fault) -> None:
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(deps.group_commit, "submit", put)
            answer = post(client, form)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
        assert "secret" not in text(answer)
    assert counted(app) == (0, 0, 0, 0)
    assert post(client, form).status_code == 303


def test_a_commit_that_fails_leaves_nothing_half_written(app: Flask, client: FlaskClient) -> None:
    """The letters' table is gone: its signature, written before it, must be gone as well."""
    form = personas.ben | {"ticket": factories.ticket(client)}
    factories.change(app, "ALTER TABLE letters RENAME TO letters_away")
    try:
        answer = post(client, form)
    finally:
        factories.change(app, "ALTER TABLE letters_away RENAME TO letters")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert counted(app) == (0, 0, 0, 0)
    assert post(client, form).status_code == 303
    assert counted(app) == (1, 1, 3, 1)


@pytest.mark.parametrize(
    ("liked", "place"),
    [
        ("ar", "/ar/amazon"),
        ("ar-MA,fr;q=0.5", "/ar/amazon"),
        ("cs, ar;q=0.3, en;q=0.2", "/ar/amazon"),
        ("en;q=0.2, ar;q=0.9", "/ar/amazon"),
        ("fr-CA", "/fr/amazon"),
        ("cs", "/en/amazon"),
        ("*", "/en/amazon"),
        ("", "/en/amazon"),
        (";;q=x,,", "/en/amazon"),
        ("ar;q=0", "/en/amazon"),
        ("ar;q=nan", "/en/amazon"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_reader_gets_their_language(client: FlaskClient, liked: str, place: str) -> None:
    for address in ("/", "/amazon"):
        answer = client.get(address, headers={"Accept-Language": liked})
        assert (answer.status_code, answer.headers["Location"]) == (302, place)
        assert "Accept-Language" in answer.headers["Vary"]


def test_tags_of_the_link_reach_the_form_and_the_signature(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/?utm_source=union&utm_medium=post")
    assert answer.headers["Location"] == "/en/amazon?utm_source=union&utm_medium=post"
    page = client.get(answer.headers["Location"])
    assert page.headers["Cache-Control"] == "no-store"
    assert 'name="utm_source" value="union"' in text(page)
    form = personas.ben | {
        "ticket": factories.ticket(client),
        "utm_source": "union",
        "source": "ben@example.org",  # may name a person: dropped
    }
    assert post(client, form).status_code == 303
    rows = factories.rows(app, "SELECT utm_source, source FROM entries")
    assert rows == [("union", None)]


def test_a_cached_page_is_not_sent_again(client: FlaskClient) -> None:
    page = client.get("/en/amazon")
    etag = page.headers["ETag"]
    again = client.get("/en/amazon", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    zipped = client.get("/en/amazon", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.headers["ETag"] != etag
    assert "Accept-Encoding" in zipped.headers["Vary"]
    assert client.get("/en/amazon", headers={"If-None-Match": '"other"'}).status_code == 200
