"""A supporter's own copy is whole: each column is in it, or stands here with a reason.

A new column fails until somebody has said which of the two it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.services.signatures import holds
from petition.store.db import db, reading, transaction
from petition.store.privacy import staff_views
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import change, work

pytestmark = pytest.mark.slow


IN_THE_COPY: Final = {
    "campaigns.slug": "campaign",
    "signatures.id": "signature_id",
    "signatures.state": "state",
    "signatures.state_reason": "state_reason",
    "signatures.hold_reason": "hold_reason",
    "signatures.moved_at": "moved_by_staff_at",
    "signatures.created_at": "signed_at",
    "signatures.confirmed_at": "confirmed_at",
    "signatures.withdrawn_at": "withdrawn_at",
    "signatures.withdrawn_from": "withdrawn_from",
    "signatures.unsubscribed_at": "unsubscribed_at",
    "signatures.reminded_at": "reminder_owed_at",
    "entries.created_at": "forms[].sent_at",
    "entries.signs": "forms[].signs",
    "entries.country": "forms[].country",
    "entries.language": "forms[].language",
    "entries.visibility": "forms[].visibility",
    "entries.updates": "forms[].updates",
    "entries.updates_at": "forms[].updates_changed_at",
    "entries.source": "forms[].source",
    "entries.utm_source": "forms[].utm_source",
    "entries.utm_medium": "forms[].utm_medium",
    "entries.utm_campaign": "forms[].utm_campaign",
    "consents.purpose": "forms[].answers[].purpose",
    "consents.answer": "forms[].answers[].answer",
    "consents.answered_at": "forms[].answers[].at",
    "consents.way": "forms[].answers[].way",
    "consent_texts.language": "forms[].answers[].language",
    "consent_texts.wording": "forms[].answers[].text",
    "consent_texts.sha256": "forms[].answers[].text_sha256",
    "letters.kind": "letters[].kind",
    "letters.state": "letters[].state",
    "letters.due_at": "letters[].due_at",
    "letters.finished_at": "letters[].finished_at",
    "letters.attempts": "letters[].tries",
    "letters.last_error": "letters[].error",
    "mailboxes.letters": "letters_to_this_mailbox",
    "mailboxes.confirmed": "mailbox_confirmed",
    "mailboxes.last_1_at": "last_letters_at[]",
    "mailboxes.last_2_at": "last_letters_at[]",
    "mailboxes.last_3_at": "last_letters_at[]",
    "code_tries.since": "code_tries.since",
    "code_tries.tries": "code_tries.number",
    "exports.id": "disclosures[].export",
    "exports.started_at": "disclosures[].at",
    "reviews.verdict": "forms[].shown_in_public",
    "reviews.at": "forms[].reviewed_at",
    "staff_views.on_day": "forms[].read_by_staff[].on",
    "staff_views.role": "forms[].read_by_staff[].role",
}
"""Column to its place in the copy; what the database holds must stand there as it is."""

IN_OTHER_WORDS: Final = {
    "entries.sealed": "opened: names, address, postcode and comment of each form",
    "signatures.entry_id": "forms[].signature_stands_on_it",
    "entries.partner": "forms[].partner: the name of who has that key",
    "entries.reviewed": "forms[].shown_in_public and reviewed_at, where there was a decision",
    "consents.consent_text_id": "the text itself",
    "exports.filters": "disclosures[].to: for the people addressed, or for the organiser",
    "messages.sealed": "messages[]: its sender's name, subject and text, opened",
    "messages.target_id": "messages[].target: what the target is called",
    "messages.state": "messages[].state, as the rest in tests/web/test_message.py",
    "messages.shown_as": "messages[].shown_as",
    "messages.language": "messages[].language",
    "messages.composed_at": "messages[].composed_at",
    "messages.confirmed_at": "messages[].confirmed_at",
    "messages.finished_at": "messages[].finished_at",
    "partner_disclosures.way": "told_to_partners_programs[].way and .what",
    "partner_disclosures.first_at": "told_to_partners_programs[].first_at",
    "partner_disclosures.last_at": "told_to_partners_programs[].last_at",
    "partner_disclosures.is_certain": "told_to_partners_programs[].is_certain",
    "messages.wants_answer": "messages[].wants_answer",
    "messages.asked_at": "messages[].asked_at",
    "messages.outcome": "messages[].outcome",
    "messages.bounced_at": "messages[].came_back_at",
    "messages.closed_at": "messages[].closed_at",
    "messages.is_answer": "messages[].is_answer",
    "message_refusals.target_id": "messages[].not_taken_by",
    "message_deferrals.target_id": "messages[].waits_for, or unknown_at",
    "message_deferrals.parked_at": "messages[].unknown_at: which targets these are is there",
    "replies.sealed": "messages[].replies[]: subject, text and what was left out, opened",
    "replies.received_at": "messages[].replies[].received_at",
    "mailboxes.gone_at": "mailbox_gone_at: tests/services/test_data_copy.py",
    "mailboxes.stopped_at": "letters_stopped_at: the same",
    "export_pages.bits": "disclosures: a bit for each signature that the export holds",
    "export_pages.first_id": "the same",
    "export_pages.last_id": "the same",
}

NOT_IN_IT: Final = {
    "campaigns": "about the call, and the same for everybody",
    "signatures.campaign_id": "the campaign's name is there",
    "signatures.address_key": "made from the address with our secret key: of no use but to us",
    "signatures.mailbox_key": "the same, of the address without its tag",
    "signatures.keyed_by": "which table of mail providers both were made with",
    "entries.id": "who knows it and our key could make the form's link and code",
    "entries.signature_id": "which row belongs to which",
    "entries.key_number": "which of our keys sealed the record",
    "consents.id": "the order of the answers, which the copy keeps",
    "consents.entry_id": "which row belongs to which",
    "consent_texts": "about the call; the text that was agreed to, its language and fingerprint"
    " are there",
    "campaign_questions": "what a campaign asks, the same for everybody",
    "partners": "about organisations; the name of the one on whose site one signed is there",
    "partner_terms": "what is arranged with organisations",
    "partner_questions": "what they ask, the same for everybody",
    "partner_opt_ins": "that the last answer to a partner's question was yes: the answer is there",
    "partner_disclosures.signature_id": "which row belongs to which",
    "partner_disclosures.partner_id": "the partner's name is there",
    "partner_events": "what the partner is told of it; of who was erased only that, by a number",
    "webhook_endpoints": "about programs of the organiser that are told what happens",
    "webhook_deliveries": "what they are told: the signature's number, and what is in the copy",
    "partner_links": "about organisations: who of staff made the link to their page, and when",
    "partner_sections": "about organisations; the tag that a link of theirs had is there",
    "refused_forms": "about sites whose key shows no form, and nobody who looked",
    "letters.id": "the order of the letters, which the copy keeps",
    "letters.entry_id": "which row belongs to which",
    "letters.staff_id": "set in letters to staff alone",
    "letters.partner_id": "set in letters to partners alone",
    "letters.message_id": "set in the emails to targets alone: the message itself is there",
    "messages.id": "the order of the messages, which the copy keeps",
    "messages.signature_id": "which row belongs to which",
    "messages.entry_id": "with which form it came, until it is confirmed",
    "messages.wave": "a number of the campaign's",
    "messages.text_id": "which text of ours it began with: the text as it was sent is there",
    "messages.variant": "the same",
    "messages.key_number": "which of our keys sealed the record",
    "messages.apart": "that its form did not sign: the form says it",
    "messages.digest_id": "with which others it went: its state and time are there",
    "message_also_to.message_id": "which row belongs to which",
    "message_also_to.target_id": "messages[].target names them all",
    "message_refusals.message_id": "which row belongs to which",
    "message_refusals.refused_at": "soon after finished_at: which targets these are is there",
    "message_deferrals.message_id": "which row belongs to which",
    "message_deferrals.written_at": "shortly before finished_at: what its Date says",
    "message_deferrals.recipients": "the targets' addresses, as its head has them",
    "message_deferrals.begun": "whether it is being handed over at this moment",
    "message_digests": "when a target was sent how many at once",
    "messages.paced": "whether it was given its time, for a day or so",
    "message_targets": "about those who are written to; their name is there",
    "message_answers": "which reply a message answers: both are there",
    "replies.id": "the order of the replies, which the copy keeps",
    "replies.message_id": "which row belongs to which",
    "replies.key_number": "which of our keys sealed the record",
    "letters.reply_id": "set in letters about a reply alone: the reply itself is there",
    "inbound_mails": "what came in by mail, sealed, until it is read some seconds later: nobody"
    " knows yet whose it is",
    "inbound_marks": "where such an email lay, as a keyed hash, until it is long gone from there",
    "inbound_counts": "totals",
    "provider_minutes": "how a mail provider took our letters, for two hours; no address is in it",
    "provider_pauses": "about mail providers",
    "target_stands": "what those did, the same for everybody",
    "target_answers": "what they answered all, the same for everybody",
    "answer_letters": "which of those a letter brought: the letter is there",
    "message_trials": "what staff send to themselves",
    "message_hours": "totals",
    "provider_hours": "totals",
    "message_changes": "steps of messages, waiting to be added up: no row is anybody's",
    "message_counts": "totals",
    "letters.leased_until": "which of our workers is at it, for minutes",
    "letters.leased_by": "the same",
    "letters.admitted": "whether the mailbox's count has it already",
    "mailboxes.address_key": "made from the address with our secret key",
    "code_tries.campaign_id": "the campaign's name is there",
    "code_tries.address_key": "made from the address with our secret key",
    "exports": "about the file that staff took out, its reason and its fingerprint",
    "export_pages": "which file it is",
    "export_requests": "about a list that staff want to take out, and who agreed",
    "export_files": "a list that staff took out, for the quarter of an hour in which they fetch it",
    "export_file_parts": "the same: disclosures tell of the list itself",
    "reviews.id": "the order of the decisions",
    "reviews.campaign_id": "the campaign's name is there",
    "reviews.entry_id": "which row belongs to which",
    "staff_views.entry_id": "which row belongs to which",
    "review_claims": "who of staff reads a name just now: gone after five minutes",
    "review_changes": "what staff decided before their last decision: gone after an hour",
    "reviews.by": "a person too: which member of staff it was",
    "bulk_actions": "what staff counted and did, kept for a day; how the signature stands is there",
    "bulk_action_items": "the same, signature by signature: what undoing leads back to",
    "erasures": "of those whose signature is gone: a number, with nothing that it belongs to",
    "mailbox_blocks": "who has the link to stop sees it there; no letter tells of it",
    "former_keys": "made from the address with our secret key, as links in older letters have it",
    "merged_signatures": "numbers of one's own that became this one; exports with them are there",
    "link_requests": "gone within seconds, when the worker has answered it with a letter",
    "sender_keys": "a random value of the day, from which hashes of network addresses are made",
    "sender_counts": "how much a network address did today, by a hash that is gone tomorrow and"
    " stands beside nothing of a signature",
    "sender_tries": "the same: one hash of a network address and an address, gone tomorrow",
    "sender_allowances": "places where many people share one network address",
    "action_totals": "totals",
    "count_changes": "more or less of a number, waiting to be added up: no row is anybody's",
    "counts": "totals",
    "folds": "when the totals were added up",
    "key_checks": "fingerprints of our keys",
    "snapshots": "totals",
    "letter_minutes": "totals",
    "mail_relay": "how the mail server takes letters, none of them named",
    "jobs": "when the worker did what",
    "api_tokens": "what programs have, made by staff: no supporter is in it",
    "request_keys": "hashes by which a program's second try is known, gone after a day; they stand"
    " beside nothing of a signature, and nobody can try out an address on them",
    "campaign_texts": "the call's words",
    "campaign_edits": "which of them staff loaded",
    "target_domains": "the target's mail domains",
    "mail_providers": "how mail providers read addresses",
    "staff": "people who work here",
    "staff_invites": "the same",
    "staff_roles": "the same",
    "staff_sessions": "the same",
    "staff_devices": "the same",
    "staff_recovery_codes": "the same",
    "staff_passkeys": "the same",
    "sign_in_places": "tries to sign in to the console, for a minute",
    "sign_in_refusals": "how many of them were wrong in an hour",
    "audit": "what staff did; of a signature only its number, and the reason, which is there",
    "pauses": "whether emails and lists rest, for everybody",
    "audit_checks": "whether the log of what staff did is whole",
    "audit_prunings": "up to which row that log was pruned, and when",
    "staff_refusals": "how often a member of staff was refused a page, by the hour",
}
"""Column or table to why it is not in the copy."""


def columns() -> Iterator[str]:
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            yield f"{table.name}.{column.name}"


def test_every_column_is_in_the_copy_or_has_a_reason() -> None:
    known = IN_THE_COPY.keys() | IN_OTHER_WORDS.keys() | NOT_IN_IT.keys()
    lost = [name for name in columns() if name not in known and name.split(".")[0] not in known]
    assert lost == []


def test_nothing_is_said_of_columns_that_are_not_there() -> None:
    there = {*columns(), *(table.name for table in db.metadata.sorted_tables)}
    assert (IN_THE_COPY.keys() | IN_OTHER_WORDS.keys() | NOT_IN_IT.keys()) <= there
    assert not IN_THE_COPY.keys() & IN_OTHER_WORDS.keys()
    assert not (IN_THE_COPY.keys() | IN_OTHER_WORDS.keys()) & NOT_IN_IT.keys()
    assert all(reason.strip() for reason in NOT_IN_IT.values())


# --- and it really is -----------------------------------------------------------------------------

TAGS: Final = {
    "source": "flyer",
    "utm_source": "paper",
    "utm_medium": "post",
    "utm_campaign": "autumn",
}


@pytest.fixture
def document(app: Flask, client: FlaskClient, clock: Clock) -> dict[str, Any]:
    """Amina, of whom everything is held that can be: what she takes along."""
    factories.sign(client, people.amina | TAGS, lang="ar")
    work(app)
    clock.forward(timedelta(days=3))
    work(app)
    assert client.post(rights.newest(app, "confirm")).status_code == 303
    work(app)
    link = rights.newest(app, "my")
    rights.take_out(app)
    rights.take_out(app, for_target=True)
    clock.forward(timedelta(hours=1))
    rights.choose(app, updates="no", visibility="public")
    factories.sign(client, people.amina | {"given_name": "Another", "country": "FR"})
    rights.type_code(client, people.amina["email"], "BCDFGH")
    client.post(rights.newest(app, "unsubscribe"))
    rights.move(app, holds.hold)
    change(app, "UPDATE signatures SET state_reason = 'in our own words'")
    rights.withdraw(app, 1)
    clock.forward(timedelta(minutes=59))
    rights.ask(client, people.amina["email"])
    work(app)
    change(
        app,
        "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at)"
        " SELECT campaign_id, entry_id, 'name_only', 'sam', :at FROM signatures",
        at=clock(),
    )
    with transaction() as session:
        staff_views.note(session, factories.entries(app), role="moderator", at=clock())
    change(app, "UPDATE letters SET last_error = 'Refused: SMTP 550' WHERE id = 1")
    answer = client.post(f"{link}/download")
    found: dict[str, Any] = json.loads(answer.get_data())
    return found


def at(document: Any, path: str) -> list[Any]:
    """The values at a path; `[]` stands for each."""
    found = [document]
    for step in path.split("."):
        name, _, each = step.partition("[")
        found = [one[name] for one in found]
        if each:
            found = [one for many in found for one in many]
    return found


def as_written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


ONLY_THESE: Final[dict[str, str]] = {
    "campaigns": "slug = 'amazon'",
    "consent_texts": "id IN (SELECT consent_text_id FROM consents)",
}


def test_what_the_database_holds_stands_in_the_copy(document: dict[str, Any]) -> None:
    """There is nobody but Amina: whatever stands in these tables is hers."""
    for name, path in IN_THE_COPY.items():
        held = {as_written(value) for value in values(name) if value is not None}
        assert held, f"nothing is in {name}: this test does not fill it"
        assert held <= {value for value in at(document, path) if value is not None}, name


def values(name: str) -> list[Any]:
    """What stands in a column."""
    table, _, column = name.partition(".")
    where = factories.text(ONLY_THESE.get(table, "1 = 1"))
    with reading() as session:
        return list(session.scalars(select(db.metadata.tables[table].c[column]).where(where)))


def test_what_is_sealed_is_opened(document: dict[str, Any]) -> None:
    own, other = document["forms"]
    for field in ("given_name", "family_name", "email", "postcode", "comment"):
        assert own[field] == people.amina[field].replace("\r", "")
        assert other[field] != ""
    assert other["given_name"] == "Another"
    assert (own["signature_stands_on_it"], other["signature_stands_on_it"]) == (True, False)
    assert [each["to"] for each in document["disclosures"]] == ["organiser", "target"]


def test_the_page_and_its_copy_show_it_too(
    app: Flask, client: FlaskClient, document: dict[str, Any]
) -> None:
    """In the reader's words; fingerprints, and what staff wrote themselves, are for the copy."""
    link = rights.newest(app, "my")
    plain: tuple[Callable[[], str], ...] = (
        lambda: client.get(link).get_data(as_text=True),
        lambda: client.post(f"{link}/download-page").get_data(as_text=True),
    )
    for show in plain:
        page = show()
        for form in document["forms"]:
            for field in ("given_name", "family_name", "email", "postcode", *TAGS):
                assert form[field] is None or form[field] in page, field
            for line in form["comment"].splitlines():
                assert line in page
        for answer in document["forms"][0]["answers"]:
            assert answer["text"].splitlines()[0] in page
            assert answer["text_sha256"] not in page
        assert (document["state_reason"] in page) == ("<style>" in page)
