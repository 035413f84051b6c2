"""The documentation: every setting, command and option stands in it, and it names no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from petition.cli import main
from petition.config import DOCUMENTED

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
FOR_PEOPLE = TEXT["hosts.md"] + TEXT["staff.md"]


def commands(
    group: click.Group = main, words: str = "petition"
) -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


COMMANDS = dict(commands())
OPTIONS = [
    (words, max(parameter.opts, key=len))
    for words, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_setting_is_documented(name: str) -> None:
    assert re.search(rf"`{name}\b", TEXT["hosts.md"])


def test_the_code_reads_no_setting_that_is_not_in_the_list() -> None:
    source = (ROOT / "petition" / "config.py").read_text(encoding="utf-8")
    read = re.findall(r'(?:source\.\w+|_one_of)\(\s*"([A-Z][A-Z_]+)"', source)
    assert set(read) == set(DOCUMENTED)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented(words: str) -> None:
    assert re.search(rf"\b{re.escape(words)}\b", FOR_PEOPLE)


@pytest.mark.parametrize(("words", "option"), OPTIONS)
def test_every_option_is_documented(words: str, option: str) -> None:
    assert re.search(rf"{re.escape(option)}\b", FOR_PEOPLE), f"{words} {option}"


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_says_what_it_does(words: str) -> None:
    assert COMMANDS[words].help, words


def test_the_documentation_names_no_command_that_is_not_there() -> None:
    groups = {words.rpartition(" ")[0] for words in COMMANDS} | {"petition"}
    for name, text in TEXT.items():
        if name == "decisions.md":
            continue
        for call in re.findall(
            r"(?:^|`)(?:\./run |\.venv/bin/)?(petition(?: [a-z][a-z-]+)+)", text, re.M
        ):
            words = call.split()
            known = any(
                " ".join(words[:length]) in COMMANDS
                or " ".join(words[:length]) in groups - {"petition"}
                for length in (2, 3)
            )
            assert known, f"{name}: {call}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://|mailto:|#)([^)#]+)", TEXT[page.name]):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
