"""The command line: `petition …`. Exit 0 done, 1 failed, 2 misuse; errors are one line."""

from __future__ import annotations

import gc
import os
from pkgutil import resolve_name
from typing import Final

import click
from click.exceptions import Exit

from petition import __version__
from petition.domain.signatures.invisible_characters import without_stray_marks

_PLACES: Final = {
    "abuse": "abuse:abuse",
    "audit": "audit:audit",
    "campaign": "campaigns:campaign",
    "comments": "moderation:comments",
    "count": "counts:count",
    "db": "database:database",
    "doctor": "doctor:doctor",
    "export": "counts:export",
    "mail": "mail:mail",
    "messages": "messages:messages",
    "partner": "partners:partner",
    "provider": "campaigns:provider",
    "recall": "retention:recall",
    "retention": "retention:retention",
    "serve": "server:serve",
    "signature": "signatures:signature",
    "staff": "staff:staff",
    "start": "server:start",
    "status": "status:status",
    "token": "tokens:token",
    "vault": "database:vault",
    "worker": "worker:worker",
}
"""Where each command stands."""


class CommandGroup(click.Group):
    """Imports a command when it is called, and turns whatever breaks into one line."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return [*_PLACES]

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        return _imported(_PLACES[name]) if name in _PLACES else None

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(context, [_as_typed(each) for each in args])

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (click.ClickException, click.Abort, Exit, BrokenPipeError):
            raise  # click knows them
        except Exception as error:
            from petition.cli.error_lines import one_line  # noqa: PLC0415  # for errors alone

            raise click.ClickException(one_line(error)) from None


def _imported(place: str) -> click.Command:
    # What is imported lives as long as the process: looking through it for garbage over and over
    # again is a third of a start.
    collects = gc.isenabled()
    gc.disable()
    command: click.Command = resolve_name(f"petition.cli.{place}")
    gc.freeze()
    if collects:
        gc.enable()
    return command


def _as_typed(argument: str) -> str:
    """The argument without the invisible marks that were pasted along; a file keeps its name."""
    folder = os.path.dirname(argument)
    is_path = os.path.exists(argument) or bool(folder and os.path.isdir(folder))
    return argument if is_path else without_stray_marks(argument)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="petition %(version)s")
def main() -> None:
    """Host a campaign: signatures with consent, confirmed, counted and delivered."""
