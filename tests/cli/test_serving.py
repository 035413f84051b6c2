"""The web server as it runs: what it bounds, where it listens, and how it says that it cannot."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner, Result

from drills.ports import free_port
from petition import __version__
from petition.cli import main
from petition.cli.listening import PID_FILE, CannotListen, listen, pid_file
from petition.cli.server_process import Server
from petition.keyring import KeyRing
from tests.cli.conftest import one_line
from tests.factories import until

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
PATIENCE = 60
FORM = (
    b"POST /en/amazon/sign HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)

OURS = {408, 413}
"""What the gateway says by itself; anything else, the app said after it had the whole form."""


@dataclass
class Served:
    """A web server in processes of its own."""

    port: int
    instance: Path
    process: subprocess.Popen[bytes]

    def ask(self, request: bytes) -> bytes:
        """Send this and no more; all that comes until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as caller:
            caller.sendall(request)
            return to_the_end(caller)


def to_the_end(caller: socket.socket) -> bytes:
    got = b""
    while chunk := caller.recv(1 << 16):
        got += chunk
    return got


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def environment(instance: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PETITION_INSTANCE": str(instance), **more}


Serve = Callable[..., Result]


@pytest.fixture
def run_serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """run_serve(instance, "--host", "::", PORT="1"): `serve`, which ends before it serves."""
    listening = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(Server, "run", lambda _: pytest.fail("it serves"))

    def run(instance: Path, *options: str, **more: str) -> Result:
        return CliRunner(env=environment(instance, **more)).invoke(main, ["serve", *options])

    yield run
    for number, listener in listening.items():
        signal.signal(number, listener)


@contextmanager
def serving(instance: Path, *options: str, log: IO[bytes] | None = None) -> Iterator[Served]:
    """By one web process, if nothing else is said; what it says goes to `log`, or to where tests
    say theirs."""
    port = free_port()
    if "--workers" not in options:
        options = (*options, "--workers", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "petition", "serve", "--port", str(port), *options],
        cwd=ROOT,
        env=environment(instance),
        stdout=log,
        stderr=log,
    )
    try:
        until(lambda: is_up(port) or process.poll() is not None, seconds=PATIENCE)
        assert process.poll() is None, "it ended before it served"
        yield Served(port, instance, process)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def is_up(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as caller:
            caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b"200 OK" in to_the_end(caller)
    except OSError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    instance = tmp_path_factory.mktemp("served") / "instance"
    bounds = ("--body-seconds", "2", "--header-seconds", "2")
    with serving(instance, *bounds, "--workers", "2") as found:
        yield found


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def test_slow_bodies_hold_nobody_up_and_what_has_begun_is_finished_at_the_end(
    instance: Path,
) -> None:
    with serving(instance, "--body-seconds", str(PATIENCE), "--threads", "2") as served:
        # More of them than there are threads.
        slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(40)]
        for each in slow[::2]:
            each.sendall(FORM + b"Content-Length: 5000\r\n\r\nab")
        for each in slow[1::2]:
            each.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        for _ in range(10):
            assert is_up(served.port)
        whole = FORM + b"Connection: close\r\nContent-Length: 2\r\n\r\nab"
        assert status(served.ask(whole)) not in OURS
        for each in slow:
            each.close()

        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as caller:
            caller.sendall(FORM + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            # Now it is held by a process, which awaits the form, and not by the system's queue.
            assert caller.recv(1 << 16).startswith(b"HTTP/1.1 100 ")
            caller.sendall(b"a")
            served.process.send_signal(signal.SIGTERM)
            until(lambda: not is_up(served.port), seconds=PATIENCE)
            caller.sendall(b"b")
            assert status(to_the_end(caller)) not in OURS
        assert served.process.wait(PATIENCE) == 0


def test_a_full_disk_of_logs_keeps_no_server_from_starting(instance: Path) -> None:
    with open("/dev/full", "wb") as log, serving(instance, log=log) as served:
        assert is_up(served.port)


class TestBounds:
    @pytest.mark.parametrize(
        "beginning",
        [
            b"Content-Length: 5000\r\n\r\nab",
            b"Content-Length: 5000\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n",
        ],
    )
    def test_a_body_that_does_not_come_is_a_408(self, served: Served, beginning: bytes) -> None:
        answer = served.ask(FORM + beginning)
        assert status(answer) == 408
        assert b"content-security-policy" in answer
        assert b"cache-control: no-store" in answer

    def test_a_late_body_is_told_so_in_the_language_of_the_form(self, served: Served) -> None:
        form = FORM.replace(b"/en/", b"/de/")
        assert 'lang="de"' in served.ask(form + b"Content-Length: 9\r\n\r\n").decode()

    @pytest.mark.parametrize("size", [64 * 1024 + 1, 4_000_000])
    @pytest.mark.parametrize("path", [b"/en/amazon/sign", b"/staff/sign-in", b"/nowhere"])
    def test_a_body_too_large_is_a_413_to_its_end(
        self, served: Served, size: int, path: bytes
    ) -> None:
        form = FORM.replace(b"/en/amazon/sign", path)
        answer = served.ask(form + b"Content-Length: %d\r\n\r\n" % size + b"a" * size)
        assert status(answer) == 413
        assert b"content-security-policy" in answer

    def test_a_body_in_chunks_that_grows_too_large_is_a_413(self, served: Served) -> None:
        chunk = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
        answer = served.ask(
            FORM + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\n\r\n"
        )
        assert status(answer) == 413

    def test_who_asks_before_sending_too_much_sends_nothing(self, served: Served) -> None:
        asks = FORM + b"Expect: 100-continue\r\nContent-Length: 20000000\r\n\r\n"
        assert status(served.ask(asks)) == 413

    def test_the_largest_body_is_taken(self, served: Served) -> None:
        size = 64 * 1024
        answer = served.ask(
            FORM + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size + b"a" * size
        )
        assert status(answer) not in OURS

    @pytest.mark.parametrize("beginning", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
    def test_headers_that_do_not_come_end_the_connection(
        self, served: Served, beginning: bytes
    ) -> None:
        assert served.ask(beginning) == b""

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (b"NONSENSE\r\n\r\n", 400),
            (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
            (FORM + b"Content-Length: -1\r\n\r\n", 400),
            (FORM + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ],
    )
    def test_what_is_no_request_tells_no_version(
        self, served: Served, request_: bytes, expected: int
    ) -> None:
        answer = served.ask(request_)
        assert status(answer) == expected
        assert not any(digit in head(answer).get("server", "") for digit in "0123456789")
        assert is_up(served.port)


def head(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}


class TestWhereItListens:
    @pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "localhost"])
    def test_a_port_that_is_taken(self, run_serve: Serve, instance: Path, host: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            found = run_serve(instance, "--host", host, PORT=str(other.getsockname()[1]))
        assert found.exit_code == 1
        assert "in use" in one_line(found.stderr)
        assert not found.stdout

    def test_not_even_a_server_that_shares_its_port_is_joined(self, instance: Path) -> None:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            with pytest.raises(CannotListen, match="in use"):
                listen("127.0.0.1", other.getsockname()[1], 2)

    def test_two_instances_at_one_port(
        self, run_serve: Serve, served: Served, tmp_path: Path
    ) -> None:
        another = environment(tmp_path / "another", PORT=str(served.port))
        beside = run_serve(tmp_path / "another", PORT=str(served.port))
        started = subprocess.run(
            [sys.executable, "-m", "petition", "start"],
            cwd=ROOT,
            env=another,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert beside.exit_code == started.returncode == 1
        assert "in use" in one_line(beside.stderr)
        assert "in use" in one_line(started.stderr)
        assert is_up(served.port)

    def test_of_starts_at_the_same_moment_one_gets_the_port(self) -> None:
        port = free_port()
        racers = subprocess.Popen(
            [sys.executable, "-c", RACERS, str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert racers.stdout
        said = [racers.stdout.readline() for _ in range(6)]
        racers.communicate()
        assert sorted(said) == ["got it\n"] + ["in use\n"] * 5

    def test_the_sockets_share_the_port_among_themselves(self) -> None:
        sockets = listen("127.0.0.1", port := free_port(), 3)
        with closing(sockets[0]), closing(sockets[1]), closing(sockets[2]):
            assert {each.getsockname()[1] for each in sockets} == {port}
            with pytest.raises(CannotListen):
                listen("127.0.0.1", port, 1)

    @pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
    def test_a_host_that_is_not_this_one(self, run_serve: Serve, instance: Path, host: str) -> None:
        found = run_serve(instance, "--host", host, PORT=str(free_port()))
        assert found.exit_code == 1
        assert "--host" in one_line(found.stderr)


RACERS = """
import os, sys
from petition.cli.listening import CannotListen, listen
gate, opens = os.pipe()
for _ in range(6):
    if os.fork() == 0:
        os.close(opens)
        os.read(gate, 1)  # until all are there
        try:
            kept = listen("127.0.0.1", int(sys.argv[1]), 2)
            os.write(1, b"got it\\n")
        except CannotListen:
            os.write(1, b"in use\\n")
        os.read(0, 1)  # until all have told
        os._exit(0)
os.close(opens)
for _ in range(6):
    os.wait()
"""
"""Six processes of one program, as each would take a second to load it."""


class TestThePidFile:
    def test_a_second_start_leaves_it(self, run_serve: Serve, served: Served) -> None:
        pid = str(served.process.pid)
        assert (served.instance / PID_FILE).read_text().strip() == pid
        found = run_serve(served.instance, PORT=str(free_port()))
        assert found.exit_code == 1
        assert pid in one_line(found.stderr)
        assert (served.instance / PID_FILE).read_text().strip() == pid

    # A number that is no process, one that is another's by now, and no number at all.
    @pytest.mark.parametrize("stale", ["999999999", "another's", "1", "", "nonsense\n"])
    def test_a_stale_one_is_replaced_and_goes_with_its_owner(
        self, tmp_path: Path, stale: str
    ) -> None:
        number = str(os.getppid()) if stale == "another's" else stale
        (tmp_path / PID_FILE).write_text(number)
        with pid_file(tmp_path):
            assert (tmp_path / PID_FILE).read_text() == f"{os.getpid()}\n"
        assert not (tmp_path / PID_FILE).exists()


class TestWhatItSays:
    def test_one_line_where_it_listens_and_with_what_and_its_pid_file(self, instance: Path) -> None:
        instance.mkdir()
        (instance / PID_FILE).write_text(str(os.getpid()))
        port = free_port()
        secret = "smtp://mailer:pass%40word@mail.example.org:587?starttls=1"
        process = subprocess.Popen(
            [sys.executable, "-m", "petition", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment(instance, SMTP_URL=secret),
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: is_up(port), seconds=PATIENCE)
        assert (instance / PID_FILE).read_text() == f"{process.pid}\n", "while it runs"
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE)
        assert one_line(said) == (
            f"petition {__version__} serves pages at http://127.0.0.1:{port}; "
            f"database SQLite {instance}/petition.db; mail by mail.example.org:587"
        )
        assert not (instance / PID_FILE).exists()

    def test_commands_beside_it_name_its_port_until_it_is_killed(self, instance: Path) -> None:
        def invite() -> str:
            return in_this_process("staff", "invite", "a@example.org", "--role", "owner")

        def in_this_process(*words: str) -> str:
            done = CliRunner(env=environment(instance)).invoke(main, words)
            assert done.exit_code == 0, done.output
            return done.stdout

        with serving(instance) as served:
            in_this_process("db", "upgrade")
            assert invite().startswith(f"http://127.0.0.1:{served.port}/staff/set-up/")
            served.process.kill()
            served.process.wait()
            assert invite().startswith("http://127.0.0.1:8000/"), "a killed one serves nothing"
            with serving(instance) as following:  # at once
                assert (instance / PID_FILE).read_text() == f"{following.process.pid}\n"


class TestAStartThatCannotBe:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("PETITION_ENV", "prodution"),
            ("PETITION_BASE_URL", "ftp://x"),
            ("PETITION_TRUSTED_PROXIES", "many"),
            ("PETITION_SECRET_KEY", "short"),
        ],
    )
    def test_a_wrong_setting(
        self, run_serve: Serve, instance: Path, setting: str, value: str
    ) -> None:
        found = run_serve(instance, PORT=str(free_port()), **{setting: value})
        assert found.exit_code == 1
        assert setting in one_line(found.stderr)

    def test_a_database_that_forgets_in_production(self, run_serve: Serve, instance: Path) -> None:
        memory = Path("/dev/shm")
        if not memory.is_dir():
            pytest.skip("no file system in memory here")
        database = memory / f"petition-test-{os.getpid()}.db"
        try:
            found = run_serve(
                instance,
                PORT=str(free_port()),
                PETITION_ENV="production",
                PETITION_BASE_URL="https://petition.example.org",
                PETITION_SECRET_KEY="s" * 40,
                PETITION_VAULT_KEY=KeyRing.generate_text(),
                SMTP_URL="smtp://mail.example.org",
                DATABASE_URL=f"sqlite:///{database}",
            )
        finally:
            for each in memory.glob(f"{database.name}*"):
                each.unlink()
        assert found.exit_code == 1
        assert "power cut" in one_line(found.stderr)


def test_a_process_that_is_killed_is_followed_by_another(served: Served) -> None:
    victims = children(served.process.pid)
    assert len(victims) == 2
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(children(served.process.pid) - victims) == 2, seconds=PATIENCE)
    until(lambda: is_up(served.port), seconds=PATIENCE)


def test_a_signal_that_another_thread_gets_is_not_missed(instance: Path) -> None:
    # The same happens to one that comes just before the main thread waits; this one is repeatable.
    with serving(instance) as served:
        (web_process,) = children(served.process.pid)
        tell_another_thread(web_process)
        until(lambda: web_process not in children(served.process.pid), seconds=PATIENCE)
        until(lambda: is_up(served.port), seconds=PATIENCE)  # by another one
        tell_another_thread(served.process.pid)
        assert served.process.wait(PATIENCE) == 0


def tell_another_thread(pid: int) -> None:
    """SIGTERM, to one of its threads that is not the main one."""
    others = {int(each.name) for each in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    assert ctypes.CDLL(None).tgkill(pid, min(others), signal.SIGTERM) == 0


def children(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(each) for each in found.split()}
