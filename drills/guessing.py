"""drill guessing: passwords of staff and codes are guessed; people sign as before.

The guesses come as from many senders: the web trusts one proxy, and this drill plays it. What 32
connections that never rest cost by their number alone, on two cores and with the load beside the
server, any form would cost, and no program that answers can help it. So signing among guessers is
held against signing among as many who send the same form without a right token: it is refused
before anybody looks at the password. What is left between the two is the price of guessing. They
take turns, because what else the machine does changes from minute to minute.
"""

import argparse
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Final
from urllib.parse import urlencode, urlsplit

from drills.failure import DrillError
from drills.http_client import hidden_fields
from drills.instance import CAMPAIGN, ROOT
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.sandbox import Sandbox, open_sandbox
from drills.timing import PreparedRequest, Timed, timed

SIGNING, CONNECTIONS = 40, 32
TURNS: Final = 2
FLOOD: Final = 40_000
"""Requests that lie ready for one turn: more than are ever answered in it."""
MOST_SIGNING: Final = 500
TOTAL, GUESSERS, GUESSES = 60, 10, 400
BEYOND: Final = 10
WORST: Final = 2.0
"""How many times as long a signature may take, in the middle, among those who guess as among those
who are refused."""
A_MINUTES: Final = 5
QUIET: Final = 8.0
"""Seconds after a flood until strangers' passwords have their time again: so these tries show what
an account takes, and not that the server is busy."""
STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
NO_TURNS, NO_TOTAL = "no-turns", "no-total"
GUESS, REFUSED = "guess", "refused"
"""What those do who send the form to sign in."""


@dataclass(frozen=True, kw_only=True)
class SignInForm:
    """Where staff sign in, as a browser sees it: the form's token and the cookie it belongs to."""

    base: str
    token: str
    cookie: str


def sign_in_form(base: str) -> SignInForm:
    """Open the page once."""
    with urllib.request.urlopen(f"{base}/staff/sign-in", timeout=20) as page:
        token = hidden_fields(page.read())["csrf_token"]
        return SignInForm(
            base=base, token=token, cookie=page.headers["Set-Cookie"].partition(";")[0]
        )


def sender(chance: random.Random) -> str:
    """An address of the network for documentation."""
    return f"2001:db8:{chance.randrange(1 << 16):x}:{chance.randrange(1 << 16):x}::1"


@dataclass(frozen=True)
class Middles:
    """How long a signature takes, in the middle: milliseconds."""

    alone: float
    refused: float
    guessed: float

    @property
    def times(self) -> float:
        return self.guessed / self.refused

    def __str__(self) -> str:
        return (
            f"signing {self.alone:.0f} ms alone, {self.refused:.0f} ms beside {CONNECTIONS} who "
            f"are refused, {self.guessed:.0f} ms beside {CONNECTIONS} who guess: "
            f"{self.times:.1f} times (≤ {WORST:.0f})"
        )


def post(base: str, path: str, fields: dict[str, str], *, by: str, cookie: str = "") -> bytes:
    """The bytes of a form as the proxy passes it on."""
    body = urlencode(fields)
    more = f"Cookie: {cookie}\r\n" if cookie else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(base).netloc}\r\nAccept: text/html\r\n{more}"
        f"X-Forwarded-For: {by}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode("ascii")


def sign_ins(
    where: SignInForm, number: int, chance: random.Random, email: str = ""
) -> list[PreparedRequest]:
    """Wrong passwords, each from another sender, for one address or for one made up each time.

    Every second one brings a device's secret, which is made up, too.
    """
    return [
        PreparedRequest(
            "sign-in",
            typed,
            post(
                where.base,
                "/staff/sign-in",
                {"csrf_token": where.token, "email": typed, "password": "a wrong password"},
                by=sender(chance),
                cookie=where.cookie + (f"; staff-device=made-up-{each}" if each % 2 else ""),
            ),
        )
        for each in range(number)
        for typed in (email or f"nobody.{each}@example.org",)
    ]


def signatures(base: str, number: int, chance: random.Random) -> Iterator[PreparedRequest]:
    """Forms of people, each from a sender of their own."""
    with urllib.request.urlopen(f"{base}/en/{CAMPAIGN}", timeout=20) as page:
        hidden = hidden_fields(page.read())
    for _ in range(number):
        email = f"person.{chance.randrange(10**9)}@example.org"
        fields = hidden | {
            "given_name": "Ada",
            "email": email,
            "country": "DE",
            "agree": "yes",
            "updates": "no",
            "visibility": "counted",
        }
        yield PreparedRequest(
            "sign", email, post(base, f"/en/{CAMPAIGN}/sign", fields, by=sender(chance))
        )


def statuses(answers: Sequence[Timed]) -> Counter[int]:
    """How often each status came."""
    found = (STATUS.match(each.answer) for each in answers)
    return Counter(int(match[1]) for match in found if match)


def middle_ms(base: str, number: int, chance: random.Random) -> float:
    """How long a signature takes, in the middle."""
    answers = timed(base, list(signatures(base, number, chance)), connections=1)
    if set(statuses(answers)) != {303}:
        raise DrillError(f"signing answers {dict(statuses(answers))}")
    return median(each.seconds for each in answers) * 1000


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Sign-ins, then codes; each with its control, in the same sandbox."""
    outcome = Verdict(f"guessing {database}")
    chance = random.Random(f"{chosen.seed} {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        say(f"guessing {database}: seed {chosen.seed}{busy()}")
        sandbox.instance.settings |= {
            "PETITION_TRUSTED_PROXIES": "1",
            "PETITION_CODE_TRIES": str(TOTAL),
        }
        _start(sandbox)
        found = _signing_among_guessers(sandbox, chosen.signing, chance, TURNS)
        outcome.extras.append(str(found))
        outcome.broken += judge_signing(found)
        outcome.broken += _one_account(sandbox, chance, outcome)
        outcome.broken += codes(sandbox, chance, outcome)
        sandbox.instance.stop()
        outcome.controls[NO_TURNS] = control_no_turns(sandbox, chosen.signing, chance, found)
        outcome.controls[NO_TOTAL] = control_no_total(sandbox, chance)
    return outcome


def _start(sandbox: Sandbox, control: str = "") -> None:
    sandbox.instance.control = control
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()


def _signing_among_guessers(
    sandbox: Sandbox, number: int, chance: random.Random, turns: int
) -> Middles:
    """Alone, beside refused forms and beside guesses, in turns."""
    base = sandbox.instance.base
    alone, refused, guessed = [], [], []
    for _ in range(turns):
        alone.append(middle_ms(base, number, chance))
        with _flood(base, REFUSED, chance):
            refused.append(middle_ms(base, number, chance))
        with _flood(base, GUESS, chance):
            guessed.append(middle_ms(base, number, chance))
    found = Middles(median(alone), median(refused), median(guessed))
    say(f"  {found}")
    return found


@contextmanager
def _flood(base: str, kind: str, chance: random.Random) -> Iterator[None]:
    """Forms to sign in over 32 connections for as long as the block lasts, by another process."""
    flood = subprocess.Popen(
        [sys.executable, "-m", "drills.guessing", base, kind, str(chance.randrange(10**6))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        assert flood.stdout
        flood.stdout.readline()  # it has begun
        middle_ms(base, 10, chance)
        yield
        if flood.poll() is not None:
            raise DrillError("the flood ended too early")
    finally:
        flood.terminate()
        flood.wait()


def judge_signing(found: Middles) -> list[str]:
    """What is not as it must be."""
    worse = f"RED signing takes {found.times:.1f} times as long (≤ {WORST:.0f})"
    return [worse] if found.times > WORST else []


def _one_account(sandbox: Sandbox, chance: random.Random, outcome: Verdict) -> list[str]:
    """200 tries at one address, from 200 senders: five a minute are judged."""
    base = sandbox.instance.base
    time.sleep(QUIET)
    answers = timed(
        base, sign_ins(sign_in_form(base), 200, chance, "owner@example.org"), connections=2
    )
    found = statuses(answers)
    fact = f"of 200 passwords for one address {found[422]} judged"
    say(f"  {fact}, {found[429]} told to wait, {found[503]} that it is busy")
    outcome.extras.append(fact)
    minutes = 1 + int(sum(each.seconds for each in answers) / 2 // 60)
    return judge_account(found, minutes)


def judge_account(found: Counter[int], minutes: int) -> list[str]:
    """What is not as it must be, when that many minutes were begun."""
    odd = set(found) - {422, 429, 503}
    wrong = odd or not 0 < found[422] <= A_MINUTES * minutes
    return [f"RED one address: {dict(found)}"] if wrong else []


def codes(sandbox: Sandbox, chance: random.Random, outcome: Verdict | None) -> list[str]:
    """Ten senders go through 40 addresses each; then somebody comes who holds a letter."""
    base, path = sandbox.instance.base, f"/en/{CAMPAIGN}/code"
    guessers = [sender(chance) for _ in range(GUESSERS)]
    asked = [
        PreparedRequest("code", email, post(base, path, {"email": email, "code": "BBBBBB"}, by=by))
        for number in range(GUESSES)
        for by in (guessers[number % GUESSERS],)
        for email in (f"victim.{chance.randrange(10**9)}@example.org",)
    ]
    found = statuses(timed(base, asked, connections=8))
    owner = timed(
        base,
        [
            PreparedRequest(
                "code", "", post(base, path, {"email": "o@example.org", "code": "BBBBBB"}, by=by)
            )
            for by in (sender(chance),)
        ],
        connections=1,
    )
    fact = f"of {GUESSES} codes {found[422]} judged"
    say(f"  {fact}, {found[429]} not; somebody else's then: {dict(statuses(owner))}")
    if outcome is not None:
        outcome.extras.append(fact)
    return judge_codes(found, statuses(owner))


def judge_codes(found: Counter[int], owner: Counter[int]) -> list[str]:
    """What is not as it must be."""
    broken = []
    if not TOTAL <= found[422] <= TOTAL + GUESSERS * BEYOND:
        broken.append(f"RED codes: {found[422]} judged (≤ {TOTAL + GUESSERS * BEYOND})")
    if owner[422] != 1:
        broken.append("RED codes: who comes then is not judged")
    return broken


# -- controls: they must be seen -------------------------------------------------------------------


def control_no_turns(
    sandbox: Sandbox, number: int, chance: random.Random, good: Middles
) -> str | None:
    """All passwords are checked at once, as many as there are threads.

    Refused forms cost the same with this fault and without it: the quieter measurement counts.
    """
    _start(sandbox, NO_TURNS)
    found = _signing_among_guessers(sandbox, max(1, number // 5), chance, 1)
    found = replace(found, refused=min(found.refused, good.refused))
    red = "; ".join(judge_signing(found)) or None
    sandbox.instance.stop()
    say(f"  control {NO_TURNS}: {f'red, as it must be: {red}' if red else 'STAYED GREEN'}")
    return red


def control_no_total(sandbox: Sandbox, chance: random.Random) -> str | None:
    """Codes are counted by address and sender alone."""
    _start(sandbox, NO_TOTAL)
    red = "; ".join(codes(sandbox, chance, None)) or None
    sandbox.instance.stop()
    say(f"  control {NO_TOTAL}: {f'red, as it must be: {red}' if red else 'STAYED GREEN'}")
    return red


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--signing",
        type=bounded(MOST_SIGNING),
        default=SIGNING,
        help=f"how many signatures each measurement takes ({SIGNING})",
    )


def main() -> None:
    """The flood, in a process of its own: until it is ended."""
    base, kind, seed = sys.argv[1:]
    chance = random.Random(seed)
    where = sign_in_form(base)
    if kind == REFUSED:
        where = replace(where, token="made up")
    asked = sign_ins(where, FLOOD, chance)
    print("begun", flush=True)
    timed(base, asked, connections=CONNECTIONS)


if __name__ == "__main__":
    main()
