"""The checker: holds what the database keeps against what the driver was told.

It asks with plain SQL, not with the program's own store, and works out for itself which
addresses are the same person. Each broken rule becomes one Violation, which prints as one
line and names examples by number, never by address.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, text

from drills import ledger
from drills.ledger import Account

PURPOSES = ("sign", "updates", "visibility")
EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that does not hold, how often, and where."""

    rule: str
    meaning: str
    examples: tuple[str, ...]

    @property
    def number(self) -> int:
        return len(self.examples)

    def __str__(self) -> str:
        shown = ", ".join(self.examples[:EXAMPLES])
        more = f", … ({self.number - EXAMPLES:,} more)" if self.number > EXAMPLES else ""
        return f"{self.rule}: {self.number:,} × {self.meaning}: {shown}{more}"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the database keeps of one campaign, as far as the rules ask."""

    signatures: dict[int, tuple[bytes, str, int]]  # id to address key, state, chosen entry
    entries: dict[int, tuple[int, str]]  # id to signature id, mark of the form
    consents: dict[int, Counter[str]]  # entry id to purposes
    letters: Counter[int]  # by entry id
    changes: tuple[int, ...]  # of the count, that still wait to be folded in
    total: int  # the public count


def load(url: str, campaign: str) -> Stored:
    """Read it all; a drill's database is small."""
    with _reading(url) as connection:

        def rows(query: str) -> list[Any]:
            return list(connection.execute(text(query), {"slug": campaign}))

        return _load(rows)


def waiting_changes(url: str) -> int:
    """How many changes of the count wait to be folded in."""
    with _reading(url) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM count_changes")) or 0)


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _load(rows: Callable[[str], list[Any]]) -> Stored:
    ours = "campaign_id = (SELECT id FROM campaigns WHERE slug = :slug)"
    consents: dict[int, Counter[str]] = defaultdict(Counter)
    for entry, purpose in rows("SELECT entry_id, purpose FROM consents"):
        consents[entry][purpose] += 1
    return Stored(
        signatures={
            id_: (bytes(key), state, entry)
            for id_, key, state, entry in rows(
                f"SELECT id, address_key, state, entry_id FROM signatures WHERE {ours}"
            )
        },
        entries={
            id_: (signature, mark or "")
            for id_, signature, mark in rows("SELECT id, signature_id, utm_campaign FROM entries")
        },
        consents=dict(consents),
        letters=Counter(entry for (entry,) in rows("SELECT entry_id FROM letters")),
        changes=tuple(row[0] for row in rows(f"SELECT change FROM count_changes WHERE {ours}")),
        total=sum(
            row[0]
            for row in rows(f"SELECT confirmed FROM counts WHERE dimension = 'total' AND {ours}")
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is compared: ledger, database, and what the program itself says of it."""

    account: Account
    stored: Stored
    address_key: Callable[[str], bytes]
    exported: str | None  # the staff export of all states, as CSV
    counted: int | None  # what `petition count` says at rest, after all is folded in

    def person_key(self, person: int) -> bytes:
        return self.address_key(ledger.address(self.account.token, person))

    def forms(self) -> dict[int, list[int]]:
        """Form to the entries that carry its mark."""
        found: dict[int, list[int]] = defaultdict(list)
        for entry, (_, mark) in self.stored.entries.items():
            form = ledger.form_of(self.account.token, mark)
            if form is not None:
                found[form].append(entry)
        return found


def check(evidence: Evidence) -> list[Violation]:
    """Every rule, in the order of their weight."""
    return [violation for rule in RULES for violation in rule(evidence)]


def _broken(rule: str, meaning: str, what: str, numbers: Iterable[object]) -> Iterator[Violation]:
    examples = tuple(f"{what} {number}" for number in numbers)
    if examples:
        yield Violation(rule=rule, meaning=meaning, examples=examples)


def nothing_lost(evidence: Evidence) -> Iterator[Violation]:
    kept = evidence.forms()
    lost = sorted(evidence.account.acknowledged - kept.keys())
    yield from _broken("lost", "acknowledged and not stored", "form", lost)


def nothing_astray(evidence: Evidence) -> Iterator[Violation]:
    """A form is kept under the signature of its own address."""
    astray = []
    for form, entries in evidence.forms().items():
        person = evidence.account.person.get(form)
        if person is None:
            continue
        key = evidence.person_key(person)
        signatures = [evidence.stored.entries[entry][0] for entry in entries]
        found = [evidence.stored.signatures.get(signature) for signature in signatures]
        if any(signature is not None and signature[0] != key for signature in found):
            astray.append(form)
    yield from _broken("astray", "stored under another address", "form", sorted(astray))


def nothing_made_up(evidence: Evidence) -> Iterator[Violation]:
    account, kept = evidence.account, evidence.forms()
    refused = sorted(account.refused & kept.keys())
    yield from _broken("phantom", "refused and yet stored", "form", refused)
    never_sent = sorted(kept.keys() - account.person.keys())
    yield from _broken("phantom", "stored and never sent", "form", never_sent)
    marked = {entry for entries in kept.values() for entry in entries}
    strangers = sorted(evidence.stored.entries.keys() - marked)
    yield from _broken("phantom", "without a form of this run", "entry", strangers)


def nothing_doubled(evidence: Evidence) -> Iterator[Violation]:
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for signature, (key, _, _) in evidence.stored.signatures.items():
        by_key[key].append(signature)
    doubled = ["/".join(map(str, sorted(ids))) for ids in by_key.values() if len(ids) > 1]
    yield from _broken("doubled", "several for one address", "signatures", sorted(doubled))
    twice = sorted(form for form, entries in evidence.forms().items() if len(entries) > 1)
    yield from _broken("doubled", "stored more than once", "form", twice)


def consents_for_each(evidence: Evidence) -> Iterator[Violation]:
    whole = Counter(PURPOSES)
    stored = evidence.stored
    wrong = sorted(entry for entry in stored.entries if stored.consents.get(entry) != whole)
    yield from _broken("consent", "without exactly one answer to each question", "entry", wrong)


def letter_for_each(evidence: Evidence) -> Iterator[Violation]:
    wrong = sorted(entry for entry in evidence.stored.entries if not evidence.stored.letters[entry])
    yield from _broken("letter", "without a letter owed or sent", "entry", wrong)


def nothing_half_written(evidence: Evidence) -> Iterator[Violation]:
    stored = evidence.stored
    hanging = sorted(
        entry
        for entry, (signature, _) in stored.entries.items()
        if signature not in stored.signatures
    )
    yield from _broken("half", "without its signature", "entry", hanging)
    empty = sorted(
        signature
        for signature, (_, _, entry) in stored.signatures.items()
        if stored.entries.get(entry, (None,))[0] != signature
    )
    yield from _broken("half", "without its entry", "signature", empty)
    loose = sorted((stored.consents.keys() | stored.letters.keys()) - stored.entries.keys())
    yield from _broken("half", "with consents or letters and nothing else", "entry", loose)


def confirmations_kept(evidence: Evidence) -> Iterator[Violation]:
    account = evidence.account
    confirmed = {
        key for key, state, _ in evidence.stored.signatures.values() if state == "confirmed"
    }
    lost = sorted(p for p in account.confirmed if evidence.person_key(p) not in confirmed)
    yield from _broken("lost", "confirmed, acknowledged, and not so stored", "person", lost)
    asked = {evidence.person_key(person) for person in account.confirms}
    if confirmed - asked:
        ids = sorted(
            signature
            for signature, (key, state, _) in evidence.stored.signatures.items()
            if state == "confirmed" and key not in asked
        )
        yield from _broken("phantom", "confirmed by nobody", "signature", ids)


def count_is_true(evidence: Evidence) -> Iterator[Violation]:
    """At every moment the totals and what they are owed make the truth; at rest, the totals do."""
    stored = evidence.stored
    confirmed = sum(state == "confirmed" for _, state, _ in stored.signatures.values())
    known = stored.total + sum(stored.changes)
    if known != confirmed:
        said = f"{known:,} for {confirmed:,} confirmed"
        yield from _broken("count", "totals and waiting changes are wrong", "they make", [said])
    if evidence.counted is None:
        return
    if stored.changes:
        yield from _broken("count", "changes never folded in", "changes", [len(stored.changes)])
    if evidence.counted != confirmed:
        said = f"{evidence.counted:,} for {confirmed:,} confirmed"
        yield from _broken("count", "public count is wrong", "it says", [said])


def export_is_whole(evidence: Evidence) -> Iterator[Violation]:
    if evidence.exported is None:
        return
    rows = list(csv.DictReader(io.StringIO(evidence.exported, newline="")))
    ids = Counter(int(row["signature_id"]) for row in rows)
    missing = sorted(evidence.stored.signatures.keys() - ids.keys())
    yield from _broken("export", "stored and not exported", "signature", missing)
    extra = sorted(ids.keys() - evidence.stored.signatures.keys())
    yield from _broken("export", "exported and not stored", "signature", extra)
    token = evidence.account.token
    persons = Counter(ledger.person_of(token, row["email"].lstrip("'")) for row in rows)
    twice = [person for person, number in persons.items() if person is not None and number > 1]
    yield from _broken("doubled", "several in the export", "person", sorted(twice))
    if persons[None]:
        yield from _broken("export", "rows with a stranger's address", "rows", [persons[None]])


RULES: tuple[Callable[[Evidence], Iterator[Violation]], ...] = (
    nothing_lost,
    nothing_astray,
    nothing_made_up,
    nothing_doubled,
    consents_for_each,
    letter_for_each,
    nothing_half_written,
    confirmations_kept,
    count_is_true,
    export_is_whole,
)
