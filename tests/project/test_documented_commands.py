"""The commands in docs/hosts.md and docs/staff.md, line by line: what can run is run, in order.

Each line of a block is a command that runs here, or one of NOT_HERE with the reason why not, or a
line of a file; a new one that is none of these fails.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Final

import click
import msgspec
import pytest
from click.testing import CliRunner
from flask import Flask

from petition.app import SHIPPED
from petition.cli import confirmation, main
from petition.config import DOCUMENTED, Settings
from petition.domain.campaigns.campaign import RiskWords
from petition.store.db import db
from tests import console, factories, people
from tests.in_one_go import confirm_all, keep_all

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"

IN_A_FILE: Final = {
    "PETITION_ENV=": "settings",
    "DATABASE_URL=": "settings",
    "#!/bin/sh": "the script that runs commands as the service's user",
    "server {": "nginx: tests/project checks its braces, nginx -t the rest",
    "client_header_timeout": "nginx",
    "petition unix": "master.cf of Postfix",
    "virtual_mailbox_domains": "main.cf of Postfix",
    "petition_router:": "Exim's configuration",
    "petition.example.org {": "Caddy",
    "{": "Caddy",
    "index:KEY": "a key ring",
    "my-call/": "the files of a call",
    "[at_risk]": "call.toml",
}
"""How a block begins that belongs into a file, and into which."""

NOT_HERE: Final = {
    "./run": "serves until it is stopped: tests/browser/test_plain_host.py",
    "./run --version": "fetches packages: tests/project/test_packaging.py sets one up",
    "/opt/petition/run --version": "the same",
    "apt-get": "changes the machine",
    "adduser": "changes the machine",
    "chown": "needs the user petition",
    "install -m 644 /opt/petition/deploy/": "changes the machine; the files are checked below",
    "/opt/petition/.venv/bin/python -m pip": "fetches packages: tests/project/test_locks.py",
    "PIP_USE_PEP517=1 .venv/bin/python -m pip": "the same",
    "openssl genrsa": "writes where only root may; tests/mail/test_dkim.py makes such a key",
    "git": "there is no address to fetch from",
    "cd": "the folder is that of the machine",
    "runuser -u postgres -- createuser": "the tests' own server has its user",
    "runuser -u postgres -- createdb": "and makes its own databases",
    "systemctl": "changes the machine",
    "journalctl": "the journal is the machine's",
    "certbot": "asks a certificate authority about a name that must be ours",
    "nginx -t": "looks at the machine's files; the block is checked below",
    "caddy validate": "looks at the machine's files; the block is checked below",
    "curl": "asks a host of the example's name",
    "docker compose": "needs a container engine; the steps of its file are run below",
}
"""How a command begins that is not run, and why."""


@dataclass(frozen=True)
class Block:
    """A block of a page: its lines, without the indentation."""

    page: str
    line: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> Iterator[Block]:
    """The indented blocks of a page; a list's further lines are none."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    begun: list[str] = []
    is_list = is_after_gap = False
    for number, line in enumerate([*lines, "end"], 1):
        if line.startswith("    ") and (begun or (is_after_gap and not is_list)):
            begun.append(line[4:])
        elif not line and begun:
            begun.append("")
        elif line:
            if begun:
                whole = dedent("\n".join(begun)).rstrip().split("\n")
                yield Block(page, number - len(begun), tuple(whole))
            begun = []
            is_list = bool(re.match(r"[-*|] |\d+\. ", line)) or (is_list and line[0] == " ")
        is_after_gap = not line


BLOCKS: Final = [block for page in ("hosts.md", "staff.md") for block in blocks(page)]
COMMANDS: Final = [
    (block, line)
    for block in BLOCKS
    if not block.lines[0].startswith(tuple(IN_A_FILE))
    for line in block.lines
    if line
]


def text_of(beginning: str) -> str:
    """The one block that begins so, as the file that it becomes."""
    (found,) = (block for block in BLOCKS if block.lines[0].startswith(beginning))
    return "\n".join(found.lines) + "\n"


def reason(line: str) -> str | None:
    """Why a line is not run here."""
    for name, why in NOT_HERE.items():
        if line == name or (not name.endswith("run") and line.startswith(name)):
            return why
    return None


def test_there_are_commands_and_every_reason_is_one_of_a_line() -> None:
    assert len(COMMANDS) > 70
    unused = [name for name in NOT_HERE if not any(line.startswith(name) for _, line in COMMANDS)]
    assert unused == []
    assert [
        name for name in IN_A_FILE if not any(b.lines[0].startswith(name) for b in BLOCKS)
    ] == []


class Machine:
    """A host in a folder: the pages' paths lead there, and `petition` runs in this process."""

    def __init__(self, folder: Path, environ: dict[str, str], dump: dict[str, str]) -> None:
        self.folder, self._environ, self._dump = folder, environ, dump

    def run(self, line: str) -> str | None:
        """What went wrong with a command, or None."""
        line = re.sub(r"\s+# .*", "", line)
        if line.startswith("petition "):
            return self._petition(line)
        return self._shell(line)

    def _petition(self, line: str) -> str | None:
        words, _, output = line.partition(" > ")
        arguments = [word.replace("/path/to", str(self.folder)) for word in shlex.split(words)[1:]]
        done = CliRunner(env=self._environ).invoke(main, arguments, input="y\ny\n")
        if output:
            Path(output).write_bytes(done.stdout_bytes)
        # A fresh instance has no mail server, and its worker has not counted: they say so.
        allowed = {0, 1} if arguments[0] in {"doctor", "status"} else {0}
        return None if done.exit_code in allowed else f"{done.output}{done.exception!r}"

    def _shell(self, line: str) -> str | None:
        here = re.sub(r"(?<![\w.])/(etc|var|opt)/", rf"{self.folder}/\1/", line)
        here = re.sub(r"runuser -u \w+ -- ", "", here)
        here = re.sub(r"( -[og] \w+)+(?= )", "", here)
        done = subprocess.run(
            ["sh", "-ec", here],
            cwd=self.folder / "etc" / "petition" / "keys",
            env={"PATH": os.environ["PATH"], **self._dump},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return None if done.returncode == 0 else done.stderr


@pytest.fixture
def machine(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Machine:
    """With thirty signatures whose names may be public, three lists, two owners, and a call."""
    call = factories.the_call(app)
    choices = {"visibility": "public", "comment": "Yes."}
    keep_all(app, call, (people.someone(number, **choices) for number in range(30)))
    confirm_all(app, factories.entries(app))
    for email in ("you@example.org", "another@example.org"):
        console.enter(app, "owner", email)  # you have a second factor to lose, and are not the last
    folder = tmp_path / "machine"
    (folder / "etc" / "petition" / "keys").mkdir(parents=True)
    (folder / "var" / "lib").mkdir(parents=True)
    (folder / "opt" / "petition" / ".venv" / "bin").mkdir(parents=True)
    petition = folder / "opt" / "petition" / ".venv" / "bin" / "petition"
    petition.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m petition "$@"\n')
    petition.chmod(0o755)
    own = shutil.copytree(SHIPPED / "amazon", folder / "my-call")
    toml = own / "campaign.toml"
    toml.write_text(toml.read_text("utf-8").replace('"amazon"', '"my-call"', 1), "utf-8")
    (folder / "etc" / "petition" / "petition.env").write_text(text_of("PETITION_ENV="), "utf-8")
    containers = folder / "etc" / "petition" / "keys" / "keys"
    containers.mkdir()
    (containers / "vault.key").touch()  # as the container's command prints it
    (folder / "work").mkdir()
    monkeypatch.chdir(folder / "work")
    monkeypatch.setattr(confirmation, "_is_terminal", lambda: True)
    database = import_module("petition.cli.database")
    monkeypatch.setattr(database, "LOOK_AGAIN", -1.0)  # nobody else seals here
    environ = {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(settings.instance)}
    dump: dict[str, str] = {}
    if settings.database_url.startswith("sqlite"):
        (folder / "var" / "lib" / "petition").symlink_to(tmp_path)
    else:
        with db.engine.connect() as connection:
            info = connection.connection.driver_connection.info  # type: ignore[union-attr]
        dump = {"PGHOST": info.host, "PGPORT": str(info.port), "PGDATABASE": info.dbname}
        dump |= {"PGUSER": info.user, "PGPASSWORD": info.password}
        (folder / "var" / "lib" / "petition").mkdir()
    return Machine(folder, environ, dump)


OTHER_DATABASE: Final = {
    "sqlite": ("runuser -u postgres --",),
    "postgresql": ("runuser -u petition --", "rm -f /var/lib/petition/", "install -m 600 -o"),
}


def test_every_command_of_the_pages_runs(machine: Machine, settings: Settings) -> None:
    kind = settings.database_url.partition(":")[0].partition("+")[0]
    wrong = []
    for block, line in COMMANDS:
        if reason(line) or line.startswith(OTHER_DATABASE[kind]):
            continue
        if line.startswith("runuser -u postgres"):
            line = line.replace(" petition >", " >").replace(
                "--dbname petition", f"--dbname {db.engine.url.database}"
            )
            db.engine.dispose()
        if found := machine.run(line):
            wrong.append(f"{block}: {line}: {found}")
    assert not wrong, "\n".join(wrong)


# --- the files that hosts copy ----------------------------------------------------------------


def test_the_script_that_runs_commands_is_one() -> None:
    scripts = ["\n".join(each.lines) for each in BLOCKS if each.lines[0] == "#!/bin/sh"]
    assert len(scripts) == 2  # another takes in what comes by mail
    for script in scripts:
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_the_settings_are_ours() -> None:
    for beginning in ("PETITION_ENV=", "DATABASE_URL="):
        for line in text_of(beginning).splitlines():
            assert line.partition("=")[0].removesuffix("_FILE") in DOCUMENTED


def test_the_words_for_people_at_risk_are_ours() -> None:
    words = tomllib.loads(text_of("[at_risk]"))["at_risk"]
    assert set(words) == set(RiskWords.__struct_fields__)
    assert all(msgspec.structs.astuple(msgspec.convert(words, RiskWords)))


@pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx")
def test_nginx_takes_its_block(tmp_path: Path) -> None:
    block = re.sub(r".*ssl_certificate.*\n", "", text_of("server {"))
    block = re.sub(r"listen (\[::\]:)?443 ssl http2", r"listen \g<1>8443", block)
    block = re.sub(r"listen (\[::\]:)?80;", r"listen \g<1>8080;", block)
    block = block.replace("/var/log/nginx", str(tmp_path))
    further = text_of("client_header_timeout")
    settings = tmp_path / "nginx.conf"
    settings.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; {block}\nserver {{ listen 8081; {further} }} }}\n"
    )
    done = subprocess.run(
        ["nginx", "-t", "-c", str(settings)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("caddy") is None, reason="there is no caddy")
def test_caddy_takes_its_blocks(tmp_path: Path) -> None:
    settings = tmp_path / "Caddyfile"
    settings.write_text(text_of("{") + text_of("petition.example.org {"))
    done = subprocess.run(
        ["caddy", "validate", "--config", str(settings), "--adapter", "caddyfile"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    units = sorted(DEPLOY.glob("*.service"))
    assert [unit.name for unit in units] == ["petition-web.service", "petition-worker.service"]
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        assert "/opt/petition/.venv/bin/petition" in text
        there = text.replace("/opt/petition/.venv/bin/petition", "/bin/true")
        (tmp_path / unit.name).write_text(there, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in units)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "petition-" in line]
    assert ours == []


def steps(word: str) -> list[str]:
    """The steps of the container's file that begin so."""
    lines = (DEPLOY / "Containerfile").read_text(encoding="utf-8").splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{word} ")]


IN_THE_IMAGE: Final = """
import sys
from petition.__main__ import main

for words in ("db upgrade", "campaign load amazon", "count amazon"):
    try:
        main(words.split(), "petition")
    except SystemExit as end:
        assert not end.code, (words, end.code)
print(sys.modules["petition.cli.counts"].__file__, file=sys.stderr)
"""
"""One process, as each would import the same from there."""


def test_what_the_container_copies_is_enough_to_run(tmp_path: Path) -> None:
    """Its steps in a fresh folder, with the packages of this process in place of fetched ones."""
    image = tmp_path / "opt" / "petition"
    image.mkdir(parents=True)
    for step in steps("COPY"):
        *sources, target = step.split()
        for source in sources:
            place = image / target / (source if target.endswith("/") else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    assert "./run --version" in steps("RUN")
    subprocess.run(["sh", "-n", str(image / "run")], check=True)
    assert steps("ENTRYPOINT") == ['["/opt/petition/.venv/bin/petition"]']
    environ = {
        "PATH": os.environ["PATH"],
        "PETITION_INSTANCE": str(tmp_path / "instance"),
        "PYTHONPATH": str(image),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", IN_THE_IMAGE],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert Path(done.stderr.splitlines()[-1]).is_relative_to(image)
    assert "serve" in steps("CMD")[0]


def test_the_composition_runs_what_the_program_knows() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for words in re.findall(r"(?m)^    command: (.+)$", text):
        group: object = main
        for word in words.split():
            assert isinstance(group, click.Group)
            group = group.get_command(click.Context(group), word)
            assert group is not None, words
    assert "dockerfile: deploy/Containerfile" in text
