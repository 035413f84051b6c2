"""`drill api`: whatever a program sends, the API answers as its document says.

schemathesis reads `/api/v1/openapi.json` and makes requests of it: right ones, wrong ones, and
chains of them. All of its checks must hold. The program brings a partner's key and tokens, and of
the right forms some are such as people would send, so that signatures come in.
"""

import argparse
import itertools
import json
import random
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from drills.addresses import opened
from drills.failure import DrillError
from drills.http_client import sender
from drills.instance import CAMPAIGN, Instance
from drills.options import bounded
from drills.outcome import Verdict, busy, say
from drills.sandbox import Sandbox, open_sandbox
from petition.domain.api.tokens import Scope
from petition.domain.partners.terms import Terms
from petition.services.api import tokens
from petition.services.api.tokens import NewToken
from petition.services.partners import arrangements, partners, questions
from petition.services.partners.partners import NewPartner
from petition.store.db import transaction
from petition.store.partners import terms

CASES: Final = 5_000
"""For each database."""
MOST_CASES: Final = 100_000
CONTROL_CASES: Final = 400
DOCUMENT: Final = "/api/v1/openapi.json"
CALL: Final = f"/api/v1/campaigns/{CAMPAIGN}"
SIGN: Final = "sign"
OPERATIONS: Final = 8
"""Among which cases are spread."""
TOKENS: Final = 5
"""Of each kind: one alone may make so many requests in an hour, and no more."""
SITE: Final = "https://union.example.org"
QUESTION: Final = "Yes, the union may write to me."
BY: Final = "drill"
TERMS: Final = Terms(
    controller="Union e. V.",
    privacy_url=f"{SITE}/privacy",
    contact_email="paula@union.example.org",
    language="en",
    retention_months=12,
)
RIGHT_OF: Final = 3
"""Of so many forms that fit the document, one is right in every other way as well."""
TAKES_MORE: Final = [200, 202, 304, 401, 403, 404, 409, 422, 429, 503]
"""What is right by the document may be wrong all the same: that a text is the newest one, or an
address one that there can be, no document says."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What a program has: a partner's key, its tokens, and what the partner's form asks."""

    partner: str
    tokens: tuple[str, ...]
    consents: tuple[dict[str, str], ...]
    base: str
    """The server's origin."""


@dataclass
class Found:
    """What came of a run."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    failures: set[str] = field(default_factory=set)
    """Each kind of failure of an operation once: the check, where, and what it says."""


def run(caller: Caller, number: int, seed: int) -> Found:
    """At least so many cases, with every check."""
    found = Found()
    for turn in itertools.count():
        before = found.cases
        examples = max(1, (number - found.cases) // OPERATIONS)
        _run_once(caller, examples, seed + turn, found)
        if found.cases >= number or found.cases == before:
            break
    return found


def _run_once(caller: Caller, examples: int, seed: int, found: Found) -> None:
    # It takes a while to import, and the other drills need none of it.
    import schemathesis  # noqa: PLC0415
    from schemathesis.engine import events, from_schema  # noqa: PLC0415

    config = schemathesis.Config.from_dict(_config(caller, examples, seed))
    schema = schemathesis.openapi.from_url(f"{caller.base}{DOCUMENT}", config=config)
    completing = _Completing(caller, seed)

    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        completing.complete(case)

    schemathesis.hook(before_call)
    try:
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(event.recorder, found)
            elif isinstance(event, events.NonFatalError):
                found.failures.add(f"{event.label}: {event.info.title}: {event.value}")
            elif isinstance(event, events.FatalError):
                raise DrillError(f"schemathesis: {event.exception}")
    finally:
        schemathesis.hooks.unregister(before_call)


class _Completing:
    """Puts into requests what no document knows: who sends, a token, and what people would fill in.

    Only into what fits the document, and not always: what is made up stays, too.
    """

    def __init__(self, caller: Caller, seed: int) -> None:
        self._caller, self._chance = caller, random.Random(seed)
        self._senders = itertools.count(seed)

    def complete(self, case: Any) -> None:
        """Fill in one request."""
        case.headers["X-Forwarded-For"] = sender(next(self._senders))
        own = f"Bearer {self._caller.tokens[0]}"
        if case.headers.get("Authorization") == own:  # and none that a check made up
            case.headers["Authorization"] = f"Bearer {self._chance.choice(self._caller.tokens)}"
        if case.meta is None or not case.meta.generation.mode.is_positive:
            return
        if case.operation.definition.raw.get("operationId") == SIGN:
            case.query["partner"] = self._caller.partner
            if self._chance.randrange(RIGHT_OF) == 0:
                case.body = self._form()
                case.headers.pop("Idempotency-Key", None)

    def _form(self) -> dict[str, Any]:
        return {
            "language": "en",
            "given_name": "Ada",
            "email": f"{self._chance.getrandbits(40):x}@example.org",
            "country": "DE",
            "consents": list(self._caller.consents),
        }


def _note(recorder: Any, found: Found) -> None:
    found.cases += len(recorder.cases)
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            found.statuses[interaction.response.status_code] += 1
    for checks in recorder.checks.values():
        for each in checks:
            found.checks[each.name] += 1
            if each.failure_info is not None:
                title = each.failure_info.failure.title
                found.failures.add(f"{each.name}: {recorder.label}: {title}")


def _config(caller: Caller, examples: int, seed: int) -> dict[str, Any]:
    return {
        "seed": seed % 2**32,
        "continue-on-failure": True,
        "auth": {"openapi": {"token": {"bearer": caller.tokens[0]}}},
        "parameters": {"path.slug": CAMPAIGN, "path.language": "en"},
        "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
        "phases": {"stateful": {"generation": {"max-examples": max(1, examples // 4)}}},
        "checks": {"positive_data_acceptance": {"expected-statuses": TAKES_MORE}},
    }


def consents_of(texts: dict[str, Any]) -> tuple[dict[str, str], ...]:
    """The answers of somebody who agrees to what must be agreed to."""
    return tuple(
        {
            "purpose": each["purpose"],
            "text_sha256": each["text_sha256"],
            "answer": each["answers"][0]["value"] if each["answers"] else "yes",
        }
        for each in texts["consents"]
    )


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """All cases; then fewer to a program that is broken in three places."""
    outcome = Verdict(f"api {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        caller = _caller(sandbox.instance)
        say(f"api {database}: {chosen.cases:,} cases, seed {chosen.seed}{busy()}")
        found = _ask(sandbox, caller, chosen.cases, chosen.seed)
        statuses = ", ".join(
            f"{number:,} {kind}" for kind, number in sorted(found.statuses.items())
        )
        say(f"  {found.cases:,} cases, {found.checks.total():,} checks; {statuses}")
        for failure in sorted(found.failures):
            say(f"  RED {failure}")
        outcome.broken += [f"RED {failure}" for failure in sorted(found.failures)]
        if not found.statuses[202]:
            outcome.broken.append("RED nobody signed")
        outcome.extras.append(
            f"{found.cases:,} cases, {found.checks.total():,} checks by {len(found.checks)} kinds,"
            f" {found.statuses[202]:,} signed, {len(found.failures)} failures"
        )
        sandbox.instance.control = CONTROL
        broken = _ask(sandbox, caller, CONTROL_CASES, chosen.seed)
        for check in PLANTED:
            seen = [each for each in sorted(broken.failures) if each.startswith(f"{check}:")]
            outcome.controls[check] = seen[0] if seen else None
            say(
                f"  control {check}: {f'red, as it must be: {seen[0]}' if seen else 'STAYED GREEN'}"
            )
    return outcome


CONTROL: Final = "api-faults"
PLANTED: Final = (
    "not_a_server_error",
    "response_schema_conformance",
    "negative_data_rejection",
)


def _caller(instance: Instance) -> Caller:
    """A partner that accepted and asks, and tokens of ours and of its own."""
    with opened(instance) as (deps, _), transaction() as session:
        at = deps.now()
        new = NewPartner(campaign=CAMPAIGN, name="Union", sites=(SITE,))
        key = partners.add(session, new, by=BY, at=at)
        arrangements.set_terms(session, key, TERMS, campaign=CAMPAIGN, by=BY, at=at)
        newest = terms.newest(session, partners.of_campaign(session, key, CAMPAIGN).id)
        assert newest is not None
        arrangements.accept(session, newest.id, "Paula", at=at)
        questions.put(session, key, "en", QUESTION, campaign=CAMPAIGN, by=BY, at=at)
        made = tuple(
            tokens.make(
                session,
                NewToken(campaign=CAMPAIGN, partner=partner, scopes=tuple(Scope)),
                by=BY,
                at=at,
            )
            for partner in (None, key) * TOKENS
        )
    instance.start_web()
    instance.wait_for_web()
    with urllib.request.urlopen(f"{instance.base}{CALL}/texts/en?partner={key}") as answer:
        texts = json.load(answer)
    instance.stop()
    return Caller(partner=key, tokens=made, consents=consents_of(texts), base=instance.base)


def _ask(sandbox: Sandbox, caller: Caller, number: int, seed: int) -> Found:
    sandbox.instance.start_web()
    sandbox.instance.wait_for_web()
    found = run(caller, number, seed)
    if not sandbox.instance.answers():
        found.failures.add("afterwards: the page does not answer")
    sandbox.instance.stop()
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cases", type=bounded(MOST_CASES), default=CASES, help=f"({CASES:,})")
