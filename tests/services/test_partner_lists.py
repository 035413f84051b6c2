"""A partner's list: who said yes to it, encrypted to its key, with what must be taken out since."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyrage
import pytest
from flask import Flask

from petition import files
from petition.domain.exports.recipient import RecipientRefused, SecretKeyGiven, recipient_of
from petition.domain.partners import references
from petition.domain.partners.disclosures import FOR_PARTNER, Way
from petition.errors import NotFound, SealBroken
from petition.services.exports import csv_file, encryption
from petition.services.partners.handing_over import NoListFor, Why
from petition.services.privacy import data_copy, rights as services_rights
from petition.store.db import reading, transaction
from petition.store.exports import contents
from petition.store.partners import disclosures, partners
from petition.web.http.dependencies import dependencies_of
from tests import factories, partner_sites, people, rights
from tests.conftest import Clock

SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFPUqxDxGMR0pLRCUGdmgxVVLQVrMbJSe6n9XTLGMx5K"


@pytest.fixture
def key(app: Flask) -> str:
    """A partner that asks, and to which four people said yes: Amina, Ben, Cora and Wanda."""
    made = partner_sites.asking(app)
    other = partner_sites.asking(app, "Other")
    forms = (people.amina, people.ben, people.cora, people.wanda_in_private)
    for form in forms:
        partner_sites.keep(app, made, form)
    partner_sites.keep(app, made, people.someone(1), answer="no")
    partner_sites.keep(app, other, people.someone(2))
    for entry in factories.entries(app):
        factories.confirm(app, entry)
    partner_sites.keep(app, made, people.someone(3))  # and never confirms
    return made


def made(app: Flask, **order: Any) -> bytes:
    deps = dependencies_of(app)
    chunks = csv_file.export(
        rights.order(**order), deps.vault, reading=reading, transaction=transaction, now=deps.now
    )
    return b"".join(chunks)


def rows_of(encrypted: bytes, identity: Any) -> list[dict[str, str]]:
    text = pyrage.decrypt(encrypted, [identity]).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def reference(app: Flask, key: str, signature_id: int) -> str:
    ring = dependencies_of(app).vault.ring
    return references.reference(ring.partners, key, signature_id)


def test_it_holds_who_said_yes_and_what_was_arranged(app: Flask, clock: Clock, key: str) -> None:
    identity = partner_sites.give_key(app, key)
    clock.forward(timedelta(hours=1))
    encrypted = made(app, partner=key)
    found = rows_of(encrypted, identity)
    assert tuple(found[0]) == FOR_PARTNER
    assert [each["reference"] for each in found] == sorted(
        reference(app, key, number) for number in range(1, 5)
    )
    amina = next(each for each in found if each["email"] == people.amina["email"])
    assert amina == {
        "reference": reference(app, key, 1),
        "given_name": people.amina["given_name"],
        "family_name": people.amina["family_name"],
        "email": people.amina["email"],
        "country": "MA",
        "language": "en",
        "answered_at": "2026-11-02T09:30:00Z",
    }
    (line,) = factories.rows(app, "SELECT rows, sha256, filters FROM exports")
    assert line[:2] == (4, hashlib.sha256(encrypted).hexdigest())
    kept = json.loads(str(line[2]))
    assert (kept["partner"], kept["recipient"]) == (key, str(identity.to_public()))
    detail = "SELECT detail FROM audit WHERE action = 'export'"
    assert factories.rows(app, detail) == [(f"amazon: list 1 for partner {key}",)]


def test_nothing_is_written_in_clear(app: Flask, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    class Spied(io.BytesIO):
        def write(self, data: Any) -> int:
            written.append(bytes(data))
            return super().write(data)

    monkeypatch.setattr(files, "without_a_name", lambda in_memory: Spied())
    partner_sites.give_key(app, key)
    assert made(app, partner=key) == b"".join(written)
    for form in (people.amina, people.ben):
        assert form["email"].encode() not in b"".join(written)


@pytest.mark.parametrize("why", Why)
def test_without_a_key_or_an_arrangement_there_is_none(app: Flask, key: str, why: Why) -> None:
    if why != Why.NO_KEY:
        partner_sites.give_key(app, key)
    if why == Why.NOT_ACCEPTED:
        partner_sites.set_terms(app, key, retention_months=3)
    if why == Why.BLOCKED:
        partner_sites.block(app, key)
    with pytest.raises(NoListFor, match="no list for it") as none:
        made(app, partner=key)
    assert none.value.why == why
    with pytest.raises(NotFound):
        made(app, partner="0" * 16)
    assert factories.rows(app, "SELECT count(*) FROM exports") == [(0,)]


def test_another_key_is_another_acceptance(app: Flask, key: str) -> None:
    first, second = partner_sites.give_key(app, key), partner_sites.give_key(app, key)
    encrypted = made(app, partner=key)
    assert len(rows_of(encrypted, second)) == 4
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(encrypted, [first])


def test_who_left_since_is_called_back_by_the_partners_reference(app: Flask, key: str) -> None:
    """Whoever took back the yes alone, too; not who said it again."""
    partner_sites.give_key(app, key)
    made(app, partner=key)
    made(app)
    with transaction() as session:
        services_rights.leave_partner(session, 1, at=dependencies_of(app).now())
    rights.withdraw(app, 2)
    rights.erase(app, 3)
    rights.withdraw(app, 4)
    rights.undo(app, 4)
    gone = sorted(reference(app, key, number) for number in (1, 2, 3))
    assert rights.recall(app) == ["reference", *gone]
    assert rights.recalled(app, 2) == [("2", "withdrawn"), ("3", "erased")]
    with reading() as session:
        counted = contents.count_recalled(session, factories.the_call(app).id)
    assert counted == {1: 3, 2: 2}


def test_who_may_not_be_kept_any_more_is_on_no_new_list(app: Flask, clock: Clock, key: str) -> None:
    identity = partner_sites.give_key(app, key)
    clock.forward(timedelta(days=364))
    assert len(rows_of(made(app, partner=key), identity)) == 4
    clock.forward(timedelta(days=2))
    assert rows_of(made(app, partner=key), identity) == []


def test_any_other_list_can_be_encrypted_too(app: Flask, key: str) -> None:
    identity = pyrage.x25519.Identity.generate()
    to = str(identity.to_public())
    assert len(rows_of(made(app, recipient=f" {to.upper()}\n"), identity)) == 6
    (target, *_rest) = rows_of(made(app, recipient=to, for_target=True), identity)
    assert tuple(target) == csv_file.FOR_TARGET
    assert made(app, recipient=f"{SSH} paula@union").startswith(b"age-encryption.org/v1")


def test_what_breaks_off_is_told_as_it_is(app: Flask, key: str) -> None:
    partner_sites.give_key(app, key)
    factories.change(app, "UPDATE entries SET sealed = :bytes", bytes=b"\0" * 40)
    with pytest.raises(SealBroken):
        made(app, partner=key)
    assert factories.rows(app, "SELECT rows, finished_at FROM exports") == [(None, None)]


def test_a_long_file_is_whole() -> None:
    identity = pyrage.x25519.Identity.generate()
    lines = [f"{number},".encode() * 5_000 for number in range(100)]

    def chunks() -> Iterator[bytes]:
        yield b""
        yield from lines

    found = b"".join(encryption.encrypted(chunks(), str(identity.to_public())))
    assert pyrage.decrypt(found, [identity]) == b"".join(lines)


@pytest.mark.parametrize(
    "typed", ["", "x", "age1", "age1 " + "q" * 58, SSH[:-4], f"-{SSH}", "age1" + "q" * 3_000]
)
def test_what_is_no_public_key_is_refused(typed: str) -> None:
    with pytest.raises(RecipientRefused):
        recipient_of(typed)


def test_a_secret_key_is_never_taken() -> None:
    secret = str(pyrage.x25519.Identity.generate())
    for typed in (
        secret,
        secret.lower(),
        f"# key\n{secret}",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ):
        with pytest.raises(SecretKeyGiven) as refused:
            recipient_of(typed)
        assert secret not in str(refused.value)


def test_the_person_sees_each_disclosure(app: Flask, clock: Clock, key: str) -> None:
    partner_sites.give_key(app, key)
    made(app, partner=key)
    with transaction() as session:
        found = partners.by_key(session, key)
        assert found is not None
        for _day in range(2):
            disclosures.note(session, found.id, [1, 99], Way.API, at=clock())
            clock.forward(timedelta(days=1))
    deps = dependencies_of(app)
    with reading() as session:
        copy = data_copy.document(services_rights.find(session, 1), deps.vault)
    (listed,) = copy.disclosures
    assert (listed.export, listed.to, listed.partner) == (1, "partner", "Union")
    (told,) = copy.told_to_partners_programs
    assert (told.partner, told.way, told.what) == ("Union", "api", FOR_PARTNER)
    assert (told.first_at, told.last_at) == (
        "2026-11-02T09:30:00+00:00",
        "2026-11-03T09:30:00+00:00",
    )
    (form,) = copy.forms
    assert (form.partner_consent, form.partner_consent_at) == ("yes", "2026-11-02T09:30:00+00:00")
    rights.erase(app, 1)
    assert factories.rows(app, "SELECT count(*) FROM partner_disclosures") == [(0,)]
