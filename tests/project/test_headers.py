"""The headers of every answer: pages, redirects, errors and files alike."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition import assets
from petition.app import SHIPPED, create_app
from petition.config import load
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.visitor import Visitor

# One database is enough: headers do not come from it.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Answers = dict[str, Answer]

# A script or picture of our own, or data that no browser runs.
OWN = re.compile(r'<(?:script|img) (?:src="/[a-z][^"]*"[^>]*|type="application/ld\+json")')


def fault() -> str:
    raise RuntimeError("planted: secret@example.org")


def crawl(app: Flask) -> Answers:
    """An answer of every kind from every route."""
    client = app.test_client()
    signed = factories.sign(client, people.ben)
    assert signed.status_code == 303
    factories.work(app)
    link = factories.link_in(factories.letters(app)[0])
    letter = next(dependencies_of(app).settings.outbox_dir.glob("*.eml")).name
    answers = {"POST sign": signed}
    for name, address in (
        ("index", "/"),
        ("language", "/amazon"),
        ("campaign", "/en/amazon"),
        ("campaign ar", "/ar/amazon"),
        ("campaign tagged", "/en/amazon?utm_source=x"),
        ("thanks", "/en/amazon/thanks"),
        ("confirmed", "/en/amazon/confirmed"),
        ("privacy", "/en/amazon/privacy"),
        ("confirm", link),
        ("confirm forged", "/confirm/forged"),
        ("set up", console.invite(app)),
        ("set up dead", "/staff/set-up/dead"),
        ("sign in", "/staff/sign-in"),
        ("staff shut", "/staff/"),
        ("healthz", "/healthz"),
        ("readyz", "/readyz"),
        ("robots", "/robots.txt"),
        ("sitemap", "/sitemap.xml"),
        ("card", "/en/amazon/card.png"),
        ("qr", "/en/amazon/qr.svg"),
        ("poster", "/en/amazon/poster.pdf"),
        ("script", assets.address("js/site.js")),
        ("security.txt", "/.well-known/security.txt"),
        ("css", assets.address("css/site.css")),
        ("icon", assets.address("favicon.svg")),
        ("static old", "/static/000000000000/css/site.css"),
        ("static none", "/static/000000000000/none.css"),
        ("outbox", "/dev/outbox"),
        ("letter", f"/dev/outbox/{letter}"),
        ("letter html", f"/dev/outbox/{letter}/html"),
        ("404", "/no/such/page"),
        ("404 call", "/nothing"),
        ("slash", "/staff"),
    ):
        answers[name] = client.get(address)
    answers["304"] = client.get(
        "/en/amazon", headers={"If-None-Match": answers["campaign"].headers["ETag"]}
    )
    answers["HEAD"] = client.head("/en/amazon")
    answers["OPTIONS"] = client.options("/en/amazon")
    answers["405"] = client.post("/en/amazon")
    answers["413"] = client.post("/en/amazon/sign", data={"comment": "x" * 70_000})
    answers["422"] = client.post("/en/amazon/sign", data={})
    answers["403 elsewhere"] = client.post(
        "/en/amazon/sign", data={}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    answers["POST confirm"] = client.post(link)
    staff = console.enter(app, email="somebody@campaign.example.org")
    other = console.invite(app, email="other@campaign.example.org")
    newcomer = app.test_client()
    answers["staff password"] = console.choose_password(newcomer, other)
    answers["staff set up"] = console.enrol(newcomer, newcomer.get(console.SET_UP_PAGE))
    answers["staff"] = staff.get("/staff/")
    answers["staff campaign"] = staff.get("/staff/campaigns/amazon")
    answers["staff 404"] = staff.get("/staff/campaigns/nothing")
    answers["staff 422"] = console.export(staff, reason="")
    answers["staff export"] = console.export(staff)
    answers["staff 403"] = staff.post("/staff/sign-out")
    answers["staff sign-out"] = console.sign_out(staff)
    answers["staff sign-in 422"] = console.sign_in(staff, "nobody@example.org")
    app.view_functions["health.healthz"] = fault
    answers["500"] = client.get("/healthz")
    return answers


EXPECTED = {
    "405": 405,
    "413": 413,
    "422": 422,
    "403 elsewhere": 403,
    "404": 404,
    "404 call": 404,
    "static old": 404,
    "static none": 404,
    "304": 304,
    "500": 500,
    "staff 404": 404,
    "staff 422": 422,
    "staff 403": 403,
    "staff export": 200,
    "slash": 308,
}

# Everybody's: no name, no cookie. What is about one person or only for staff is not in here.
PUBLIC = {
    "index",
    "language",
    "campaign",
    "campaign ar",
    "thanks",
    "confirmed",
    "privacy",
    "healthz",
    "readyz",
    "robots",
    "sitemap",
    "card",
    "qr",
    "poster",
    "script",
    "security.txt",
    "css",
    "icon",
    "304",
    "HEAD",
}
CACHED = {
    "campaign",
    "campaign ar",
    "thanks",
    "confirmed",
    "privacy",
    "sitemap",
    "card",
    "qr",
    "poster",
    "script",
    "css",
    "icon",
    "304",
    "HEAD",
}
# A page of staff that somebody may keep, or one behind a personal link.
PERSONAL = {
    "confirm",
    "confirm forged",
    "POST confirm",
    "set up",
    "set up dead",
    "sign in",
    "staff shut",
    "staff",
    "staff campaign",
    "staff 404",
    "staff 422",
    "staff export",
    "staff 403",
    "staff sign-out",
    "staff sign-in 422",
    "staff password",
    "staff set up",
    "outbox",
    "letter",
    "letter html",
}
STAFF = {name for name in PERSONAL if name.startswith(("staff", "set up", "sign in"))}


@pytest.fixture(scope="module")
def folder(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with a database that holds the call."""
    folder = tmp_path_factory.mktemp("instance")
    shutil.copyfile(sqlite_template, folder / "petition.db")
    return folder


def app_at(folder: Path, **environ: str) -> Flask:
    app = create_app(load({"PETITION_INSTANCE": str(folder), **environ}))
    app.test_client_class = Visitor
    return app


@pytest.fixture(scope="module")
def answers(folder: Path) -> Answers:
    """What a crawl of everything brings home; made once, read by every test."""
    app = app_at(folder)
    settings = dependencies_of(app).settings
    with app.app_context():
        with transaction() as session:
            content_files.load_and_open_new(
                session, SHIPPED / "amazon", organiser=settings.organiser, at=datetime.now(UTC)
            )
        return crawl(app)


@pytest.fixture(scope="module")
def secure_answers(folder: Path, answers: Answers) -> Answers:
    """Some of the same over https."""
    base = "https://call.example.org"
    app = app_at(folder, PETITION_BASE_URL=base)
    client = app.test_client()
    token = console.form_token(client.get("/staff/sign-in", base_url=base))
    return {
        "campaign": client.get("/en/amazon", base_url=base),
        "404": client.get("/no/such/page", base_url=base),
        "sign in": client.post("/staff/sign-in", data={"csrf_token": token}, base_url=base),
        "first": app.test_client().get("/staff/sign-in", base_url=base),
        "set up": set_up_at(app, base),
    }


def set_up_at(app: Flask, base: str) -> Answer:
    link, client = console.invite(app, email="secure@campaign.example.org"), app.test_client()
    token = console.form_token(client.get(link, base_url=base))
    data = {"csrf_token": token, "password": console.PASSWORD}
    assert client.post(link, base_url=base, data=data).status_code == 303
    return console.enrol(client, client.get(console.SET_UP_PAGE, base_url=base), base_url=base)


def test_the_crawl_saw_what_it_was_meant_to_see(answers: Answers) -> None:
    assert {name: answers[name].status_code for name in EXPECTED} == EXPECTED


def policy(answer: Answer) -> dict[str, list[str]]:
    """The content security policy, by directive."""
    header = answer.headers["Content-Security-Policy"]
    parts = [part.split() for part in header.split(";") if part.strip()]
    return {name: values for name, *values in parts}


def test_content_security(answers: Answers) -> None:
    for name, answer in answers.items():
        found = policy(answer)
        assert found["default-src"] == ["'none'"], name
        assert found["frame-ancestors"] == ["'none'"], name
        assert "unsafe-eval" not in str(found), name
        if name == "letter html":
            # A letter's styles are in the letter: it is shown in a sandbox, without scripts.
            assert "sandbox" in found
            assert "allow-scripts" not in found["sandbox"]
            assert "script-src" not in found
            continue
        assert "unsafe-inline" not in str(found), name
        assert found["base-uri"] == ["'none'"], name
        assert found["form-action"] == ["'self'"], name
        assert {*found["script-src"]} <= {"'self'", "'none'"}, name


def test_headers_of_every_answer(answers: Answers) -> None:
    for name, answer in answers.items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["X-Frame-Options"] == "DENY", name
        assert answer.headers["Referrer-Policy"] in {
            "no-referrer",
            "strict-origin-when-cross-origin",
        }, name
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert answer.headers["Cache-Control"], name
        assert "Strict-Transport-Security" not in answer.headers, name
        for header in (
            "Content-Security-Policy",
            "X-Content-Type-Options",
            "Referrer-Policy",
            "Cache-Control",
        ):
            assert len(answer.headers.getlist(header)) == 1, f"{name}: {header}"


def test_https_asks_for_https(secure_answers: Answers) -> None:
    for name, answer in secure_answers.items():
        header = answer.headers["Strict-Transport-Security"]
        assert int(header.partition("max-age=")[2].partition(";")[0]) >= 31_536_000, name


def test_personal_pages_are_kept_and_passed_on_by_nobody(answers: Answers) -> None:
    for name in PERSONAL:
        headers = answers[name].headers
        assert headers["Cache-Control"] == "no-store", name
        assert headers["Referrer-Policy"] == "no-referrer", name
        assert "noindex" in headers["X-Robots-Tag"], name


def test_errors_are_not_cached(answers: Answers) -> None:
    for name, answer in answers.items():
        if answer.status_code >= 400:
            assert answer.headers["Cache-Control"] == "no-store", name


def test_public_pages_can_be_cached(answers: Answers) -> None:
    for name in CACHED:
        headers = answers[name].headers
        assert headers["Cache-Control"].startswith("public, max-age="), name
        assert "Cookie" not in headers.get("Vary", ""), name


def test_only_staff_get_a_cookie(answers: Answers) -> None:
    for name, answer in answers.items():
        if name not in STAFF:
            assert "Set-Cookie" not in answer.headers, name
    assert any("Set-Cookie" in answers[name].headers for name in STAFF)


@on_sqlite
def test_who_is_signed_in_gets_public_pages_like_everybody(app: Flask) -> None:
    staff, stranger = console.enter(app), app.test_client()
    for address in ("/en/amazon", "/en/amazon/thanks", "/ar/amazon/privacy", "/no/such/page"):
        theirs, own = stranger.get(address), staff.get(address)
        assert (own.status_code, own.data, list(own.headers)) == (
            theirs.status_code,
            theirs.data,
            list(theirs.headers),
        )


def cookies(answer: Answer) -> Iterator[Any]:
    for header in answer.headers.getlist("Set-Cookie"):
        yield from SimpleCookie(header).values()


def test_the_staff_cookie(answers: Answers, secure_answers: Answers) -> None:
    found = [cookie for name in STAFF for cookie in cookies(answers[name])]
    assert found
    for cookie in found:
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert cookie["path"] == ("/staff" if cookie.key == "staff-device" else "/")
        assert not cookie["domain"]
    assert {cookie.key for cookie in found} == {"staff", "staff-device"}
    (secure,) = cookies(secure_answers["first"])
    assert secure["secure"]
    assert secure["httponly"]
    assert secure.key.startswith("__Host-")
    assert not secure["domain"]
    (device,) = (each for each in cookies(secure_answers["set up"]) if "device" in each.key)
    assert device.key.startswith("__Secure-")
    assert device["secure"]
    assert device["path"] == "/staff", "public pages never see it"


def test_nothing_tells_what_runs_here(answers: Answers) -> None:
    for name, answer in answers.items():
        for header in ("Server", "X-Powered-By", "Via"):
            assert header not in answer.headers, name
        if answer.status_code >= 400:
            text = answer.get_data(as_text=True)
            for word in ("Traceback", "werkzeug", "flask", "sqlalchemy", "planted", ".py"):
                assert word.lower() not in text.lower(), f"{name}: {word}"


def test_pages_name_no_other_host_to_load_from(answers: Answers) -> None:
    for name, answer in answers.items():
        if answer.mimetype != "text/html" or name == "letter html":
            continue
        text = answer.get_data(as_text=True)
        for tag in ("<iframe", "<style", " style=", " onclick=", " onload="):
            assert tag not in text, f"{name}: {tag}"
        for tag in re.findall(r"<(?:script|img)\b[^>]*", text):
            assert OWN.fullmatch(tag), f"{name}: {tag}"


def test_redirects_stay_here(answers: Answers) -> None:
    for name, answer in answers.items():
        if 300 < answer.status_code < 400 and answer.status_code != 304:
            place = answer.headers["Location"]
            here = place.startswith(("/", "http://localhost/"))
            assert here, f"{name}: {place}"
            assert not place.startswith("//"), f"{name}: {place}"


@on_sqlite
@pytest.mark.parametrize(
    "address", ["//evil.example", "///evil.example", "/en//evil.example", "/\\evil.example"]
)
def test_no_address_sends_people_elsewhere(client: FlaskClient, address: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": address, "REQUEST_URI": address})
    place = answer.headers.get("Location", "/")
    assert place.startswith(("/", "http://localhost/")), place
    assert not place.startswith(("//", "/\\")), place


@on_sqlite
def test_a_foreign_host_header_changes_no_link(client: FlaskClient) -> None:
    text = client.get("/en/amazon", headers={"Host": "evil.example"}).get_data(as_text=True)
    assert "evil.example" not in text


@on_sqlite
def test_the_mailbox_opens_only_from_this_machine(client: FlaskClient) -> None:
    assert client.get("/dev/outbox").status_code == 200
    for header in ("X-Forwarded-For", "Forwarded"):
        assert client.get("/dev/outbox", headers={header: "127.0.0.1"}).status_code == 404
    for address in ("192.0.2.7", "2001:db8::1", ""):
        away = {"REMOTE_ADDR": address}
        assert client.get("/dev/outbox", environ_base=away).status_code == 404
