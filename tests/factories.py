"""Actions that many tests begin with: signing, a worker's round, opening the letters."""

from __future__ import annotations

import email
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import EnvironBuilder, TestResponse as Answer

from petition.app import SHIPPED, create_app
from petition.cli.worker import make_worker
from petition.config import load
from petition.domain.campaigns.campaign import CampaignContent, CampaignView
from petition.domain.letters.letter import message_id
from petition.domain.signatures.consent import Question
from petition.domain.signatures.entry_ids import new_entry_id
from petition.domain.signatures.mail_providers import Providers
from petition.domain.signatures.source import Source
from petition.domain.signatures.supporter import Person
from petition.services.signatures import moderation, signing
from petition.services.signatures.signing import Sign
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.signatures import mail_providers
from petition.store.signatures.bulk_insert import Answer as Consented, NewEntry
from petition.store.signatures.signatures import Found
from petition.web.http.dependencies import dependencies_of
from petition.web.signing import form_tickets
from tests.people import Form

_TICKET = re.compile(r'<input\b(?=[^>]*\bname="ticket")[^>]*\bvalue="([^"]*)"')
_LINK = re.compile(r"https?://[^/\s]+(/confirm/\S+)")


def ticket(client: FlaskClient, lang: str = "en", slug: str = "amazon") -> str:
    """The ticket in the form on the call's page."""
    page = client.get(f"/{lang}/{slug}").get_data(as_text=True)
    found = _TICKET.search(page)
    assert found, "the page has no ticket"
    return found[1]


def sign(client: FlaskClient, form: Form, lang: str = "en", slug: str = "amazon") -> Answer:
    """Fill the form of the call's page in, and send it."""
    filled = form | {"ticket": same_ticket(client, lang, slug)}
    return client.post(f"/{lang}/{slug}/sign", data=filled)


def same_ticket(client: FlaskClient, lang: str = "en", slug: str = "amazon") -> str:
    """The ticket that `ticket` finds, without a page drawn for it."""
    app = client.application
    with app.app_context():
        return form_tickets.ticket(dependencies_of(app).campaign_cache.shown(slug, lang).view)


def environ_of(path: str, form: Form) -> dict[str, Any]:
    """The WSGI environment in which a browser's form arrives."""
    return EnvironBuilder(
        path, method="POST", data=form, headers={"Sec-Fetch-Site": "same-origin"}
    ).get_environ()


def work(app: Flask) -> int:
    """One round of a worker: what is due is sent, what waits is folded into the counts."""
    with app.app_context():
        done = make_worker(app, threading.Event()).once()
    dependencies_of(app).campaign_cache.clear()  # pages would show the old count for some seconds
    return done


_read_letters: Final[WeakKeyDictionary[Flask, dict[Path, tuple[EmailMessage, datetime, str]]]] = (
    WeakKeyDictionary()
)


def letters(app: Flask) -> list[EmailMessage]:
    """The letters in the mailbox folder, oldest first."""
    settings = dependencies_of(app).settings
    order = {
        message_id(settings.secret_key, int(str(id_))): id_
        for (id_,) in rows(app, "SELECT id FROM letters")
    }
    found = []
    for path in settings.outbox_dir.glob("*.eml"):
        # Each is written whole, and never again.
        read = _read_letters.setdefault(app, {})
        if path not in read:
            message = email.message_from_string(path.read_text("utf-8"), policy=policy.default)
            assert isinstance(message, EmailMessage)
            # These two are taken apart anew each time that they are asked for.
            number = str(message["Message-ID"]).strip("<>").partition("@")[0]
            read[path] = message, message["Date"].datetime, number
        message, at, number = read[path]
        found.append(((at, order.get(number, 0)), message))
    return [message for _, message in sorted(found, key=lambda pair: pair[0])]


def text_of(letter: EmailMessage) -> str:
    """What stands in the letter's text part."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(letter: EmailMessage) -> str:
    """The path of the link to confirm."""
    found = _LINK.search(text_of(letter))
    assert found, "the letter has no link"
    return found[1]


def decide(app: Flask, signature_id: object, verdict: str, at: datetime | None = None) -> None:
    """Staff decide what of a name and comment is shown: two days ago, so that it can be read."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        moderation.decide(
            session,
            deps.vault,
            int(str(signature_id)),
            verdict,
            seen=None,
            campaign_id=None,
            by="t",
            at=at or deps.now() - timedelta(days=2),
        )


def rows(app: Flask, sql: str, **values: object) -> list[tuple[object, ...]]:
    """What the database answers to a SELECT."""
    with app.app_context(), reading() as session:
        return [tuple(row) for row in session.execute(text(sql), values)]


def change(app: Flask, sql: str, **values: object) -> None:
    """A change in the database, past the application."""
    with app.app_context(), transaction() as session:
        session.execute(text(sql), values)


def shipped_call(folder: Path, **fields: str) -> Path:
    """A copy of the shipped call below a folder; its form asks for a postcode, as people type one.

    `fields` are those of [form] that are to be otherwise: `comment="required"`.
    """
    call = Path(shutil.copytree(SHIPPED / "amazon", folder / "amazon"))
    file = call / "campaign.toml"
    text = file.read_text(encoding="utf-8")
    for name, wanted in ({"postcode": "optional"} | fields).items():
        text, found = re.subn(rf'^{name} = "\w+"', f'{name} = "{wanted}"', text, flags=re.M)
        assert found == 1, name
    file.write_text(text, encoding="utf-8")
    return call


def a_call(**words: str) -> CampaignContent:
    """A small call; its words can be changed by name."""
    questions = (
        Question(purpose="sign", text="I agree."),
        Question(purpose="updates", text="May we write?", answers=(("yes", "Yes"), ("no", "No"))),
        Question(
            purpose="visibility",
            text="Who may see?",
            answers=(("counted", "Nobody"), ("target", "The target"), ("public", "Everybody")),
        ),
    )
    call = CampaignContent(
        title="A call",
        ask="Do it",
        summary="Please do it.",
        asks=("Do this.", "Do that."),
        addressed_to="Somebody",
        share_text="Share it.",
        references=("One",),
        story="It was so. [1]",
        consents={question.purpose: question for question in questions},
    )
    return msgspec.structs.replace(call, **words)


def the_call(app: Flask, lang: str = "en", slug: str = "amazon") -> CampaignView:
    """The call as the database holds it now."""
    with app.app_context(), reading() as session:
        return campaigns.view(session, slug, lang)


def command(form: Form) -> Sign:
    """A well-formed form as the command that the form makes of it."""
    local, _, domain = form["email"].partition("@")
    return Sign(
        person=Person(
            given_name=form["given_name"],
            family_name=form["family_name"],
            email=form["email"],
            postcode=form.get("postcode", ""),
            comment=form.get("comment", ""),
        ),
        local_part=local,
        domain=domain,
        country=form["country"],
        answers={
            "sign": form["agree"],
            "updates": form["updates"],
            "visibility": form["visibility"],
        },
        source=Source(source=form.get("source"), utm_source=form.get("utm_source")),
        way="web",
    )


def keep(app: Flask, call: CampaignView, form: Form, at: datetime | None = None) -> None:
    """Sign without a browser: straight to the service."""
    deps = dependencies_of(app)
    with app.app_context(), reading() as session:
        providers = mail_providers.table(session)
    signing.sign(
        deps.group_commit,
        deps.vault,
        providers,
        call,
        command(form),
        sender=None,
        at=at or deps.now(),
    )


def keep_apart(environ: dict[str, str], forms: list[Form]) -> None:
    """Sign from another process."""
    app = create_app(load(environ))
    call = the_call(app)
    for form in forms:
        keep(app, call, form)


def new_entry(app: Flask, call: CampaignView, number: int, **changes: Any) -> NewEntry:
    """One of any number of forms, sealed and ready for the intake."""
    deps = dependencies_of(app)
    at = deps.now()
    entry_id = new_entry_id(at)
    person = Person(
        given_name=f"P{number}",
        family_name="",
        email=f"p{number}@example.org",
        postcode="",
        comment="",
    )
    made = NewEntry(
        campaign_id=call.id,
        address_key=deps.vault.address_key(f"p{number}@example.org"),
        mailbox_key=None,
        keyed_by=Providers(()).fingerprint,
        entry_id=entry_id,
        sealed=deps.vault.seal(person, entry_id, deps.vault.current),
        key_number=deps.vault.current,
        country="DE",
        language="en",
        visibility="counted",
        updates="no",
        source=Source(),
        answers=tuple(
            Consented(purpose=purpose, consent_text_id=call.consent_text_ids[purpose], answer="yes")
            for purpose in call.call.consents
        ),
        way="web",
        at=at,
    )
    return replace(made, **changes)


def entries(app: Flask) -> list[int]:
    """The ids of all entries, oldest letter first."""
    found = rows(app, "SELECT entry_id FROM letters WHERE kind = 'confirm' ORDER BY id")
    return [int(str(row[0])) for row in found]


def confirm(app: Flask, entry_id: int) -> Found | None:
    """Press the button behind the link."""
    with app.app_context(), transaction() as session:
        return signing.confirm(session, entry_id, at=dependencies_of(app).now())


def together(number: int, action: Callable[[int], None]) -> list[BaseException]:
    """Do something in several threads that begin at the same moment; what went wrong in them."""
    start, wrong = threading.Barrier(number), []

    def begin(place: int) -> None:
        try:
            start.wait(30)
            action(place)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=begin, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return wrong


def waits_for_lock(app: Flask) -> bool:
    """Whether somebody waits for another's transaction, on PostgreSQL."""
    found = rows(
        app,
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    return bool(found)


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what another thread or process is about to do; fail when it never does."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        pause.wait(0.01)
