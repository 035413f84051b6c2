"""Enumeration: whoever types an address learns nothing about it, by no answer and on no page.

The mailbox tells its owner; nobody else can read that.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse as Answer

from petition import i18n
from petition.app import SHIPPED
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.moderation import SHOWN
from petition.services.campaigns import content_files
from petition.services.privacy import retention
from petition.services.signatures import holds, moderation, review_queue
from petition.store.db import reading, transaction
from petition.store.privacy import blocks
from petition.store.signatures import by_address
from petition.store.tables import Entry, Signature
from petition.web.http.access import PUBLIC, rule_of
from petition.web.http.dependencies import dependencies_of
from tests import factories, messages, people, programs
from tests.people import Form
from tests.worlds import Worlds

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("before_the_first_run")]


CLASSES: Final = (
    "unknown",
    "pending",
    "confirmed",
    "withdrawn",
    "withdrawn before confirming",
    "held",
    "rejected",
    "erased",
    "blocked",
)
SIGNING: Final = ("sign", "api", "message")
"""By each of them a signature is sent: by the form, by a program, and with an email to a target."""
ALL: Final = (*SIGNING, "resend", "my", "code")
FORMS: Final = ("sign", "resend", "my", "code")
"""Each of them has its tests alone; the further ways of signing have one together."""
CALLS: Final = tuple(f"call-{number}" for number in range(len(CLASSES)))
"""A call for each class: all hold the same, and in each another address is typed in."""

SUBJECTS: Final = {
    "Please confirm your email address": "confirm",
    "Still to confirm: your email address": "reminder",
    "Your email address is confirmed already": "already",
    "Thank you": "thanks",
    "The link that was asked for": "data",
    "An email waits for you to send it": "message",
}

Send = Callable[[FlaskClient, str, str, str], Answer]
Addresses = dict[str, str]
"""Class to address."""


# --- people of every class, by the forms that people use ------------------------------------------


def addresses(first: int = 0) -> Addresses:
    """An address for each class, all equally long."""
    return {name: f"person.{first + number:04}@example.org" for number, name in enumerate(CLASSES)}


def form_of(email: str) -> Form:
    return people.someone(1, email=email, visibility="public", comment="Because.")


class Mail:
    """What lies in the mailboxes now."""

    def __init__(self, app: Flask) -> None:
        self._letters: dict[str, list[factories.EmailMessage]] = {}
        for letter in factories.letters(app):
            self._letters.setdefault(str(letter["To"]), []).append(letter)

    def kinds(self, email: str) -> list[str]:
        """The kinds of an address's letters, oldest first."""
        return [SUBJECTS[str(letter["Subject"])] for letter in self._letters.get(email, ())]

    def link(self, email: str, place: str) -> str:
        """The newest letter's link to that place."""
        for letter in reversed(self._letters[email]):
            found = re.search(rf"https?://[^/\s]+(/{place}/\S+)", factories.text_of(letter))
            if found:
                return found[1]
        raise AssertionError(f"no letter to {email} has a link to /{place}")


def bring(app: Flask, client: FlaskClient, calls: Mapping[str, Addresses]) -> None:
    """Under each call, let each address come into its class."""
    for slug, to in calls.items():
        for name, email in to.items():
            if name != "unknown":
                assert factories.sign(client, form_of(email), slug=slug).status_code == 303
        client.post(f"/en/{slug}/my", data={"email": to["withdrawn before confirming"]})
    factories.work(app)
    mail = Mail(app)
    for to in calls.values():
        early = mail.link(to["withdrawn before confirming"], "my")
        client.post(f"{early}/withdraw")
        for name in ("confirmed", "withdrawn", "erased"):
            client.post(mail.link(to[name], "confirm"))
        client.post(mail.link(to["blocked"], "stop"))
    factories.work(app)
    mail = Mail(app)
    for slug, to in calls.items():
        client.post(f"{mail.link(to['withdrawn'], 'my')}/withdraw")
        client.post(f"{mail.link(to['erased'], 'my')}/erase", data={"sure": "yes"})
        with app.app_context(), transaction() as session:
            for name, action in (("held", holds.hold), ("rejected", holds.reject)):
                action(session, signature_of(session, app, slug, to[name]), **by_staff(app))
            approve(session, app, slug)
    factories.work(app)


def by_staff(app: Flask) -> dict[str, Any]:
    return {"reason": HoldReason.OTHER, "by": "sam", "at": dependencies_of(app).now()}


def signature_of(session: Session, app: Flask, slug: str, email: str) -> int:
    deps = dependencies_of(app)
    key = deps.vault.address_key(email)
    (found,) = by_address.of_link(session, campaign_of(app, slug), [key])
    return found


def campaign_of(app: Flask, slug: str) -> int:
    return factories.the_call(app, slug=slug).id


def approve(session: Session, app: Flask, slug: str) -> None:
    """Staff let everything stand on the page that waits for them, in time to be read today."""
    vault, at = dependencies_of(app).vault, dependencies_of(app).now() - timedelta(days=2)
    campaign_id = campaign_of(app, slug)
    for each in review_queue.take(session, vault, campaign_id, by="sam", at=at).names:
        moderation.decide(
            session,
            vault,
            each.signature_id,
            SHOWN,
            campaign_id=campaign_id,
            seen=each.seen,
            by="sam",
            at=at,
        )


@pytest.fixture
def typed(app: Flask, client: FlaskClient, clock: Any, worlds: Worlds) -> Addresses:
    """An address of each class under the shipped call, as they stand two days later."""
    return worlds.enter(app, clock, "every_class", lambda: _typed(app, client, clock))


def _typed(app: Flask, client: FlaskClient, clock: Any) -> Addresses:
    to = addresses()
    bring(app, client, {"amazon": to})
    states = factories.rows(app, "SELECT state FROM signatures ORDER BY state")
    assert [state for (state,) in states] == [
        "confirmed",
        "held",
        "pending",
        "rejected",
        "withdrawn",
        "withdrawn",
    ]
    clock.forward(timedelta(days=2))  # the mailboxes may be written to again
    withdrawn_just_now(app, clock)
    dependencies_of(app).campaign_cache.clear()
    return to


def send(client: FlaskClient, form: str, email: str, slug: str = "amazon", **more: Any) -> Answer:
    """Type an address into one of the forms."""
    if form == "api":
        return _send_as_a_program(client, email, slug, **more)
    if form == "sign":
        data = form_of(email) | {"ticket": factories.same_ticket(client, slug=slug)}
    elif form == "message":
        data = messages.form_of(client, form_of(email), comment="Because.")
    else:
        data = {"email": email} | ({"code": "BBBBBB"} if form == "code" else {})
    return client.post(f"/en/{slug}/{form}", data=data | more.pop("data", {}), **more)


def _send_as_a_program(
    client: FlaskClient, email: str, slug: str, *, data: Form | None = None, **more: Any
) -> Answer:
    ticket = {"ticket": factories.same_ticket(client, slug=slug)}
    body = programs.body_of(client, form_of(email)) | ticket | (data or {})
    return client.post(f"/api/v1/campaigns/{slug}/signatures", json=body, **more)


# --- comparing ------------------------------------------------------------------------------------

Seen = tuple[int, list[tuple[str, str]], bytes]


def seen(answer: Answer, typed: str) -> Seen:
    """All of an answer, its headers in their order, but for the address that one typed oneself.

    So too the mark of what the form asked about, which is a hash of that. Nothing else is left
    out. (The server adds `Date`, which is the time and the same for all; here there is none.)
    """
    assert "Set-Cookie" not in answer.headers
    assert "Date" not in answer.headers
    headers = [(name, value.replace(typed, "@")) for name, value in answer.headers]
    body = re.sub(rb'(name="noticed" value="|"noticed":")[^"]*', rb"\1", answer.data)
    return answer.status_code, headers, body.replace(typed.encode(), b"@")


def odd_ones(found: Mapping[str, object]) -> set[str]:
    """The classes that stand out from an address that nobody ever typed."""
    return {name for name, one in found.items() if one != found["unknown"]}


def ask_all(client: FlaskClient, form: str, to: Addresses, **more: Any) -> dict[str, Seen]:
    return {name: seen(send(client, form, email, **more), email) for name, email in to.items()}


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("form", FORMS)
def test_every_class_gets_the_same_answer(client: FlaskClient, typed: Addresses, form: str) -> None:
    for _ in range(2):  # also who types it once more
        answers = ask_all(client, form, typed)
        assert odd_ones(answers) == set()
        assert answers["unknown"][0] == (422 if form == "code" else 303)


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    ("form", "place"), [("sign", "thanks"), ("resend", "asked"), ("my", "asked")]
)
def test_the_page_after_it_is_the_same(
    client: FlaskClient, typed: Addresses, form: str, place: str
) -> None:
    pages = {}
    for name, email in typed.items():
        answer = send(client, form, email)
        assert answer.headers["Location"] == f"/en/amazon/{place}"
        pages[name] = seen(client.get(answer.headers["Location"]), email)
    assert pages["unknown"][0] == 200
    assert odd_ones(pages) == set()


WRONG: Final[Mapping[str, tuple[Iterable[str], dict[str, Any]]]] = {
    "no address": (ALL, {"data": {"email": ""}}),
    "two addresses": (ALL, {"data": {"email": "{0}, {0}"}}),
    "no domain": (ALL, {"data": {"email": "{local}@"}}),
    "the target's domain": (SIGNING, {"data": {"email": "{0}.amazon.com"}}),
    "a slip": (SIGNING, {"data": {"email": "{local}@gmial.com"}}),
    "no country": (SIGNING, {"data": {"country": ""}}),
    "a badge number": (("sign", "api"), {"data": {"comment": "My badge is 123456789."}}),
    "the trap": (("sign",), {"data": {"subject": "https://example.org"}}),
    "no ticket": (SIGNING, {"data": {"ticket": ""}}),
    "no code": (("code",), {"data": {"code": ""}}),
    "another site": (ALL, {"headers": {"Sec-Fetch-Site": "cross-site"}}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_errors_are_the_same_for_every_class(
    app: Flask, client: FlaskClient, typed: Addresses, clock: Any, form: str
) -> None:
    _err_alike(app, client, typed, clock, form)


def _err_alike(app: Flask, client: FlaskClient, typed: Addresses, clock: Any, form: str) -> None:
    before = factories.rows(app, "SELECT count(*) FROM entries")
    for wrong, (forms, more) in WRONG.items():
        if form in forms:
            answers = ask_wrongly(client, form, typed, more)
            assert (wrong, odd_ones(answers)) == (wrong, set())
            assert (wrong, answers["unknown"][0]) in {(wrong, 403), (wrong, 422)}
            assert (wrong, factories.rows(app, "SELECT count(*) FROM entries")) == (wrong, before)
            clock.forward(timedelta(minutes=10))  # one sender types them all, and has a limit


def ask_wrongly(
    client: FlaskClient, form: str, to: Addresses, more: dict[str, Any]
) -> dict[str, Seen]:
    answers = {}
    for name, email in to.items():
        local = email.partition("@")[0]
        data = {
            key: value.format(email, local=local) for key, value in more.get("data", {}).items()
        }
        answers[name] = seen(send(client, form, email, **more | {"data": data}), local)
    return answers


def test_codes_are_limited_alike_and_nobody_sees_by_them_that_somebody_erases(
    app: Flask, client: FlaskClient, typed: Addresses, clock: Any
) -> None:
    """The limit stays where it was: that it is gone would tell that there was something."""
    answers = []
    for _ in range(11):
        clock.forward(timedelta(minutes=1))  # one sender types them all, and has a limit as well
        answers.append(ask_all(client, "code", typed))
    assert [odd_ones(each) for each in answers] == [set()] * 11
    assert [each["unknown"][0] for each in answers] == [422] * 10 + [429]
    send(client, "my", typed["confirmed"])
    factories.work(app)
    mail = Mail(app)
    page = client.post(f"{mail.link(typed['confirmed'], 'my')}/erase", data={"sure": "yes"})
    assert "Everything is erased" in page.get_data(as_text=True)
    client.post(mail.link(typed["pending"], "stop"))
    assert ask_all(client, "code", typed) == answers[-1]


# --- letters --------------------------------------------------------------------------------------

GETS: Final[dict[str, dict[str, list[str]]]] = {
    "sign": {
        "unknown": ["confirm"],
        "pending": ["confirm"],
        "confirmed": ["already"],
        "withdrawn": ["confirm"],
        "withdrawn before confirming": ["confirm"],
        "held": ["confirm"],
        "rejected": ["confirm"],
        "erased": ["confirm"],
        "blocked": [],
    },
    "resend": {
        "unknown": [],
        "pending": ["confirm"],
        "confirmed": ["already"],
        "withdrawn": [],
        "withdrawn before confirming": [],
        "held": ["confirm"],
        "rejected": ["confirm"],
        "erased": [],
        "blocked": [],
    },
    "my": {
        "unknown": [],
        "pending": ["data"],
        "confirmed": ["data"],
        "withdrawn": ["data"],
        "withdrawn before confirming": ["data"],
        "held": ["data"],
        "rejected": ["data"],
        "erased": [],
        "blocked": [],
    },
    "code": {name: [] for name in CLASSES},
}
GETS["api"] = GETS["sign"]
GETS["message"] = GETS["sign"] | {"confirmed": ["message"]}


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("form", FORMS)
def test_only_the_mailbox_is_told(
    app: Flask, client: FlaskClient, typed: Addresses, form: str
) -> None:
    before = Mail(app)
    ask_all(client, form, typed)
    assert _told_since(app, typed, before) == GETS[form]


def _told_since(app: Flask, typed: Addresses, before: Mail) -> dict[str, list[str]]:
    """The kinds of letters that came into each mailbox since then."""
    factories.work(app)
    after = Mail(app)
    return {name: after.kinds(email)[len(before.kinds(email)) :] for name, email in typed.items()}


@pytest.mark.parametrize("form", ["api", "message"])
def test_a_program_and_a_message_tell_no_more_than_the_form(
    app: Flask, client: FlaskClient, typed: Addresses, clock: Any, form: str
) -> None:
    """The answer, the page after it, what is wrong, and what only the mailbox is told."""
    before = Mail(app)
    answers = ask_all(client, form, typed)
    assert odd_ones(answers) == set()
    assert answers["unknown"][0] == (202 if form == "api" else 303)
    assert _told_since(app, typed, before) == GETS[form]
    assert odd_ones(ask_all(client, form, typed)) == set()
    if form == "message":
        assert dict(answers["unknown"][1])["Location"] == "/en/amazon/message/waiting"
    clock.forward(timedelta(minutes=10))
    _err_alike(app, client, typed, clock, form)


def withdrawn_just_now(app: Flask, clock: Any) -> None:
    """An hour later they are gone like the erased ones; these are there still."""
    at = clock() - timedelta(minutes=1)
    with app.app_context(), transaction() as session:
        session.execute(
            update(Signature).where(Signature.state == "withdrawn").values(withdrawn_at=at)
        )


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def calls(
    app: Flask, client: FlaskClient, tmp_path: Path, clock: Any, worlds: Worlds
) -> dict[str, Addresses]:
    """A call for each class, with an address of every class each, before the withdrawn ones go."""
    deps = dependencies_of(app)
    # One client is everybody here: its letters must not wait their turn.
    deps.senders._settings = replace(deps.settings, limits=deps.settings.limits.widened(1000))
    return worlds.enter(
        app, clock, "call_of_each_class", lambda: _calls(app, client, tmp_path, clock)
    )


def _calls(app: Flask, client: FlaskClient, tmp_path: Path, clock: Any) -> dict[str, Addresses]:
    organiser = dependencies_of(app).settings.organiser
    found = {}
    for number, slug in enumerate(CALLS):
        # One language is enough: the pages are all read in it.
        left_out = shutil.ignore_patterns(*(code for code in i18n.codes() if code != "en"))
        folder = shutil.copytree(SHIPPED / "amazon", tmp_path / slug, ignore=left_out)
        facts = folder / "campaign.toml"
        facts.write_text(
            facts.read_text("utf-8").replace('slug = "amazon"', f'slug = "{slug}"'), "utf-8"
        )
        with transaction() as session:
            content_files.load_and_open_new(session, folder, organiser=organiser, at=clock())
        found[slug] = addresses(100 * number)
        # So many that their country stands on the page.
        factories.change(
            app,
            "INSERT INTO count_changes (campaign_id, day, country, language, source, change)"
            " SELECT id, '2026-11-02', 'DE', 'en', '', 12 FROM campaigns WHERE slug = :slug",
            slug=slug,
        )
    bring(app, client, found)
    clock.forward(timedelta(hours=1))
    withdrawn_just_now(app, clock)
    factories.work(app)
    return found


PICTURES: Final = (".png", ".svg", ".pdf")
"""They show the call's address, so they are compared only with themselves."""


def public_pages(
    app: Flask, client: FlaskClient, slug: str, without: tuple[str, ...] = ()
) -> dict[str, bytes]:
    """Every page of a call that anybody may open."""
    places = [
        rule.rule.replace("<lang:code>", "en").replace("<slug:slug>", slug)
        for rule in app.url_map.iter_rules()
        if rule_of(app, rule.endpoint) == PUBLIC
        and "GET" in (rule.methods or ())
        and rule.arguments == {"code", "slug"}
        and not rule.rule.endswith(without)
    ]
    assert {"names", "privacy", "asked", slug} <= {place.rpartition("/")[2] for place in places}
    found = {}
    for place in places:
        answer = client.get(place)
        assert answer.status_code == 200, place
        found[place] = answer.data
    return found


def alike(pages: Mapping[str, bytes], slug: str) -> dict[str, bytes]:
    """Pages without what each call has of its own: its name, and the ticket of its words."""
    return {
        place.replace(slug, "CALL"): re.sub(
            rb'(name="ticket"[^>]* value=")[^"]*', rb"\1", page.replace(slug.encode(), b"CALL")
        )
        for place, page in pages.items()
        if not place.endswith(PICTURES)
    }


def odd_calls(app: Flask, client: FlaskClient) -> set[str]:
    """The classes whose call stands out, by any page or by the privacy page's clock."""
    return odd_among(app, {slug: public_pages(app, client, slug, PICTURES) for slug in CALLS})


def odd_among(app: Flask, pages: Mapping[str, Mapping[str, bytes]]) -> set[str]:
    """The same of what was read already."""
    found: dict[str, object] = {}
    for name, slug in zip(CLASSES, CALLS, strict=True):
        found[name] = (alike(pages[slug], slug), clock_of(app, slug))
    return odd_ones(found)


def clock_of(app: Flask, slug: str) -> tuple[int, int, int]:
    """What the privacy page says is held: (forms not confirmed, confirmed, withdrawn)."""
    with app.app_context(), reading() as session:
        shown = retention.shown(session, campaign_of(app, slug))
    assert shown is not None
    return shown.forms_not_confirmed, shown.confirmed, shown.withdrawn


def type_each(client: FlaskClient, calls: dict[str, Addresses]) -> None:
    """In each call an address of another class is typed into every form."""
    for name, slug in zip(CLASSES, CALLS, strict=True):
        for form in FORMS:
            send(client, form, calls[slug][name], slug)


def test_no_page_changes_by_it_now_or_later(
    app: Flask, client: FlaskClient, calls: dict[str, Addresses], clock: Any
) -> None:
    before = {slug: public_pages(app, client, slug) for slug in CALLS}
    held = clock_of(app, CALLS[0])
    assert held[1] == 1
    assert held[2] == 1
    assert odd_among(app, before) == set()
    first = before[CALLS[0]]
    assert b"Germany" in first[f"/en/{CALLS[0]}"]
    assert b"Person1 Of-Many" in first[f"/en/{CALLS[0]}/names"]

    type_each(client, calls)
    factories.work(app)
    assert {slug: public_pages(app, client, slug) for slug in CALLS} == before

    for later, number in (
        # The form is counted, whosesoever it is; who withdrew unconfirmed took theirs along.
        (timedelta(hours=1), held[0]),
        (timedelta(days=3), held[0]),  # reminders went
        (timedelta(days=3, hours=23), 1),  # all older ones are gone
        (timedelta(hours=1), 0),  # and now it is, at the same hour in every class
    ):
        clock.forward(later)
        factories.work(app)
        assert odd_calls(app, client) == set(), later
        assert clock_of(app, CALLS[0]) == (number, 1, 0), later


# --- red controls: what the comparisons must see --------------------------------------------------


def _other_status(answer: Response) -> None:
    answer.status_code = 302


def _one_header_more(answer: Response) -> None:
    answer.headers["X-Robots-Tag"] = "noindex"


def _other_place(answer: Response) -> None:
    answer.headers["Location"] = "/en/amazon/confirmed"


def _one_byte_more(answer: Response) -> None:
    answer.set_data(answer.get_data() + b" ")


def _other_order(answer: Response) -> None:
    headers = list(answer.headers)
    assert len(headers) > 1, "one alone has no order"
    answer.headers.clear()
    answer.headers.extend(reversed(headers))


@pytest.mark.parametrize(
    "leak", [_other_status, _one_header_more, _other_place, _one_byte_more, _other_order]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_leaking_answer_would_be_seen(
    app: Flask,
    client: FlaskClient,
    typed: Addresses,
    monkeypatch: pytest.MonkeyPatch,
    leak: Callable[[Response], None],
) -> None:
    view = app.view_functions["public.sign"]

    def leaking(**place: str) -> Response:
        answer: Response = view(**place)
        if request.form["email"] == typed["confirmed"]:
            leak(answer)
        return answer

    monkeypatch.setitem(app.view_functions, "public.sign", leaking)
    assert odd_ones(ask_all(client, "sign", typed)) == {"confirmed"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_that_moves_would_be_seen(
    app: Flask,
    client: FlaskClient,
    calls: dict[str, Addresses],
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were the form for a blocked address deleted at once, the number of forms would tell."""

    def delete_at_once(session: Session, entry_id: int, **_: object) -> None:
        session.execute(delete(Entry).where(Entry.id == entry_id))

    monkeypatch.setattr(blocks, "blank_entry", delete_at_once)
    type_each(client, calls)
    factories.work(app)
    clock.forward(timedelta(hours=1))
    factories.work(app)
    assert odd_calls(app, client) == {"blocked"}
