"""States and the moves between them, the export's guard, tags, and a letter's pauses."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from petition.domain.campaigns.campaign import CLOSED, DRAFT, OPEN, CampaignView
from petition.domain.campaigns.presentation import Presentation
from petition.domain.exports.spreadsheet import guarded
from petition.domain.letters.letter import pause_after
from petition.domain.signatures import consent, moderation, states
from petition.domain.signatures.source import plain_tag
from tests.factories import a_call

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_every_state_has_its_moves_and_every_move_leads_to_a_state() -> None:
    assert set(states.MOVES) == set(states.KEPT)
    assert states.MOVES[states.WRITER] == frozenset()
    assert set().union(*states.MOVES.values()) <= set(states.STATES)


def test_nothing_moves_to_itself() -> None:
    assert all(state not in moves for state, moves in states.MOVES.items())


def test_what_was_taken_back_or_refused_never_counts_again_by_itself() -> None:
    assert states.CONFIRMED not in states.MOVES[states.WITHDRAWN]
    assert states.CONFIRMED not in states.MOVES[states.REJECTED]
    assert states.PENDING not in states.MOVES[states.CONFIRMED]


def test_a_released_one_goes_back_to_where_its_mailbox_stands() -> None:
    assert states.after_release(mailbox_confirmed=True) == states.CONFIRMED
    assert states.after_release(mailbox_confirmed=False) == states.PENDING


def test_counted_is_not_handed_to_the_target() -> None:
    assert set(states.HANDED_TO_TARGET) == set(states.VISIBILITIES) - {"counted"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "=", "-"])
def test_a_cell_that_begins_like_a_formula_is_guarded(cell: str) -> None:
    assert guarded(cell) == "'" + cell


@given(st.text(max_size=30))
def test_no_guarded_cell_begins_like_a_formula(cell: str) -> None:
    found = guarded(cell)
    assert not found.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert found in {cell, "'" + cell}


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_a_guarded_cell_comes_back_from_csv_as_it_was(cell: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([guarded(cell), "next"])
    assert list(csv.reader(io.StringIO(text.getvalue(), newline=""))) == [[guarded(cell), "next"]]


@pytest.mark.parametrize("tag", ["newsletter", "a", "2026-11", "a.b_c~d", "A" * 64])
def test_a_plain_tag_is_kept(tag: str) -> None:
    assert plain_tag(tag) == tag


@pytest.mark.parametrize(
    "tag",
    [
        None,
        "",
        " ",
        "ben@example.org",
        "two words",
        "=x=1",
        "-x",
        "A" * 65,
        "tag\nx",
        "متجر",
        "a/b",
    ],
)
def test_a_tag_that_may_name_a_person_is_dropped(tag: str | None) -> None:
    assert plain_tag(tag) is None


@given(st.text(max_size=70))
def test_a_kept_tag_is_safe_everywhere(tag: str) -> None:
    kept = plain_tag(tag)
    assert kept is None or (kept in tag and kept.isascii() and guarded(kept) == kept)


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(attempts, 0.0) for attempts in range(1, 11)]
    known = [pause for pause in pauses if pause is not None]
    assert pauses[-1] is None
    assert len(known) == 9
    assert known == sorted(known)
    assert known[0] == timedelta(minutes=1)
    assert sum(known, timedelta()) > timedelta(days=2)


@given(st.integers(1, 9), st.floats(0, 1))
def test_jitter_adds_up_to_a_quarter(attempts: int, jitter: float) -> None:
    least, found = pause_after(attempts, 0.0), pause_after(attempts, jitter)
    assert least is not None
    assert found is not None
    assert least <= found <= least * 1.25


def _campaign(
    state: str,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    closed_at: datetime | None = None,
) -> CampaignView:
    return CampaignView(
        id=1,
        slug="call",
        state=state,
        goal=10,
        opens_at=opens_at,
        closes_at=closes_at,
        closed_at=closed_at,
        retention_months=12,
        default_language="en",
        languages=("en",),
        targets=(),
        language="en",
        text_id=1,
        call=a_call(),
        consent_text_ids={},
        presentation=Presentation(),
        created_at=NOW,
    )


def test_a_campaign_is_open_only_when_it_says_so() -> None:
    assert _campaign(OPEN).is_open(NOW)
    assert not _campaign(DRAFT).is_open(NOW)
    assert not _campaign(CLOSED).is_open(NOW)


def test_the_dates_of_a_campaign_hold_to_the_second() -> None:
    second = timedelta(seconds=1)
    opening = _campaign(OPEN, opens_at=NOW)
    closing = _campaign(OPEN, closes_at=NOW)
    assert opening.is_open(NOW)
    assert not opening.is_open(NOW - second)
    assert not closing.is_open(NOW)
    assert closing.is_open(NOW - second)


def test_a_campaign_ends_by_staff_or_by_its_own_date_whichever_comes_first() -> None:
    hour = timedelta(hours=1)
    assert _campaign(OPEN).ended_at(NOW) is None
    assert _campaign(OPEN, closes_at=NOW).ended_at(NOW - hour) is None
    assert _campaign(OPEN, closes_at=NOW).ended_at(NOW + hour) == NOW
    assert _campaign(CLOSED, closed_at=NOW).ended_at(NOW) == NOW
    by_date = _campaign(CLOSED, closes_at=NOW - hour, closed_at=NOW)
    assert by_date.ended_at(NOW + hour) == NOW - hour
    by_staff = _campaign(CLOSED, closes_at=NOW + hour, closed_at=NOW)
    assert by_staff.ended_at(NOW + 2 * hour) == NOW


def test_a_wording_holds_every_answer_that_was_offered() -> None:
    wordings = {each.purpose: each.wording() for each in a_call().consents.values()}
    assert set(wordings) == set(consent.PURPOSES)
    assert wordings[consent.UPDATES].splitlines() == ["May we write?", "[yes] Yes", "[no] No"]
    assert wordings[consent.VISIBILITY].splitlines() == [
        "Who may see?",
        "[counted] Nobody",
        "[target] The target",
        "[public] Everybody",
    ]


@given(st.text(max_size=40), st.text(max_size=40))
def test_fingerprints_are_equal_only_for_equal_texts(one: str, other: str) -> None:
    try:
        found = consent.fingerprint(one) == consent.fingerprint(other)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    assert found == (one == other)
    assert len(consent.fingerprint(one)) == 64


def test_the_words_are_those_that_databases_hold() -> None:
    assert [*states.State] == [
        *("pending", "confirmed", "withdrawn", "held", "rejected"),
        "writer",
    ]
    assert [*states.Visibility] == ["counted", "target", "public"]
    assert [*moderation.Verdict] == ["shown", "name_only", "refused"]
