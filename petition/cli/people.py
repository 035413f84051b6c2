"""`petition staff …` and `petition signature …`."""

from __future__ import annotations

import click
from email_validator import EmailNotValidError, validate_email

from petition.cli.opening import asking, house_open, now
from petition.errors import NotFound
from petition.services import privacy, screening, staffing
from petition.store import ledger, mailfiles
from petition.store.db import db, forget_freed, transaction


@click.group()
def staff() -> None:
    """Staff: who may sign in to the console."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice(staffing.ROLES), required=True)
def invite(email: str, role: str) -> None:
    """Invite somebody: prints a link that works once, within three days."""
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        raise click.BadParameter("this is not an email address", param_hint="EMAIL") from None
    with house_open() as app:
        base = app.extensions["petition"].settings.base_url
        with transaction() as session:
            token = staffing.invite(session, email.lower(), role, by=asking(), at=now())
    click.echo(f"{base}/staff/set-up/{token}")


@staff.command()
@click.argument("email")
def disable(email: str) -> None:
    """Close somebody's account: they are signed out at once and cannot come back."""
    with house_open(), transaction() as session:
        staffing.disable(session, email.lower(), by=asking(), at=now())
    click.echo(f"{email.lower()}: disabled")


@click.group()
def signature() -> None:
    """One signature, by its id in an export: hold, reject, release, erase."""


@signature.command()
@click.argument("signature_id", type=int)
@click.option("--reason", required=True)
def hold(signature_id: int, reason: str) -> None:
    """Keep it out of the count until somebody has looked."""
    with house_open(), transaction() as session:
        screening.hold(session, signature_id, reason=reason, by=asking(), at=now())
    click.echo(f"{signature_id}: held")


@signature.command()
@click.argument("signature_id", type=int)
@click.option("--reason", required=True)
def reject(signature_id: int, reason: str) -> None:
    """Keep it out of the count for good; it stays on record with the reason."""
    with house_open(), transaction() as session:
        screening.reject(session, signature_id, reason=reason, by=asking(), at=now())
    click.echo(f"{signature_id}: rejected")


@signature.command()
@click.argument("signature_id", type=int)
@click.option("--reason", required=True)
def release(signature_id: int, reason: str) -> None:
    """Let a held one go on: confirmed if its mailbox has confirmed, else pending."""
    with house_open(), transaction() as session:
        screening.release(session, signature_id, reason=reason, by=asking(), at=now())
    click.echo(f"{signature_id}: released")


@signature.command()
@click.argument("signature_id", type=int)
def erase(signature_id: int) -> None:
    """Delete every trace, for who asks in another way than by their own page.

    Make sure first that the person who asks owns the address. It cannot be undone.
    """
    with house_open() as app:
        house = app.extensions["petition"]
        with transaction() as session:
            gone = privacy.erase(session, house.journal, signature_id, at=now())
            if gone is None:
                raise NotFound(f"there is no signature {signature_id}")
            mailfiles.remove(house.settings, gone.letter_ids)
            ledger.note(
                session,
                who=asking(),
                action="signature erased",
                outcome="done",
                at=now(),
                detail=str(signature_id),
            )
        forget_freed(db.engine)
    click.echo(f"{signature_id}: erased")
