"""`petition staff …` and `petition signature …`."""

from __future__ import annotations

import click
from email_validator import EmailNotValidError, validate_email

from petition.cli.opening import asking, house_open, now
from petition.services import screening, staffing
from petition.store.db import transaction


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


@click.group()
def signature() -> None:
    """One signature, by its id in an export: hold, reject, release."""


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
