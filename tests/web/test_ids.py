"""Ids that strangers write, in addresses and forms: one that no row can have is nothing here."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.signatures.moderation import VERDICTS
from tests import console

NONE: tuple[str, ...] = (
    "99999999999999999999",
    "9223372036854775808",
    "9" * 18,
    "9" * 5000,
    "0",
    "007",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "0x1",
    "%C2%B2",
    "%D9%A1",
    "1%00",
    "1%0A",
    "x",
)

FORMS = (
    ("/staff/campaigns/<slug:slug>/requests", "request_id", ("approve", "refuse", "make")),
    ("/staff/campaigns/<slug:slug>/signatures/actions", "action_id", ("do", "undo", "cancel")),
    ("/staff/campaigns/<slug:slug>/signatures/erasures", "erasure_id", ("do", "cancel")),
    (
        "/staff/campaigns/<slug:slug>/webhooks/<webhook_key>/messages",
        "message_id",
        ("replay",),
    ),
    (
        "/staff/campaigns/<slug:slug>/messages/<target_key>/answers",
        "answer_id",
        ("remove", "tell", "approve", "refuse"),
    ),
    ("/staff/people", "staff_id", ("role", "take", "disable")),
    ("/staff/account/passkeys", "passkey_id", ("remove",)),
)
"""Where forms go that name an id, what it is called, and the last part of their addresses."""


def test_every_address_with_an_id_is_tried_here(app: Flask) -> None:
    found = {
        rule.rule for rule in app.url_map.iter_rules() if "int" in rule.rule or "<id:" in rule.rule
    }
    assert found == {
        "/staff/campaigns/<slug:slug>/exports/<id:export_id>/file",
        "/staff/campaigns/<slug:slug>/exports/<id:export_id>/recall",
        "/staff/campaigns/<slug:slug>/signatures/<id:signature_id>",
        "/staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>",
        "/staff/people/<id:staff_id>",
        *(f"{place}/<id:{name}>/{what}" for place, name, verbs in FORMS for what in verbs),
    }


def test_no_address_with_such_an_id_breaks_anything(app: Flask, client: FlaskClient) -> None:
    staff = console.enter(app)
    for number in NONE:
        for address in (
            f"/staff/campaigns/amazon/exports/{number}/file",
            f"/staff/campaigns/amazon/exports/{number}/recall",
            f"/staff/campaigns/amazon/comments?after={number}",
            f"/staff/campaigns/amazon/comments?changed={number}",
            f"/staff/campaigns/amazon/comments?verdict={VERDICTS[0]}&before={number}",
            f"/staff/campaigns/amazon/signatures/{number}",
            f"/staff/campaigns/amazon/signatures/actions/{number}",
            f"/staff/campaigns/amazon/signatures?after={number}",
            f"/staff/people/{number}",
            f"/en/amazon/names?before={number}",
        ):
            status = staff.get(address).status_code
            wanted = {200, 404} if "?" in address and "/staff/" in address else {404}
            assert status in wanted, address
    token = {"csrf_token": console.form_token(staff.get("/staff/people"))}
    for number in NONE:
        for place, _, verbs in FORMS:
            for what in verbs:
                address = f"{place}/{number}/{what}".replace("<slug:slug>", "amazon")
                assert staff.post(address, data=token).status_code == 404, address


def test_no_mark_of_such_an_id_breaks_anything(app: Flask) -> None:
    staff = console.enter(app)
    page = staff.get("/staff/campaigns/amazon/comments")
    token = {"csrf_token": console.form_token(page)}
    for number in NONE:
        for name in (*VERDICTS, "each"):
            mark = {name: f"{number}-0123456789abcdef", "together": "yes"}
            answer = staff.post("/staff/campaigns/amazon/comments", data=token | mark)
            assert answer.status_code in {303, 422}, (name, number)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_name_of_a_letter_breaks_the_mailbox(client: FlaskClient) -> None:
    for name in ("x.eml", "x" * 300 + ".eml", "x" * 5000 + ".eml", ".eml", "..eml", "%00.eml"):
        for end in ("", "/html"):
            assert client.get(f"/dev/outbox/{name}{end}").status_code == 404, name
