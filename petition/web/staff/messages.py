"""The console's pages of supporters' messages: each target's queue, and what can be done there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from flask import Blueprint, Response, abort, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.counts import small_cells
from petition.domain.messages.digest import TargetMode
from petition.domain.messages.pacing import MOST_A_DAY, MOST_AN_HOUR
from petition.domain.messages.steps import By, Step
from petition.domain.messages.targets import LETTERS_ALONE, Leaving, Outcome, Stand
from petition.domain.sorting import Sort, sort_of
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.counts import message_numbers
from petition.services.messages import (
    answers as services_answers,
    parked,
    pausing,
    queue_figures,
    targets,
    trials,
)
from petition.services.messages.answers import NotDecided
from petition.services.messages.pausing import Pause
from petition.services.messages.queue_figures import Look, TargetFigures
from petition.services.messages.targets import NewStand, SecondNeeded, Which
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.messages import answers, counts, target_details
from petition.store.messages.target_details import TargetDetails
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.http.locale import _, language
from petition.web.signing.fields import PostedForm, text_of
from petition.web.staff.auth import has_permission
from petition.web.staff.count_tables import LAST_FIRST, CountColumn, CountTables
from petition.web.staff.edit_conflicts import EditConflict, SharedForm
from petition.web.staff.layout import console_page
from petition.web.staff.message_forms import (
    AnswerForm,
    CapsForm,
    LeaveForm,
    NumbersForm,
    ParkedForm,
    StandForm,
    TrialForm,
)
from petition.web.staff.sorting import SortedTable, sorted_table


class TargetColumn(StrEnum):
    """What the table of targets can stand in the order of."""

    PLACE = "place"
    """As they stand in the campaign's files: no column, and how the table stands at first."""
    NAME = "name"
    WAITING = "waiting"
    QUEUED = "queued"
    SENT = "sent"
    BOUNCED = "bounced"
    PARKED = "parked"
    CANCELLED = "cancelled"


AS_WRITTEN: Final = Sort(TargetColumn.PLACE)
OFFERED: Final = frozenset(TargetColumn) - {TargetColumn.PLACE}
NUMBERS: Final = OFFERED - {TargetColumn.NAME}

messages = Blueprint("messages", __name__, url_prefix="/staff/campaigns/<slug:slug>/messages")


# --- the queues of a campaign ---------------------------------------------------------------------


@messages.get("")
@access(Right.NUMBERS)
def listed(slug: str) -> Response:
    """The queue of each target, and what was sent by day."""
    return _list_page(slug, 200)


@messages.post("/_all/pause")
@access(Right.EDIT, forms=OWN_PAGES)
def pause_all(slug: str) -> BaseResponse:
    """Nothing goes to any target."""
    return _pause_all(slug, paused=True)


@messages.post("/_all/resume")
@access(Right.EDIT, forms=OWN_PAGES)
def resume_all(slug: str) -> BaseResponse:
    """Messages go to all of them again."""
    return _pause_all(slug, paused=False)


@messages.post("/_all/numbers")
@access(Right.NUMBERS, forms=OWN_PAGES)
def numbers(slug: str) -> BaseResponse:
    """How many came to each step, as a CSV file; tens for who sees no personal data."""
    form, look, at = NumbersForm(), _look(), deps().now()
    if not form.validate():
        return _list_page(slug, 422)
    by = form.dimension()
    with transaction() as session:
        found = message_numbers.numbers(session, slug, by, exact=not look.in_tens)
        message_numbers.note_taken(
            session, slug, by, who=g.staff.email, exact=not look.in_tens, at=at
        )
    response = make_response(found.as_csv())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    name = f"{slug}-emails-{by or 'all'}-{at:%Y%m%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _as_written(session: Session, slug: str) -> str:
    """The language that targets are named in."""
    return _codes(session, slug)[0]


def _pause_all(slug: str, *, paused: bool) -> BaseResponse:
    form = SharedForm()
    if not form.validate():
        return _list_page(slug, 422)
    command = Pause(slug=slug, key=None, paused=paused, by=g.staff.email)
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        target_details.hold(session, campaign_id)
        conflict = form.conflict(_paused_lines(target_details.of_campaign(session, campaign_id)))
        if conflict is None:
            pausing.set_paused(session, command, at=deps().now())
    if conflict is not None:
        return _list_page(slug, 409, conflict)
    return redirect(f"/staff/campaigns/{slug}/messages", 303)


def _paused_lines(found: Sequence[TargetDetails]) -> list[str]:
    """Whom nothing goes to now."""
    return [_("%(target)s: paused", target=each.name) for each in found if each.paused_at]


def _look() -> Look:
    in_tens = not has_permission(Right.PERSONAL_DATA)
    return Look(in_tens=in_tens, provider_cap=deps().settings.messages_per_hour)


def _list_page(slug: str, status: int, conflict: EditConflict | None = None) -> Response:
    look = _look()
    in_tens = look.in_tens
    with reading() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        figures = queue_figures.of_campaign(session, slug, look, at=deps().now())
        by_day = [
            (day, steps[Step.SENT])
            for day, steps in counts.by(session, campaign_id, By.DAY).items()
            if steps[Step.SENT]
        ]
        found = [each.target for each in figures]
        table = _sorted(slug)
        body = console_page(
            "staff/messages.html",
            slug=slug,
            as_written=_as_written(session, slug),
            table=table,
            columns=TargetColumn,
            figures=_in_order(figures, table.sort),
            by_day=_tables(slug).by_day(small_cells.in_tens(by_day) if in_tens else by_day),
            count_columns=CountColumn,
            in_tens=in_tens,
            lines=_paused_lines(found),
            are_all_paused=all(each.paused_at for each in found if each.retired_at is None),
            conflict=conflict,
            form=SharedForm(formdata=None),
            numbers_by={
                "": _("One row for all"),
                By.TARGET: _("By target"),
                By.COUNTRY: _("By country"),
                By.DAY: _("By day"),
                By.VARIANT: _("By text"),
                By.PARTNER: _("By partner"),
            },
            may_edit=has_permission(Right.EDIT),
            **_words(),
        )
    return make_response(body, status)


def _sorted(slug: str) -> SortedTable[TargetColumn]:
    return sorted_table(
        f"/staff/campaigns/{slug}/messages#queues-heading",
        request.args.get("sort", ""),
        AS_WRITTEN,
        columns=OFFERED,
        largest_first=NUMBERS,
        beside=_asked_of_days(),
    )


def _in_order(
    figures: Sequence[TargetFigures], sort: Sort[TargetColumn]
) -> Sequence[TargetFigures]:
    """By what the page shows: where that is tens, the order tells no more than they do."""
    if sort.column == TargetColumn.PLACE:
        return figures

    def rank(each: TargetFigures) -> str | int:
        if sort.column == TargetColumn.NAME:
            return each.target.name.casefold()
        return each.states[sort.column] or 0

    return sorted(figures, key=rank, reverse=sort.is_descending)


def _asked_of_days() -> dict[str, str]:
    sort = sort_of(request.args.get("sort-day", ""), LAST_FIRST)
    return {"sort-day": str(sort)} if sort != LAST_FIRST else {}


def _tables(slug: str) -> CountTables:
    asked = _asked_of_days() | _sorted(slug).query
    return CountTables(address=f"/staff/campaigns/{slug}/messages", asked=asked)


# --- one target -----------------------------------------------------------------------------------


@messages.get("/<target_key>")
@access(Right.NUMBERS)
def target(slug: str, target_key: str) -> Response:
    """One target: its queue, and all that staff say of it."""
    return _target_page(slug, target_key)


@messages.post("/<target_key>/pause")
@access(Right.EDIT, forms=OWN_PAGES)
def pause(slug: str, target_key: str) -> BaseResponse:
    """Nothing goes to it."""
    return _shared(slug, target_key, SharedForm(), _pause(slug, target_key, paused=True))


@messages.post("/<target_key>/resume")
@access(Right.EDIT, forms=OWN_PAGES)
def resume(slug: str, target_key: str) -> BaseResponse:
    """Messages go to it again."""
    return _shared(slug, target_key, SharedForm(), _pause(slug, target_key, paused=False))


def _pause(slug: str, target_key: str, *, paused: bool) -> Callable[[Session], object]:
    command = Pause(slug=slug, key=target_key, paused=paused, by=g.staff.email)
    return lambda session: pausing.set_paused(session, command, at=deps().now())


@messages.post("/<target_key>/caps")
@access(Right.EDIT, forms=OWN_PAGES)
def set_caps(slug: str, target_key: str) -> BaseResponse:
    """As many go to it at most, whatever the campaign's files say."""
    form = CapsForm()
    return _shared(
        slug,
        target_key,
        form,
        lambda session: targets.set_caps(
            session,
            _which(slug, target_key),
            an_hour=int(text_of(form.an_hour)),
            a_day=int(text_of(form.a_day)),
            at=deps().now(),
        ),
    )


@messages.post("/<target_key>/stand")
@access(Right.EDIT, forms=OWN_PAGES)
def add_stand(slug: str, target_key: str) -> BaseResponse:
    """It did this, on that day."""
    form = StandForm()
    if form.ends_queue.data and not has_permission(Right.LETTERS):
        abort(403)  # it sends emails to supporters
    two = deps().settings.second_person
    with reading() as session:
        form.takes_two = targets.takes_two(session, slug, target_key, setting=two)

    return _shared(
        slug,
        target_key,
        form,
        lambda session: targets.add_stand(
            session, _which(slug, target_key), _new(form), setting=two, at=deps().now()
        ),
    )


def _new(form: StandForm) -> NewStand:
    return NewStand(
        stand=Stand(text_of(form.stand)),
        day=form.typed_day(),
        link=text_of(form.link),
        note=text_of(form.note),
        ends_queue=bool(form.ends_queue.data),
    )


@messages.errorhandler(SecondNeeded)
def became_many(_error: SecondNeeded) -> Response:
    """They became so many after the form was looked at: sent again, it says so."""
    return error_page(503)


@messages.post("/<target_key>/leave")
@access(Right.LETTERS, forms=OWN_PAGES)
def leave(slug: str, target_key: str) -> BaseResponse:
    """Nobody writes to it any more; who has written is told."""
    form = LeaveForm()
    with reading() as session:
        form.others = [each.key for each in _others(session, slug, target_key)]
    return _shared(
        slug,
        target_key,
        form,
        lambda session: targets.leave(
            session,
            _which(slug, target_key),
            Leaving(text_of(form.left_as)),
            form.replacement(),
            setting=deps().settings.second_person,
            at=deps().now(),
        ),
    )


@messages.post("/<target_key>/take-back")
@access(Right.EDIT, forms=OWN_PAGES)
def take_back(slug: str, target_key: str) -> BaseResponse:
    """It is written to again."""
    return _shared(
        slug,
        target_key,
        SharedForm(),
        lambda session: targets.take_back(session, _which(slug, target_key), at=deps().now()),
    )


@messages.post("/<target_key>/parked")
@access(Right.EDIT, forms=OWN_PAGES)
def decide_parked(slug: str, target_key: str) -> BaseResponse:
    """They were sent, or they go once more."""
    form = ParkedForm()
    if not form.validate():
        return _target_page(slug, target_key, form, 422)
    decide = parked.send_again if form.again.data else parked.were_sent
    with transaction() as session:
        decide(session, _which(slug, target_key), until=form.shown_at(), at=deps().now())
    return _to(slug, target_key)


@messages.post("/<target_key>/test")
@access(Right.EDIT, forms=OWN_PAGES)
def test(slug: str, target_key: str) -> BaseResponse:
    """Send one of the texts to oneself, by the outbox."""
    form = TrialForm()
    choice = form.choice() if form.validate() else None
    if choice is None:
        form.text.errors = [_("Please choose one of these.")]
        return _target_page(slug, target_key, form, 422)
    with transaction() as session:
        trials.send(
            session,
            _which(slug, target_key),
            staff_id=g.staff.id,
            language=choice[0],
            variant=choice[1],
            at=deps().now(),
        )
    return redirect(f"/staff/campaigns/{slug}/messages/{target_key}?tested=yes", 303)


@messages.post("/<target_key>/answers")
@access(Right.EDIT, forms=OWN_PAGES)
def publish_answer(slug: str, target_key: str) -> BaseResponse:
    """Show on the campaign's page what the target answered to all."""
    form = _answer_form(slug)()
    return _shared(
        slug,
        target_key,
        form,
        lambda session: services_answers.publish(
            session, _which(slug, target_key), form.typed_day(), form.texts(), at=deps().now()
        ),
    )


@messages.post("/<target_key>/answers/<id:answer_id>/remove")
@access(Right.EDIT, forms=OWN_PAGES)
def remove_answer(slug: str, target_key: str, answer_id: int) -> BaseResponse:
    """It is shown no more."""
    return _shared(
        slug,
        target_key,
        SharedForm(),
        lambda session: services_answers.remove(
            session, _which(slug, target_key), answer_id, at=deps().now()
        ),
    )


@messages.post("/<target_key>/answers/<id:answer_id>/tell")
@access(Right.LETTERS, forms=OWN_PAGES)
def tell_answer(slug: str, target_key: str, answer_id: int) -> BaseResponse:
    """Tell those who asked for it, or ask for a second person."""
    return _shared(
        slug,
        target_key,
        SharedForm(),
        lambda session: services_answers.tell(
            session,
            _which(slug, target_key),
            answer_id,
            setting=deps().settings.second_person,
            at=deps().now(),
        ),
    )


@messages.post("/<target_key>/answers/<id:answer_id>/approve")
@access(Right.LETTERS, forms=OWN_PAGES)
def approve_answer(slug: str, target_key: str, answer_id: int) -> BaseResponse:
    """The second person agrees."""
    return _shared(
        slug,
        target_key,
        SharedForm(),
        lambda session: services_answers.approve(
            session, _which(slug, target_key), answer_id, at=deps().now()
        ),
    )


@messages.post("/<target_key>/answers/<id:answer_id>/refuse")
@access(Right.LETTERS, forms=OWN_PAGES)
def refuse_answer(slug: str, target_key: str, answer_id: int) -> BaseResponse:
    """Nobody is told, for now."""
    return _shared(
        slug,
        target_key,
        SharedForm(),
        lambda session: services_answers.refuse(
            session, _which(slug, target_key), answer_id, at=deps().now()
        ),
    )


# --- what these have in common --------------------------------------------------------------------


def _which(slug: str, target_key: str) -> Which:
    return Which(slug=slug, key=target_key, by=g.staff.email)


def _to(slug: str, target_key: str) -> BaseResponse:
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/messages/{target_key}", 303)


def _shared(
    slug: str, target_key: str, form: SharedForm, do: Callable[[Session], object]
) -> BaseResponse:
    """Do it, unless somebody else changed the target since the page was opened."""
    if not form.validate():
        return _target_page(slug, target_key, form, 422)
    try:
        with transaction() as session:
            target_details.hold(session, campaigns.by_slug(session, slug).id)
            conflict = form.conflict(_lines(session, slug, target_key))
            if conflict is None:
                do(session)
    except NotDecided:
        return _target_page(slug, target_key, form, 422, is_decided=True)
    if conflict is not None:
        return _target_page(slug, target_key, form, 409, conflict=conflict)
    return _to(slug, target_key)


def _lines(session: Session, slug: str, target_key: str) -> list[str]:
    """What the page shows of a target that others may change, in the reader's words."""
    found = targets.find(session, slug, target_key)
    words = _words()
    lines = [_("%(hour)s an hour, %(day)s a day", hour=found.an_hour, day=found.a_day)]
    if found.paused_at:
        lines.append(_("paused"))
    if found.left_as:
        lines.append(words["leavings"][found.left_as])
    if found.stand:
        day = language().reported(found.stand.day.isoformat())
        lines.append(f"{words['stands'][found.stand.stand]}, {day}")
    for each in answers.of_targets(session, [found.id]):
        day = language().reported(each.day.isoformat())
        asked_by = f" ({each.asked_by})" if each.asked_by else ""
        lines.append(_("Answer of %(day)s", day=day) + asked_by)
    return lines


def _others(session: Session, slug: str, target_key: str) -> list[TargetDetails]:
    """Those that can take its place."""
    campaign_id = campaigns.by_slug(session, slug).id
    return [
        each
        for each in target_details.of_campaign(session, campaign_id)
        if each.retired_at is None and each.key != target_key
    ]


def _answer_form(slug: str) -> type[AnswerForm]:
    with reading() as session:
        return AnswerForm.in_languages(_codes(session, slug))


def _codes(session: Session, slug: str) -> tuple[str, ...]:
    """The languages of the call."""
    return campaigns.languages(session, campaigns.by_slug(session, slug).id)


@dataclass(frozen=True, kw_only=True)
class _Forms:
    """The forms of a target's page; one of them as it was sent."""

    caps: CapsForm
    stand: StandForm
    leave: LeaveForm
    parked: ParkedForm
    trial: TrialForm
    answer: AnswerForm
    button: SharedForm


def _forms(
    codes: tuple[str, ...], found: TargetDetails, sent: PostedForm | None, at: datetime
) -> _Forms:
    """What was typed stays in the form that came; the others begin with what is so."""
    today = at.date().isoformat()
    return _Forms(
        caps=_kept(sent, CapsForm, an_hour=str(found.an_hour), a_day=str(found.a_day)),
        stand=_kept(sent, StandForm, day=today),
        leave=_kept(sent, LeaveForm),
        parked=_kept(sent, ParkedForm),
        trial=_kept(sent, TrialForm),
        answer=sent
        if isinstance(sent, AnswerForm)
        else AnswerForm.in_languages(codes)(formdata=None, data={"answer_day": today}),
        button=SharedForm(formdata=None),
    )


F = TypeVar("F", bound=PostedForm)  # Python 3.11 has no other way to say it


def _kept(sent: PostedForm | None, kind: type[F], **begin: str) -> F:
    return sent if isinstance(sent, kind) else kind(formdata=None, data=begin)


def _target_page(
    slug: str,
    target_key: str,
    sent: PostedForm | None = None,
    status: int = 200,
    *,
    conflict: EditConflict | None = None,
    is_decided: bool = False,
) -> Response:
    at, look = deps().now(), _look()
    in_tens = look.in_tens
    with reading() as session:
        figures = queue_figures.of_target(session, slug, target_key, look, at=at)
        if figures is None:
            raise NotFound(f"no target is called {target_key}")
        found = figures.target
        who_asked = answers.who_asked(session, found.id)
        codes = _codes(session, slug)
        body = console_page(
            "staff/message_target.html",
            slug=slug,
            as_written=_as_written(session, slug),
            figures=figures,
            target=found,
            lines=_lines(session, slug, target_key),
            history=target_details.stands(session, found.id),
            answers=answers.of_targets(session, [found.id]),
            who_asked=(small_cells.rounded(who_asked) or None) if in_tens else who_asked,
            letters_alone=LETTERS_ALONE if deps().settings.second_person else None,
            asked=targets.who_asked_to_leave(session, _which(slug, target_key), at=at),
            others=_others(session, slug, target_key),
            texts=_texts(session, slug),
            # The reader's own first: the others are folded.
            languages=sorted(codes, key=lambda code: code != language().code),
            language_names={code: language().name_of(code) for code in codes},
            until=int(at.timestamp()),
            most_an_hour=MOST_AN_HOUR,
            most_a_day=MOST_A_DAY,
            in_tens=in_tens,
            answers_to=deps().settings.reply_to if found.mode == TargetMode.DIGEST else None,
            conflict=conflict,
            is_decided=is_decided,
            is_tested=request.args.get("tested") == "yes",
            forms=_forms(codes, found, sent, at),
            may_edit=has_permission(Right.EDIT),
            may_write=has_permission(Right.LETTERS),
            **_words(),
        )
    return make_response(body, status)


def _texts(session: Session, slug: str) -> list[tuple[str, str]]:
    """The texts that a test can be made of: (what the form sends, what it is called)."""
    campaign_id = campaigns.by_slug(session, slug).id
    return [
        (
            f"{code}-{number}",
            _(
                "%(language)s, text %(number)s",
                language=language().name_of(code),
                number=number,
            ),
        )
        for code, texts in campaigns.message_texts(session, campaign_id).items()
        for number in range(1, texts + 1)
    ]


def _words() -> dict[str, dict[str, str]]:
    return {
        "stands": {
            Stand.ASKED: _("Asked"),
            Stand.ANSWERED: _("Answered"),
            Stand.PROMISED: _("Agreed"),
            Stand.REFUSED: _("Said no"),
            Stand.SILENT: _("Silent"),
        },
        "outcomes": {
            Outcome.NONE: _("No answer"),
            Outcome.FORM: _("The same text for everybody"),
            Outcome.REAL: _("A real answer"),
            Outcome.NOT_EXPECTED: _("None expected"),
        },
        "leavings": {
            Leaving.EXCLUDED: _("not written to for now"),
            Leaving.REPLACED: _("replaced"),
            Leaving.RETIRED: _("no target any more"),
        },
        "queue_states": {
            "waiting": _("Waits for confirmation"),
            "queued": _("Queued"),
            "sent": _("Sent"),
            "bounced": _("Bounced"),
            "parked": _("Outcome unknown"),
            "cancelled": _("Cancelled"),
        },
    }
