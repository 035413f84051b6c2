"""The drill of enumeration: its statistics are right, its addresses real, and it sees a leak."""

from __future__ import annotations

import itertools
import os
import random
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from drills import addresses, enumeration
from drills.comparing import Pair, auc, compare, middle, twice
from drills.enumeration import FORMS, Prober, same
from drills.failure import DrillError
from drills.http_client import NotLoopback
from drills.instance import ROOT, Instance
from drills.outcome import Verdict
from drills.tamper import opened
from drills.timing import PreparedRequest, timed
from petition.app import SHIPPED
from petition.cli import main

pytestmark = pytest.mark.slow


ANSWER = b"HTTP/1.1 303 See Other\r\nDate: Mon\r\nContent-Length: 2\r\n\r\nok"


# --- statistics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "area"),
    [
        ([1.0, 2.0], [3.0, 4.0], 1.0),
        ([3.0, 4.0], [1.0, 2.0], 0.0),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.5),
        ([5.0] * 4, [5.0] * 7, 0.5),
        ([1.0, 3.0], [2.0], 0.5),
        ([1.0, 2.0, 4.0], [3.0, 4.0], 4.5 / 6),
        ([0.0], [0.0, 1.0], 0.75),
    ],
)
def test_the_area_is_the_known_one(first: list[float], second: list[float], area: float) -> None:
    assert auc(first, second) == pytest.approx(area)
    assert auc(second, first) == pytest.approx(1 - area)


def test_the_area_is_the_share_of_pairs_that_are_won() -> None:
    chance = random.Random(1)
    first = [float(chance.randrange(20)) for _ in range(80)]
    second = [float(chance.randrange(25)) for _ in range(60)]
    won = sum((b > a) + (b == a) / 2 for a, b in itertools.product(first, second))
    assert auc(first, second) == pytest.approx(won / (80 * 60))


def test_equal_times_are_inside_and_small_differences_are_not() -> None:
    """As many requests as the drill makes, a spread as of a real answer: ±0.3 ms around 2 ms."""
    chance = random.Random(2)

    def some(more: float) -> list[float]:
        return [chance.gauss(0.002 + more, 0.0003) for _ in range(2_000)]

    pairs = {
        (pair.first, pair.second): pair
        for pair in compare({"a": some(0), "b": some(0), "late": some(0.00005)})
    }
    assert pairs["a", "b"].side == 0
    assert pairs["a", "late"].side == pairs["b", "late"].side == 1
    assert pairs["a", "late"].apart_ms == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize(
    ("area", "apart_ms", "side"),
    [(0.47, 0, 0), (0.53, 0.5, 0), (0.531, 0, 1), (0.469, 0, -1), (0.51, 0.6, 1), (0.49, -0.6, -1)],
)
def test_a_pair_is_outside_by_area_or_by_middles(area: float, apart_ms: float, side: int) -> None:
    assert Pair(first="a", second="b", auc=area, apart_ms=apart_ms).side == side


def test_a_middle_moves_as_far_as_what_it_stands_for() -> None:
    """Half the answers on one step of 5 ms and half on the next, and one more on either."""
    early, late = [0.005] * 1_000, [0.010] * 1_000
    assert middle([*early, *late]) == pytest.approx(0.0075)
    assert middle([0.010, *early, *late]) == pytest.approx(0.0075, abs=0.000_01)
    assert middle([0.005, *early, *late]) == pytest.approx(0.0075, abs=0.000_01)
    assert middle([*early[:900], *late, *late[:100]]) == pytest.approx(0.008)
    assert middle([0.0, 0.002, 0.002, 9.0]) == pytest.approx(0.002)


def test_only_what_is_outside_twice_on_one_side_is_red() -> None:
    def measured(*areas: float) -> list[Pair]:
        pairs = itertools.combinations("abc", 2)
        return [
            Pair(first=first, second=second, auc=area, apart_ms=0)
            for (first, second), area in zip(pairs, areas, strict=True)
        ]

    red = twice(measured(0.54, 0.46, 0.54), measured(0.55, 0.54, 0.5))
    assert [(pair.first, pair.second, pair.auc) for pair in red] == [("a", "b", 0.55)]


# --- the prober --------------------------------------------------------------------------------


class LooksFirst(socketserver.StreamRequestHandler):
    """Answers everybody alike, but asks a database for who is known before it does.

    That it waits, and does not reckon, keeps the others' answers as early as they were.
    """

    def handle(self) -> None:
        while head := self.rfile.readline():
            length = 0
            while (line := self.rfile.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if b"known" in self.rfile.read(length):
                time.sleep(0.03)
            if b"hang-up" in head:
                return
            self.wfile.write(ANSWER)


@pytest.fixture
def looking_first() -> Iterator[str]:
    """The origin of a server that looks first."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), LooksFirst) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def asked(of: str, number: int, path: str = "/") -> PreparedRequest:
    typed = f"{of}-{number}@example.org"
    head = f"POST {path} HTTP/1.1\r\nContent-Length: {len(typed)}\r\n\r\n"
    return PreparedRequest(of, typed, f"{head}{typed}".encode())


@pytest.mark.parametrize("connections", [1, 8])
def test_a_server_that_looks_first_is_seen(looking_first: str, connections: int) -> None:
    requests = [asked(of, number) for of in ("known", "other") for number in range(60)]
    random.Random(3).shuffle(requests)
    found = enumeration.measure(looking_first, requests, connections=connections)
    assert {of: len(times) for of, times in found.times.items()} == {"known": 60, "other": 60}
    assert [(pair.first, pair.second, pair.side) for pair in found.outside] == [
        ("known", "other", -1)
    ]
    assert list(found.answers) == [b"HTTP/1.1 303 See Other\r\nContent-Length: 2\r\n\r\nok"]


def test_a_server_that_hangs_up_ends_it(looking_first: str) -> None:
    with pytest.raises(DrillError):
        timed(looking_first, [asked("known", 1, "/hang-up")], connections=1)


def test_only_this_machine_is_asked() -> None:
    with pytest.raises(NotLoopback):
        timed("http://192.0.2.1:80", [asked("known", 1)], connections=1)


def test_nothing_of_an_answer_is_left_out_but_the_time_and_what_was_typed() -> None:
    email = "a1@example.org"
    answer = b"HTTP/1.1 422 X\r\nServer: s\r\nDate: Mon\r\nX: 1\r\n\r\n<b>a1@example.org</b>"
    assert same(answer, email) == b"HTTP/1.1 422 X\r\nServer: s\r\nX: 1\r\n\r\n<b>@</b>"
    for other in (answer + b" ", answer.replace(b"422", b"423"), answer.replace(b"X: 1", b"X: 2")):
        assert same(other, email) != same(answer, email)


# --- on the program itself ------------------------------------------------------------------------


@pytest.fixture
def instance(database_url: str, tmp_path: Path) -> Iterator[Instance]:
    """An installation with the open call as it is shipped, served."""
    instance = Instance(
        folder=tmp_path / "instance", logs=tmp_path, database_url=database_url, workers=1
    )
    load = ("campaign", "load", str(SHIPPED / "amazon"), "--yes")
    done = CliRunner(env=instance.environment()).invoke(main, load)
    assert done.exit_code == 0, done.output
    instance.start_web()
    instance.wait_for_web()
    yield instance
    instance.stop()


@pytest.mark.slow
def test_addresses_come_into_their_class_and_get_one_answer(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enumeration, "WARM_UP", 60)
    prober = Prober(instance, random.Random(4))
    for form in FORMS:
        found = prober.measure(form, 3, 2)
        assert {of: len(times) for of, times in found.times.items()} == dict.fromkeys(
            addresses.CLASSES, 3
        )
        ((answer, number),) = found.answers.items()
        assert number == 3 * len(addresses.CLASSES)
        status = {"code": b"422", "api": b"202"}.get(form, b"303")
        assert answer.startswith(b"HTTP/1.1 " + status)
    with opened(instance.database_url) as connection:
        states = connection.execute(
            text("SELECT state, count(*) FROM signatures GROUP BY state ORDER BY state")
        ).all()
        blocks = connection.execute(text("SELECT count(*) FROM mailbox_blocks")).scalar_one()
    # Of each form three of each class; who was not there and signed in one of three ways is
    # pending, as who warmed up.
    warm = enumeration.WARM_UP // len(addresses.CLASSES) * len(addresses.CLASSES)
    each = 3 * len(FORMS)
    assert [tuple(row) for row in states] == [
        ("confirmed", each),
        ("pending", each + 3 * (9 + warm)),
        ("withdrawn", each),
    ]
    assert blocks == each


def test_the_control_breaks_signing() -> None:
    controls = ROOT / "drills" / "controls"
    env = os.environ | {"DRILL_CONTROL": enumeration.CONTROL, "PYTHONPATH": str(controls)}
    command = "import petition.services.signatures.signing as it; print(it.prepare.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", command],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "sitecustomize\n"


def test_a_verdict_is_green_only_with_a_red_control() -> None:
    outcome = Verdict("enumeration sqlite", extras=["sign AUC 0.49–0.51"])
    outcome.controls["looks-first"] = "none there/signed AUC 0.900"
    assert str(outcome).endswith("control looks-first red: green")
    outcome.controls["looks-first"] = None
    assert str(outcome).endswith("control looks-first STAYED GREEN: RED")
    outcome.controls.clear()
    outcome.broken.append("RED sign")
    assert not outcome.green
