"""Partners and the form on their sites: making one, opening its frame, signing in it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import pyrage
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.partners.terms import Terms
from petition.services.partners import (
    arrangements,
    demo,
    page_links,
    partners,
    questions,
    sections as services_sections,
)
from petition.services.partners.partners import NewPartner
from petition.services.signatures import signing
from petition.store.db import reading, transaction
from petition.store.partners import (
    opt_ins,
    partners as store_partners,
    sections as store_sections,
    terms,
)
from petition.store.signatures import mail_providers
from petition.web.http.dependencies import dependencies_of
from tests import factories
from tests.people import Form

TERMS: Final = Terms(
    controller="Union e. V.",
    privacy_url="https://union.example.org/privacy",
    contact_email="paula@union.example.org",
    language="en",
    retention_months=12,
)
QUESTION: Final = "Yes, the union may write to me about its work."
SITE: Final = "https://union.example.org"
TICKET: Final = re.compile(r'<input\b(?=[^>]*\bname="ticket")[^>]*\bvalue="([^"]*)"')


def make(
    app: Flask, name: str = "Union", sites: tuple[str, ...] = (SITE,), slug: str = "amazon"
) -> str:
    """The key of a new partner that accepted."""
    key = make_new(app, name, sites, slug)
    accept(app, key)
    return key


def make_new(
    app: Flask, name: str = "Union", sites: tuple[str, ...] = (SITE,), slug: str = "amazon"
) -> str:
    """The key of a new partner that has nothing to accept yet."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        command = NewPartner(campaign=slug, name=name, sites=sites)
        key = partners.add(session, command, by="test", at=deps.now())
    deps.campaign_cache.clear()
    return key


def make_demo(app: Flask) -> bool:
    """As `petition start` does in development; False where there is no campaign for it."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        made = demo.ensure(session, deps.settings.demo_origin, at=deps.now())
    deps.campaign_cache.clear()
    return made


def set_terms(app: Flask, key: str, **changes: Any) -> int:
    """The number of the partner's new terms, which nobody accepted yet."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        new = replace(TERMS, **changes)
        assert arrangements.set_terms(session, key, new, campaign=None, by="test", at=deps.now())
        found = partners.of_campaign(session, key, None)
        newest = terms.newest(session, found.id)
    deps.campaign_cache.clear()
    assert newest is not None
    return newest.id


def accept(app: Flask, key: str, recipient: str = "", **changes: Any) -> None:
    """The partner accepts new terms."""
    accept_these(app, set_terms(app, key, **changes), recipient)


def accept_these(app: Flask, terms_id: int, recipient: str = "") -> None:
    """The partner's person accepts, and gives this key for its lists."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        arrangements.accept(session, terms_id, "Paula Partner", recipient=recipient, at=deps.now())
    deps.campaign_cache.clear()


def accept_link(app: Flask, terms_id: int) -> str:
    """The path of the link by which these terms are accepted."""
    deps = dependencies_of(app)
    return arrangements.accept_link(deps.tokens, "", terms_id, at=deps.now())


def to_accept(app: Flask, lang: str) -> str:
    """The path of the link that a new partner was sent in this language."""
    key = make_new(app, f"Waiting {lang}")
    terms_id = set_terms(app, key, language=lang)
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        arrangements.send(session, key, campaign=None, by="test", at=deps.now())
    return accept_link(app, terms_id)


def ask(app: Flask, key: str, text: str = QUESTION, lang: str = "en") -> None:
    """What the partner asks who signs on its sites."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        assert questions.put(session, key, lang, text, campaign=None, by="test", at=deps.now())
    deps.campaign_cache.clear()


def asking(app: Flask, name: str = "Union") -> str:
    """The key of a partner that accepted and asks."""
    key = make(app, name)
    ask(app, key)
    return key


def give_key(app: Flask, key: str) -> Any:
    """The partner accepts once more, with a new key; its secret part."""
    identity = pyrage.x25519.Identity.generate()
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        arrangements.ask_anew(session, key, campaign=None, by="test", at=deps.now())
        newest = terms.newest(session, partners.of_campaign(session, key, None).id)
    assert newest is not None
    accept_these(app, newest.id, str(identity.to_public()))
    return identity


def keep(app: Flask, key: str, form: Form, answer: str = "yes") -> None:
    """Sign on the partner's site without a browser, and answer its question."""
    deps = dependencies_of(app)
    with app.app_context(), reading() as session:
        providers = mail_providers.table(session)
        partner = partners.of_campaign(session, key, None)
    call = questions.with_question(factories.the_call(app), partner.question("en"))
    command = factories.command(form)
    signing.sign(
        deps.group_commit,
        deps.vault,
        providers,
        call,
        replace(
            command,
            answers={**command.answers, "partner": answer},
            source=replace(command.source, partner=key),
        ),
        sender=None,
        at=deps.now(),
    )


def learned(app: Flask, key: str, after: int = 0) -> list[tuple[int, str, int]]:
    """(number, kind, signature) of what the partner has to learn."""
    with app.app_context(), reading() as session:
        found = partners.of_campaign(session, key, None)
        events = opt_ins.events_since(session, found.id, after=after, most=1_000)
    return [(each.sequence, str(each.kind), each.signature_id) for each in events]


def list_of_events(app: Flask, key: str) -> list[int]:
    """The list as the partner itself would keep it, by what it learns."""
    found: dict[int, None] = {}
    for _, kind, signature_id in learned(app, key):
        if kind == "opted_in":
            found[signature_id] = None
        else:
            found.pop(signature_id, None)
    return list(found)


def on_list(app: Flask, key: str) -> list[int]:
    """The signatures of those who said yes to the partner, as it stands now."""
    with app.app_context(), reading() as session:
        found = partners.of_campaign(session, key, None)
        return [each.signature_id for each in opt_ins.since(session, found.id, most=1_000)]


def block(app: Flask, key: str) -> None:
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        assert partners.block(session, key, campaign=None, by="test", at=deps.now())
    deps.campaign_cache.clear()


def address(key: str, lang: str = "en", place: str = "", more: str = "") -> str:
    """The frame's address, or that of what belongs to it."""
    return f"/embed/amazon{place}?partner={key}&lang={lang}{more}"


def ticket(client: FlaskClient, key: str, lang: str = "en") -> str:
    """The ticket in the form in the frame."""
    found = TICKET.search(client.get(address(key, lang)).get_data(as_text=True))
    assert found, "the frame has no ticket"
    return found[1]


def sign(client: FlaskClient, key: str, form: Form, lang: str = "en") -> Answer:
    """Open the frame, fill its form in, send it."""
    filled = form | {"ticket": ticket(client, key, lang)}
    return client.post(address(key, lang, "/sign"), data=filled)


def page_link(app: Flask, key: str, days: int = 180) -> str:
    """The address of a new link to the partner's own page."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        token = page_links.make(session, key, campaign=None, days=days, by="test", at=deps.now())
    return f"/partner/{token}"


def section(app: Flask, key: str, name: str) -> str:
    """The tag of a new section's links."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        of = store_partners.by_key(session, key)
        assert of is not None
        services_sections.add(session, of, name, by="test", at=deps.now())
        found = store_sections.of_partner(session, key)
    deps.campaign_cache.clear()
    return next(each.source for each in found if each.name == name)


def came(app: Flask, number: int, *, partner: str = "", source: str = "") -> None:
    """So many more confirmed (or less), in this partner's form or by the link with this tag."""
    today = dependencies_of(app).now().date()
    factories.change(
        app,
        "INSERT INTO count_changes (campaign_id, day, country, language, partner, source, change)"
        " VALUES (:campaign, :day, 'DE', 'en', :partner, :source, :change)",
        campaign=factories.the_call(app).id,
        day=today.isoformat() if db_is_sqlite(app) else today,
        partner=partner,
        source=source,
        change=number,
    )
    factories.work(app)


def db_is_sqlite(app: Flask) -> bool:
    return str(dependencies_of(app).settings.database_url).startswith("sqlite")
