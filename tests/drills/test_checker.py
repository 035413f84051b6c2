"""Each rule of the checker holds on an honest database and goes red on a tampered one."""

import csv
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from drills import checker, ledger, tamper
from drills.checker import Evidence, Violation
from drills.ledger import Account
from petition.domain.signatures.entry_ids import new_entry_id
from petition.domain.signatures.source import Source
from petition.domain.signatures.supporter import Person
from petition.keyring import KeyRing
from petition.store.db import Base
from petition.store.signatures import bulk_insert
from petition.store.signatures.bulk_insert import Answer, NewEntry
from petition.store.tables import Campaign, ConsentText
from petition.store.vault.vault import Vault

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = "abcd"
VAULT = Vault(KeyRing.parse(KeyRing.generate_text()))


@dataclass
class Case:
    """A database with five people's six forms, and the ledger of those who sent them."""

    url: str
    account: Account

    def evidence(self) -> Evidence:
        stored = checker.load(self.url, "amazon")
        return Evidence(
            account=self.account,
            stored=stored,
            address_key=VAULT.address_key,
            exported=export(self.url),
            counted=stored.total,
        )

    def check(self) -> list[Violation]:
        return checker.check(self.evidence())

    def rules(self) -> set[str]:
        return {violation.rule for violation in self.check()}

    def sql(self, *statements: str) -> None:
        with tamper.opened(self.url) as connection:
            for statement in statements:
                connection.execute(text(statement))


def export(url: str) -> str:
    """As the staff export says it, for the two columns that are compared."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["signature_id", "email"])
    with tamper.opened(url) as connection:
        rows = connection.execute(
            text(
                "SELECT s.id, e.id, e.sealed, e.key_number FROM signatures s"
                " JOIN entries e ON e.id = s.entry_id ORDER BY s.id"
            )
        )
        writer.writerows((id_, VAULT.open(sealed, e, k).email) for id_, e, sealed, k in rows)
    return out.getvalue()


def new_entry(form: int, person: int, variant: int = 0) -> NewEntry:
    entry_id = new_entry_id(AT)
    signer = Person(
        given_name="Drill",
        family_name="",
        email=ledger.spelling(TOKEN, person, variant),
        postcode="",
        comment="",
    )
    return NewEntry(
        campaign_id=1,
        address_key=VAULT.address_key(ledger.address(TOKEN, person)),
        mailbox_key=None,
        keyed_by="",
        entry_id=entry_id,
        sealed=VAULT.seal(signer, entry_id, 1),
        key_number=1,
        country="DE",
        language="en",
        visibility="counted",
        updates="no",
        source=Source(utm_campaign=ledger.mark(TOKEN, form)),
        answers=tuple(
            Answer(purpose=purpose, consent_text_id=1, answer="yes") for purpose in checker.PURPOSES
        ),
        way="web",
        at=AT,
    )


FORMS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 1}  # form 6 repeats person 1


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The honest database; each test wounds a copy."""
    path = tmp_path_factory.mktemp("honest") / "petition.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add(
            Campaign(
                id=1,
                slug="amazon",
                state="open",
                goal=1,
                default_language="en",
                targets="[]",
                created_at=AT,
            )
        )
        session.flush()
        session.add(
            ConsentText(
                id=1,
                campaign_id=1,
                purpose="sign",
                language="en",
                version=1,
                wording="x",
                sha256="x",
                created_at=AT,
            )
        )
        session.flush()
        sent = [new_entry(form, person, form % 4) for form, person in FORMS.items()]
        bulk_insert.add(session, sent)
        session.execute(
            text("UPDATE signatures SET state = 'confirmed' WHERE entry_id = :id"),
            {"id": sent[1].entry_id},
        )
        session.execute(text("INSERT INTO counts VALUES (1, 'total', '', 1)"))
    engine.dispose()
    return path


@pytest.fixture
def case(honest: Path, tmp_path: Path) -> Case:
    url = f"sqlite:///{shutil.copy(honest, tmp_path)}"
    account = Account(token=TOKEN, person=dict(FORMS))
    account.status = dict.fromkeys(FORMS, 303)
    account.confirms, account.confirmed = {2}, {2}
    return Case(url, account)


def test_an_honest_database_is_green(case: Case) -> None:
    assert case.check() == []


def test_unknown_forms_may_be_stored_or_not(case: Case) -> None:
    case.account.person[7] = 7
    del case.account.status[6]
    assert case.check() == []


def never_sent(case: Case) -> None:
    del case.account.person[4]


CHANGE = (
    "INSERT INTO count_changes (id, campaign_id, day, country, language, source, partner, change)"
    " VALUES (1, 1, '2026-11-20', 'DE', 'en', '', '', 1)"
)
FIRST = "(SELECT min(id) FROM signatures)"
LAST = "(SELECT max(id) FROM signatures)"
OF_2 = "(SELECT id FROM entries WHERE utm_campaign = 'drill-abcd-2')"
OF_3 = "(SELECT id FROM entries WHERE utm_campaign = 'drill-abcd-3')"
TAMPERED: dict[str, tuple[str, Callable[[Case], None]]] = {
    "a lost signature": ("lost", lambda case: tamper.lose_form(case.url, "drill-abcd-3")),
    "a lost form of somebody who stays": (
        "lost",
        lambda case: case.sql("DELETE FROM entries WHERE utm_campaign = 'drill-abcd-6'"),
    ),
    "a lost confirmation": (
        "lost",
        lambda case: case.sql("UPDATE signatures SET state = 'pending'"),
    ),
    "a form under another's address": (
        "astray",
        lambda case: case.sql(
            f"UPDATE entries SET signature_id = {FIRST} WHERE signature_id = {LAST}"
        ),
    ),
    "a form that nobody sent": ("phantom", never_sent),
    "a form that was refused": ("phantom", lambda case: case.account.status.update({4: 422})),
    "an entry of a stranger": (
        "phantom",
        lambda case: case.sql(f"UPDATE entries SET utm_campaign = NULL WHERE id = {OF_3}"),
    ),
    "a confirmation that nobody asked for": (
        "phantom",
        lambda case: case.sql("UPDATE signatures SET state = 'confirmed'"),
    ),
    "a missing consent": (
        "consent",
        lambda case: case.sql(
            f"DELETE FROM consents WHERE purpose = 'updates' AND entry_id = {OF_3}"
        ),
    ),
    "a doubled consent": (
        "consent",
        lambda case: case.sql(f"UPDATE consents SET purpose = 'sign' WHERE entry_id = {OF_3}"),
    ),
    "a missing letter": (
        "letter",
        lambda case: case.sql(f"DELETE FROM letters WHERE entry_id = {OF_2}"),
    ),
    "a signature without its entry": (
        "half",
        lambda case: case.sql(f"UPDATE signatures SET entry_id = 5 WHERE entry_id = {OF_3}"),
    ),
    "an entry without its signature": (
        "half",
        lambda case: case.sql(f"DELETE FROM signatures WHERE id = {LAST}"),
    ),
    "consents without an entry": (
        "half",
        lambda case: case.sql(
            "INSERT INTO letters (id, entry_id, kind, state, due_at, admitted, attempts)"
            " SELECT 99, 7, kind, state, due_at, admitted, attempts FROM letters LIMIT 1"
        ),
    ),
    "a wrong total": ("count", lambda case: case.sql("UPDATE counts SET confirmed = 2")),
    "a change of the count too many": ("count", lambda case: case.sql(CHANGE)),
}


@pytest.mark.parametrize("wound", TAMPERED)
def test_a_tampered_database_is_red(case: Case, wound: str) -> None:
    rule, tampering = TAMPERED[wound]
    tampering(case)
    assert rule in case.rules()


def test_a_doubled_signature_is_red(case: Case) -> None:
    """The unique key refuses it; without the key, the checker sees it."""
    assert not tamper.double_signature(case.url)
    assert case.check() == []
    tamper.drop_unique(case.url)
    assert case.check() == []
    assert tamper.double_signature(case.url)
    assert "doubled" in case.rules()


def test_a_change_may_wait_but_not_for_ever(case: Case) -> None:
    case.sql("UPDATE counts SET confirmed = 0", CHANGE)
    waiting = replace(case.evidence(), counted=None)
    assert checker.check(waiting) == []
    assert {v.rule for v in checker.check(replace(waiting, counted=1))} == {"count"}


def test_the_programs_own_words_are_compared(case: Case) -> None:
    honest = case.evidence()
    assert {v.rule for v in checker.check(replace(honest, counted=2))} == {"count"}
    lines = (honest.exported or "").splitlines(keepends=True)
    short = replace(honest, exported="".join(lines[:-1]))
    assert {v.rule for v in checker.check(short)} == {"export"}
    double = replace(honest, exported="".join([*lines, f"99,{ledger.spelling(TOKEN, 2, 3)}\r\n"]))
    assert {v.rule for v in checker.check(double)} == {"export", "doubled"}
    stranger = replace(honest, exported="".join([*lines, "99,someone@example.org\r\n"]))
    assert {v.rule for v in checker.check(stranger)} == {"export"}


def test_a_violation_is_one_line_without_addresses(case: Case) -> None:
    case.sql("DELETE FROM entries")
    for violation in case.check():
        assert "\n" not in str(violation)
        assert "@" not in str(violation)
