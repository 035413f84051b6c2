"""Actions of supporters who mind their data: links from letters, the code, a list taken out."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse as Answer

from petition.app import SHIPPED
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.states import STATES
from petition.services.campaigns import content_files
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.services.privacy import blocks, erasure, rights, withdrawals
from petition.services.privacy.blocks import StopLink
from petition.services.privacy.rights import Choices
from petition.store.db import Session, db, reading, transaction
from petition.store.privacy import personal_data
from petition.store.privacy.erasure import Erased
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of
from tests import factories

Row = tuple[object, ...]

_CODE: Final = re.compile(r"^([A-Z]{3}-[A-Z]{3})\s*$", re.MULTILINE)
_SIGNATURES: Final = "SELECT id FROM signatures ORDER BY id"


def links_in(letter: EmailMessage) -> list[str]:
    """The path of every link in a letter's text."""
    return re.findall(r"https?://[^/\s]+(/\S*)", factories.text_of(letter))


def link_to(prefix: str, letter: EmailMessage) -> str:
    """The path of its one link to `my`, `stop`, `unsubscribe`, `confirm`."""
    (found,) = [link for link in links_in(letter) if link.startswith(f"/{prefix}/")]
    return found


def newest(app: Flask, prefix: str) -> str:
    """The newest letter's link that begins so."""
    for letter in reversed(factories.letters(app)):
        if any(link.startswith(f"/{prefix}/") for link in links_in(letter)):
            return link_to(prefix, letter)
    raise AssertionError(f"no letter leads to {prefix}")


def code_in(letter: EmailMessage) -> str:
    """The six letters that can be typed instead of following the link."""
    found = _CODE.search(factories.text_of(letter))
    assert found, "the letter has no code"
    return found[1]


def kinds(app: Flask) -> list[Row]:
    """(kind, state) of every letter, oldest first."""
    return factories.rows(app, "SELECT kind, state FROM letters ORDER BY id")


def ask(client: FlaskClient, email: str, place: str = "my") -> Answer:
    """Type one's address: for the link to one's signature, or for the letter once more."""
    return client.post(f"/en/amazon/{place}", data={"email": email})


def type_code(client: FlaskClient, email: str, code: str) -> Answer:
    """Confirm by hand."""
    return client.post("/en/amazon/code", data={"email": email, "code": code})


def signed(app: Flask, client: FlaskClient, form: Mapping[str, str], slug: str = "amazon") -> str:
    """Somebody signs and confirms; the link to their signature, from the thank-you letter."""
    assert factories.sign(client, dict(form), slug=slug).status_code == 303
    factories.work(app)
    assert client.post(newest(app, "confirm")).status_code == 303
    factories.work(app)
    return newest(app, "my")


def ids(app: Flask) -> list[int]:
    """The numbers of all signatures."""
    return [int(str(row[0])) for row in factories.rows(app, _SIGNATURES)]


def erase(app: Flask, signature_id: int) -> Erased | None:
    """Everything about a signature is deleted."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        return erasure.erase(session, deps.erasure_context, signature_id, at=deps.now())


def withdraw(app: Flask, signature_id: int) -> bool:
    """The signature is taken back."""
    with app.app_context(), transaction() as session:
        return withdrawals.withdraw(session, signature_id, at=dependencies_of(app).now())


def undo(app: Flask, signature_id: int = 1) -> bool:
    """The withdrawal is undone, if its hour is not over."""
    with app.app_context(), transaction() as session:
        return withdrawals.undo(session, signature_id, at=dependencies_of(app).now())


def order(**changes: Any) -> Export:
    """An export of the confirmed signatures, as staff take it out."""
    return Export(
        **{
            "slug": "amazon",
            "by": "sam",
            "reason": "to look",
            "filters": Filters(),
            "for_target": False,
        }
        | changes
    )


def take_out(app: Flask, **changes: Any) -> list[str]:
    """An export's lines, below the line of names."""
    deps = dependencies_of(app)
    with app.app_context():
        chunks = list(
            csv_file.export(
                order(**changes),
                deps.vault,
                reading=reading,
                transaction=transaction,
                now=deps.now,
            )
        )
    return b"".join(chunks).decode().splitlines()[1:]


ALL: Final = Filters(states=STATES)
"""Every state there is."""


def recall(app: Flask, export_id: int = 1) -> list[str]:
    """The lines of an export's recall list, with the line of names."""
    with app.app_context(), reading() as session:
        vault = dependencies_of(app).vault
        return b"".join(csv_file.recall(session, vault, export_id)).decode().splitlines()


def recalled(app: Flask, export_id: int = 1) -> list[tuple[str, str]]:
    """(signature, why) of what a full export must let go."""
    lines = recall(app, export_id)[1:]
    return [(number, why) for number, why, _at in (line.split(",") for line in lines)]


def reference(app: Flask, signature_id: int, export_id: int) -> str:
    """What stands for a signature in a list for the target."""
    ((salt,),) = factories.rows(
        app, "SELECT reference_salt FROM exports WHERE id = :id", id=export_id
    )
    vault = dependencies_of(app).vault
    return vault.reference(bytes(salt), signature_id)  # type: ignore[call-overload]


IDLE: Final = frozenset({"seen_at", "folded_at"})
"""Columns that move while nothing happens."""


def dump(app: Flask) -> dict[str, list[Row]]:
    """Every row of every table, without idle clocks and what only counts senders and letters."""
    found = {}
    with app.app_context(), reading() as session:
        for table in db.metadata.sorted_tables:
            if table.name in {"sender_counts", "action_totals", "letter_minutes"}:
                continue
            columns = [column for column in table.columns if column.name not in IDLE]
            rows = session.execute(select(*columns))
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def counted(app: Flask, slug: str = "amazon") -> Counter[tuple[str, str]]:
    """The folded totals by (dimension, value), without empty ones."""
    found = factories.rows(
        app,
        "SELECT dimension, value, confirmed FROM counts JOIN campaigns ON id = campaign_id"
        " WHERE slug = :slug AND confirmed <> 0",
        slug=slug,
    )
    return Counter({(str(d), str(v)): int(str(n)) for d, v, n in found})


def standing(app: Flask, slug: str = "amazon") -> Counter[tuple[str, str]]:
    """The same, counted from the confirmed signatures themselves."""
    found: Counter[tuple[str, str]] = Counter()
    for day, country, language, source, partner in factories.rows(
        app,
        "SELECT CAST(confirmed_at AS text), country, language, coalesce(source, ''),"
        " coalesce(partner, '')"
        " FROM signatures JOIN entries ON entries.id = signatures.entry_id"
        " JOIN campaigns ON campaigns.id = signatures.campaign_id"
        " WHERE signatures.state = 'confirmed' AND slug = :slug",
        slug=slug,
    ):
        found[("total", "")] += 1
        found[("day", str(day)[:10])] += 1
        found[("country", str(country))] += 1
        found[("language", str(language))] += 1
        found[("source", str(source))] += 1
        found[("partner", str(partner))] += 1
    return found


def held_now(app: Flask) -> dict[str, int]:
    """How many rows each table has, empty ones left out."""
    return {table: len(rows) for table, rows in dump(app).items() if rows}


def set_clock(app: Flask, at: datetime) -> None:
    """What the app takes for now."""
    dependencies_of(app).now.at = at


def another_call(app: Flask, folder: Path, slug: str = "other") -> None:
    """The shipped call once more, under another name, open."""
    copy = shutil.copytree(SHIPPED / "amazon", folder / slug)
    file = copy / "campaign.toml"
    text = file.read_text("utf-8").replace('slug = "amazon"', f'slug = "{slug}"')
    file.write_text(text, "utf-8")
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        content_files.load_and_open_new(
            session, copy, organiser=deps.settings.organiser, at=deps.now()
        )
    deps.campaign_cache.clear()


def key_of(app: Flask, signature_id: int = 1) -> bytes:
    """What stands for a signature's address."""
    ((key,),) = factories.rows(
        app, "SELECT address_key FROM signatures WHERE id = :id", id=signature_id
    )
    return bytes(key)  # type: ignore[call-overload]


def stop_link(app: Flask, key: bytes, slug: str = "amazon") -> StopLink:
    """Whom a link in a letter of that call was sent to, by an address without a tag."""
    call = factories.the_call(app, slug=slug)
    return StopLink(campaign_id=call.id, address_key=key, mailbox_key=key)


def stop(app: Flask, key: bytes, *, slug: str = "amazon") -> Any:
    """“This was not me”; what went, or None."""
    deps, link = dependencies_of(app), stop_link(app, key, slug)
    with app.app_context(), transaction() as session:
        gone = blocks.stop(session, deps.erasure_context, deps.vault, link, at=deps.now())
    return gone[0] if gone else None


def lift(app: Flask, key: bytes) -> Any:
    """Let a blocked address sign again."""
    deps, link = dependencies_of(app), stop_link(app, key)
    with app.app_context(), transaction() as session:
        return blocks.unblock(session, deps.erasure_context, link, at=deps.now())


def unsubscribe(app: Flask, signature_id: int = 1) -> bool:
    """No more letters that were not asked for."""
    with app.app_context(), transaction() as session:
        return rights.unsubscribe(session, signature_id, at=dependencies_of(app).now())


def choose(app: Flask, signature_id: int = 1, **answers: str) -> None:
    """Change the answers; what is not said is `no` and `counted`."""
    choices = Choices(
        answers={"updates": "no", "visibility": "counted"} | answers,
        text_ids=factories.the_call(app).consent_text_ids,
    )
    with app.app_context(), transaction() as session:
        rights.choose(session, signature_id, choices, at=dependencies_of(app).now())


def correct(
    app: Flask, given: str, family: str = "", signature_id: int = 1, **changes: str
) -> None:
    """Put a name right, and what else is said; what is not said stays."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        country = changes.pop("country", "") or _country(session, signature_id)
        details = {"given_name": given, "family_name": family, **changes}
        rights.correct(session, deps.vault, signature_id, details, country)


def _country(session: Session, signature_id: int) -> str:
    held = personal_data.held(session, signature_id)
    return held.own.country if held is not None else "DE"


def move(app: Flask, action: Callable[..., None], signature_id: int = 1) -> None:
    """What staff do with a signature."""
    with app.app_context(), transaction() as session:
        action(
            session,
            signature_id,
            reason=HoldReason.OTHER,
            by="sam",
            at=dependencies_of(app).now(),
        )


def person(app: Flask, signature_id: int = 1) -> Any:
    """What its own form says."""
    with reading() as session:
        held = rights.find(session, signature_id)
    return rights.person(dependencies_of(app).vault, held.own)


def state(app: Flask, signature_id: int = 1) -> str | None:
    """Where a signature stands; None when it is gone."""
    found = factories.rows(app, "SELECT state FROM signatures WHERE id = :id", id=signature_id)
    return str(found[0][0]) if found else None
