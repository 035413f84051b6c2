"""The console's pages of signatures: who finds what, and what it leaves behind and never tells."""

from __future__ import annotations

import html
import itertools
import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.staff.roles import Right
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people, rights
from tests.conftest import Clock
from tests.factories import rows
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

LIST: Final = "/staff/campaigns/amazon/signatures"
TYPED: Final = ("given_name", "family_name", "email", "postcode")


@pytest.fixture(autouse=True)
def signed(app: Flask, clock: Clock, worlds: Worlds) -> None:
    """1 Amina, 2 Ben, 3 Cora have confirmed; 4 Wanda has not."""
    worlds.enter(app, clock, "three_confirmed", lambda: _sign(app, clock))


def _sign(app: Flask, clock: Clock) -> None:
    call = factories.the_call(app)
    for form in people.SIGNERS:
        tag = {"source": "flyer"} if form is people.ben else {}
        factories.keep(app, call, form | tag, clock.forward(timedelta(seconds=1)))
    for entry_id in factories.entries(app)[:3]:
        factories.confirm(app, entry_id)
    factories.work(app)


@pytest.fixture
def mo(app: Flask) -> FlaskClient:
    """A moderator's browser."""
    return console.enter(app, "moderator")


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def send(client: FlaskClient, address: str, **fields: object) -> Answer:
    token = console.form_token(client.get("/staff/"))
    return client.post(address, data={"csrf_token": token, **fields})


def find(client: FlaskClient, wanted: str) -> Answer:
    return send(client, f"{LIST}/find", wanted=wanted)


def listed(client: FlaskClient, query: str = "") -> list[int]:
    page = text(client.get(f"{LIST}{query}"))
    return [int(number) for number in re.findall(rf'<th scope="row"><a href="{LIST}/(\d+)"', page)]


def typed_words() -> set[str]:
    """What the four have typed, but a name that is the beginning of Benin, too."""
    found = {form[name] for form in people.SIGNERS for name in TYPED if form.get(name)}
    lines = {line for form in people.SIGNERS for line in form.get("comment", "").splitlines()}
    return found - {people.ben["given_name"]} | lines


def log(app: Flask, action: str) -> list[object]:
    query = "SELECT detail FROM audit WHERE action = :action ORDER BY number"
    return [row[0] for row in rows(app, query, action=action)]


# --- the list -------------------------------------------------------------------------------------


def test_the_list_has_nothing_that_was_typed(app: Flask, mo: FlaskClient) -> None:
    for query in ("", "?sort=sent", "?state=confirmed", "?country=MA", "?source=flyer"):
        page = text(mo.get(LIST + query))
        for each in typed_words():
            assert each not in page, (query, each)
    assert rows(app, "SELECT * FROM staff_views") == [], "nobody was looked at"


def test_it_is_filtered_and_sorted(app: Flask, mo: FlaskClient) -> None:
    assert listed(mo) == [4, 3, 2, 1]
    assert listed(mo, "?sort=sent") == [1, 2, 3, 4]
    assert listed(mo, "?state=pending") == [4]
    assert listed(mo, "?country=MA") == [1]
    assert listed(mo, "?source=flyer") == [2]
    assert listed(mo, "?day=2026-11-02&state=confirmed&sort=sent") == [1, 2, 3]
    assert listed(mo, "?day=2026-11-03") == []
    assert log(app, "search signatures")[:2] == ["amazon: state pending", "amazon: country MA"]
    assert log(app, "search signatures")[2] == "amazon: a source"


def test_a_wrong_filter_is_a_page_that_says_so(mo: FlaskClient) -> None:
    for query, status in (
        ("?day=yesterday", 422),
        ("?day=0001-01-01", 422),
        ("?day=9999-12-31", 422),
        ("?source=%40example.org", 422),
        ("?source=a%25", 422),
        ("?state=king", 404),
        ("?country=XX", 404),
        ("?sort=random", 200),
        ("?after=x", 404),
        ("?after=-1", 404),
        (f"?after={2**63}", 404),
        (f"?after={2**63 - 1}", 200),
        ("?after=0", 200),
    ):
        answer = mo.get(LIST + query)
        assert answer.status_code == status, query
        if status == 422:
            assert 'role="alert"' in text(answer), query
            assert 'aria-invalid="true"' in text(answer), query


def test_the_pages_lead_on_and_back(app: Flask, mo: FlaskClient) -> None:
    call, at = factories.the_call(app), dependencies_of(app).now()
    for number in range(60):
        factories.keep(app, call, people.someone(number), at + timedelta(minutes=1 + number))
    first = text(mo.get(LIST))
    assert listed(mo) == list(range(64, 14, -1))
    (further,) = re.findall(rf'<a href="{LIST}(\?after=\d+)#list">Next page', first)
    assert listed(mo, further) == list(range(14, 0, -1))
    assert f'<a href="{LIST}#list">Page before' in text(mo.get(LIST + further))


# --- finding one ----------------------------------------------------------------------------------


def test_one_is_found_by_the_whole_address_however_spelled(mo: FlaskClient) -> None:
    for wanted in (
        "ben.okafor@gmail.com",
        " BenOkafor+calls@GoogleMail.com ",
        "Ben <ben.okafor@gmail.com>",
        "2",
    ):
        answer = find(mo, wanted)
        assert (answer.status_code, answer.location) == (303, f"{LIST}/2"), wanted


def test_nobody_is_found(mo: FlaskClient) -> None:
    for wanted in ("nobody@example.org", "ben.okafor@gmail.co", "99", "1" + "0" * 17):
        answer = find(mo, wanted)
        assert answer.status_code == 200, wanted
        assert "No signature of this campaign has this address or number." in text(answer), wanted
        assert wanted in text(answer), "what was typed stays"


PARTS: Final = (
    "",
    "@",
    "gmail.com",
    "@gmail.com",
    "*@gmail.com",
    "%@gmail.com",
    "_en.okafor@gmail.com",
    "ben.okafor@",
    "ben.okafor",
    "ben.okafor@gmail",
    "ben.okafor@gmail.c_m",
    "ben.okafor@%",
    "%",
    "Okafor",
    "ben.okafor@gmail.com OR 1=1",
    "ben.okafor@gmail.com, amina.benyoussef@example.org",
    "1 OR 1=1",
    "1-9",
    "0",
    "-1",
    "9" * 30,
)


def test_a_part_of_an_address_finds_nobody(app: Flask, mo: FlaskClient) -> None:
    token = console.form_token(mo.get(LIST))
    for part in PARTS:
        answer = mo.post(f"{LIST}/find", data={"csrf_token": token, "wanted": part})
        assert answer.status_code in {200, 422}, part
        page = text(answer).replace(part, "")
        assert not any(each in page for each in typed_words()), part
    assert rows(app, "SELECT * FROM staff_views") == []


NAMES: Final = (
    "email", "address", "domain", "mail", "mail_domain", "host", "provider", "employer",
    "workplace", "site", "company", "postcode", "comment", "name", "given_name", "family_name",
    "q", "query", "search", "wanted", "find", "like", "contains", "where", "filter", "sort",
    "sort_by", "group", "by", "columns", "fields", "limit", "state[]", "language", "visibility",
    "utm_source", "address_key", "mailbox_key", "sealed", "id", "ids", "each",
)  # fmt: skip
VALUES: Final = ("gmail.com", "@gmail.com", "%gmail.com", "ben.okafor@gmail.com", "email")


def test_no_parameter_makes_a_list_by_domain_or_workplace(mo: FlaskClient) -> None:
    """Whatever its name: the page is the one without it.

    Each name alone with one of the values in turn, and all names at once with each of them.
    """
    token = re.compile(r'name="csrf_token" type="hidden" value="[^"]*"')
    page = mo.get(LIST)
    plain, form_token = token.sub("", text(page)), console.form_token(page)
    alone = [{name: value} for name, value in zip(NAMES, itertools.cycle(VALUES), strict=False)]
    for asked in (*alone, *(dict.fromkeys(NAMES, value) for value in VALUES)):
        answer = mo.get(LIST, query_string=asked)
        assert token.sub("", text(answer)) == plain, asked
        form = {"wanted": "nobody@example.org", "csrf_token": form_token}
        answer = mo.post(f"{LIST}/find", data=asked | form)
        assert "No signature of this campaign" in text(answer), asked


def test_no_address_stands_in_an_address_line(app: Flask, mo: FlaskClient) -> None:
    assert "GET" not in {
        method
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith("/signatures/find")
        for method in rule.methods or ()
    }
    answer = find(mo, "ben.okafor@gmail.com")
    assert "okafor" not in answer.location
    page = text(mo.get(LIST))
    assert re.search(rf'<form method="post" action="{LIST}/find"', page)
    for form in re.findall(r'<form method="get".*?</form>', page, re.S):
        assert 'name="wanted"' not in form


def test_each_search_stands_in_the_log_hit_or_not_and_names_nobody(
    app: Flask, mo: FlaskClient
) -> None:
    for wanted in ("ben.okafor@gmail.com", "BenOkafor@googlemail.com", "nobody@example.org", "2"):
        find(mo, wanted)
    hit, spelled, miss, number = map(str, log(app, "search signatures"))
    assert hit == spelled
    assert re.fullmatch(r"amazon: address [0-9a-f]{32}", hit)
    assert re.fullmatch(r"amazon: address [0-9a-f]{32}", miss)
    assert miss != hit
    assert number == "amazon: number 2"
    keys = [bytes(row[0]).hex() for row in rows(app, "SELECT address_key FROM signatures")]  # type: ignore[call-overload]
    assert all(key not in hit for key in keys), "beside the tables it leads to nobody"
    everything = "\n".join(str(row) for row in rows(app, "SELECT * FROM audit"))
    assert not any(word in everything for word in ("okafor", "nobody@", "Ben"))


def test_what_stays_of_an_erased_one_is_its_number(app: Flask, mo: FlaskClient) -> None:
    rights.take_out(app)
    rights.erase(app, 1)
    assert "was erased at" in text(find(mo, "1"))
    assert "No signature of this campaign" in text(find(mo, people.amina["email"]))
    assert mo.get(f"{LIST}/1").status_code == 404


def test_another_campaign_has_its_own(app: Flask, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    owner = console.enter(app, "owner")
    other = LIST.replace("amazon", "other")
    answer = send(owner, f"{other}/find", wanted="ben.okafor@gmail.com")
    assert "No signature of this campaign" in text(answer)
    assert "No signature of this campaign" in text(send(owner, f"{other}/find", wanted="2"))
    missing = owner.get(f"{other}/99")
    assert (owner.get(f"{other}/2").data, missing.status_code) == (missing.data, 404)


# --- opening one ----------------------------------------------------------------------------------


def test_opening_one_is_seen_by_its_person_and_in_the_log(app: Flask, mo: FlaskClient) -> None:
    page = text(mo.get(f"{LIST}/1"))
    for name in TYPED:
        assert people.amina[name] in page.replace("<wbr>", "")
    assert people.amina["comment"] in page
    assert log(app, "view signature") == ["signature 1"]
    assert rows(app, "SELECT role FROM staff_views") == [("moderator",)]
    deps = dependencies_of(app)
    token = deps.tokens.sign("my", "1", expires=deps.now() + timedelta(days=1))
    own = app.test_client().get(f"/my/{token}").get_data(as_text=True)
    assert "2 November 2026: somebody who decides what is shown" in own
    copy = app.test_client().post(f"/my/{token}/download").get_json()
    assert copy["forms"][0]["read_by_staff"] == [{"on": "2026-11-02", "role": "moderator"}]
    assert "moderator@" not in own


def test_its_life_is_told_from_the_beginning(app: Flask, clock: Clock) -> None:
    factories.work(app)
    clock.forward(timedelta(hours=1))
    owner = console.enter(app, "owner")
    rights.choose(app, 2, updates="yes", visibility="target")
    rights.take_out(app)
    clock.forward(timedelta(minutes=1))
    plan = send(owner, f"{LIST}/hold", which="ticked", each="2", reason="abusive")
    send(owner, f"{plan.location}/do")
    clock.forward(timedelta(minutes=1))
    send(owner, f"{plan.location}/undo")
    clock.forward(timedelta(minutes=1))
    erase = send(owner, f"{LIST}/erase", which="ticked", each="2")
    send(owner, f"{erase.location.replace('actions', 'erasures')}/do")
    clock.forward(timedelta(minutes=1))
    rights.withdraw(app, 2)
    rights.undo(app, 2)
    page = text(owner.get(f"{LIST}/2")).replace("<wbr>", "")
    page = page[page.index('<ol class="life">') :]
    lines = re.findall(r"<li>\s*<span[^>]*>.*?</span>\s*<span>(.*?)</span>\s*</li>", page, re.S)
    told = [" ".join(re.sub(r"<[^>]*>", "", line).split()) for line in lines]
    assert [line.partition(".")[0] for line in told if "An email" not in line] == [
        "The form was sent",
        "Confirmed by email",
        "An answer was changed by its person: News by email",
        "Downloaded in list 1",
        "Held",
        "Restored",
        "Marked to be erased",
        "Withdrawn by its person",
        "Its person undid the withdrawal",
    ]
    held = next(line for line in told if line.startswith("Held."))
    assert "insults somebody" in held
    assert console.address("owner") in held
    assert "(What was done before was undone.)" in next(
        line for line in told if line.startswith("Restored")
    )
    assert "will be erased at" in text(owner.get(f"{LIST}/2"))


def test_who_of_staff_it_was_is_told_to_readers_of_the_log_alone(
    app: Flask, mo: FlaskClient
) -> None:
    sam = console.enter(app, "owner", "sam@example.org")
    plan = send(sam, f"{LIST}/hold", which="ticked", each="2", reason="other")
    send(sam, f"{plan.location}/do")
    sam.get(f"{LIST}/2")
    page = text(mo.get(f"{LIST}/2")).replace("<wbr>", "")
    assert "Held." in page
    assert "sam@example.org" not in page
    here = console.enter(app, "owner", "here@example.org", campaign="amazon")
    assert "sam@example.org" not in text(here.get(f"{LIST}/2")).replace("<wbr>", "")
    page = text(sam.get(f"{LIST}/2")).replace("<wbr>", "")
    assert page.count("sam@example.org") > 1
    assert "Opened by staff." in page


# --- doing something ------------------------------------------------------------------------------


def state(app: Flask, signature_id: int) -> object:
    return rights.state(app, signature_id)


def test_many_are_held_counted_first_and_undone(app: Flask, mo: FlaskClient) -> None:
    answer = send(mo, f"{LIST}/hold", which="ticked", each=["1", "2", "4"], reason="many-alike")
    assert answer.status_code == 303
    page = text(mo.get(answer.location))
    assert state(app, 1) == "confirmed", "nothing has happened yet"
    assert re.search(r"confirmed</th><td class=\"number\">2<", page)
    assert re.search(r"pending</th><td class=\"number\">1<", page)
    assert "many others just like it" in page
    assert send(mo, f"{answer.location}/do").location == answer.location
    assert [state(app, id_) for id_ in (1, 2, 3, 4)] == ["held", "held", "confirmed", "held"]
    assert "It can be undone until" in text(mo.get(answer.location))
    assert f'href="{answer.location}"' in text(mo.get(LIST))
    assert send(mo, f"{answer.location}/do").status_code == 422
    send(mo, f"{answer.location}/undo")
    assert [state(app, id_) for id_ in (1, 2, 3, 4)] == ["confirmed"] * 3 + ["pending"]
    assert "It was undone" in text(mo.get(answer.location))


def test_all_that_fit_the_filter(app: Flask, mo: FlaskClient) -> None:
    answer = send(mo, f"{LIST}/reject", which="all", state="confirmed", reason="made-up")
    send(mo, f"{answer.location}/do")
    assert [state(app, id_) for id_ in (1, 2, 3, 4)] == ["rejected"] * 3 + ["pending"]
    factories.work(app)
    assert rights.counted(app) == rights.standing(app)
    answer = send(mo, f"{LIST}/restore", which="all", state="rejected")
    send(mo, f"{answer.location}/do")
    assert [state(app, id_) for id_ in (1, 2, 3, 4)] == ["confirmed"] * 3 + ["pending"]


def test_it_can_be_cancelled(app: Flask, mo: FlaskClient) -> None:
    answer = send(mo, f"{LIST}/hold", which="ticked", each="1", reason="other")
    send(mo, f"{answer.location}/cancel")
    assert "nothing was changed" in text(mo.get(answer.location))
    assert send(mo, f"{answer.location}/do").status_code == 422
    assert state(app, 1) == "confirmed"


def test_an_erasure_is_marked_and_cancelled_or_done(app: Flask, clock: Clock) -> None:
    owner = console.enter(app, "owner")
    for cancels in (True, False):
        answer = send(owner, f"{LIST}/erase", which="ticked", each="1")
        own = answer.location.replace("/actions/", "/erasures/")
        assert f'action="{own}/do"' in text(owner.get(answer.location))
        send(owner, f"{own}/do")
        assert "erased at" in text(owner.get(LIST))
        assert "It will be erased at" in text(owner.get(f"{LIST}/1"))
        if cancels:
            send(owner, f"{own}/cancel")
            assert "erased at" not in text(owner.get(LIST))
    clock.forward(timedelta(hours=1))
    factories.work(app)
    assert rights.ids(app) == [2, 3, 4]


def test_erasing_asks_for_a_fresh_code(app: Flask, clock: Clock) -> None:
    owner = console.enter(app, "owner")
    answer = send(owner, f"{LIST}/erase", which="ticked", each="1")
    clock.forward(timedelta(minutes=20))
    asked = send(owner, f"{answer.location.replace('/actions/', '/erasures/')}/do")
    assert "/staff/second-factor/again" in text(asked)
    assert "erased at" not in text(owner.get(LIST))


@pytest.mark.parametrize(
    ("verb", "fields", "words"),
    [
        ("hold", {"which": "ticked", "reason": "other"}, "Please tick at least one signature."),
        ("hold", {"which": "ticked", "each": "1"}, "Please choose a reason"),
        (
            "hold",
            {"which": "ticked", "each": "1", "reason": "I do not like them"},
            "choose a reason",
        ),
        ("reject", {"which": "all", "reason": "other"}, "Please choose a filter first"),
        ("restore", {"which": "all", "order": "oldest"}, "Please choose a filter first"),
        ("restore", {"which": "ticked", "each": "one"}, "Please tick at least one signature."),
        ("hold", {"which": "all", "day": "x", "reason": "other"}, "Please choose a day"),
        ("hold", {"which": "all", "source": "@x", "reason": "other"}, "Please enter the tag"),
    ],
)
def test_what_is_missing_is_said_and_what_was_chosen_stays(
    app: Flask, mo: FlaskClient, verb: str, fields: dict[str, str], words: str
) -> None:
    answer = send(mo, f"{LIST}/{verb}", **fields)
    page = text(answer)
    assert answer.status_code == 422
    assert words in page
    assert 'role="alert"' in page
    if fields.get("each") == "1":
        assert re.search(r'name="each" value="1"[^>]* checked', page)
    assert rows(app, "SELECT * FROM bulk_actions") == []


def test_the_page_of_one_asks_again_on_itself(mo: FlaskClient) -> None:
    answer = send(mo, f"{LIST}/hold", which="ticked", each="2", record="yes")
    assert answer.status_code == 422
    assert "Signature 2</h1>" in text(answer)
    assert "Please choose a reason" in text(answer)


def test_each_button_is_there_for_who_may_click_it(app: Flask) -> None:
    for role, verbs in (
        ("owner", ["hold", "reject", "restore", "erase"]),
        ("moderator", ["hold", "reject", "restore"]),
        ("exporter", []),
    ):
        client = console.enter(app, role)
        for address in (LIST, f"{LIST}/1"):
            page = text(client.get(address))
            assert re.findall(r'formaction="[^"]*/(\w+)"', page) == verbs, (role, address)
        for verb in ("hold", "erase"):
            answer = send(client, f"{LIST}/{verb}", which="ticked", each="1", reason="other")
            assert answer.status_code == (303 if verb in verbs else 403)
    editor = console.enter(app, "editor", also=[Right.PERSONAL_DATA])
    assert 'formaction="' in text(editor.get(LIST))


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_sees_no_personal_data_gets_no_page_of_it(app: Flask, role: str) -> None:
    client = console.enter(app, role)
    assert LIST not in text(client.get("/staff/campaigns/amazon"))
    for answer in (
        client.get(LIST),
        client.get(f"{LIST}/1"),
        client.get(f"{LIST}/99"),
        find(client, people.ben["email"]),
        find(client, "nobody@example.org"),
        send(client, f"{LIST}/hold", which="ticked", each="1", reason="other"),
    ):
        assert answer.status_code == 403
    assert log(app, "search signatures") == []


def test_an_erasure_is_nobodys_who_may_not_erase(app: Flask, mo: FlaskClient) -> None:
    owner = console.enter(app, "owner")
    planned = send(owner, f"{LIST}/erase", which="ticked", each="1").location
    for verb in ("do", "undo", "cancel"):
        assert send(mo, f"{planned}/{verb}").status_code == 404
        own = planned.replace("/actions/", "/erasures/")
        assert send(mo, f"{own}/{verb}").status_code == (404 if verb == "undo" else 403)
    assert "Change nothing" not in text(mo.get(planned))
    held = send(mo, f"{LIST}/hold", which="ticked", each="2", reason="other").location
    assert send(owner, f"{held.replace('/actions/', '/erasures/')}/do").status_code == 404
