"""The command line: `petition …`. Exit 0 done, 1 failed, 2 misuse; errors are one line."""

from __future__ import annotations

import os

import click
from click.exceptions import Exit

from petition import __version__
from petition.cli.abuse import abuse
from petition.cli.audit import audit
from petition.cli.campaigns import campaign, provider
from petition.cli.counts import count, export
from petition.cli.database import database, vault
from petition.cli.doctor import doctor
from petition.cli.error_lines import one_line
from petition.cli.mail import mail
from petition.cli.messages import messages
from petition.cli.moderation import comments
from petition.cli.partners import partner
from petition.cli.retention import recall, retention
from petition.cli.server import serve, start, worker
from petition.cli.signatures import signature
from petition.cli.staff import staff
from petition.cli.status import status
from petition.cli.tokens import token
from petition.domain.signatures.invisible_characters import without_stray_marks


class CommandGroup(click.Group):
    """Turns whatever breaks into one line."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(context, [_as_typed(each) for each in args])

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (click.ClickException, click.Abort, Exit, BrokenPipeError):
            raise  # click knows them
        except Exception as error:
            raise click.ClickException(one_line(error)) from None


def _as_typed(argument: str) -> str:
    """The argument without the invisible marks that were pasted along; a file keeps its name."""
    folder = os.path.dirname(argument)
    is_path = os.path.exists(argument) or bool(folder and os.path.isdir(folder))
    return argument if is_path else without_stray_marks(argument)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="petition %(version)s")
def main() -> None:
    """Host a campaign: signatures with consent, confirmed, counted and delivered."""


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
    partner,
    token,
    messages,
    mail,
    provider,
    vault,
    abuse,
    audit,
    doctor,
    status,
):
    main.add_command(command)
