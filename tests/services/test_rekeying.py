"""Keying anew after the table of mail providers changed: what is one becomes one, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from petition.domain import tokens
from petition.domain.signatures.mail_providers import Provider
from petition.services.letters import link_requests
from petition.services.privacy import rights as privacy_rights
from petition.services.signatures import holds, rekeying
from petition.services.signatures.rekeying import Report
from petition.store.db import reading, transaction
from petition.store.signatures import bulk_insert, mail_providers
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together, work
from tests.in_one_go import confirm_all, fold, keep_all

pytestmark = pytest.mark.slow


DOMAIN = "post.example.org"
TWO = ("an.na@post.example.org", "anna@post.example.org")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 5)


def set_rules(app: Flask, **rules: bool) -> None:
    """Staff change the table."""
    with transaction() as session:
        mail_providers.save(session, Provider(domain=DOMAIN, **rules))  # type: ignore[arg-type]
    dependencies_of(app).campaign_cache.clear()


def rekey(app: Flask) -> Report:
    report, deps = Report(), dependencies_of(app)
    for done in rekeying.rekey(
        deps.vault, deps.erasure_context, reading, transaction, at=deps.now()
    ):
        report = report.with_(done)
    return report


def left() -> int:
    with reading() as session:
        return rekeying.left(session)


def sign_as(app: Flask, email: str, number: int = 1, slug: str = "amazon", **more: str) -> int:
    """Somebody signs; the entry."""
    keep(app, the_call(app, slug=slug), people.someone(number, email=email, **more))
    return entries(app)[-1]


@pytest.fixture
def two(app: Flask, clock: Clock) -> tuple[int, int]:
    """One person signed by two spellings, confirmed both; then the table learned of the dots."""
    first = sign_as(app, TWO[0], given_name="First")
    clock.forward(MINUTE)
    second = sign_as(app, TWO[1], given_name="Second")
    for entry in (second, first):  # the second one is confirmed earlier
        clock.forward(MINUTE)
        confirm(app, entry)
    set_rules(app, ignores_dots=True)
    return first, second


def test_of_two_the_earlier_confirmed_stays(app: Flask, two: tuple[int, int]) -> None:
    fold(app)
    assert rights.counted(app)["total", ""] == 2
    before = sorted(rows(app, "SELECT id, purpose, answer, way FROM consents"))
    report = rekey(app)
    assert (report.rekeyed, report.merged, report.count_fell_by) == (1, 1, 1)
    assert rights.ids(app) == [2]
    assert rights.person(app, 2).given_name == "Second"
    fold(app)
    assert rights.counted(app)["total", ""] == 1
    assert rights.counted(app) == rights.standing(app)
    # Its forms, answers and letters hang on the one that stays.
    assert sorted(rows(app, "SELECT id, purpose, answer, way FROM consents")) == before
    assert rows(app, "SELECT DISTINCT signature_id FROM entries") == [(2,)]
    assert left() == 0
    assert rekey(app) == Report()


def test_the_count_is_right_by_country_language_and_source_too(
    app: Flask, two: tuple[int, int]
) -> None:
    fold(app)
    rekey(app)
    fold(app)
    assert rights.counted(app) == rights.standing(app)


def test_exports_let_the_number_go_that_vanished(app: Flask, two: tuple[int, int]) -> None:
    rights.take_out(app)
    rekey(app)
    assert rights.recalled(app) == [("1", "erased")]
    with reading() as session:
        held = privacy_rights.find(session, 2)
    assert [each.export_id for each in held.disclosures] == [1]
    assert [line.split(",")[0] for line in rights.take_out(app)] == ["2"]


def test_who_was_in_an_export_by_the_number_that_vanished_is_told(app: Flask, clock: Clock) -> None:
    first = sign_as(app, TWO[0])
    confirm(app, first)
    rights.take_out(app)
    clock.forward(MINUTE)
    second = sign_as(app, TWO[1])
    confirm(app, second)
    change(app, "UPDATE signatures SET confirmed_at = :at WHERE id = 2", at=clock() - 9 * MINUTE)
    set_rules(app, ignores_dots=True)
    rekey(app)
    assert rights.ids(app) == [2]
    with reading() as session:
        assert [each.export_id for each in privacy_rights.find(session, 2).disclosures] == [1]


def test_links_that_name_the_one_that_is_gone_lead_to_the_other(
    app: Flask, client: FlaskClient, two: tuple[int, int], clock: Clock
) -> None:
    deps = dependencies_of(app)
    my = deps.tokens.sign(tokens.MY, "1", expires=clock() + timedelta(days=7))
    unsubscribe = deps.tokens.sign(tokens.UNSUBSCRIBE, "1", expires=clock() + timedelta(days=7))
    rekey(app)
    assert "Second" in client.get(f"/my/{my}").get_data(as_text=True)
    client.post(f"/unsubscribe/{unsubscribe}")
    assert rows(app, "SELECT unsubscribed_at IS NULL FROM signatures") in ([(0,)], [(False,)])
    for entry in two:
        found = confirm(app, entry)
        assert found is not None
        assert found.state == "confirmed"
    work(app)
    assert rights.counted(app)["total", ""] == 1
    assert client.post(f"/my/{my}/erase", data={"sure": "yes"}).status_code == 200
    assert rights.ids(app) == []
    assert rows(app, "SELECT * FROM merged_signatures") == rows(app, "SELECT * FROM former_keys")


def test_the_link_to_stop_from_before_works(app: Flask, client: FlaskClient, clock: Clock) -> None:
    sign_as(app, TWO[0])
    work(app)
    link = rights.newest(app, "stop")
    set_rules(app, ignores_dots=True)
    rekey(app)
    client.post(link)
    assert rights.ids(app) == []
    before = len(factories.letters(app))
    clock.forward(MINUTE)
    for email in (*TWO, "a.n.n.a+x@post.example.org"):
        sign_as(app, email)
    work(app)
    assert len(factories.letters(app)) == before
    client.post(f"{link}/lift")
    assert rows(app, "SELECT * FROM mailbox_blocks") == []


def test_who_was_blocked_before_stays_blocked(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Nothing is left of them but the code of the old spelling."""
    sign_as(app, TWO[0])
    work(app)
    client.post(rights.newest(app, "stop"))
    set_rules(app, ignores_dots=True, ignores_tags=True)
    rekey(app)
    clock.forward(MINUTE)
    sign_as(app, TWO[0])
    sign_as(app, TWO[0].replace("@", "+x@"))
    work(app)
    assert factories.letters(app) == []


def test_an_old_copy_of_the_database_forgets_by_the_old_key_too(app: Flask, clock: Clock) -> None:
    sign_as(app, TWO[0])
    old = rights.key_of(app)
    set_rules(app, ignores_dots=True)
    rekey(app)
    assert rights.key_of(app) != old
    clock.forward(MINUTE)
    rights.erase(app, 1)
    lines = list(dependencies_of(app).journal.lines())
    assert old in {line.address_key for line in lines}


@pytest.mark.parametrize(
    ("first", "second", "stays", "state", "fell"),
    [
        ("confirmed", "pending", 1, "confirmed", 0),
        ("pending", "confirmed", 2, "confirmed", 0),
        ("pending", "pending", 1, "pending", 0),
        ("confirmed", "withdrawn", 1, "confirmed", 0),
        ("withdrawn", "confirmed", 2, "confirmed", 0),
        ("withdrawn", "pending", 1, "withdrawn", 0),
        ("confirmed", "held", 1, "held", 1),
        ("held", "confirmed", 1, "held", 1),
        ("rejected", "held", 1, "rejected", 0),
        ("held", "rejected", 1, "rejected", 0),
        ("confirmed", "rejected", 1, "rejected", 1),
    ],
)
def test_nobody_gets_around_a_hold_and_nobody_loses_a_confirmation(
    app: Flask, clock: Clock, first: str, second: str, stays: int, state: str, fell: int
) -> None:
    moves: dict[str, Any] = {"held": holds.hold, "rejected": holds.reject}
    for number, (email, wanted) in enumerate(zip(TWO, (first, second), strict=True), start=1):
        entry = sign_as(app, email)
        clock.forward(MINUTE)
        if wanted != "pending":
            confirm(app, entry)
        if wanted in moves:
            rights.move(app, moves[wanted], number)
        if wanted == "withdrawn":
            rights.withdraw(app, number)
        clock.forward(MINUTE)
    fold(app)
    set_rules(app, ignores_dots=True)
    report = rekey(app)
    assert rights.ids(app) == [stays]
    assert rights.state(app, stays) == state
    assert report.count_fell_by == fell
    fold(app)
    assert rights.counted(app) == rights.standing(app)


def test_mailboxes_that_are_one_have_the_letters_of_both(app: Flask, clock: Clock) -> None:
    for email in TWO:
        for _ in range(2):
            sign_as(app, email)
    work(app)
    assert sorted(rows(app, "SELECT letters FROM mailboxes")) == [(2,), (2,)]
    set_rules(app, ignores_dots=True)
    rekey(app)
    assert rows(app, "SELECT letters, confirmed FROM mailboxes") in ([(4, False)], [(4, 0)])
    clock.forward(MINUTE)
    for email in TWO:
        sign_as(app, email)
    work(app)
    assert rows(app, "SELECT letters FROM mailboxes") == [(4,)], "three a day"
    clock.forward(timedelta(days=2))
    sign_as(app, TWO[0])
    sign_as(app, TWO[1])
    work(app)
    assert rows(app, "SELECT letters FROM mailboxes") == [(5,)], "and five ever"


def test_confirmed_by_either_is_confirmed(app: Flask) -> None:
    sign_as(app, TWO[0])
    sign_as(app, TWO[1])
    work(app)
    confirm(app, entries(app)[0])
    set_rules(app, ignores_dots=True)
    rekey(app)
    assert rows(app, "SELECT confirmed FROM mailboxes") in ([(True,)], [(1,)])


# --- while old keys are there ---------------------------------------------------------------------


def test_letters_are_counted_by_the_new_table_at_once(app: Flask, clock: Clock) -> None:
    """Also those about a signature that has its old key still."""
    sign_as(app, TWO[0])
    work(app)
    old = rights.key_of(app)
    set_rules(app, ignores_dots=True)
    for _ in range(3):
        sign_as(app, TWO[1])
    work(app)
    assert len(factories.letters(app)) == 4, "of another mailbox, as far as anybody knew"
    clock.forward(MINUTE)
    with transaction() as session:
        link_requests.request_link(
            session, the_call(app).id, old, link_requests.DATA, sender=None, at=clock()
        )
    work(app)
    assert rights.kinds(app)[-1] == ("data", "withheld")
    assert rows(app, "SELECT letters FROM mailboxes") == [(4,)]


def test_a_form_under_the_new_key_makes_a_second_signature_that_is_merged(
    app: Flask, clock: Clock
) -> None:
    confirm(app, sign_as(app, TWO[0]))
    set_rules(app, ignores_dots=True)
    clock.forward(MINUTE)
    again = sign_as(app, TWO[0])
    assert len(rights.ids(app)) == 2
    confirm(app, again)
    assert rekey(app).count_fell_by == 1
    assert rights.ids(app) == [1]


@pytest.mark.parametrize("place", ["my", "resend"])
def test_who_asks_with_the_address_is_found_by_the_old_key(
    app: Flask, client: FlaskClient, place: str
) -> None:
    entry = sign_as(app, TWO[0])
    if place == "my":
        confirm(app, entry)
    work(app)
    before = len(factories.letters(app))
    set_rules(app, ignores_dots=True)
    rights.ask(client, TWO[0], place)
    work(app)
    assert len(factories.letters(app)) == before + 1


def test_a_code_is_good_for_the_old_key(app: Flask, client: FlaskClient) -> None:
    sign_as(app, TWO[0])
    work(app)
    code = rights.code_in(factories.letters(app)[-1])
    set_rules(app, ignores_dots=True)
    assert rights.type_code(client, TWO[0], code).status_code == 303
    assert rights.state(app) == "confirmed"


def test_a_form_that_was_emptied_keeps_its_key_until_it_goes(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    sign_as(app, TWO[0])
    work(app)
    client.post(rights.newest(app, "stop"))
    clock.forward(MINUTE)
    sign_as(app, TWO[0])
    work(app)
    set_rules(app, ignores_dots=True)
    assert rekey(app) == Report(looked_at=1)
    assert left() == 0


# --- interrupted, and beside others ---------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


def sign_many(app: Flask, number: int, clock: Clock) -> None:
    """Pairs of spellings, every other pair with a confirmed one, one with both."""
    forms, confirmed = [], []
    for place in range(number):
        for email in (f"p.{place}@{DOMAIN}", f"p{place}@{DOMAIN}"):
            if place % 2 == 0 or (place % 3 == 0 and "p." in email):
                confirmed.append(len(forms))
            forms.append(people.someone(place, email=email))
        forms.append(people.someone(place))
    keep_all(app, the_call(app), forms)
    signed = entries(app)
    confirm_all(app, [signed[place] for place in confirmed])
    work(app)
    clock.forward(MINUTE)
    set_rules(app, ignores_dots=True)


def state_of_all(app: Flask) -> dict[str, Any]:
    found = rights.dump(app)
    for name in ("audit", "jobs", "count_changes", "counts", "folds"):
        found.pop(name, None)
    return found


def test_killed_at_each_commit_and_run_again(app: Flask, clock: Clock) -> None:
    """Before each of its commits in turn: what was done stays done, the rest is done then."""
    sign_many(app, 7, clock)
    deps, killed, merged = dependencies_of(app), 0, 0
    for last in count(0):
        commits = iter(range(last + 1))

        def dying(commits: Iterator[int] = commits) -> Any:
            inner = transaction()

            class Dies:
                def __enter__(self) -> Session:
                    return inner.__enter__()

                def __exit__(self, *error: Any) -> Any:
                    if next(commits, None) is None and error[0] is None:
                        broken = Killed()
                        inner.__exit__(Killed, broken, None)
                        raise broken
                    return inner.__exit__(*error)

            return Dies()

        try:
            for done in rekeying.rekey(
                deps.vault, deps.erasure_context, reading, dying, at=clock()
            ):
                merged += done.merged
            break
        except Killed:
            killed += 1
        fold(app)
        assert rights.counted(app) == rights.standing(app)
    assert killed >= 3
    assert left() == 0
    assert len(rights.ids(app)) == 14
    work(app)
    assert rights.counted(app) == rights.standing(app)
    assert rows(app, "SELECT count(*) FROM merged_signatures") == [(7,)]
    assert rows(app, "SELECT sum(letters) FROM mailboxes") in ([(21,)], [(21.0,)])


def test_two_runs_beside_people_who_sign_confirm_and_erase(app: Flask, clock: Clock) -> None:
    sign_many(app, 12, clock)
    call, deps = the_call(app), dependencies_of(app)
    links, numbers = entries(app), rights.ids(app)

    def action(place: int) -> None:
        with app.app_context():
            if place < 2:
                for _ in rekeying.rekey(
                    deps.vault, deps.erasure_context, reading, transaction, at=clock()
                ):
                    pass
            elif place == 2:
                for number in range(12):
                    keep(app, call, people.someone(number, email=f"p.{number}@{DOMAIN}"))
            elif place == 3:
                for link in links:
                    confirm(app, link)
            elif place == 4:
                for number in numbers[::5]:
                    rights.erase(app, number)
            else:
                work(app)

    assert together(6, action) == []
    rekey(app)
    assert left() == 0
    work(app)
    assert rights.counted(app) == rights.standing(app)
    keys = rows(app, "SELECT address_key FROM signatures")
    assert len(set(map(str, keys))) == len(keys)
    assert rows(
        app, "SELECT count(*) FROM entries WHERE signature_id NOT IN (SELECT id FROM signatures)"
    ) == [(0,)]


def test_many_batches_of_rows(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 50)
    deps, call = dependencies_of(app), the_call(app)
    made = []
    for number in range(300):
        name = f"q.{number // 2}" if number % 2 else f"q{number // 2}"
        email = f"{name}@{DOMAIN if number < 200 else 'example.net'}"
        new_entry = factories.new_entry(app, call, number)
        person = factories.command(people.someone(number, email=email)).person
        sealed = deps.vault.seal(person, new_entry.entry_id, new_entry.key_number)
        key = deps.vault.address_key(email)
        made.append(replace(new_entry, sealed=sealed, address_key=key))
    with transaction() as session:
        bulk_insert.add(session, made)
    set_rules(app, ignores_dots=True)
    report = rekey(app)
    assert (report.rekeyed, report.merged, report.count_fell_by) == (100, 100, 0)
    assert len(rights.ids(app)) == 200
    assert left() == 0


def test_what_does_not_open_is_told_and_left(app: Flask) -> None:
    sign_as(app, TWO[0])
    sign_as(app, "ben@example.org")
    change(app, "UPDATE entries SET sealed = :junk WHERE signature_id = 1", junk=b"0" * 64)
    set_rules(app, ignores_dots=True)
    report = rekey(app)
    assert (report.looked_at, report.unreadable) == (1, 1)
    assert left() == 1


def test_what_was_erased_under_the_new_key_takes_the_old_one_with_it(
    app: Flask, clock: Clock
) -> None:
    confirm(app, sign_as(app, TWO[0]))
    set_rules(app, ignores_dots=True)
    clock.forward(MINUTE)
    sign_as(app, TWO[1])
    rights.erase(app, rights.ids(app)[-1])
    clock.forward(MINUTE)
    later = sign_as(app, TWO[1])  # and signs again, which stays
    report = rekey(app)
    assert (report.erased, report.merged, report.count_fell_by) == (1, 0, 1)
    assert rows(app, "SELECT id FROM entries") == [(later,)]
    work(app)
    assert rights.counted(app) == rights.standing(app)
    assert rekey(app) == Report()


def test_the_other_campaigns_signature_is_another(app: Flask, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    sign_as(app, TWO[0])
    sign_as(app, TWO[1], slug="other")
    set_rules(app, ignores_dots=True)
    assert rekey(app).merged == 0
    assert len(rights.ids(app)) == 2
    assert rights.key_of(app, 1) == rights.key_of(app, 2)


def test_a_request_for_a_letter_by_every_key_makes_one_letter(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    sign_as(app, TWO[0])
    key = rights.key_of(app)
    with transaction() as session:
        link_requests.request_link(
            session, call.id, key, link_requests.DATA, earlier={b"0" * 16}, sender=None, at=clock()
        )
    work(app)
    assert rows(app, "SELECT count(*) FROM letters WHERE kind = 'data'") == [(1,)]
