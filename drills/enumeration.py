"""`drill enumeration`: who types an address learns nothing about it from the time of the answer.

Addresses of six classes (unknown, pending, confirmed, withdrawn, erased, blocked) are sent to the
form to sign, the API's and the one of a message, the two that ask for a letter and the one for a
code, in random order, each address once. The times of every two classes are compared: how often is
the one class's answer the later?
Half the time, if nothing shows. The door for incoming mail is looked at likewise, for six kinds of
addresses of ours (drills/aliases.py). Beside it, all answers of a form must be the same to the
byte.
"""

import argparse
import itertools
import json
import math
import random
import re
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from drills import addresses, aliases
from drills.aliases import Door
from drills.comparing import WIDEST_MS, compare, twice
from drills.http_client import forwarded, hidden_fields
from drills.instance import CAMPAIGN, Instance
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.sandbox import Sandbox, open_sandbox
from drills.timed_classes import Measured
from drills.timing import PreparedRequest, timed

REQUESTS: Final = 2_000
"""For each class and form: by chance alone an AUC then lies within 0.47 and 0.53, but for one
pair in a thousand."""
MOST_REQUESTS: Final = 20_000
CONTROL_REQUESTS: Final = 500
WARM_UP: Final = 300
CONNECTIONS: Final = (1, 8)
FORMS: Final = ("sign", "api", "message", "resend", "my", "code")
SIGNED: Final = {
    "given_name": "Ada",
    "family_name": "Stone",
    "country": "DE",
    "agree": "yes",
    "updates": "no",
    "visibility": "counted",
}
MESSAGE: Final = {
    "to": "chief-executive",
    "message_subject": "Work",
    "message_body": "Please.\n{name}",
    "shown_as": "full_name",
}
WRONG_CODE: Final = "BBBBBB"
NEVER_THE_SAME: Final = re.compile(rb"\r\ndate: [^\r]*", re.IGNORECASE)
"""The clock's own line; nothing else of an answer may differ."""
CALM: Final = {"max_wal_size": "'1GB'", "checkpoint_timeout": "'15min'"}
"""A database that is busy with checkpoints hides what we look for."""


class Prober:
    """The forms of one running installation, filled in with addresses of all classes."""

    def __init__(self, instance: Instance, chance: random.Random) -> None:
        self._instance, self._chance = instance, chance
        self._host = urlsplit(instance.base).netloc
        self._senders = itertools.count()
        self._hidden = hidden_fields(self._get(f"/en/{CAMPAIGN}"))
        self._of_message = hidden_fields(self._get(f"/en/{CAMPAIGN}/message"))
        texts = json.loads(self._get(f"/api/v1/campaigns/{CAMPAIGN}/texts/en"))
        self._consents = [
            {
                "purpose": each["purpose"],
                "text_sha256": each["text_sha256"],
                "answer": SIGNED.get(each["purpose"], "yes"),
            }
            for each in texts["consents"]
        ]

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self._instance.base}{path}", timeout=20) as answer:
            found: bytes = answer.read()
        return found

    def measure(self, form: str, requests: int, connections: int) -> Measured:
        """Send the form once for each of so many new addresses a class, and compare."""
        pool = addresses.draw(requests, self._chance)
        addresses.make(self._instance, pool, self._chance)
        strangers = addresses.draw(WARM_UP // len(pool), self._chance)
        timed(self._instance.base, list(self._ask(form, strangers)), connections=connections)
        asked = list(self._ask(form, pool))
        # Any order is as likely as any other, so that no class tends to come after another one,
        # and what the machine does meanwhile falls on all alike.
        self._chance.shuffle(asked)
        return measure(self._instance.base, asked, connections=connections)

    def _ask(self, form: str, pool: addresses.Pool) -> Iterator[PreparedRequest]:
        for of, emails in pool.items():
            for email in emails:
                yield PreparedRequest(of, email, self._request(form, email))

    def _request(self, form: str, email: str) -> bytes:
        if form == "api":
            path = f"/api/v1/campaigns/{CAMPAIGN}/signatures"
            return self._post(path, json.dumps(self._body(email)), "application/json")
        body = urlencode(self._fields(form, email))
        return self._post(f"/en/{CAMPAIGN}/{form}", body, "application/x-www-form-urlencoded")

    def _post(self, path: str, body: str, kind: str) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: text/html\r\n"
            f"{forwarded(next(self._senders))}"
            f"Content-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode("ascii")

    def _fields(self, form: str, email: str) -> dict[str, str]:
        if form == "code":
            return {"email": email, "code": WRONG_CODE}
        if form == "message":
            return self._of_message | SIGNED | MESSAGE | {"email": email}
        if form != "sign":
            return {"email": email}
        return self._hidden | SIGNED | {"email": email, "comment": ""}

    def _body(self, email: str) -> dict[str, object]:
        return {
            "language": "en",
            "given_name": SIGNED["given_name"],
            "family_name": SIGNED["family_name"],
            "email": email,
            "country": SIGNED["country"],
            "consents": self._consents,
            "ticket": self._hidden["ticket"],
        }


def measure(base: str, asked: Sequence[PreparedRequest], *, connections: int) -> Measured:
    """Ask in this order, and compare the classes that were asked for."""
    found = Measured()
    for each in timed(base, asked, connections=connections):
        found.times[each.asked.of].append(each.seconds)
        found.answers[same(each.answer, each.asked.typed)] += 1
    # Where requests wait for each other, the middles are many times as long and as unsteady.
    widest = WIDEST_MS if connections == 1 else math.inf
    found.pairs = compare(dict(sorted(found.times.items())), widest_ms=widest)
    return found


def same(answer: bytes, typed: str) -> bytes:
    """An answer without what differs for everybody: the time, and the words that were typed."""
    whole = NEVER_THE_SAME.sub(b"", answer, count=1)
    for spelling in (typed, quote(typed)):
        whole = whole.replace(spelling.encode(), b"@")
    return whole


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Each form, by one connection and by eight; then the control, in the same sandbox."""
    outcome = Verdict(f"enumeration {database}")
    chance = random.Random(f"{chosen.seed} {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        if sandbox.cluster:
            sandbox.cluster.configure(**CALM)
            sandbox.cluster.stop()
            sandbox.cluster.start()
        say(f"enumeration {database}: {chosen.requests:,} a class, seed {chosen.seed}{busy()}")
        asked = chosen.form or (*FORMS, aliases.FORM)
        forms = [form for form in asked if form != aliases.FORM]
        if forms:
            _forms(sandbox, chance, chosen, forms, outcome)
        if aliases.FORM in asked:
            door = Door(sandbox.instance, chance)
            _judge(door, aliases.FORM, chosen.requests, 1, outcome)
            outcome.controls[aliases.CONTROL] = door.control()
            door.close()
    return outcome


def _forms(
    sandbox: Sandbox,
    chance: random.Random,
    chosen: argparse.Namespace,
    forms: Sequence[str],
    outcome: Verdict,
) -> None:
    """What the web answers, and its control."""
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()
    prober = Prober(sandbox.instance, chance)
    for connections in CONNECTIONS:
        for form in forms:
            _judge(prober, form, chosen.requests, connections, outcome)
    sandbox.instance.stop()
    outcome.controls[CONTROL] = control_looks_first(sandbox, chance)


def _judge(
    prober: Prober | Door, form: str, requests: int, connections: int, outcome: Verdict
) -> None:
    """Measure; where a pair is outside, once more: chance is not outside twice."""
    title = f"{form}, {connections} at a time" if connections > 1 else f"{form}, one at a time"
    found = prober.measure(form, requests, connections)
    say(f"  {title}: {found}")
    spans, kinds = [found.span()], [found.answers]
    if found.outside:
        say(f"    outside: {'; '.join(map(str, found.outside))}: once more, with new addresses")
        again = prober.measure(form, requests, connections)
        say(f"  {title}: {again}")
        spans.append(again.span())
        kinds.append(again.answers)
        outcome.broken += [f"RED {title}: {pair}" for pair in twice(found.pairs, again.pairs)]
    outcome.extras.append(f"{title} AUC {' and again '.join(spans)}")
    if len(set[bytes]().union(*kinds)) > 1:
        outcome.broken.append(f"RED {title}: {_difference(kinds)}")


def _difference(kinds: Sequence[Counter[bytes]]) -> str:
    found = sum(kinds, Counter[bytes]())
    firsts = sorted({each.partition(b"\r\n")[0].decode("latin-1") for each in found})
    return f"{len(found)} different answers ({', '.join(firsts)})"


# -- control: it must be seen --------------------------------------------------------------------

CONTROL: Final = "looks-first"
NOT_HELD: Final = frozenset(addresses.CLASSES) - addresses.HELD


def control_looks_first(sandbox: Sandbox, chance: random.Random) -> str | None:
    """Signing looks whether the address has signed, and what became of it if it has."""
    sandbox.instance.control = CONTROL
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()
    found = Prober(sandbox.instance, chance).measure("sign", CONTROL_REQUESTS, 1)
    sandbox.instance.stop()
    (pair,) = compare(
        {"none there": found.of(NOT_HELD), "signed": found.of(addresses.HELD)},
    )
    red = str(pair) if pair.side > 0 else None
    say(f"  control {CONTROL}: {f'red, as it must be: {red}' if red else 'STAYED GREEN'}")
    return red


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--requests",
        type=bounded(MOST_REQUESTS),
        default=REQUESTS,
        help=f"for each class and form ({REQUESTS}); fewer are more often outside by chance",
    )
    parser.add_argument(
        "--form", action="append", choices=(*FORMS, aliases.FORM), help="only this form"
    )
