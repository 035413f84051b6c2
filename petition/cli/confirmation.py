"""Asking before what cannot be undone: on a terminal by a question, elsewhere by `--yes`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_YES: Final = "--yes"


class Unconfirmed(click.ClickException):
    """Nobody can be asked, and nobody said `--yes`: misuse."""

    exit_code = 2


def takes_yes(command: Command) -> Command:
    """The option by which a command is not asked about; named `sure`."""
    return click.option(_YES, "sure", is_flag=True, help="Do it without asking.")(command)


def cannot_be_undone(command: Command) -> Command:
    """The same, of a command that destroys something."""
    return takes_yes(command)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def require_confirmation(what: str, *, sure: bool) -> None:
    """Go on only when somebody said so. A script, which cannot be asked, must say `--yes`."""
    require_yes(f"{what} cannot be undone", sure=sure)


def require_yes(what: str, *, sure: bool) -> None:
    """The same of what can be undone, and is much at once."""
    if sure:
        return
    if not _is_terminal():
        raise Unconfirmed(f"{what}: say {_YES} to do it")
    click.confirm(f"{what}. Go on?", abort=True, err=True)
