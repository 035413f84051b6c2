"""What a letter says, and what it must not tell to who glances at a lock screen."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from petition import i18n
from petition.services import screening
from petition.store.db import transaction
from tests import people
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, letters as sent, link_in, the_call, work

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TELLING = {
    "en": ("amazon", "union", "petition", "worker", "sign", "campaign", "right", "company"),
    "ar": ("أمازون", "نقاب", "عريضة", "توقيع", "وقّع", "حملة", "عمّال", "عمال", "شركة"),
}
"""Words that would tell what the letter is about."""


def _texts(letter: EmailMessage) -> dict[str, str]:
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    return {
        "subject": str(letter["Subject"]),
        "from": str(letter["From"]),
        "plain": plain.get_content(),
        "html": html.get_content(),
    }


def _one(app: Flask, form: people.Form, lang: str) -> EmailMessage:
    keep(app, the_call(app, lang), form)
    work(app)
    return sent(app)[-1]


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("kind", ["confirm", "already"])
def test_nothing_tells_what_it_is_about(app: Flask, clock: Clock, lang: str, kind: str) -> None:
    letter = _one(app, people.amina, lang)
    if kind == "already":
        confirm(app, entries(app)[0])
        clock.forward(timedelta(hours=1))
        letter = _one(app, people.amina, lang)
    for place, text in _texts(letter).items():
        bare = re.sub(r"https?://\S+", "", text).casefold()
        for word in TELLING["en"] + TELLING["ar"]:
            assert word not in bare, (place, word)


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("kind", ["confirm", "already"])
def test_nothing_in_it_comes_from_the_form(app: Flask, clock: Clock, lang: str, kind: str) -> None:
    form = people.mallory | {
        "given_name": "Qwertz",
        "family_name": "Asdfgh",
        "postcode": "YXCV1",
        "comment": "Visit evil dot example now",
        "source": "mallorysource",
        "utm_source": "malloryutm",
    }
    letter = _one(app, form, lang)
    if kind == "already":
        confirm(app, entries(app)[0])
        clock.forward(timedelta(hours=1))
        letter = _one(app, form, lang)
    whole = "\n".join([*_texts(letter).values(), *map(str, letter.values())]).casefold()
    for name in ("given_name", "family_name", "postcode", "comment", "source", "utm_source"):
        assert form[name].casefold() not in whole, name
    assert str(letter["To"]) == form["email"]
    assert whole.count(form["email"]) == 1


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_letter_speaks_the_language_of_its_form(app: Flask, lang: str) -> None:
    letter = _one(app, people.ben, lang)
    texts = _texts(letter)
    language = i18n.language(lang)
    assert texts["subject"] == language.gettext("Please confirm your email address")
    assert letter["Content-Language"] == lang
    assert f'lang="{lang}" dir="{language.direction}"' in texts["html"]
    assert language.gettext("Hello,") in texts["plain"]
    if lang == "ar":
        assert not texts["subject"].isascii()
        assert not texts["plain"].replace("\n", "").isascii()


def test_text_and_html_carry_the_same_one_link(app: Flask) -> None:
    letter = _one(app, people.ben, "en")
    texts = _texts(letter)
    found = re.findall(r"http://127\.0\.0\.1:8000/confirm/[\w.~-]+", texts["plain"])
    assert len(found) == 1
    assert set(re.findall(r'href="([^"]+)"', texts["html"])) == set(found)
    assert link_in(letter) == found[0].removeprefix("http://127.0.0.1:8000")
    assert [part.get_content_type() for part in letter.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert "src=" not in texts["html"]  # nothing is fetched, nobody is watched opening it


def test_the_headers(app: Flask, clock: Clock) -> None:
    letter = _one(app, people.ben, "en")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == clock()
    assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", str(letter["Message-ID"]))
    assert letter["From"].addresses[0].addr_spec == "no-reply@localhost"
    assert letter["X-Auto-Response-Suppress"] == "All"
    for name in ("Cc", "Bcc", "Reply-To", "Return-Path", "X-Mailer"):
        assert letter[name] is None


def test_who_has_confirmed_is_told_so_and_gets_no_link(app: Flask, clock: Clock) -> None:
    _one(app, people.ben, "en")
    confirm(app, entries(app)[0])
    clock.forward(timedelta(hours=1))
    letter = _one(app, people.ben_again, "en")
    texts = _texts(letter)
    assert texts["subject"] == "Your email address is confirmed already"
    assert "/confirm/" not in texts["plain"] + texts["html"]
    assert str(letter["To"]).lower() == people.ben_again["email"].lower()


@pytest.mark.parametrize(
    ("verb", "confirmed"), [("hold", False), ("reject", False), ("hold", True)]
)
def test_who_is_held_or_rejected_gets_a_letter_like_anyone(
    app: Flask, clock: Clock, verb: str, confirmed: bool
) -> None:
    _one(app, people.ben, "en")
    if confirmed:
        confirm(app, entries(app)[0])
    with transaction() as session:
        getattr(screening, verb)(session, 1, reason="r", by="sam", at=clock())
    clock.forward(timedelta(hours=1))
    texts = _texts(_one(app, people.ben, "en"))
    expected = (
        "Your email address is confirmed already"
        if confirmed
        else "Please confirm your email address"
    )
    assert texts["subject"] == expected


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("ben@example.org", "ben@example.org"),
        ("Ben.O'Connor+x@Example.org", "Ben.O'Connor+x@Example.org"),
        ("ben@bücher.example.org", "ben@xn--bcher-kva.example.org"),
        ("δοκιμή@παράδειγμα.gr", "δοκιμή@xn--hxajbheg2az3al.gr"),
    ],
)
def test_an_address_of_any_script_survives_the_folder(app: Flask, typed: str, written: str) -> None:
    letter = _one(app, people.someone(1, email=typed), "en")
    assert letter["To"].addresses[0].addr_spec == written


def test_every_line_fits_an_smtp_line(app: Flask) -> None:
    for lang in ("en", "ar"):
        data = _one(app, people.someone(len(lang), email=f"{lang}@example.org"), lang).as_bytes()
        assert max(len(line) for line in data.splitlines()) < 998
        assert data.isascii()
