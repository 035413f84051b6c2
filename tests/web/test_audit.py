"""The audit log: what each page of the console leaves in it, what never gets in, its page."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from petition.services.staff.refusals import ROWS_AN_HOUR
from petition.store.db import reading, transaction
from petition.store.staff import audit
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.factories import confirm, entries, keep, rows, the_call

pytestmark = pytest.mark.slow

CAMPAIGN: Final = "/staff/campaigns/amazon"
LOG: Final = "/staff/audit"

NOTED: Final = {
    "POST /staff/set-up/<secret:token>": "set up",
    "POST /staff/sign-in": "sign in",
    "POST /staff/sign-out": "sign out",
    "GET /staff/campaigns/<slug:slug>/comments": "view names",
    "POST /staff/campaigns/<slug:slug>/comments": "review refused",
    "POST /staff/campaigns/<slug:slug>/domains": "target domain",
    "POST /staff/campaigns/<slug:slug>/domains/remove": "target domain",
    "POST /staff/limits": "widen limits",
    "POST /staff/limits/narrow": "narrow limits",
    "POST /staff/campaigns/<slug:slug>/export": "export",
    "GET /staff/campaigns/<slug:slug>/exports/<id:export_id>/file": "fetch list",
    "GET /staff/campaigns/<slug:slug>/exports/<id:export_id>/recall": "recall list",
    "POST /staff/campaigns/<slug:slug>/signatures/find": "search signatures",
    "GET /staff/campaigns/<slug:slug>/signatures/<id:signature_id>": "view signature",
    "POST /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>/do": "signature held",
    "POST /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>/undo": (
        "signature confirmed"
    ),
    "POST /staff/campaigns/<slug:slug>/signatures/erasures/<id:erasure_id>/do": "ask erasure",
    "POST /staff/campaigns/<slug:slug>/signatures/erasures/<id:erasure_id>/cancel": (
        "cancel erasure"
    ),
    "GET /staff/audit": "search audit",
    "POST /staff/audit/export": "export audit",
    "POST /staff/campaigns/<slug:slug>/state/close": "close campaign",
    "POST /staff/campaigns/<slug:slug>/state/open": "open campaign",
    "POST /staff/panic": "panic",
    "POST /staff/panic/resume": "resume",
}
"""Route to the action that its success leaves in the log."""

NOTED_ELSEWHERE: Final = {
    "POST /staff/second-factor",
    "POST /staff/second-factor/again",
    "POST /staff/second-factor/set-up",
    "POST /staff/lost-factor",
    "POST /staff/lost-factor/<secret:token>",
    "POST /staff/account/recovery-codes",
    "POST /staff/account/second-factor",
    "POST /staff/account/second-factor/remove",
    "POST /staff/account/passkeys",
    "POST /staff/account/passkeys/<id:passkey_id>/remove",
    "POST /staff/account/sign-out-everywhere",
    "POST /staff/people",
    "POST /staff/people/<id:staff_id>/role",
    "POST /staff/people/<id:staff_id>/take",
    "POST /staff/people/<id:staff_id>/disable",
    "POST /staff/campaigns/<slug:slug>/comments/undo",
    "POST /staff/campaigns/<slug:slug>/requests/<id:request_id>/approve",
    "POST /staff/campaigns/<slug:slug>/requests/<id:request_id>/refuse",
    "POST /staff/campaigns/<slug:slug>/requests/<id:request_id>/make",
    "POST /staff/campaigns/<slug:slug>/partners",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/arrangement",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/question",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/send",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/new-key",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/block",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/lift",
    *(
        f"POST /staff/campaigns/<slug:slug>/webhooks{rest}"
        for rest in (
            "",
            *(
                f"/<webhook_key>/{verb}"
                for verb in ("test", "rotate", "full", "thin", "off", "on", "replay")
            ),
            "/<webhook_key>/messages/<id:message_id>/replay",
        )
    ),
    *(
        f"POST /staff/campaigns/<slug:slug>/messages/{rest}"
        for rest in (
            "_all/pause",
            "_all/resume",
            "_all/numbers",
            *(
                f"<target_key>/{verb}"
                for verb in (
                    *("pause", "resume", "caps", "stand", "leave", "take-back"),
                    *("parked", "test", "answers"),
                )
            ),
            *(
                f"<target_key>/answers/<id:answer_id>/{verb}"
                for verb in ("remove", "tell", "approve", "refuse")
            ),
        )
    ),
    "POST /staff/campaigns/<slug:slug>/tokens",
    "POST /staff/campaigns/<slug:slug>/tokens/<token_begins>/revoke",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/tokens",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/link",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/revoke",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/sections",
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/sections/<source>/remove",
}
"""What the tests of these pages look for in the log themselves."""

NOT_NOTED: Final = {
    "GET /staff/set-up/<secret:token>": "a form",
    "GET /staff/sign-in": "a form",
    "GET /staff/": "numbers",
    "GET /staff/account": "one's own",
    "GET /staff/second-factor": "a form",
    "GET /staff/second-factor/again": "a form",
    "GET /staff/second-factor/set-up": "a form",
    "GET /staff/lost-factor": "a form",
    "GET /staff/lost-factor/<secret:token>": "a form",
    "GET /staff/campaigns/<slug:slug>": "numbers",
    "GET /staff/campaigns/<slug:slug>/domains": "domains of the target",
    "GET /staff/campaigns/<slug:slug>/signatures": "a list without a name; a filter is noted",
    "POST /staff/campaigns/<slug:slug>/signatures/hold": "counts, and changes nothing",
    "POST /staff/campaigns/<slug:slug>/signatures/reject": "the same",
    "POST /staff/campaigns/<slug:slug>/signatures/restore": "the same",
    "POST /staff/campaigns/<slug:slug>/signatures/erase": "the same",
    "GET /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>": "what was counted",
    "POST /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>/cancel": (
        "nothing was changed"
    ),
    "GET /staff/campaigns/<slug:slug>/partners": "partners, and what they paste",
    "GET /staff/campaigns/<slug:slug>/partners/<key>": "the same",
    "GET /staff/campaigns/<slug:slug>/partners/<key>/arrangement": "what is arranged with it",
    "GET /staff/campaigns/<slug:slug>/webhooks": "programs that are told, for owners",
    "GET /staff/campaigns/<slug:slug>/webhooks/<webhook_key>": "numbers of signatures, for owners",
    "GET /staff/campaigns/<slug:slug>/messages": "numbers",
    "GET /staff/campaigns/<slug:slug>/messages/<target_key>": "the same, of one target",
    "GET /staff/campaigns/<slug:slug>/tokens": "how tokens begin, for owners",
    "GET /staff/campaigns/<slug:slug>/partners/<key>/tokens": "the same",
    "GET /staff/campaigns/<slug:slug>/partners/<key>/page": "the partner's sections, and numbers",
    "GET /staff/limits": "numbers",
    "GET /staff/help": "the guide",
    "POST /staff/second-factor/passkey/ask": "what a browser asks a passkey",
    "POST /staff/second-factor/passkey/new": "the same for a new one",
    "GET /staff/people": "staff, for owners",
    "GET /staff/people/<id:staff_id>": "the same",
    "GET /staff/campaigns/<slug:slug>/state": "a form",
    "GET /staff/panic": "numbers of sessions and links, for owners",
    "POST /staff/audit/check": "changes nothing; what it finds wrong is noted",
}
"""Route to why a look at it leaves no row."""


def staff_routes(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/staff")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_of_every_route_it_is_said_what_it_leaves_in_the_log(app: Flask) -> None:
    assert staff_routes(app) == NOTED.keys() | NOTED_ELSEWHERE | NOT_NOTED.keys()
    assert not NOTED.keys() & NOT_NOTED.keys()


def send(client: FlaskClient, address: str, **data: str) -> Any:
    token = console.form_token(client.get("/staff/"))
    return client.post(address, data={"csrf_token": token, **data})


def mark_in(page: str) -> str:
    return page.split('name="shown" value="')[1].split('"')[0]


@pytest.fixture
def public_name(app: Flask) -> str:
    """Somebody who let everyone see their name: it waits for staff to read it."""
    keep(app, the_call(app), people.ben | {"visibility": "public", "comment": "Oh <b>my</b>"})
    confirm(app, entries(app)[0])
    return people.ben["given_name"]


def act_on_a_signature(owner: FlaskClient) -> None:
    """Find it, open it, hold it, undo that; ask that it is erased, and cancel that."""
    signatures = f"{CAMPAIGN}/signatures"
    assert owner.get(send(owner, f"{signatures}/find", wanted="1").location).status_code == 200
    for verb, place, acts in (
        ("hold", "actions", ("do", "undo")),
        ("erase", "erasures", ("do", "cancel")),
    ):
        plan = send(owner, f"{signatures}/{verb}", which="ticked", each="1", reason="other")
        for act in acts:
            address = plan.location.replace("actions", place)
            assert send(owner, f"{address}/{act}").status_code == 303


def test_each_of_them_leaves_it(app: Flask, public_name: str) -> None:
    owner = console.enter(app, "owner")
    page = owner.get(f"{CAMPAIGN}/comments").get_data(as_text=True)
    assert public_name in page
    send(owner, f"{CAMPAIGN}/comments", refused=mark_in(page))
    send(owner, f"{CAMPAIGN}/domains", domain="corp.example.org")
    send(owner, f"{CAMPAIGN}/domains/remove", domain="corp.example.org")
    send(owner, "/staff/limits", network="203.0.113.0/24", hours="1", factor="2")
    send(owner, "/staff/limits/narrow", network="203.0.113.0/24")
    assert console.export(owner).mimetype == "text/csv"
    assert owner.get(f"{CAMPAIGN}/exports/1/recall").status_code == 200
    act_on_a_signature(owner)
    assert owner.get(f"{LOG}?action=panic").status_code == 404, "nobody did yet"
    assert owner.get(f"{LOG}?action=export").status_code == 200
    assert send(owner, f"{LOG}/export").mimetype == "text/csv"
    send(owner, f"{CAMPAIGN}/state/close")
    send(owner, f"{CAMPAIGN}/state/open")
    send(owner, "/staff/panic")
    console.sign_in(owner, console.address("owner"))
    send(owner, "/staff/panic/resume")
    console.sign_out(owner)
    noted = {str(action) for (action,) in rows(app, "SELECT action FROM audit")}
    assert {*NOTED.values(), "invite"} <= noted


def test_what_somebody_may_not_open_is_noted(app: Flask) -> None:
    viewer = console.enter(app, "viewer")
    for address in (LOG, f"{CAMPAIGN}/comments", f"{CAMPAIGN}/exports/1/file"):
        assert viewer.get(address).status_code == 403
    assert send(viewer, "/staff/limits", network="x").status_code == 403
    refused = rows(app, "SELECT who, action, detail FROM audit WHERE outcome = 'refused'")
    assert refused == [
        (console.address("viewer"), "open page", detail)
        for detail in (
            "GET audit.listed",
            "GET reviews.listed",
            "GET exports.fetch",
            "POST limits.widen",
        )
    ]


def refusals(app: Flask) -> list[tuple[object, ...]]:
    return rows(
        app, "SELECT who, outcome, detail FROM audit WHERE action = 'open page' ORDER BY number"
    )


def test_what_is_none_of_theirs_is_noted_by_our_name_for_it(app: Flask) -> None:
    """Whoever goes through numbers that are not theirs leaves rows, and nothing they typed."""
    viewer = console.enter(app, "exporter", campaign="amazon")
    for address in (
        "/staff/campaigns/plantedslug",
        f"{CAMPAIGN}/exports/424242/recall",
        "/staff/planted",
        "/en/amazon/planted",
    ):
        assert viewer.get(address).status_code == 404
    assert app.test_client().get("/staff/campaigns/plantedslug").status_code == 303
    assert refusals(app) == [
        (console.address("exporter"), "not found", "GET campaigns.campaign_page"),
        (console.address("exporter"), "not found", "GET exports.recall"),
    ]


def test_a_loop_does_not_fill_the_log(app: Flask, clock: Any) -> None:
    """A hundred rows an hour and person, then one for each power of ten; others are not hidden."""
    viewer, other = console.enter(app, "viewer"), console.enter(app, "exporter")
    for _ in range(ROWS_AN_HOUR):
        viewer.get(LOG)
    said = (console.address("viewer"), "refused", "GET audit.listed")
    assert refusals(app) == [said] * ROWS_AN_HOUR
    for _ in range(3):
        viewer.get(LOG)
    assert len(refusals(app)) == ROWS_AN_HOUR
    factories.change(app, "UPDATE staff_refusals SET number = 998")
    for _ in range(3):
        viewer.get(LOG)
    assert refusals(app)[ROWS_AN_HOUR:] == [
        (*said[:2], "GET audit.listed; 1000 refusals in this hour")
    ]
    other.get(LOG)
    assert refusals(app)[-1][0] == console.address("exporter")
    clock.forward(timedelta(hours=1))
    viewer.get(LOG)
    assert refusals(app)[-1] == said, "another hour"
    clock.forward(timedelta(days=1, hours=1))
    factories.work(app)
    assert rows(app, "SELECT number FROM staff_refusals") == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_refusal_that_cannot_be_noted_is_told_as_a_fault(app: Flask) -> None:
    viewer = console.enter(app, "viewer")
    factories.change(app, "ALTER TABLE staff_refusals RENAME TO away")
    answer = viewer.get(LOG)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_taking_rows_out_asks_for_a_fresh_code(app: Flask, clock: Any) -> None:
    owner = console.enter(app)
    clock.forward(timedelta(minutes=20))
    asked = send(owner, f"{LOG}/export", action="sign in")
    assert asked.mimetype == "text/html"
    assert 'id="code"' in asked.get_data(as_text=True)
    assert rows(app, "SELECT count(*) FROM audit WHERE action = 'export audit'") == [(0,)]


def test_a_person_sees_on_which_day_which_role_read_their_name(
    app: Flask, public_name: str, clock: Any
) -> None:
    moderator = console.enter(app, "moderator")
    for _ in range(2):
        moderator.get(f"{CAMPAIGN}/comments")
    clock.forward(timedelta(days=1))
    console.enter(app, "owner").get(f"{CAMPAIGN}/comments")
    seen = rows(app, "SELECT role FROM staff_views ORDER BY on_day")
    assert seen == [("moderator",), ("owner",)]
    deps = dependencies_of(app)
    token = deps.tokens.sign("my", "1", expires=deps.now() + timedelta(days=1))
    page = app.test_client().get(f"/my/{token}").get_data(as_text=True)
    assert "Read by staff" in page
    assert "2 November 2026: somebody who decides what is shown" in page
    assert "3 November 2026: somebody who runs all campaigns here" in page
    assert "@campaign.example.org" not in page


# --- what never gets in ---------------------------------------------------------------------------

PLANTED: Final = "PLANTED"


def planted(kind: str) -> str:
    return f"{PLANTED}-{kind}"


def test_what_strangers_type_never_gets_in(app: Flask, client: FlaskClient) -> None:
    """Through every field, header and part of an address that a stranger reaches."""
    agent = {"User-Agent": planted("agent"), "Referer": f"https://{PLANTED}.example/"}
    form = people.ben | {
        "given_name": planted("given"),
        "family_name": planted("family"),
        "email": f"{PLANTED}@example.org",
        "comment": planted("comment"),
        "visibility": "public",
        "utm_source": planted("utm"),
        "source": planted("source"),
        "ticket": factories.ticket(client),
    }
    assert client.post("/en/amazon/sign", data=form, headers=agent).status_code == 303
    factories.work(app)
    link = factories.link_in(factories.letters(app)[0])
    assert client.post(link, headers=agent).status_code == 303
    for method in ("GET", "POST"):
        for rule in app.url_map.iter_rules():
            address = str(rule.rule)
            for part in ("<lang:code>", "<slug:slug>", "<id:export_id>"):
                value = {"<lang:code>": "en", "<slug:slug>": "amazon"}.get(part, "1")
                address = address.replace(part, value)
            while "<" in address:
                head, _, tail = address.partition("<")
                address = f"{head}{PLANTED}{tail.partition('>')[2]}"
            fields = ("email", "password", "who", "action", "day", "domain", "reason", "network")
            data = {name: planted(name) for name in fields}
            client.open(address, method=method, data=data, query_string=data, headers=agent)
    console.sign_in(app.test_client(), f"{PLANTED}@example.org", planted("password"))
    owner = console.enter(app, "owner")
    for name in ("who", "action", "day", "after", "sort", PLANTED):
        owner.get(f"{LOG}?{name}={PLANTED}", headers=agent)
    page = owner.get(f"{CAMPAIGN}/comments", headers=agent).get_data(as_text=True)
    assert planted("given") in page
    send(owner, f"{CAMPAIGN}/comments", refused=mark_in(page))
    console.export(owner)
    kept = repr(rows(app, "SELECT * FROM audit"))
    assert "view names" in kept
    assert PLANTED.casefold() not in kept.casefold()


# --- its page -------------------------------------------------------------------------------------


@pytest.fixture
def log(app: Flask) -> Flask:
    """120 rows of two people on two days."""
    at = dependencies_of(app).now() - timedelta(days=2)
    with transaction() as session:
        for number in range(120):
            audit.note(
                session,
                who="kim@example.org" if number % 2 else "cli:root",
                action="invite",
                outcome="done",
                at=at + timedelta(days=number // 60),
                detail=f"row {number + 1};",
            )
    return app


def page_of(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"{LOG}{query}")
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_it_is_read_page_by_page(log: Flask) -> None:
    owner = console.enter(log, "owner")
    ((total,),) = rows(log, "SELECT count(*) FROM audit")
    last_of_first, last_of_second = int(str(total)) - 49, int(str(total)) - 99
    first = page_of(owner)
    assert "Invited somebody" in first
    assert "row 120;" in first
    assert f"row {last_of_first};" in first
    assert f"row {last_of_first - 1};" not in first
    assert "Page before" not in first
    second = page_of(owner, f"?after={last_of_first}")
    assert f"row {last_of_first - 1};" in second
    assert 'href="/staff/audit#rows">Page before' in second
    assert f'href="/staff/audit?after={last_of_second}#rows">Next page' in second
    last = page_of(owner, f"?after={last_of_second}")
    assert "row 1;" in last
    assert "Next page" not in last
    assert f'href="/staff/audit?after={last_of_first}#rows">Page before' in last


def test_it_is_searched_by_person_action_and_day(log: Flask) -> None:
    owner = console.enter(log, "owner")
    found = page_of(owner, "?who=kim@example.org&day=2026-10-31&action=invite")
    assert "row 2;" in found
    assert "row 1;" not in found
    assert "row 62;" not in found
    ((detail,),) = rows(log, "SELECT detail FROM audit WHERE action = 'search audit'")
    days = "since: 2026-10-31T00:00:00+00:00, until: 2026-11-01T00:00:00+00:00"
    assert detail == f"who: kim@example.org, action: invite, {days}"
    assert owner.get(f"{LOG}?who=nobody@example.org").status_code == 404


def test_what_is_no_day_is_said(log: Flask) -> None:
    owner = console.enter(log, "owner")
    for day in ("x", "2026-02-30", "9999-12-31", "0001-01-01", "2026-11-02T00:00"):
        said = owner.get(f"{LOG}?day={day}")
        assert said.status_code == 422, day
        page = said.get_data(as_text=True)
        assert "Please choose a day" in page, day
        assert f'value="{day}"' in page


def test_the_rows_that_were_found_are_taken_out(log: Flask) -> None:
    owner = console.enter(log, "owner")
    answer = send(owner, f"{LOG}/export", who="kim@example.org", day="2026-10-31")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    table = [*csv.DictReader(io.StringIO(answer.get_data(as_text=True)))]
    assert [row["detail"] for row in table] == [f"row {n};" for n in range(2, 61, 2)]
    ((who, detail),) = rows(log, "SELECT who, detail FROM audit WHERE action = 'export audit'")
    assert who == console.address("owner")
    assert str(detail).startswith("who: kim@example.org, since: 2026-10-31")
    assert send(owner, f"{LOG}/export", day="x").status_code == 404
    assert owner.post(f"{LOG}/export").status_code == 422, "a form without its token"


def test_it_says_whether_it_is_whole(log: Flask) -> None:
    owner = console.enter(log, "owner")
    assert "It has not been checked yet." in page_of(owner)
    assert send(owner, f"{LOG}/check").status_code == 303
    ((total,),) = rows(log, "SELECT count(*) FROM audit")
    assert f"Yes: {total} rows, checked at" in page_of(owner)
    with transaction() as session:
        on = " ON audit" if session.get_bind().dialect.name == "postgresql" else ""
        session.execute(text(f"DROP TRIGGER audit_refuse_update{on}"))
        session.execute(text("UPDATE audit SET who = 'x' WHERE number = 7"))
    send(owner, f"{LOG}/check")
    page = page_of(owner)
    assert "row 7: changed since it was written" in page
    with reading() as session:
        noted = session.execute(text("SELECT outcome FROM audit WHERE action = 'check audit'"))
        assert noted.scalars().all() == ["broken"]
