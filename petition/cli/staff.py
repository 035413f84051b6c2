"""`petition staff …` and `petition signature …`."""

from __future__ import annotations

import click
from email_validator import EmailNotValidError, validate_email

from petition.addr_spec import AddressRefused, addr_spec
from petition.cli.confirmation import cannot_be_undone, require_confirmation
from petition.cli.context import now, open_app, operator
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.supporter import clean_unscripted
from petition.domain.signatures.typed_address import address_in
from petition.services.privacy import erasure
from petition.services.signatures import holds
from petition.services.staff import accounts
from petition.store.db import Session, db, transaction, vacuum
from petition.store.db.transient_failures import committed
from petition.web.http.dependencies import dependencies_of


@click.group()
def staff() -> None:
    """Staff: who may sign in to the console."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice([*map(str, accounts.ROLES)]), required=True)
def invite(email: str, role: str) -> None:
    """Invite somebody: prints a link that works once, within three days."""
    email = address_in(clean_unscripted(email))
    try:
        validate_email(email, check_deliverability=False)
        addr_spec(email)
    except (EmailNotValidError, AddressRefused):
        raise click.BadParameter("this is not an email address", param_hint="EMAIL") from None
    with open_app() as app:
        base = dependencies_of(app).settings.base_url
        with transaction() as session:
            token = accounts.invite(session, email.lower(), role, by=operator(), at=now())
    click.echo(f"{base}/staff/set-up/{token}")


@staff.command()
@click.argument("email")
def disable(email: str) -> None:
    """Close somebody's account: they are signed out at once and cannot come back."""
    email = address_in(clean_unscripted(email))
    with open_app(), transaction() as session:
        accounts.disable(session, email.lower(), by=operator(), at=now())
    click.echo(f"{email.lower()}: disabled")


REASON = click.option(
    "--reason",
    type=click.Choice([*map(str, HoldReason)]),
    callback=lambda context, option, chosen: HoldReason(chosen),
    required=True,
    help="Its person sees this one, in their language.",
)


@click.group()
def signature() -> None:
    """One signature, by its id in an export: hold, reject, release, erase."""


@signature.command()
@click.argument("signature_id", type=int)
@REASON
def hold(signature_id: int, reason: HoldReason) -> None:
    """Keep it out of the count until somebody has looked. Its person sees the reason."""
    with open_app(), transaction() as session:
        holds.hold(session, signature_id, reason=reason, by=operator(), at=now())
    click.echo(f"{signature_id}: held")


@signature.command()
@click.argument("signature_id", type=int)
@REASON
def reject(signature_id: int, reason: HoldReason) -> None:
    """Keep it out of the count for good. Its person sees the reason.

    Lists that it left in before name it to be removed: `petition recall`.
    """
    with open_app(), transaction() as session:
        holds.reject(session, signature_id, reason=reason, by=operator(), at=now())
    click.echo(f"{signature_id}: rejected")


@signature.command()
@click.argument("signature_id", type=int)
@click.option("--reason", required=True, help="Your words; the person's data copy has them.")
def release(signature_id: int, reason: str) -> None:
    """Let a held one go on: confirmed if its mailbox has confirmed, else pending."""
    with open_app(), transaction() as session:
        holds.release(session, signature_id, reason=reason, by=operator(), at=now())
    click.echo(f"{signature_id}: released")


@signature.command()
@click.argument("signature_id", type=int)
@cannot_be_undone
def erase(signature_id: int, sure: bool) -> None:
    """Delete every trace, for who asks in another way than by their own page.

    Make sure first that the person who asks owns the address. It cannot be undone.
    """
    require_confirmation(f"erasing signature {signature_id}", sure=sure)
    with open_app() as app:
        deps, at = dependencies_of(app), now()

        def work(session: Session) -> None:
            erasure.erase_by_staff(
                session, deps.erasure_context, signature_id, by=operator(), at=at
            )

        committed(transaction, work)
        vacuum(db.engine)
    click.echo(f"{signature_id}: erased")
