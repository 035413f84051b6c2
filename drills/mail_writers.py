"""Writers: people who write to the targets by the real form, in this process, three days ago."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Flask
from flask.testing import FlaskClient

from drills.failure import DrillError
from petition.app import create_app
from petition.config import load
from petition.domain.letters.letter import message_id
from petition.domain.messages.message import MessageText
from petition.store.db import db
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.factories import change, confirm, entries, rows
from tests.messages import form_of

AGO: Final = timedelta(days=3)
LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pl", "ar")
SHOWN: Final = ("supporter", "first_name", "full_name")
BOARD: Final = ("one.example", "two.example", "three.example")
"""Where the targets have their mailboxes."""
INJECTED: Final = "X-Injected"
_ENDS: Final = (
    "\r\n",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "%0d%0a",
    "\\r\\n",
)
_SECOND_EMAIL: Final = (
    "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<victim@elsewhere.example>\r\nDATA\r\n"
)
PAYLOADS: Final = tuple(
    start + line
    for start in ("Hello", "")
    for line in (
        *(f"{end}{INJECTED}: 1" for end in _ENDS),
        *(f"{end}Bcc: victim@elsewhere.example" for end in _ENDS[:3]),
        f"=?utf-8?q?a=0D=0A{INJECTED}:_1?=",
        f"=?utf-8?b?DQp{'WC1JbmplY3RlZDogMQ'}==?=",
        '" <victim@elsewhere.example>, "',
        "<victim@elsewhere.example>",
        f"\r\n\r\n.\r\n{_SECOND_EMAIL}{INJECTED}: 1\r\n.\r\n",
        f"\n.\n\n{INJECTED}: 1",
        "\r.\r",
        "\0",
        "a" * 1200,
    )
)
FIELDS: Final = ("given_name", "family_name", "email", "message_subject", "message_body")


@dataclass(frozen=True, kw_only=True)
class Writer:
    """One message, and all that must not lead from it to who wrote it."""

    message_id: str
    """As its Message-ID has it, before the @."""
    traces: tuple[str, ...]


class Clock:
    """Goes on by a few seconds with each question, from three days ago."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC) - AGO

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=0.37)
        return self.at


class Writers:
    """Who wrote, and what is queued of theirs."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._people: list[people.Form] = []
        self.refused = 0
        self._forms: dict[str, dict[str, object]] = {}

    def write(self, number: int) -> None:
        """So many plain people write to all targets, then one by each payload in each field."""
        with self.app.test_client() as client:
            for place in range(number):
                self._post(client, place, {})
            place = number
            for field in FIELDS:
                for payload in PAYLOADS:
                    typed = (
                        f"w{place}{payload}@writers.example.org" if field == "email" else payload
                    )
                    self._post(client, place, {field: typed})
                    place += 1
        kept = entries(self.app)
        if len(kept) != len(self._people):
            raise DrillError(f"{len(kept)} forms are kept, where {len(self._people)} were taken")
        for entry_id in kept:
            confirm(self.app, entry_id)
        for place, key in enumerate(("chief-executive", "human-resources", "human-rights")):
            change(
                self.app,
                "UPDATE message_targets SET email = :email, an_hour = 100000, a_day = 100000"
                " WHERE key = :key",
                email=f"office@{BOARD[place]}",
                key=key,
            )

    def _post(self, client: FlaskClient, place: int, changes: dict[str, str]) -> None:
        lang = LANGUAGES[place % len(LANGUAGES)]
        person = people.someone(
            place,
            given_name=f"Zqvenka{place}",
            family_name=f"Ultrazson{place}ł",
            email=f"zq.writer{place}@writers.example.org",
        )
        if lang not in self._forms:
            self._forms[lang] = form_of(client, person, lang)
        plain = {name: text for name, text in person.items() if name != "comment"}
        shown = "full_name" if changes else SHOWN[place % len(SHOWN)]
        form = self._forms[lang] | plain | {"shown_as": shown} | changes
        answer = client.post(
            f"/{lang}/amazon/message",
            data=form,
            headers={"X-Forwarded-For": f"10.{place >> 8 & 255}.{place & 255}.7"},
        )
        if answer.status_code == 303:
            self._people.append(person | changes)
        elif changes and answer.status_code == 422:
            self.refused += 1
        else:
            raise DrillError(f"a plain form was answered with {answer.status_code}")

    def queue(self, number: int | None = None) -> int:
        """All messages wait to be sent, or only so many of them; our own emails as well."""
        app, at = self.app, datetime.now(UTC) - timedelta(days=1)
        change(
            app,
            "UPDATE messages SET state = 'queued', finished_at = NULL, paced = :no"
            " WHERE state NOT IN ('waiting', 'cancelled')",
            no=False,
        )
        change(
            app,
            "UPDATE letters SET state = 'owed', attempts = 0, leased_by = NULL,"
            " leased_until = NULL, finished_at = NULL, last_error = NULL, due_at = :at",
            at=at,
        )
        for table in ("message_hours", "provider_hours"):
            change(app, f"DELETE FROM {table}")
        if number is not None:
            change(
                app,
                "UPDATE letters SET state = 'withheld' WHERE id NOT IN"
                " (SELECT id FROM letters WHERE message_id IS NOT NULL ORDER BY id LIMIT :number)",
                number=number,
            )
        return self.number("SELECT count(*) FROM letters WHERE state = 'owed'")

    def poison(self, number: int) -> None:
        """So many messages get what no form lets through, sealed as if one had."""
        vault = dependencies_of(self.app).vault
        ids = [int(str(row[0])) for row in rows(self.app, "SELECT id FROM messages ORDER BY id")]
        for id_, payload in zip(ids[:number], PAYLOADS * 9, strict=False):
            text = MessageText(sender=f"A{payload}", subject=payload, body=f"Body{payload}")
            change(
                self.app,
                "UPDATE messages SET sealed = :sealed, key_number = :number WHERE id = :id",
                sealed=vault.seal_message(text, id_, vault.current),
                number=vault.current,
                id=id_,
            )

    def number(self, sql: str) -> int:
        return int(str(rows(self.app, sql)[0][0]))

    def states(self) -> dict[str, str]:
        """State of each message, by its Message-ID."""
        found = rows(
            self.app,
            "SELECT letters.id, messages.state FROM messages"
            " JOIN letters ON letters.message_id = messages.id",
        )
        return {self._id(letter): str(state) for letter, state in found}

    def _id(self, letter: object) -> str:
        return message_id(dependencies_of(self.app).settings.secret_key, int(str(letter)))

    def writers(self) -> dict[str, Writer]:
        """Every message that was composed, by its Message-ID."""
        forms = rows(self.app, "SELECT signature_id, id FROM entries ORDER BY id")
        signed = dict(zip(*zip(*forms, strict=True), strict=True))  # one form each
        person_of = dict(zip(entries(self.app), self._people, strict=True))
        found = rows(
            self.app,
            "SELECT letters.id, messages.id, messages.signature_id, messages.shown_as,"
            " messages.composed_at, messages.confirmed_at FROM messages"
            " JOIN letters ON letters.message_id = messages.id",
        )
        made: dict[str, Writer] = {}
        for letter, id_, signature, shown, *times in found:
            entry = int(str(signed[signature]))
            traces = [*_identities(person_of[entry], str(shown)), *_numbers(entry, int(str(id_)))]
            for time in times:
                traces += _times(str(time))
            number = self._id(letter)
            made[number] = Writer(message_id=number, traces=tuple(traces))
        return made


def _identities(person: people.Form, shown: str) -> list[str]:
    names = {"supporter": ("given_name", "family_name"), "first_name": ("family_name",)}
    words = [person["email"], person["email"].partition("@")[0]]
    words += [person[name] for name in names.get(shown, ())]
    return [word for word in words if len(word) > 5 and re.match(r"zq|ultra", word, re.IGNORECASE)]


def _numbers(*ids: int) -> list[str]:
    return [text for each in ids for text in (str(each), f"{each:x}")]


def _times(text: str) -> list[str]:
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return [
        str(int(at.timestamp())),
        at.strftime("%Y-%m-%dT%H:%M"),
        at.strftime("%Y-%m-%d %H:%M"),
        at.strftime("%d %b %Y %H:%M"),
        at.strftime("%Y%m%d%H%M"),
    ]


@contextmanager
def written(environ: dict[str, str], number: int) -> Iterator[Writers]:
    """The writers of one installation, after they wrote and confirmed."""
    app = create_app(load(environ), now=Clock())
    with app.app_context():
        made = Writers(app)
        made.write(number)
        yield made
        db.engine.dispose()


def holds(texts: Sequence[str], traces: Sequence[str]) -> list[str]:
    """Which traces stand in one of these texts."""
    everything = "\n".join(texts).casefold()
    return [trace for trace in traces if trace.casefold() in everything]
