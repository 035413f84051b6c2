"""Exporting: the columns, the guard, the ledger, and a file that never lies about being whole."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from petition.domain.signatures import states
from petition.domain.signatures.hold_reasons import HoldReason
from petition.errors import NotFound, SealBroken
from petition.keyring import KeyRing
from petition.services.exports import csv_file
from petition.services.exports.csv_file import COLUMNS, FOR_TARGET, Export, NotForTarget
from petition.services.signatures import holds
from petition.store.db import reading, transaction
from petition.store.exports import contents
from petition.store.signatures import signatures
from petition.store.signatures.signatures import Filters
from petition.store.vault.vault import Vault
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call
from tests.in_one_go import confirm_all, keep_all
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

OUTSIDE = [
    "signature_id",
    "campaign",
    "state",
    "signed_at",
    "confirmed_at",
    "given_name",
    "family_name",
    "email",
    "country",
    "postcode",
    "language",
    "visibility",
    "comment",
    "updates_consent",
    "updates_consent_at",
    "partner_consent",
    "consent_text_sha256",
    "partner",
    "source",
    "utm_source",
    "utm_medium",
    "utm_campaign",
]
"""The columns as we promised them to whoever reads our files."""

Row = dict[str, str]


def _export(
    app: Flask, filters: Filters | None = None, *, for_target: bool = False, slug: str = "amazon"
) -> Iterator[bytes]:
    deps = dependencies_of(app)
    order = Export(
        slug=slug, by="sam", reason="hand over", filters=filters or Filters(), for_target=for_target
    )
    return csv_file.export(
        order, deps.vault, reading=reading, transaction=transaction, now=deps.now
    )


def _read(chunks: Iterator[bytes]) -> list[Row]:
    text = b"".join(chunks).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture
def four_signatures(app: Flask, clock: Clock, worlds: Worlds) -> None:
    """Amina, Ben, Wanda and Mallory sign a minute apart; all but Wanda confirm."""
    worlds.enter(app, clock, "four_a_minute_apart", lambda: _sign(app, clock))


def _sign(app: Flask, clock: Clock) -> None:
    for form, lang in (
        (people.amina, "ar"),
        (people.ben | {"source": "flyer"}, "en"),
        (people.wanda_in_private, "en"),
        (people.mallory, "en"),
    ):
        keep(app, the_call(app, lang), form)
        clock.forward(timedelta(minutes=1))
    for place, entry_id in enumerate(entries(app)):
        if place != 2:
            confirm(app, entry_id)


def test_the_columns_stand_as_promised() -> None:
    assert list(COLUMNS) == OUTSIDE


@pytest.mark.usefixtures("four_signatures")
def test_every_cell_of_a_row(app: Flask) -> None:
    call = the_call(app, "ar")
    ((sha256,),) = rows(
        app, "SELECT sha256 FROM consent_texts WHERE id = :id", id=call.consent_text_ids["sign"]
    )
    amina = _read(_export(app))[0]
    assert amina == {
        "signature_id": "1",
        "campaign": "amazon",
        "state": "confirmed",
        "signed_at": "2026-11-02T09:30:00Z",
        "confirmed_at": "2026-11-02T09:34:00Z",
        "given_name": people.amina["given_name"],
        "family_name": people.amina["family_name"],
        "email": people.amina["email"],
        "country": "MA",
        "postcode": "20250",
        "language": "ar",
        "visibility": "public",
        "comment": people.amina["comment"],
        "updates_consent": "yes",
        "updates_consent_at": "2026-11-02T09:30:00Z",
        "partner_consent": "",
        "consent_text_sha256": sha256,
        "partner": "",
        "source": "",
        "utm_source": "",
        "utm_medium": "",
        "utm_campaign": "",
    }


@pytest.mark.usefixtures("four_signatures")
def test_only_confirmed_ones_in_the_order_of_their_ids(app: Flask) -> None:
    found = _read(_export(app))
    assert [row["given_name"] for row in found][:2] == [people.amina["given_name"], "Ben"]
    assert [int(row["signature_id"]) for row in found] == [1, 2, 4]
    assert found[1]["source"] == "flyer"


@pytest.mark.usefixtures("four_signatures")
def test_no_cell_of_mallorys_runs_in_a_spreadsheet(app: Flask) -> None:
    mallory = _read(_export(app))[-1]
    for name in ("given_name", "family_name", "postcode", "comment", "utm_source"):
        assert mallory[name] == "'" + people.mallory[name]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in mallory.values())


@pytest.mark.usefixtures("four_signatures")
def test_the_file_is_plain_csv(app: Flask) -> None:
    data = b"".join(_export(app))
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.decode().split("\r\n")[0] == ",".join(COLUMNS)
    assert data.endswith(b"\r\n")
    assert data == b"".join(_export(app))  # again the same


@pytest.mark.usefixtures("four_signatures")
def test_the_target_receives_names_of_those_who_agreed_and_no_more(app: Flask) -> None:
    found = _read(_export(app, for_target=True))
    assert list(found[0]) == list(FOR_TARGET)
    assert {row["family_name"] for row in found} == {
        people.amina["family_name"],
        "Okafor",
        "'" + people.mallory["family_name"],
    }
    whole = str(found)
    assert "@example" not in whole
    assert "@gmail" not in whole
    assert people.wanda["family_name"] not in whole


def test_who_chose_to_be_counted_is_never_handed_over(app: Flask) -> None:
    for number, visibility in enumerate(states.VISIBILITIES):
        keep(app, the_call(app), people.someone(number, visibility=visibility))
    for entry_id in entries(app):
        confirm(app, entry_id)
    found = _read(_export(app, for_target=True))
    assert sorted(row["given_name"] for row in found) == ["Person1", "Person2"]


MEANT = {"given_name": "name", "family_name": "name", "country": "country"}
"""Column to what the consent text calls it, in English."""
PROMISED = {
    "en": {"name": "name", "country": "country"},
    "de": {"name": "name", "country": "land"},
    "fr": {"name": "nom", "country": "pays"},
    "es": {"name": "nombre", "country": "país"},
    "it": {"name": "nome", "country": "paese"},
    "pl": {"name": "imi", "country": "kraj"},
    "ar": {"name": "اسم", "country": "بلد"},
}
"""The same in each language: how the word begins."""
NOT_PROMISED = {
    "en": {"email", "address", "postcode", "comment", "time", "date", "language", "number"},
    "de": {"e-mail", "adresse", "postleitzahl", "kommentar", "zeit", "datum", "sprache", "nummer"},
    "fr": {"e-mail", "adresse", "postal", "commentaire", "heure", "date", "langue", "numéro"},
    "es": {"correo", "dirección", "postal", "comentario", "hora", "fecha", "idioma", "número"},
    "it": {"email", "indirizzo", "postale", "commento", "ora", "data", "lingua", "numero"},
    "pl": {"e-mail", "adres", "pocztowy", "komentarz", "czas", "datę", "język", "numer"},
    "ar": {"بريدي", "عنواني", "رمزي", "تعليقي", "وقت", "تاريخ", "لغتي", "رقم"},
}


def test_the_targets_columns_are_what_the_consent_says(app: Flask) -> None:
    """A column without its word fails, and so does a word without its column."""
    assert set(FOR_TARGET) - {"reference"} == MEANT.keys()
    for lang, promised in PROMISED.items():
        text = the_call(app, lang).call.consents["visibility"].says("target").lower()
        words = {word.removeprefix("و") for word in re.findall(r"\w[\w-]*", text)}
        for column, what in MEANT.items():
            assert any(word.startswith(promised[what]) for word in words), (lang, column)
        assert words & NOT_PROMISED[lang] == set(), f"{lang} promises what the file has not"


def test_the_targets_file_tells_no_time_and_no_order(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    names = [f"Person{number}" for number in range(40)]
    for number in range(40):
        keep_all(app, call, [people.someone(number, visibility="target")])
        clock.forward(timedelta(minutes=1))
    confirm_all(app, entries(app))
    data = b"".join(_export(app, for_target=True)).decode()
    first, second = _read(iter([data.encode()])), _read(_export(app, for_target=True))
    for found in (first, second):
        references = [row["reference"] for row in found]
        assert references == sorted(references)
        assert len(set(references)) == 40
        order = [row["given_name"] for row in found]
        assert sorted(order) == sorted(names)
        assert order not in (names, names[::-1])
    assert [row["given_name"] for row in first] != [row["given_name"] for row in second]
    assert not {row["reference"] for row in first} & {row["reference"] for row in second}
    assert "2026" not in data
    assert re.findall(r"\b\d{1,3}\b", data) == [], "no number of a signature"


def test_whoever_has_the_database_but_no_key_cannot_tell_whose_a_reference_is(app: Flask) -> None:
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    (row,) = _read(_export(app, for_target=True))
    ((salt,),) = rows(app, "SELECT reference_salt FROM exports")
    stranger, ours = Vault(KeyRing.parse(KeyRing.generate_text())), dependencies_of(app).vault
    assert row["reference"] == ours.reference(bytes(salt), 1)  # type: ignore[call-overload]
    assert row["reference"] != stranger.reference(bytes(salt), 1)  # type: ignore[call-overload]


def test_no_choice_is_made_among_those_in_the_targets_list(app: Flask) -> None:
    for choice in (
        Filters(states=("pending",)),
        Filters(since=datetime(2026, 11, 2, tzinfo=UTC)),
        Filters(updates="yes"),
    ):
        with pytest.raises(NotForTarget):
            next(_export(app, choice, for_target=True))
    assert rows(app, "SELECT count(*) FROM exports") == [(0,)]


@pytest.mark.parametrize("page", [1, 3, 50])
def test_the_targets_list_is_whole_and_on_record_whatever_a_page_holds(
    app: Flask, signatures_made: int, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(signatures, "PAGE", page)
    change(app, "UPDATE entries SET visibility = 'target'")
    chunks = _export(app, for_target=True)
    next(chunks)
    with reading() as session:
        campaign_id = the_call(app).id
        ids = list(range(1, signatures_made + 1))
        assert contents.held(session, campaign_id, ids) == ids, "before the first row leaves"
    assert b"".join(chunks).count(b"\r\n") == signatures_made


@pytest.mark.usefixtures("four_signatures")
def test_states_can_be_chosen(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        holds.hold(session, 2, reason=HoldReason.OTHER, by="sam", at=clock())
    for chosen, ids in (
        (("pending",), ["3"]),
        (("held",), ["2"]),
        (("confirmed",), ["1", "4"]),
        (states.STATES, ["1", "2", "3", "4"]),
        (("erased",), []),
    ):
        found = _read(_export(app, Filters(states=chosen)))
        assert [row["signature_id"] for row in found] == ids
        assert {row["state"] for row in found} <= set(chosen)


@pytest.mark.usefixtures("four_signatures")
def test_since_takes_who_signed_from_that_second_on(app: Flask) -> None:
    since = datetime(2026, 11, 2, 9, 31, tzinfo=UTC)
    found = _read(_export(app, Filters(states=states.STATES, since=since)))
    assert [row["signature_id"] for row in found] == ["2", "3", "4"]
    later = Filters(states=states.STATES, since=since + timedelta(seconds=1))
    assert [row["signature_id"] for row in _read(_export(app, later))] == ["3", "4"]


@pytest.mark.usefixtures("four_signatures")
def test_the_ledger_knows_the_file(app: Flask, clock: Clock) -> None:
    began = clock()
    chunks = _export(app, Filters(states=("confirmed",), since=began - timedelta(days=1)))
    first = next(chunks)
    assert rows(app, "SELECT by, reason, format, rows, sha256, finished_at FROM exports") == [
        ("sam", "hand over", "csv", None, None, None)
    ]
    clock.forward(timedelta(minutes=5))
    data = first + b"".join(chunks)
    ((filters, number, sha256, started, finished),) = rows(
        app, "SELECT filters, rows, sha256, started_at, finished_at FROM exports"
    )
    assert json.loads(str(filters)) == {
        "state": ["confirmed"],
        "visibility": ["counted", "target", "public"],
        "since": (began - timedelta(days=1)).isoformat(),
        "updates": None,
        "for_target": False,
        "partner": None,
        "recipient": None,
    }
    assert number == data.count(b"\r\n") - 1 == 3
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert str(started) < str(finished)


@pytest.mark.usefixtures("four_signatures")
def test_the_ledger_knows_what_the_target_received(app: Flask) -> None:
    data = b"".join(_export(app, for_target=True))
    ((filters, sha256),) = rows(app, "SELECT filters, sha256 FROM exports")
    assert json.loads(str(filters))["visibility"] == ["target", "public"]
    assert json.loads(str(filters))["for_target"] is True
    assert sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.usefixtures("four_signatures")
def test_a_file_that_was_cut_off_stays_unfinished(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "PAGE", 1)
    chunks: Any = _export(app)
    next(chunks)
    next(chunks)
    chunks.close()
    assert rows(app, "SELECT rows, sha256, finished_at FROM exports") == [(None, None, None)]


@pytest.mark.usefixtures("four_signatures")
def test_a_record_that_does_not_open_breaks_the_file_off(app: Flask) -> None:
    change(app, "UPDATE entries SET sealed = :bytes", bytes=b"\0" * 40)
    with pytest.raises(SealBroken):
        b"".join(_export(app))
    assert rows(app, "SELECT finished_at FROM exports") == [(None,)]


def test_an_unknown_campaign_leaves_no_entry(app: Flask) -> None:
    with pytest.raises(NotFound):
        next(_export(app, slug="nowhere"))
    assert rows(app, "SELECT count(*) FROM exports") == [(0,)]


def test_an_empty_file_has_its_columns(app: Flask) -> None:
    assert b"".join(_export(app)) == ",".join(COLUMNS).encode() + b"\r\n"
    assert rows(app, "SELECT rows FROM exports") == [(0,)]


@pytest.fixture
def signatures_made(app: Flask, clock: Clock, worlds: Worlds) -> int:
    return worlds.enter(app, clock, "twenty_three_confirmed", lambda: _confirm_many(app))


def _confirm_many(app: Flask) -> int:
    keep_all(app, the_call(app), map(people.someone, range(23)))
    confirm_all(app, entries(app))
    return 23


def test_a_file_leaves_page_by_page(
    app: Flask, signatures_made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Constant memory: no page is opened before the one before it has left."""
    monkeypatch.setattr(signatures, "PAGE", 5)
    opened = []
    open_ = Vault.open
    monkeypatch.setattr(
        Vault, "open", lambda self, *record: opened.append(1) or open_(self, *record)
    )
    sizes = []
    for chunk in _export(app):
        sizes.append(chunk.count(b"\r\n"))
        assert len(opened) == sum(sizes) - 1  # the first line is the columns
    assert sizes == [1, 5, 5, 5, 5, 3]


def test_the_size_of_a_page_does_not_show_in_the_file(
    app: Flask, signatures_made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = b"".join(_export(app))
    for page in (1, 7, 23, 24):
        monkeypatch.setattr(signatures, "PAGE", page)
        assert b"".join(_export(app)) == whole, page
    assert whole.count(b"\r\n") == signatures_made + 1


def test_a_file_is_one_moment_of_the_database(
    app: Flask, signatures_made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "PAGE", 5)
    chunks = _export(app)
    data = next(chunks) + next(chunks)
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[-1])
    change(app, "UPDATE signatures SET state = 'withdrawn' WHERE id = 20")
    data += b"".join(chunks)
    found = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert [int(row["signature_id"]) for row in found] == list(range(1, 24))


@pytest.mark.usefixtures("four_signatures")
def test_for_excel_there_is_a_mark_and_the_ledger_knows_it(app: Flask) -> None:
    deps = dependencies_of(app)
    plain = b"".join(_export(app))
    order = Export(
        slug="amazon", by="x", reason="r", filters=Filters(), for_target=False, for_excel=True
    )
    chunks = csv_file.export(
        order, deps.vault, reading=reading, transaction=transaction, now=deps.now
    )
    marked = b"".join(chunks)
    assert marked == b"\xef\xbb\xbf" + plain
    digests = [row[0] for row in rows(app, "SELECT sha256 FROM exports ORDER BY id")]
    assert digests == [hashlib.sha256(plain).hexdigest(), hashlib.sha256(marked).hexdigest()]
