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
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
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


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(
        r"\]\((?!https?://|mailto:|#)([^)#]+)", page.read_text(encoding="utf-8")
    ):
        assert (page.parent / target).exists(), target


def test_staff_read_of_every_email_that_people_get() -> None:
    section = TEXT["staff.md"].partition("\n## Which emails go out\n")[2].partition("\n## ")[0]
    listed = re.findall(r"(?m)^\| (?!subject |-)(.+?) \|", section)
    code = "".join(
        (ROOT / "petition" / "mail" / name).read_text(encoding="utf-8")
        for name in ("letters.py", "reply_letters.py")
    )
    written = re.findall(r'gettext\("([^"]+)"\)', code)
    assert sorted("; ".join(listed).split("; ")) == sorted(written)


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
NUMBERS = [int(path.name[:4]) for path in DECISIONS]
NO_CHOICE = {"0047-what-is-not-there-yet.md"}


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_has_its_number_its_context_and_what_was_decided(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert text.startswith(f"# {int(path.name[:4])}. ")
    if path.name not in NO_CHOICE:
        assert re.findall(r"\*\*(Context|Decision)\.\*\*", text) == ["Context", "Decision"]


def test_no_number_of_a_decision_comes_twice() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)


def test_the_index_lists_every_decision_once_and_in_order() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    titles = [path.read_text(encoding="utf-8").split("\n", 1)[0][2:] for path in DECISIONS]
    assert re.findall(r"^- \[(.+?)\]\(([^)]+)\)", index, re.MULTILINE) == [
        (title, path.name) for title, path in zip(titles, DECISIONS, strict=True)
    ]


def cited() -> Iterator[tuple[str, str]]:
    """(file, number) of every decision that code, tests or documentation mention."""
    number = r"\d+(?:(?:, | and | to )\d+)*"
    for folder in (
        "petition",
        "migrations",
        "templates",
        "tests",
        "drills",
        "bench",
        "tools",
        "docs",
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix not in {".py", ".html", ".txt", ".md", ".js", ".css"}:
                continue
            text = path.read_text(encoding="utf-8")
            for found in re.findall(rf"\b[Dd]ecisions? ({number})", text):
                yield from (
                    (str(path.relative_to(ROOT)), each) for each in re.findall(r"\d+", found)
                )
            for name in re.findall(r"decisions/(\d{4}-[\w-]+\.md)", text):
                yield str(path.relative_to(ROOT)), name


def test_a_decision_that_is_cited_is_there() -> None:
    names = {path.name for path in DECISIONS} | {str(number) for number in NUMBERS}
    found = set(cited())
    assert found
    assert {each for each in found if each[1] not in names} == set()


LAYERS = "cli|web|worker|mail|services|store|domain"
NAMED = sorted(
    {
        (page, name)
        for page in ("architecture.md", "development.md")
        for name in re.findall(rf"`((?:{LAYERS})/[\w./]+)`", TEXT[page])
    }
)
"""Modules, folders, and names in modules (`store/letters/outbox.claim`) that the pages send to."""


@pytest.mark.parametrize(("page", "name"), NAMED)
def test_a_module_that_is_named_is_there(page: str, name: str) -> None:
    path = ROOT / "petition" / name
    if path.is_dir() or path.is_file() or path.with_suffix(".py").is_file():
        stem, _, member = name.rpartition(".")
        if member in {"py", ""} or "/" in member:
            return
        source = (ROOT / "petition" / f"{stem}.py").read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {member}\b|^{member}\b.*=", source, re.MULTILINE), page
        return
    pytest.fail(f"{page} names {name}")
