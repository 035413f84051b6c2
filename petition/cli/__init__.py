"""The command line: `petition …`. Exit 0 done, 1 failed, 2 misuse; errors are one line."""

from __future__ import annotations

import click

from petition import __version__
from petition.cli.campaigns import campaign, provider
from petition.cli.comments import comments
from petition.cli.database import database, vault
from petition.cli.doctor import doctor
from petition.cli.keeping import recall, retention
from petition.cli.numbers import count, export
from petition.cli.people import signature, staff
from petition.cli.running import serve, start, worker
from petition.errors import PetitionError


class House(click.Group):
    """Turns what we understand into one line."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except PetitionError as error:
            raise click.ClickException(str(error)) from None
        except PermissionError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from None


@click.group(cls=House, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="petition %(version)s")
def main() -> None:
    """Host a call: signatures with consent, confirmed, counted and delivered."""


for command in (
    start,
    serve,
    worker,
    database,
    campaign,
    comments,
    staff,
    count,
    export,
    recall,
    retention,
    signature,
    provider,
    vault,
    doctor,
):
    main.add_command(command)
