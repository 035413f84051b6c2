"""`petition staff …`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, TypedDict

import click
from email_validator import EmailNotValidError, validate_email

from petition.addr_spec import AddressRefused, addr_spec
from petition.cli.confirmation import cannot_be_undone, require_confirmation
from petition.cli.context import now, open_app, operator
from petition.domain.signatures.supporter import clean_unscripted
from petition.domain.signatures.typed_address import address_in
from petition.domain.staff.reset_reasons import ResetReason
from petition.domain.staff.roles import SEPARATE, Grant, Right, Role
from petition.errors import NotFound
from petition.services.staff import accounts, lost_factor, panic as services_panic, roles
from petition.services.staff.lost_factor import NothingToReset
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.staff import accounts as store_accounts, roles as store_roles
from petition.store.staff.accounts import AccountState, StaffMember
from petition.web.http.dependencies import dependencies_of

NOTHING: Final = "none"
CAMPAIGN: Final = click.option(
    "--campaign", metavar="SLUG", help="On this one alone; all of them if none is named."
)
ALSO: Final = click.option(
    "--also",
    type=click.Choice([*map(str, SEPARATE)]),
    multiple=True,
    help="A right that the role does not give. Can be given several times.",
)


@click.group()
def staff() -> None:
    """Staff: who may sign in to the console."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice([*map(str, Role)]), required=True)
@CAMPAIGN
@ALSO
def invite(email: str, role: str, campaign: str | None, also: tuple[str, ...]) -> None:
    """Invite somebody: prints a link that works once, within three days.

    Who has an account already gets the role, and a link that sets a new password.
    """
    email = address_in(clean_unscripted(email))
    try:
        validate_email(email, check_deliverability=False)
        addr_spec(email)
    except (EmailNotValidError, AddressRefused):
        raise click.BadParameter("this is not an email address", param_hint="EMAIL") from None
    with open_app() as app:
        base = dependencies_of(app).settings.base_url
        with transaction() as session:
            grant = Grant(
                campaign_id=_campaign_id(session, campaign),
                role=Role(role),
                further=frozenset(map(Right, also)),
            )
            token = accounts.invite(session, email.lower(), grant, by=operator(), at=now())
    click.echo(f"{base}/staff/set-up/{token}")


def _campaign_id(session: Session, slug: str | None) -> int | None:
    """Raises NotFound."""
    return campaigns.by_slug(session, slug).id if slug else None


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice([*map(str, Role), NOTHING]), required=True)
@CAMPAIGN
@ALSO
def role(email: str, role: str, campaign: str | None, also: tuple[str, ...]) -> None:
    """Give somebody another role, or none, on one campaign or on all. Their password stays."""
    email = address_in(clean_unscripted(email)).lower()
    with open_app(), transaction() as session:
        person = store_accounts.by_email(session, email)
        if person is None:
            raise NotFound(f"there is no account of {email}")
        campaign_id = _campaign_id(session, campaign)
        if role == NOTHING:
            roles.take(session, person.id, campaign_id, by=operator(), at=now())
        else:
            grant = Grant(
                campaign_id=campaign_id, role=Role(role), further=frozenset(map(Right, also))
            )
            roles.change(session, person.id, grant, by=operator(), at=now())
    click.echo(f"{email}: {role}")


@staff.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(as_json: bool) -> None:
    """All accounts: roles, second factor, when last seen, and whether it is closed."""
    with open_app(), reading() as session:
        found = store_accounts.everyone(session)
        granted = store_roles.grants_of_all(session)
        slugs = {row.id: row.slug for row in campaigns.listed(session)}
    records = [_as_record(each, granted.get(each.person.id, ()), slugs) for each in found]
    if as_json:
        click.echo(json.dumps(records, indent=2))
        return
    for each, record in zip(found, records, strict=True):
        factor = _factor_in_words(each.person)
        seen = f"seen {each.seen_at:%Y-%m-%d %H:%M} UTC" if each.seen_at else "never seen"
        closed = ", disabled" if each.person.disabled else ""
        may = "; ".join(record["roles"]) or "no role"
        click.echo(f"{each.person.email}: {may}, {factor}, {seen}{closed}")


class _Record(TypedDict):
    """An account, for programs."""

    email: str
    roles: list[str]
    second_factor: bool
    app: bool
    passkeys: int
    last_seen: str | None
    disabled: bool


def _as_record(each: AccountState, grants: Iterable[Grant], slugs: Mapping[int, str]) -> _Record:
    return {
        "email": each.person.email,
        "roles": [_in_words(grant, slugs) for grant in grants],
        "second_factor": each.person.has_second_factor,
        "app": each.person.has_app,
        "passkeys": each.person.passkeys,
        "last_seen": each.seen_at.isoformat() if each.seen_at else None,
        "disabled": each.person.disabled,
    }


def _factor_in_words(person: StaffMember) -> str:
    which = ["app"] if person.has_app else []
    if person.passkeys:
        which.append(f"{person.passkeys} passkey{'s' if person.passkeys > 1 else ''}")
    return f"second factor ({', '.join(which)})" if which else "no second factor"


def _in_words(grant: Grant, slugs: Mapping[int, str]) -> str:
    place = "all campaigns" if grant.campaign_id is None else slugs[grant.campaign_id]
    return f"{' + '.join([grant.role, *sorted(grant.further)])} on {place}"


@staff.command()
@click.argument("email")
@cannot_be_undone
def disable(email: str, sure: bool) -> None:
    """Close somebody's account: they are signed out at once and cannot come back."""
    email = address_in(clean_unscripted(email)).lower()
    require_confirmation(f"disabling {email}", sure=sure)
    with open_app(), transaction() as session:
        accounts.disable(session, email, by=operator(), at=now())
    click.echo(f"{email}: disabled")


@staff.command("reset-2fa")
@click.argument("email")
@click.option(
    "--reason",
    type=click.Choice([*map(str, ResetReason)]),
    required=True,
    help="What happened to their device; it stands in the audit log.",
)
def reset_2fa(email: str, reason: str) -> None:
    """For who has lost their second factor: prints a link that works once, within a day.

    Make sure first that it is they who ask. The link takes their password, too. They are signed out
    everywhere; they and all owners are told by letter.
    """
    email = address_in(clean_unscripted(email)).lower()
    with open_app() as app:
        base = dependencies_of(app).settings.base_url
        try:
            with transaction() as session:
                token = lost_factor.make_link(
                    session, email, reason=ResetReason(reason), by=operator(), at=now()
                )
        except NothingToReset:
            raise click.ClickException(
                f"{email} has no second factor yet: it is set up at the next sign-in"
            ) from None
    click.echo(f"{base}/staff/lost-factor/{token}")


@staff.command()
@cannot_be_undone
def panic(sure: bool) -> None:
    """Close everything, when somebody may be in who should not be.

    Ends all sessions, revokes invitations, forgets known devices, deletes lists that wait to be
    fetched, and pauses emails and lists until `petition staff resume`. Pages and signing go on.
    """
    require_confirmation("ending all sessions and revoking all invitations", sure=sure)
    with open_app(), transaction() as session:
        done = services_panic.panic(session, by=operator(), at=now())
    click.echo(f"closed: {done.words}; emails and lists are paused")


@staff.command()
def resume() -> None:
    """Let emails and lists go on after `petition staff panic`. Sessions and links stay ended."""
    with open_app(), transaction() as session:
        lifted = services_panic.resume(session, by=operator(), at=now())
    click.echo("emails and lists go on" if lifted else "nothing was paused")
