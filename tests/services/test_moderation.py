"""Reviewing: what staff decide is what everyone sees, and nothing else of anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.signatures.consent import VISIBILITY
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.moderation import NAME_ONLY, REFUSED, SHOWN
from petition.errors import NotFound
from petition.services.privacy import erasure, rights, withdrawals
from petition.services.privacy.rights import Choices
from petition.services.signatures import holds, moderation, public_names, review_queue
from petition.services.signatures.moderation import NEWEST, Changed, Named, NotPublic, Seen
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights as as_supporter
from tests.conftest import Clock
from tests.people import Form


def signature_of(app: Flask, form: Form) -> int:
    """Somebody signs and confirms; their signature's number."""
    factories.keep(app, factories.the_call(app), form)
    ((signature_id, entry_id),) = factories.rows(
        app, "SELECT id, entry_id FROM signatures ORDER BY id DESC LIMIT 1"
    )
    factories.confirm(app, int(str(entry_id)))
    return int(str(signature_id))


def someone(number: int, **changes: str) -> Form:
    return people.someone(number, visibility="public", **changes)


def decide(app: Flask, signature_id: int, verdict: str, seen: Seen | None = None) -> None:
    deps = dependencies_of(app)
    with transaction() as session:
        moderation.decide(
            session,
            deps.vault,
            signature_id,
            verdict,
            seen=seen,
            campaign_id=None,
            by="mo@example.org",
            at=deps.now(),
        )


def queue(app: Flask, after: int = 0) -> tuple[Named, ...]:
    deps = dependencies_of(app)
    with transaction() as session:
        campaign_id = factories.the_call(app).id
        return review_queue.take(
            session, deps.vault, campaign_id, after=after, by="mo@example.org", at=deps.now()
        ).names


def page(app: Flask, before: int = NEWEST) -> moderation.Page:
    with reading() as session:
        vault = dependencies_of(app).vault
        tomorrow = dependencies_of(app).now() + timedelta(days=1)
        return public_names.shown(
            session, vault, factories.the_call(app).id, before=before, at=tomorrow
        )


def decided(app: Flask, verdict: str, before: int = NEWEST) -> moderation.Page:
    with reading() as session:
        vault = dependencies_of(app).vault
        campaign_id = factories.the_call(app).id
        return moderation.decided(session, vault, campaign_id, verdict, before=before)


def words(found: moderation.Page | tuple[Named, ...]) -> list[tuple[str, str]]:
    names = found.names if isinstance(found, moderation.Page) else found
    return [(each.name, each.comment) for each in names]


def test_only_who_chose_it_and_confirmed_waits(app: Flask) -> None:
    signature_of(app, people.amina)
    for number, visibility in enumerate(("counted", "target")):
        signature_of(app, people.someone(number, visibility=visibility))
    factories.keep(app, factories.the_call(app), someone(9))
    assert words(queue(app)) == [("أمينة بن يوسف", people.amina["comment"])]
    assert queue(app)[0].country == "MA"
    assert words(page(app)) == [], "nothing is shown before somebody decided"


def test_the_form_that_was_confirmed_is_the_one_that_is_read(app: Flask) -> None:
    call = factories.the_call(app)
    factories.keep(app, call, someone(1, comment="Somebody else typed this."))
    factories.keep(app, call, someone(1, given_name="Hanna", comment="I did."))
    factories.confirm(app, factories.entries(app)[1])
    assert words(queue(app)) == [("Hanna Of-Many", "I did.")]


def test_each_verdict_shows_what_it_says(app: Flask) -> None:
    for number, verdict in enumerate((SHOWN, NAME_ONLY, REFUSED)):
        decide(app, signature_of(app, someone(number, comment=f"Because {number}.")), verdict)
    assert words(page(app)) == [("Person0 Of-Many", "Because 0."), ("Person1 Of-Many", "")]
    assert queue(app) == ()
    for number, verdict in enumerate((SHOWN, NAME_ONLY, REFUSED)):
        assert words(decided(app, verdict)) == [(f"Person{number} Of-Many", f"Because {number}.")]


def test_a_decision_can_be_changed_and_keeps_its_place(app: Flask, clock: Clock) -> None:
    first = signature_of(app, someone(1, comment="One."))
    second = signature_of(app, someone(2, comment="Two."))
    for signature_id in (first, second):
        decide(app, signature_id, SHOWN)
    clock.forward(timedelta(days=1))
    decide(app, first, NAME_ONLY)
    assert words(page(app)) == [("Person2 Of-Many", "Two."), ("Person1 Of-Many", "")]
    decide(app, first, SHOWN)
    assert words(page(app))[1] == ("Person1 Of-Many", "One.")
    assert factories.rows(app, "SELECT count(*) FROM reviews") == [(2,)]


def test_each_decision_stands_in_the_audit_log_and_names_nobody(app: Flask) -> None:
    signature_id = signature_of(app, people.amina)
    decide(app, signature_id, SHOWN)
    decide(app, signature_id, REFUSED)
    log = factories.rows(app, "SELECT who, action, outcome, detail FROM audit ORDER BY id")
    assert log == [
        ("mo@example.org", f"review {verdict}", "done", f"signature {signature_id}")
        for verdict in (SHOWN, REFUSED)
    ]


def withdraw(app: Flask, signature_id: int) -> None:
    with transaction() as session:
        withdrawals.withdraw(session, signature_id, at=dependencies_of(app).now())


def erase(app: Flask, signature_id: int) -> None:
    deps = dependencies_of(app)
    with transaction() as session:
        erasure.erase(session, deps.erasure_context, signature_id, at=deps.now())


def hide(app: Flask, signature_id: int) -> None:
    deps = dependencies_of(app)
    texts = {VISIBILITY: factories.the_call(app).consent_text_ids[VISIBILITY]}
    choices = Choices(answers={"updates": "no", "visibility": "counted"}, text_ids=texts)
    with transaction() as session:
        rights.choose(session, signature_id, choices, at=deps.now())


def hold(app: Flask, signature_id: int) -> None:
    with transaction() as session:
        at = dependencies_of(app).now()
        holds.hold(session, signature_id, reason=HoldReason.OTHER, by="t", at=at)


@pytest.mark.parametrize("leave", [withdraw, erase, hide, hold])
def test_who_leaves_is_on_no_list_any_more(app: Flask, leave: Callable[[Flask, int], None]) -> None:
    shown, waiting = signature_of(app, someone(1)), signature_of(app, someone(2))
    decide(app, shown, SHOWN)
    for signature_id in (shown, waiting):
        leave(app, signature_id)
    assert words(page(app)) == []
    assert queue(app) == ()
    assert words(decided(app, SHOWN)) == []
    for signature_id in (shown, waiting):
        with pytest.raises(NotPublic):
            decide(app, signature_id, SHOWN)


def test_a_corrected_name_waits_again(app: Flask) -> None:
    signature_id = signature_of(app, someone(1))
    decide(app, signature_id, SHOWN)
    as_supporter.correct(app, "Hanna", signature_id=signature_id)
    assert words(page(app)) == []
    assert words(queue(app)) == [("Hanna", "")]


def test_a_name_that_was_corrected_while_somebody_read_it_is_not_approved(app: Flask) -> None:
    signature_id = signature_of(app, someone(1))
    (read,) = queue(app)
    as_supporter.correct(app, "Buy", "Now", signature_id)
    with pytest.raises(Changed):
        decide(app, signature_id, SHOWN, seen=read.seen)
    assert words(page(app)) == []
    (again,) = queue(app)
    decide(app, signature_id, SHOWN, seen=again.seen)
    assert words(page(app)) == [("Buy Now", "")]


def test_a_new_seal_is_no_change(app: Flask) -> None:
    """A key rotation seals every record anew; the words are the same."""
    signature_id = signature_of(app, someone(1))
    (read,) = queue(app)
    vault = dependencies_of(app).vault
    ((entry_id, sealed),) = factories.rows(app, "SELECT id, sealed FROM entries")
    assert isinstance(sealed, bytes)
    assert isinstance(entry_id, int)
    anew = vault.seal(vault.open(sealed, entry_id, vault.current), entry_id, vault.current)
    factories.change(app, "UPDATE entries SET sealed = :anew", anew=anew)
    decide(app, signature_id, SHOWN, seen=read.seen)
    assert words(page(app)) == [("Person1 Of-Many", "")]


def test_another_campaigns_signature_cannot_be_decided_about(app: Flask) -> None:
    signature_id = signature_of(app, someone(1))
    deps = dependencies_of(app)
    with pytest.raises(NotFound), transaction() as session:
        moderation.decide(
            session,
            deps.vault,
            signature_id,
            SHOWN,
            seen=None,
            campaign_id=factories.the_call(app).id + 1,
            by="t",
            at=deps.now(),
        )
    assert words(page(app)) == []


def test_pages_of_ten_forward_and_back(app: Flask) -> None:
    for number in range(25):
        decide(app, signature_of(app, someone(number)), SHOWN)
    names = [f"Person{number} Of-Many" for number in reversed(range(25))]
    first = page(app)
    assert [each.name for each in first.names] == names[:10]
    assert first.newer is None
    assert first.older is not None
    second = page(app, first.older)
    assert [each.name for each in second.names] == names[10:20]
    assert second.newer == NEWEST
    assert second.older is not None
    third = page(app, second.older)
    assert [each.name for each in third.names] == names[20:]
    assert third.older is None
    assert third.newer is not None
    assert page(app, third.newer).names == second.names


def test_the_queue_goes_on_below_what_was_left(app: Flask) -> None:
    ids = [signature_of(app, someone(number)) for number in range(23)]
    assert [each.signature_id for each in queue(app)] == ids[:20]
    assert [each.signature_id for each in queue(app, after=ids[19])] == ids[20:]
    decide(app, ids[0], REFUSED)
    assert [each.signature_id for each in queue(app)] == ids[1:21]
