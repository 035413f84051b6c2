"""The wheel: built here, installed elsewhere and started there, it serves the same page."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from drills.ports import free_port

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
PAGE = "/en/amazon"
START_SECONDS = 60
STOP_SECONDS = 15

# Where a folder of the checkout lies in the wheel.
PLACES = {
    "petition": "petition",
    "templates": "petition/templates",
    "migrations": "petition/migrations",
}


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the locked build tool, without isolation: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (built,) = folder.glob("petition-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `petition` command of a fresh virtual environment that holds the wheel."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, with_pip=True, symlinks=True)
    # Of its thousands of modules those are compiled that a start imports.
    pip = (place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile")
    pip = (*pip, "--only-binary", ":all:", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.txt", cwd=place)
    run(*pip, "--no-deps", "--no-index", wheel, cwd=place)
    return place / "bin" / "petition"


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def started(command: Sequence[str | Path], *, folder: Path, port: int) -> Iterator[None]:
    """`petition start`, from an empty folder and with a bare environment, until SIGTERM."""
    folder.mkdir()
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PETITION_INSTANCE": str(folder / "instance"),
        "PORT": str(port),
    }
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [*command, "start"], cwd=folder, env=environment, stdout=output, stderr=output
        )
    said = (folder / "output").read_text
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            assert time.monotonic() < deadline, f"no answer on port {port}\n{said()}"
            # Waiting for its end is the pause between two looks, and tells when it has died.
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"ended with {process.returncode}\n{said()}")
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=STOP_SECONDS) == 0, said()
        assert not answers(port), "something still listens"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def fetch(port: int, path: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{path}: {answer.status}\n{body.decode()}"
        return body
    finally:
        connection.close()


def without_ticket(page: bytes) -> bytes:
    """The page less its form ticket, which no two answers share."""
    bare, tickets = re.subn(rb'(name="ticket"[^>]*? value=")[^"]+', rb"\1", page)
    assert tickets == 1
    return bare


def served(command: Sequence[str | Path], *, folder: Path, port: int) -> dict[str, bytes]:
    """The call's page and what it loads, by address."""
    with started(command, folder=folder, port=port):
        page = fetch(port, PAGE)
        assets = sorted(set(re.findall(r'"(/static/[^"]+)"', page.decode())))
        assert assets
        return {PAGE: without_ticket(page)} | {path: fetch(port, path) for path in assets}


def test_an_installed_wheel_serves_the_page_of_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    from_checkout = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import petition.cli as it; it.main()"
    )
    # One port after the other's end: the page names its own address.
    port = free_port()
    wheel_pages = served([installed], folder=tmp_path / "wheel", port=port)
    checkout_pages = served(
        [sys.executable, "-c", from_checkout], folder=tmp_path / "checkout", port=port
    )
    assert wheel_pages == checkout_pages


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    expected = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, place in PLACES.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    expected.add("petition/docs/staff.md")  # the guide that the console shows
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_the_wheel_carries_its_licence(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (licence,) = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
    assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_a_checkout_keeps_its_resources_beside_the_package() -> None:
    """An empty petition/templates/ would hide templates/ from resource_dir."""
    for folder in ("templates", "migrations"):
        assert (ROOT / folder).is_dir()
        assert not (ROOT / "petition" / folder).exists()
    assert not (ROOT / "petition" / "docs").exists()
