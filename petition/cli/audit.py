"""`petition audit …`: the log of what staff did and tried to do, and whether it is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from petition.cli.confirmation import cannot_be_undone, require_confirmation
from petition.cli.context import now, open_app, operator
from petition.cli.files import write
from petition.errors import PetitionError
from petition.services.staff import audit_file, audit_log
from petition.store.db import reading, transaction
from petition.store.staff import audit_rows
from petition.store.staff.audit_check import Checked
from petition.store.staff.audit_rows import AuditRow, Search


class AuditBroken(PetitionError):
    """The audit log is not as it was written."""


@click.group()
def audit() -> None:
    """The audit log: who did what, and whether it is as it was written."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def verify(as_json: bool) -> None:
    """Check every row against the key and the last row that this machine saw.

    Names each row that was changed, dropped, re-ordered, inserted or cut off. Exit 1 then.
    """
    with open_app():
        found = audit_log.check(reading)
    if as_json:
        click.echo(json.dumps(_document(found)))
    else:
        for each in found.findings:
            click.echo(each.words)
        if found.pruned:
            click.echo(f"rows up to {found.pruned} were deleted before (petition audit prune)")
        if found.accepted:
            click.echo(f"rows up to {found.accepted} were accepted before (petition audit accept)")
        if found.whole:
            click.echo(f"{found.rows} rows, as they were written")
        if not found.head_kept:
            click.echo("this machine had seen no row before: it cannot tell what was cut off")
    if not found.whole:
        raise AuditBroken("the audit log is not as it was written")


def _document(found: Checked) -> dict[str, object]:
    return {
        "whole": found.whole,
        "rows": found.rows,
        "accepted_up_to": found.accepted,
        "pruned_up_to": found.pruned,
        "head_kept": found.head_kept,
        "findings": [
            {"kind": each.kind, "first": each.first, "last": each.last, "words": each.words}
            for each in found.findings
        ],
    }


@audit.command()
@cannot_be_undone
def accept(sure: bool) -> None:
    """Go on from the log as it is: after an old copy was put back, or the keys were changed.

    What was wrong is not looked at again; who accepted it, and when, stands in the log. Each
    machine with an instance folder of its own says this for itself.
    """
    with open_app():
        found = audit_log.check(reading)
        if found.whole:
            click.echo("nothing to accept")
            return
        for each in found.findings:
            click.echo(each.words)
        require_confirmation("accepting the audit log as it is", sure=sure)
        audit_log.accept(reading, transaction, by=operator(), at=now())
    click.echo("accepted: rows from now on are checked")


@audit.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Rows from before this day, in UTC; at least 90 days ago.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@cannot_be_undone
def prune(before: datetime, dry_run: bool, sure: bool) -> None:
    """Delete the oldest rows, once nobody needs them any more.

    The log keeps a row that says up to which one, and `verify` checks all that follow. A log that
    is not as it was written is not pruned.
    """
    with open_app():
        at = now()
        going = audit_log.prunable(reading, before=before.replace(tzinfo=UTC), at=at)
        if going is None:
            click.echo("nothing to delete")
            return
        words = f"{going.rows} rows, up to {going.last.number}"
        if dry_run:
            click.echo(f"would delete {words}")
            return
        require_confirmation(f"deleting {words} of the audit log", sure=sure)
        audit_log.prune(transaction, going, by=operator(), at=at)
    click.echo(f"deleted {words}")


@audit.command("list")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="From then on, in UTC.",
)
@click.option("--who", help="An email address, or cli: and a name.")
@click.option("--action", help="As it stands in the log.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
)
def list_(since: datetime | None, who: str | None, action: str | None, shape: str) -> None:
    """The rows, oldest first. That somebody took them out stands in the log as well."""
    search = Search(
        who=who, action=action, since=since.replace(tzinfo=UTC) if since is not None else None
    )
    with open_app():
        with transaction() as session:
            audit_file.note_taken(session, search, by=operator(), at=now())
        with reading() as session:
            if shape == "csv":
                write(audit_file.as_csv(session, search), "-")
                return
            rows = audit_rows.oldest_first(session, search)
            if shape == "json":
                click.echo(json.dumps([_record(row) for row in rows], ensure_ascii=False))
                return
            for row in rows:
                click.echo(_in_words(row))


def _record(row: AuditRow) -> dict[str, object]:
    return {**asdict(row), "at": row.at.isoformat()}


def _in_words(row: AuditRow) -> str:
    words = f"{row.number}  {row.at:%Y-%m-%d %H:%M:%S}  {row.who}  {row.action}: {row.outcome}"
    return f"{words}  ({row.detail})" if row.detail else words
