"""Adding a language: docs/languages.md, line by line, in a copy of the project, for Portuguese."""

from __future__ import annotations

import contextlib
import email
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from email import policy
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from babel.messages.pofile import read_po, write_po

from drills.ports import free_port
from petition import i18n
from tests.factories import until
from tests.people import someone

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
CODE = "pt"
MARK = "¤"
"""Stands at the end of all that was “translated”."""
LINES = re.findall(
    r"(?m)^    ((?:\.venv/bin/|cp |\./run).*)$",
    (ROOT / "docs" / "languages.md").read_text(encoding="utf-8").partition("## Keep them whole")[0],
)


OPENING = """
from petition.cli import main

for words in ("db upgrade", "campaign load amazon", "campaign open amazon"):
    try:
        main(words.split(), "petition")
    except SystemExit as end:
        assert not end.code, (words, end.code)
"""


class Copy:
    """A copy of the project, and the lines of the page carried out in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        } | {
            "PETITION_INSTANCE": str(root / "instance"),
            "PORT": str(free_port()),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(root),
        }
        self.url = f"http://127.0.0.1:{self.environ['PORT']}"
        for name in ("petition", "templates", "migrations", "tests", "drills", "tools"):
            # With what is compiled of it: Python takes that only where the source is as it was.
            shutil.copytree(ROOT / name, root / name)
        shutil.copy(ROOT / "pyproject.toml", root)

    def words(self, line: str) -> list[str]:
        """The line for the copy: its own packages are those of this very environment."""
        program, *rest = shlex.split(line)
        if program == "./run":
            modules = {"test": "pytest", "countries": "tools.countries"}
            if rest and rest[0] in modules:
                return [sys.executable, "-m", modules[rest[0]], *rest[1:]]
            return [sys.executable, "-m", "petition", *rest]
        if program.startswith(".venv/bin/"):
            return [str(Path(sys.executable).parent / Path(program).name), *rest]
        return [program, *rest]

    def carry_out(self, line: str) -> str:
        return self._carry_out(self.words(line))

    def _carry_out(self, words: list[str]) -> str:
        done = subprocess.run(
            words,
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    def open_the_call(self) -> None:
        """Three commands in one process."""
        self._carry_out([sys.executable, "-c", OPENING])

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """`./run`, until the block is left."""
        log = self.root / "start.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.words("./run"), "start"],
                cwd=self.root,
                env=self.environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self.is_up, seconds=60)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def is_up(self) -> bool:
        try:
            return self.get("/readyz") == "ready\n"
        except OSError:
            return False

    def get(self, path: str) -> str:
        """The page, be it there or not."""
        try:
            with urlopen(self.url + path, timeout=30) as answer:
                return str(answer.read().decode("utf-8"))
        except HTTPError as error:
            return error.read().decode("utf-8")

    def letters(self) -> list[email.message.EmailMessage]:
        files = sorted((self.root / "instance" / "outbox").glob("*.eml"))
        return [
            email.message_from_string(path.read_text("utf-8"), policy=policy.default)
            for path in files
        ]


def translate_catalogue(copy: Copy) -> None:
    """Every message with our mark behind it, in every form that the language has."""
    path = copy.root / "petition" / "translations" / CODE / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=CODE)
    assert catalogue.num_plurals > 1
    for message in catalogue:
        if isinstance(message.id, tuple):
            message.string = tuple(
                f"{message.id[min(form, 1)]} {MARK}" for form in range(catalogue.num_plurals)
            )
        elif message.id:
            message.string = f"{message.id} {MARK}"
    with path.open("wb") as file:
        write_po(file, catalogue)


def translate_content(copy: Copy) -> None:
    """The ask, the story and one consent, with our mark."""
    folder = copy.root / "petition" / "campaigns" / "amazon" / CODE
    call = folder / "call.toml"
    text = call.read_text(encoding="utf-8")
    for key in ("ask", "title", "yes"):
        text, found = re.subn(rf'(?m)^({key} = ".*)"$', rf'\1 {MARK}"', text)
        assert found == 1, key
    call.write_text(text, encoding="utf-8")
    with (folder / "story.md").open("a", encoding="utf-8") as story:
        story.write(f"\n{MARK}\n")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """The copy, with Portuguese in it, served."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    *lines, last = LINES
    assert last == "./run"
    # Whoever follows the page has seen ./run work before: the call is there and open.
    copy.open_the_call()
    for line in lines:
        copy.carry_out(line)
        if " init " in line:
            translate_catalogue(copy)
        if line.startswith("cp "):
            translate_content(copy)
    with copy.running():
        yield copy


def test_the_page_says_each_step() -> None:
    programs = [shlex.split(line)[0] for line in LINES]
    assert programs == [*[".venv/bin/pybabel"] * 2, "cp", *["./run"] * 4]


def test_the_call_can_be_read_in_it(copy: Copy) -> None:
    page = copy.get(f"/{CODE}/amazon")
    assert '<html lang="pt" dir="ltr">' in page
    assert f"union {MARK}</h1>" in page
    assert f"Sign the petition {MARK}" in page
    assert f"<p>{MARK}</p>" in page
    assert 'hreflang="pt" aria-current="true">português</a>' in page
    assert '<option value="DE">Alemanha</option>' in page
    assert re.search(r"\d+ de \w+ de 20\d\d", page), "no date in Portuguese"


def test_its_countries_stand_in_its_order(copy: Copy) -> None:
    listed = copy.root / "petition" / "translations" / CODE / "countries.txt"
    assert len(listed.read_text("ascii").split()) == len(i18n.COUNTRIES)
    page = copy.get(f"/{CODE}/amazon")
    options = re.findall(r'<option value="([A-Z]{2})">', page)
    assert options == listed.read_text("ascii").split()
    names = [i18n.country_names(CODE)[country] for country in options]
    assert names.index("Alemanha") < names.index("Áustria") < names.index("Brasil")


def test_its_picture_is_drawn(copy: Copy) -> None:
    with urlopen(f"{copy.url}/{CODE}/amazon/card.png", timeout=60) as answer:
        assert answer.read(8) == b"\x89PNG\r\n\x1a\n"


def test_other_languages_lead_to_it(copy: Copy) -> None:
    page = copy.get("/en/amazon")
    assert f'<link rel="alternate" hreflang="pt" href="{copy.url}/pt/amazon">' in page
    assert f'<a href="/{CODE}/amazon" lang="pt"' in page
    assert MARK not in re.sub(r"<link.*?>|<meta.*?>", "", page)


@pytest.mark.parametrize("place", ["thanks", "privacy", "my", "nothing"])
def test_every_page_speaks_it(copy: Copy, place: str) -> None:
    assert MARK in copy.get(f"/{CODE}/amazon/{place}")


def test_a_signature_in_it_is_answered_by_a_letter_in_it(copy: Copy) -> None:
    page = copy.get(f"/{CODE}/amazon")
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket
    form = someone(1) | {"ticket": unescape(ticket[1])}
    with urlopen(
        f"{copy.url}/{CODE}/amazon/sign", data=urlencode(form).encode(), timeout=30
    ) as answer:
        assert answer.url == f"{copy.url}/{CODE}/amazon/thanks"
    copy.carry_out("./run worker --once")
    (letter,) = (each for each in copy.letters() if form["email"] in each["To"])
    assert letter["Subject"].endswith(MARK)
    assert letter["Content-Language"] == CODE
    for kind in ("plain", "html"):
        body = letter.get_body((kind,))
        assert body is not None
        assert MARK in body.get_content()
