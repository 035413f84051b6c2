"""`petition doctor`: every setting with its verdict, and what a host should know."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
from flask import Flask

from petition.base_app import SHIPPED, keys_of
from petition.cli import doctor_dns
from petition.cli.context import now, open_app_unchecked
from petition.cli.error_lines import one_line
from petition.cli.loading import would_change
from petition.cli.permissions import loose
from petition.config import DOCUMENTED, Settings
from petition.domain.staff.passkeys import relying_party
from petition.errors import SettingError
from petition.mail import inbound
from petition.services.abuse import senders
from petition.services.campaigns import content_files
from petition.services.signatures import rekeying
from petition.services.staff import audit_log
from petition.setting_urls import database_hosts
from petition.store.campaigns import campaigns
from petition.store.db import (
    DatabaseFault,
    check_durability,
    check_takes_changes,
    db,
    faults_of_file,
    file_of,
    is_migrated,
    is_there,
    reading,
)
from petition.store.letters.budget import budget_state
from petition.store.letters.relay import RelayState
from petition.store.staff import accounts, pauses
from petition.store.staff.pauses import Paused
from petition.store.vault import key_checks
from petition.web.http.dependencies import dependencies_of
from petition.web.http.url_converters import first_parts

EXAMPLES = re.compile(r"[@.]example\.org$")
TARGETS_OWN = re.compile(r"(^|\.)(amazonaws\.com|amazonses\.com|awsapps\.com|amazon\.\w+)$")


@dataclass(frozen=True)
class Verdict:
    """One line of the report: `ok`, `note`, `warning` or `wrong`."""

    name: str
    verdict: str
    words: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def doctor(as_json: bool) -> None:
    """Look at every setting and at the database. Exit 1 when something is wrong."""
    with open_app_unchecked(with_pages=True) as app:
        settings = dependencies_of(app).settings
        lines = [*_settings(settings), *_database(app), *_letters(settings), *_senders(settings)]
        lines += [Verdict(*each) for each in _files(settings)]
        lines += [Verdict(*each) for each in doctor_dns.findings(settings)]
    if as_json:
        click.echo(json.dumps([line.__dict__ for line in lines]))
    else:
        for line in lines:
            click.echo(f"{line.verdict:8} {line.name:26} {line.words}")
    if any(line.verdict == "wrong" for line in lines):
        raise SystemExit(1)


def _settings(settings: Settings) -> Iterator[Verdict]:
    for name in DOCUMENTED:
        given = name in os.environ or f"{name}_FILE" in os.environ
        if name in settings.generated:
            yield Verdict(name, "note", "generated into the instance folder; set it in production")
        else:
            yield Verdict(name, "ok", "set" if given else "default")
    if settings.smtp is None:
        yield Verdict("SMTP_URL", "note", f"letters go to {settings.outbox_dir}")
    elif not (settings.smtp.starttls or settings.smtp.implicit_tls):
        yield Verdict("SMTP_URL", "warning", "letters travel unencrypted to the mail server")
    if settings.receives and not inbound.is_available():
        yield Verdict("PETITION_RETURN_DOMAIN", "warning", inbound.HOW_TO_INSTALL)
    if settings.contact is None:
        verdict = "warning" if settings.production else "note"
        words = "nobody learns how to reach the controller, which GDPR Article 13 asks for"
        yield Verdict("PETITION_CONTACT", verdict, words)
    if settings.production and not settings.second_person:
        words = "one person alone can take a list of more than 1,000 signatures out"
        yield Verdict("PETITION_SECOND_PERSON", "warning", words)
    if not settings.secure:
        yield Verdict("PETITION_BASE_URL", "note", "plain http is for this machine only")
    for name, host in (
        *(("DATABASE_URL", host) for host in database_hosts(settings.database_url)),
        ("SMTP_URL", settings.smtp.host if settings.smtp else None),
        ("IMAP_URL", settings.imap.host if settings.imap else None),
        ("REDIS_URL", urlsplit(settings.redis_url or "").hostname),
        ("PETITION_BASE_URL", urlsplit(settings.base_url).hostname),
    ):
        if host and TARGETS_OWN.search(host.lower()):
            yield Verdict(name, "warning", "this host belongs to the target's own company")


def _mail_providers() -> Verdict:
    with reading() as session:
        left = rekeying.left(session)
    if left:
        words = f"{left} signatures were compared by another table: run `petition provider rekey`"
        return Verdict("mail providers", "warning", words)
    return Verdict("mail providers", "ok", "every signature is compared by today's table")


def _audit() -> Verdict:
    """Whether the audit log is as it was written."""
    found = audit_log.check(reading)
    if not found.whole:
        more = len(found.findings) - 1
        words = found.findings[0].words + (f", and {more} more" if more else "")
        return Verdict("audit log", "wrong", f"{words}: see `petition audit verify`")
    if found.rows and not found.head_kept:
        words = f"{found.rows} rows; kept from now on, to see what is cut off"
        return Verdict("audit log", "note", words)
    return Verdict("audit log", "ok", f"{found.rows} rows, as they were written")


def _passkeys(settings: Settings) -> Iterator[Verdict]:
    """Whom of staff their only second factor does not let in: passkeys where there are none."""
    with reading() as session:
        waiting = accounts.with_passkeys_alone(session)
    if waiting and relying_party(settings.base_url) is None:
        words = (
            f"{waiting} of staff have no other second factor, and none work here: the package is"
            " missing, or the address has changed; a recovery code or `petition staff reset-2fa`"
            " lets them in"
        )
        yield Verdict("passkeys", "warning", words)


def _slugs(app: Flask) -> Iterator[Verdict]:
    """Campaigns from before their address was ours, or a language's."""
    with reading() as session:
        slugs = [row.slug for row in campaigns.listed(session)]
    for slug in slugs:
        if why := content_files.taken_by(slug, first_parts(app)):
            yield Verdict(
                "campaigns", "warning", f"{slug}: /{slug} is {why}: nobody finds it there"
            )


def _shipped(app: Flask) -> Iterator[Verdict]:
    """What this version brings of a shipped campaign, where the database has it otherwise."""
    for folder in sorted(path for path in SHIPPED.iterdir() if path.is_dir()):
        for line in would_change(app, folder):
            words = f"`petition campaign load {folder.name}` {line.partition(': ')[2]}"
            yield Verdict("campaigns", "note", words)


def _targets() -> Iterator[Verdict]:
    """Targets to whom supporters write, and whose addresses are only examples."""
    with reading() as session:
        for row in campaigns.listed(session):
            view = campaigns.view(session, row.slug, row.default_language)
            if not view.presentation.message.enabled:
                continue
            examples = sum(bool(EXAMPLES.search(each.email)) for each in view.targets)
            if examples:
                words = (
                    f"{row.slug}: {examples} targets have addresses of example.org: nobody reads"
                )
                yield Verdict("messages", "note", f"{words} what supporters write to them")


def _files(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for name, words in loose(settings, file_of(db.engine)):
        yield name, "wrong", words


def _database(app: Flask) -> Iterator[Verdict]:
    try:
        faults = faults_of_file(db.engine, thorough=False) if is_there(db.engine) else []
        for fault in faults:
            yield Verdict("the database", "wrong", fault)
        migrated = is_migrated(db.engine)
        if not migrated:
            yield Verdict("the database", "wrong", "run `petition db upgrade`")
        elif not faults:
            yield Verdict("the database", "ok", "up to date")
        if migrated:
            yield from _keys(app)
            yield _audit()
        check_takes_changes(db.engine)
        check_durability(db.engine)
        yield Verdict("durability", "ok", "a commit survives a power cut")
        if migrated:
            yield _mail_providers()
            yield from _passkeys(dependencies_of(app).settings)
            yield from _slugs(app)
            yield from _shipped(app)
            yield from _targets()
    except SettingError as error:
        yield Verdict("durability", "wrong", str(error))
    except DatabaseFault as error:
        yield Verdict("the database", "wrong", one_line(error))


def _letters(settings: Settings) -> Iterator[Verdict]:
    try:
        with reading() as session:
            state = budget_state(session, per_minute=settings.letters_per_minute, at=now())
    except DatabaseFault:  # the line about the database says why
        return
    yield Verdict(
        "letters", "ok", f"{state.waiting} due, {state.later} for later, {state.failed} failed"
    )
    yield Verdict(
        "letter budget",
        "warning" if state.spent else "ok",
        f"{state.this_minute} of {state.per_minute} in this minute, {state.last_hour} in the hour"
        + (": the others wait for the next minute" if state.spent else ""),
    )
    with reading() as session:
        rests = pauses.since(session, Paused.LETTERS)
    if rests is not None:
        words = f"since {rests:%Y-%m-%d %H:%M} UTC, until `petition staff resume`"
        yield Verdict("emails and lists", "warning", f"paused {words}")
    if state.stopped:
        words = f"{state.stopped} did not leave: address or bytes not as ours are (docs/hosts.md)"
        yield Verdict("letters", "warning", words)
    yield from _relay(state.relay)


def _relay(relay: RelayState) -> Iterator[Verdict]:
    if relay.held_since is not None:
        words = f"refuses our letters since {relay.held_since:%Y-%m-%d %H:%M} UTC ({relay.reason})"
        yield Verdict("the mail server", "wrong", f"{words}: they wait and are tried again")
    elif relay.away_since is not None:
        words = f"away since {relay.away_since:%Y-%m-%d %H:%M} UTC ({relay.reason})"
        yield Verdict("the mail server", "wrong", f"{words}: letters wait")

    for each in relay.providers:
        words = f"{each.name} blocked {each.blocked} of {each.letters} letters within an hour"
        yield Verdict("mail providers", "warning", f"{words}: none goes there for an hour")


def _keys(app: Flask) -> Iterator[Verdict]:
    """Whether the keys are those that the database was filled under."""
    with reading() as session:
        found = key_checks.findings(session, keys_of(app))
    for each in found:
        yield Verdict(each.setting, "wrong", each.words)
    if not found:
        yield Verdict("the keys", "ok", "they belong to this database")


def _senders(settings: Settings) -> Iterator[Verdict]:
    try:
        with reading() as session:
            words = senders.doubt(session, settings)
    except DatabaseFault:
        return  # said above
    yield Verdict(
        "limits by sender",
        "warning" if words else "ok",
        words or "each sender is counted by itself",
    )
