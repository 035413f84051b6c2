"""`petition signature …`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import click
from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from flask import Flask

from petition.cli.confirmation import (
    cannot_be_undone,
    require_confirmation,
    require_yes,
    takes_yes,
)
from petition.cli.context import now, open_app, operator
from petition.domain.signatures.bulk_actions import ActionState, Verb, target
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.life import Event
from petition.domain.signatures.states import STATES, State
from petition.domain.signatures.supporter import clean_unscripted
from petition.domain.signatures.typed_address import address_in
from petition.errors import NotFound
from petition.services.privacy import erasure
from petition.services.signatures import (
    bulk_actions as services,
    holds,
    records,
    search as services_search,
)
from petition.services.signatures.bulk_actions import NotAny
from petition.services.signatures.records import Record
from petition.store.campaigns import campaigns
from petition.store.db import Session, db, reading, transaction, vacuum
from petition.store.db.transient_failures import committed
from petition.store.signatures import bulk_actions as store, mail_providers, search
from petition.store.signatures.bulk_actions import Action
from petition.store.signatures.by_address import place
from petition.store.signatures.search import NEWEST, OLDEST, Search, SignatureRow
from petition.web.http.dependencies import dependencies_of

Command = TypeVar("Command", bound=Callable[..., Any])

NUMBER: Final = click.IntRange(1, 2**63 - 1)
ID: Final = click.argument("signature_id", metavar="ID", type=NUMBER)
IDS: Final = click.argument("ids", metavar="[ID]...", type=NUMBER, nargs=-1)
SOME: Final = click.argument("ids", metavar="ID...", type=NUMBER, nargs=-1, required=True)
REASON: Final = click.option(
    "--reason",
    type=click.Choice([*map(str, HoldReason)]),
    callback=lambda context, option, chosen: HoldReason(chosen),
    required=True,
    help="Its person sees this one, in their language.",
)
ALL: Final = click.option("--all", "slug", metavar="SLUG", help="All of this campaign that fit.")
DRY_RUN: Final = click.option("--dry-run", is_flag=True, help="Count only, and change nothing.")
JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


def filters(command: Command) -> Command:
    """Which signatures; handed on as a Search named `wanted`."""
    for option in (
        click.option("--source", help="With this very tag of the link."),
        click.option("--country", help="ISO 3166-1's two letters."),
        click.option("--state", type=click.Choice([*map(str, STATES)])),
        click.option(
            "--day", type=click.DateTime(["%Y-%m-%d"]), help="The form came on that day, in UTC."
        ),
    ):
        command = option(command)
    return command


def _search(
    day: datetime | None, state: str | None, country: str | None, source: str | None
) -> Search:
    return Search(
        day=day.date() if day is not None else None,
        state=State(state) if state is not None else None,
        country=country.upper() if country is not None else None,
        source=source,
    )


@click.group()
def signature() -> None:
    """Signatures, by number: find and show them, hold, reject, restore, erase, undo."""


@signature.command()
@click.argument("slug")
@filters
@click.option("--oldest", is_flag=True, help="The oldest first, not the newest.")
@click.option("--address", "by_address", is_flag=True, help="By the whole address, asked for.")
@JSON
def find(
    slug: str,
    day: datetime | None,
    state: str | None,
    country: str | None,
    source: str | None,
    oldest: bool,
    by_address: bool,
    as_json: bool,
) -> None:
    """The first fifty of SLUG that fit, each with its number; no name and no address.

    With --address, those of one address: it is asked for, or read from standard input, so that it
    stands in no list of commands. A search is noted in the audit log.
    """
    wanted = _search(day, state, country, source)
    address = _asked_for() if by_address else None
    with open_app() as app, transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        if address is not None:
            found = _of_address(app, session, campaign_id, slug, address)
        else:
            services_search.note_page(session, slug, wanted, by=operator(), at=now())
            sort = OLDEST if oldest else NEWEST
            found = list(services_search.page(session, campaign_id, wanted, sort).rows)
    if as_json:
        click.echo(json.dumps([_row(each) for each in found]))
        return
    for each in found:
        tag = f", {each.source}" if each.source else ""
        click.echo(
            f"{each.signature_id}: {each.state}, {each.sent_at:%Y-%m-%dT%H:%M:%SZ},"
            f" {each.country}, {each.language}{tag}"
        )
    if not found:
        click.echo("none")


def _asked_for() -> ValidatedEmail:
    typed = address_in(clean_unscripted(click.prompt("Address", err=True)))
    try:
        return validate_email(
            typed, check_deliverability=False, strict=True, allow_quoted_local=False
        )
    except EmailNotValidError:
        raise click.ClickException("this is not a whole email address") from None


def _of_address(
    app: Flask, session: Session, campaign_id: int, slug: str, address: ValidatedEmail
) -> list[SignatureRow]:
    domain = address.ascii_domain
    return services_search.of_address(
        session,
        dependencies_of(app).vault,
        mail_providers.of_domain(session, domain),
        campaign_id,
        slug,
        local_part=address.local_part,
        domain=domain,
        by=operator(),
        at=now(),
    )


def _row(each: SignatureRow) -> dict[str, object]:
    return {
        "signature_id": each.signature_id,
        "state": each.state,
        "form_sent_at": each.sent_at.isoformat(),
        "country": each.country,
        "language": each.language,
        "source": each.source,
    }


@signature.command()
@ID
@JSON
def show(signature_id: int, as_json: bool) -> None:
    """What was entered, and what happened since. Its person sees that the server's staff looked."""
    with open_app() as app, transaction() as session:
        record = records.open_record(
            session,
            dependencies_of(app).vault,
            _campaign_of(session, signature_id),
            signature_id,
            by=operator(),
            role="server",
            with_names=True,
            at=now(),
        )
    if as_json:
        click.echo(json.dumps(_document(record), ensure_ascii=False))
        return
    held = record.held
    click.echo(f"{held.signature_id}: {held.slug}, {held.state}")
    for name, value in _facts(record).items():
        for line in value.splitlines():
            click.echo(f"    {name}: {line}")
    for event in record.life:
        words = " ".join(filter(None, (event.kind.replace("_", " "), event.detail)))
        undo = " (undone)" if event.is_undo else ""
        by = f", {event.by}" if event.by else ""
        click.echo(f"{event.at:%Y-%m-%dT%H:%M:%SZ} {words}{undo}{by}")


def _facts(record: Record) -> dict[str, str]:
    own = record.held.own
    return {**record.person.typed(), "country": own.country, "language": own.language} | own.current


def _document(record: Record) -> dict[str, object]:
    held = record.held
    return {
        "signature_id": held.signature_id,
        "campaign": held.slug,
        "state": held.state,
        "hold_reason": held.hold_reason,
        **_facts(record),
        "erased_at": record.erased_at.isoformat() if record.erased_at is not None else None,
        "life": [_event(each) for each in record.life],
    }


def _event(event: Event) -> dict[str, object]:
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "detail": event.detail,
        "by": event.by,
        "undone": event.is_undo,
    }


def _campaign_of(session: Session, signature_id: int) -> int:
    """Raises NotFound."""
    found = place(session, signature_id)
    if found is None:
        raise NotFound(f"there is no signature {signature_id}")
    return campaigns.by_slug(session, found.slug).id


# --- doing something ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which signatures a command is about."""

    ids: tuple[int, ...]
    slug: str | None
    search: Search

    def check(self) -> None:
        """Raises UsageError for both or neither."""
        if bool(self.ids) == bool(self.slug):
            raise click.UsageError("name signatures, or a campaign by --all")
        if self.slug is None and self.search != Search():
            raise click.UsageError("a choice among all goes with --all")
        if self.slug is not None and self.search == Search():
            raise click.UsageError("--all takes a day, state, country or source")


@signature.command()
@IDS
@REASON
@ALL
@filters
@DRY_RUN
@takes_yes
def hold(reason: HoldReason, **options: Any) -> None:
    """Keep them out of the count until somebody has looked. Their people see the reason."""
    _act(Verb.HOLD, reason, **options)


@signature.command()
@IDS
@REASON
@ALL
@filters
@DRY_RUN
@takes_yes
def reject(reason: HoldReason, **options: Any) -> None:
    """Keep them out of the count for good. Their people see the reason.

    Lists that they left in before name them to be removed: `petition recall`.
    """
    _act(Verb.REJECT, reason, **options)


@signature.command()
@IDS
@ALL
@filters
@DRY_RUN
@takes_yes
def restore(**options: Any) -> None:
    """Lead held and rejected ones back: confirmed if their mailbox has confirmed, else pending."""
    _act(Verb.RESTORE, None, **options)


def _act(
    verb: Verb,
    reason: HoldReason | None,
    *,
    ids: tuple[int, ...],
    slug: str | None,
    day: datetime | None,
    state: str | None,
    country: str | None,
    source: str | None,
    dry_run: bool,
    sure: bool,
) -> None:
    wanted = Wanted(ids=ids, slug=slug, search=_search(day, state, country, source))
    wanted.check()
    with open_app():
        with transaction() as session:
            action = _plan(session, verb, wanted, reason)
            if dry_run:
                session.rollback()
        _say_left_out(action)
        if dry_run:
            click.echo(f"would {verb} {action.counted.number}")
            return
        if not action.counted.number:
            raise click.ClickException(_why_none(action, wanted))
        if slug is not None:
            require_yes(f"{verb} {action.counted.number} signatures of {slug}", sure=sure)
        with transaction() as session:
            services.do(session, action, by=operator(), at=now())
            done = store.lock_items(session, action.id, done=True)
    for item in done:
        click.echo(f"{item.signature_id}: {item.state if verb != Verb.RESTORE else 'restored'}")
    click.echo(f"within an hour `petition signature undo {action.id}` undoes it", err=True)


def _plan(session: Session, verb: Verb, wanted: Wanted, reason: HoldReason | None) -> Action:
    by, at = operator(), now()
    if wanted.slug is not None:
        campaign_id = campaigns.by_slug(session, wanted.slug).id
        number = services.plan_all(
            session, campaign_id, verb, wanted.search, NEWEST, reason=reason, by=by, at=at
        )
    else:
        campaign_id = _campaign_of(session, wanted.ids[0])
        number = services.plan_these(
            session, campaign_id, verb, wanted.ids, reason=reason, by=by, at=at
        )
    return store.find(session, campaign_id, number)


def _say_left_out(action: Action) -> None:
    counted = action.counted
    for state, number in counted.left_out.items():
        click.echo(f"left as they are: {number} {state}", err=True)
    if counted.gone:
        click.echo(f"not there, or of another campaign: {counted.gone}", err=True)
    if counted.beyond:
        click.echo(f"too many for one time: {counted.beyond}; do the same again", err=True)


def _why_none(action: Action, wanted: Wanted) -> str:
    if len(wanted.ids) == 1:
        (state,) = action.counted.left_out
        to = target(action.verb, mailbox_confirmed=True)
        return f"signature {wanted.ids[0]} is {state}: it cannot become {to}"
    return "there is nothing to change"


@signature.command()
@ID
@click.option("--reason", required=True, help="Your words; the person's data copy has them.")
def release(signature_id: int, reason: str) -> None:
    """Let a held one go on: confirmed if its mailbox has confirmed, else pending."""
    with open_app(), transaction() as session:
        holds.release(session, signature_id, reason=reason, by=operator(), at=now())
    click.echo(f"{signature_id}: released")


@signature.command()
@click.argument("action_id", metavar="ACTION", type=NUMBER)
def undo(action_id: int) -> None:
    """Undo what was held, rejected or restored within the last hour; or cancel an erasure.

    ACTION is the number that the command named, and the last part of its page's address.
    """
    with open_app(), transaction() as session:
        campaign_id = store.campaign_of(session, action_id)
        action = store.find(session, campaign_id, action_id)
        try:
            number = _undone(session, action)
        except NotAny as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{number} as before" if action.verb != Verb.ERASE else "nothing is erased")


def _undone(session: Session, action: Action) -> int:
    if action.state == ActionState.WAITING:
        services.cancel_erasure(session, action, by=operator(), at=now())
        return 0
    if action.verb == Verb.ERASE:
        raise NotAny
    return services.undo(session, action, by=operator(), at=now())


@signature.command()
@SOME
@DRY_RUN
@cannot_be_undone
def erase(ids: tuple[int, ...], dry_run: bool, sure: bool) -> None:
    """Delete every trace now, for who asks in another way than by their own page.

    Make sure first that the person who asks owns the address. It cannot be undone. In the console
    an erasure waits for an hour.
    """
    if dry_run:
        _say_what_is_there(ids)
        return
    what = f"signature {ids[0]}" if len(ids) == 1 else f"{len(ids)} signatures"
    require_confirmation(f"erasing {what}", sure=sure)
    with open_app() as app:
        deps, at = dependencies_of(app), now()
        for signature_id in dict.fromkeys(ids):

            def work(session: Session, signature_id: int = signature_id) -> None:
                erasure.erase_by_staff(
                    session, deps.erasure_context, signature_id, by=operator(), at=at
                )

            committed(transaction, work)
            click.echo(f"{signature_id}: erased")
        vacuum(db.engine)


def _say_what_is_there(ids: tuple[int, ...]) -> None:
    with open_app(), reading() as session:
        for signature_id in dict.fromkeys(ids):
            campaign_id = _campaign_of(session, signature_id)
            state = search.states_of(session, campaign_id, [signature_id])[signature_id]
            click.echo(f"{signature_id}: {state}, would be erased")
