"""The campaign's files do what the staff guide says of them: tried on copies that were edited."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.config import Sender, Settings
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.factories import confirm, entries, shipped_call, work
from tests.messages import KEYS, to_targets, write
from tests.park import PARK, open_park

# One database is enough: what is shown here comes from no query of its own.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Emails go out from a mail domain, and none come in."""
    return replace(settings, mail_from=Sender(name="", address="no-reply@calls.example.org"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped call, to be edited."""
    return shipped_call(tmp_path)


def edit(path: Path, pattern: str, new: str) -> None:
    """Put this in the place of each that fits, from line to line."""
    text, found = re.subn(
        pattern, lambda _: new, path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert found, pattern
    path.write_text(text, encoding="utf-8")


def load(app: Flask, folder: Path) -> None:
    with app.app_context(), transaction() as session:
        deps = dependencies_of(app)
        content_files.load(session, folder, organiser=deps.settings.organiser, at=deps.now())
    dependencies_of(app).campaign_cache.clear()


def read(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


SHARED = "Ask them, all of you."


@pytest.mark.parametrize(
    ("key", "place"),
    [("chat", "https://wa.me/"), ("post", "https://bsky.app/"), ("email", "mailto:")],
)
def test_words_to_pass_on_that_are_missing_are_the_share_text(
    app: Flask, client: FlaskClient, folder: Path, key: str, place: str
) -> None:
    edit(folder / "en/call.toml", r'^share_text = ".*"$', f'share_text = "{SHARED}"')
    edit(folder / "en/call.toml", rf"^{key} = (\"\"\"[\s\S]*?\"\"\"|\".*\")$", "")
    load(app, folder)
    page = read(client, "/en/amazon/thanks")
    with_it = {link for link in re.findall(r'href="([^"]+)"', page) if "Ask%20them" in link}
    assert any(link.startswith(place) for link in with_it)
    others = {"https://wa.me/", "https://bsky.app/", "mailto:"} - {place}
    assert not any(link.startswith(tuple(others)) for link in with_it), "they have their own words"


def reference_lines(page: str) -> list[str]:
    section = page.partition('class="references"')[2].partition("</section>")[0]
    return re.findall(r'<li id="ref-\d+">(.*?)</li>', section)


def test_a_reference_says_its_language_and_leads_where_it_is_public(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    lines = '"[de] Ein Bericht",\n"[A Convention](https://law.example.org/98)",\n"A book",\n'
    edit(folder / "en/call.toml", r"^references = \[\n", f"references = [\n{lines}")
    load(app, folder)
    german, public, plain = reference_lines(read(client, "/en/amazon"))[:3]
    assert german == '<bdi lang="de">Ein Bericht</bdi>'
    link = '<a href="https://law.example.org/98" rel="noopener noreferrer">A Convention</a>'
    assert public == f"<bdi>{link}</bdi>"
    assert plain == "<bdi>A book</bdi>"


STORY = """
## A heading

A paragraph with *emphasis*, **more** and [a link](https://law.example.org/story).

- one of a list

<b>Bold</b> <img src=x onerror="alert(1)"> [in](javascript:alert(2))

<script>alert(3)</script>
"""


def test_the_story_is_markdown_and_takes_no_html(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    (folder / "en/story.md").write_text(STORY, encoding="utf-8")
    load(app, folder)
    page = read(client, "/en/amazon")
    for shown in (
        "<h2>A heading</h2>",
        "<em>emphasis</em>, <strong>more</strong>",
        'href="https://law.example.org/story"',
        "<li>one of a list</li>",
        "&lt;b&gt;Bold&lt;/b&gt; &lt;img src=x",
        "&lt;script&gt;alert(3)",
    ):
        assert shown in page
    for active in ("<b>", "<img src=x", "<script>alert", 'href="javascript:'):
        assert active not in page


@pytest.mark.parametrize(
    ("key", "place", "ours"),
    [
        ("device", "", "Use a private device and a private address, not one that your employer"),
        ("email", "", "Use a private address and device, not one your employer runs."),
        ("comment", "", "Leave out anything that could give a colleague away"),
        ("privacy", "/privacy", "If you work for the company this petition is addressed to"),
    ],
)
def test_words_for_people_at_risk_may_be_left_out(
    app: Flask, client: FlaskClient, folder: Path, key: str, place: str, ours: str
) -> None:
    risk = r"^\[at_risk\]\n(?:\w+ = .*\n)+"
    edit(folder / "en/call.toml", risk, f'[at_risk]\n{key} = "Mind this, {key}."\n')
    load(app, folder)
    page = unescape(read(client, f"/en/amazon{place}"))
    assert f"Mind this, {key}." in page
    assert ours not in page
    edit(folder / "en/call.toml", risk, "")
    load(app, folder)
    page = unescape(read(client, f"/en/amazon{place}"))
    assert ours in page
    assert "Mind this" not in page


def test_the_privacy_notice_says_what_a_signature_shows(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    sensitive = "Your signature shows a view on trade unions."
    assert sensitive in read(client, "/en/amazon/privacy")
    edit(folder / "en/call.toml", "^sensitive = .*$", "")
    load(app, folder)
    page = read(client, "/en/amazon/privacy")
    assert "Your signature shows a political view." in page
    assert sensitive not in page


def test_the_look_is_optional(app: Flask, client: FlaskClient, folder: Path) -> None:
    assert 'class="picture"' in read(client, "/en/amazon")
    edit(folder / "campaign.toml", "^(accent|picture|logo|organiser) = .*$", "")
    load(app, folder)
    assert 'class="picture"' not in read(client, "/en/amazon")


def test_a_drawing_is_turned_round_where_one_reads_from_right_to_left(client: FlaskClient) -> None:
    for code, direction in (("en", "ltr"), ("ar", "rtl")):
        page = read(client, f"/{code}/amazon")
        assert re.search(rf'<html [^>]*dir="{direction}"', page)
        assert re.search(r'<img [^>]*class="picture"', page)
        sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
        rules = "".join(read(client, address) for address in sheets)
        turned = re.findall(r"([^{}]+)\{\s*transform: scaleX\(-1\)", rules)
        assert "[dir=rtl] .picture" in [each.strip() for each in turned]


def feed_ids(client: FlaskClient) -> list[str]:
    feed = Xml.fromstring(read(client, "/en/park/updates.atom"))
    atom = "{http://www.w3.org/2005/Atom}"
    return [str(entry.findtext(f"{atom}id")) for entry in feed.findall(f"{atom}entry")]


def test_readers_of_the_feed_know_news_by_their_files_names(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    park = Path(shutil.copytree(PARK, tmp_path / "park"))
    open_park(app, park)
    before = feed_ids(client)
    assert before[0].endswith("2026-10-02-flyers")
    news = park / "en/updates/2026-10-02-flyers.md"
    news.write_text("# Another title\n\nOther words.\n", encoding="utf-8")
    open_park(app, park)
    assert "Another title" in read(client, "/en/park/updates.atom")
    assert feed_ids(client) == before
    news.rename(news.with_name("2026-10-02-more-flyers.md"))
    open_park(app, park)
    after = feed_ids(client)
    assert after[1:] == before[1:]
    assert after[0] != before[0]


def test_a_timeline_has_a_line_for_each_table_with_its_marks(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    edit(folder / "en/call.toml", r"^\[\[timeline\]\]\n(?:date|text) = .*\ntext = .*\n", "")
    tables = "".join(
        f'[[timeline]]\ndate = "{on}"\ntext = "It was {on}.[7]"\n\n'
        for on in ("2020", "2020-10", "2020-10-06")
    )
    edit(folder / "en/call.toml", r"^\[at_risk\]$", f"{tables}[at_risk]")
    load(app, folder)
    page = read(client, "/en/amazon")
    section = page.partition('class="timeline"')[2].partition("</section>")[0]
    found = re.findall(r'<p class="when">(.*?)</p><p>(.*?)</p>', section)
    mark = '<sup><a href="#ref-7">[7]</a></sup>'
    assert found == [
        ("2020", f"It was 2020.{mark}"),
        ("October 2020", f"It was 2020-10.{mark}"),
        ("6 October 2020", f"It was 2020-10-06.{mark}"),
    ]


def test_where_no_mail_is_taken_in_answers_come_to_an_address_that_is_read(
    app: Flask, client: FlaskClient
) -> None:
    write(client, people.cora, to=KEYS[0])
    confirm(app, entries(app)[-1])
    work(app)
    (email,) = to_targets(app)
    assert email["Reply-To"] == "replies@calls.example.org"
