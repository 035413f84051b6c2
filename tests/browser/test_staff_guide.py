"""docs/staff.md, tried in a browser: what it tells to press is pressed, what it says comes, comes.

Each step quotes the guide word for word, so that neither can change alone. And whatever the guide
sets in bold or italics is the name of something on a page that the walk saw, or stands in `OTHER`
with what it is instead: a button that is renamed makes this red, and so does one that is made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import APIResponse, LocatorAssertions, Page, expect

from petition.app import create_app
from petition.config import load
from petition.services.counts import country_figures
from petition.store.db import transaction
from petition.store.exports import requests
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.browser.instance import ROOT, Instance, run_instance, wait_until
from tests.browser.staff import PASSWORD, next_code
from tests.browser.staff_guide import Guide, Reader, names_in
from tests.browser.staff_guide_sentences import EXPLAINED, SHOWN_BY
from tests.browser.test_passkeys import STALE, Device
from tests.messages import write

Opening = Callable[..., Page]

YOU: Final = "you@example.org"
COLLEAGUE: Final = "colleague@example.org"
CAMPAIGN: Final = "/staff/campaigns/amazon"
UNION: Final = "https://union.example.org"
SMALL: Final = ("FR", "SE")
"""Countries with too few people to be named on a public page."""
SIGNERS: Final = 24
"""More than a page of names that wait."""
WRITER: Final = people.someone(SIGNERS - 2)
"""One of them, who has written to the targets, too."""
NOW: Final = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-1 minute')"

OTHER: Final = {
    # How something is, or a word that is explained.
    "once", "second factor", "recovery codes", "draft", "open", "closed", "confirmed",
    "sees personal data", "downloads lists", "sends emails to supporters",
    "opens and closes campaigns", "only after one of you has read them", "Owners only.",
    "reference", "not accepted yet",
    # The beginning of a paragraph or a point, as a heading would be.
    "By partner", "Or a passkey.", "Phone lost?", "How many tries there are.",
    "What you show appears at 04:00 UTC", "The goal moves on.", "Where people sign.",
    "When you close a petition", "Who may get what:", "Long lists take two.",
    "Never send the target the other file", "What the person sees.", "A question more",
    "What the form asks", "What people pass on", "An answer", "Consent texts",
    "“What do you hold about me?”, “Erase me.”", "“I got no email.”", "“I do not follow links.”",
    "“Someone entered my address.”", "“I do not want news any more.”",
    "Withdrawn, erased or rejected after a list has left:", "Withdrawing",
    "News", "A timeline", "The outcome", "People see that you looked.",
    "A slip in the address:", "Traces in the comment:",
    "Emails are counted by mailbox",
    "Keys.", "Two of you at once.", "Many signatures opened.", "Click a number",
    # Stands in emails, or at an address: tests/mail and tests/journeys read these.
    "This was not me", "Unsubscribe", "/en/code",
    # In the program that opens the list.
    "Excel", "File → Open", "Character set: Unicode (UTF-8)", "Separator options",
    "Separated by: Comma", "untick everything else", "Column type: Text", "OK", "new",
    # On a page of a campaign for people at risk, and in files: tests/browser/test_at_risk.py.
    "Leave this site",
}  # fmt: skip
"""What stands in bold or italics and is no name of a thing on a page."""


@pytest.fixture(scope="module")
def instance(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """With names that wait, at a host for which browsers make passkeys."""
    folder = tmp_path_factory.mktemp("instance")
    with run_instance(
        folder, host="localhost", tables=tables, PETITION_SECOND_PERSON="on"
    ) as running:
        app = create_app(load(running.environ))
        _signed(app)
        running.confirmed()
        with app.app_context(), transaction() as session:
            at = dependencies_of(app).now()
            country_figures.snapshot_countries(session, factories.the_call(app).id, at=at)
        running.invite("viewer", COLLEAGUE)
        running.rows("UPDATE staff SET totp_sealed = x'00' WHERE email = ?", COLLEAGUE)
        yield running


def _signed(app: Flask) -> None:
    with app.app_context():
        call = factories.the_call(app)
        for number in {*range(SIGNERS)} - {SIGNERS - 2}:
            comment = f"Dignity for all {number}." if number % 2 else ""
            country = SMALL[number % 2] if number < SIGNERS // 2 else "DE"
            factories.keep(
                app,
                call,
                people.someone(number, visibility="public", country=country, comment=comment),
            )
        form = WRITER | {"visibility": "public"}
        assert write(app.test_client(), form, wants_answer="yes").status_code == 303
        for entry_id in factories.entries(app):
            factories.confirm(app, entry_id)
        with transaction() as session:
            requests.add(
                session,
                campaign_id=1,
                by=COLLEAGUE,
                reason="thank-you letters",
                wanted=requests.WantedList(),
                rows=1001,
                at=dependencies_of(app).now(),
            )


def test_the_guide_from_its_beginning(instance: Instance, open_page: Opening) -> None:
    guide = Guide(ROOT / "docs" / "staff.md")
    reader = Reader(open_page(), guide)
    device = Device(reader.page)
    assert device
    _before_anybody_signed(reader)
    _your_account(reader, instance)
    _roles(reader)
    _the_numbers(reader)
    _names_and_comments(reader)
    _what_everyone_sees(reader)
    _taking_a_list_out(reader, instance)
    _partners(reader)
    _the_targets_own_mail(reader)
    _emails_to_the_targets(reader, instance)
    token = _tokens(reader, instance)
    _webhooks(reader, instance)
    _looking_up_a_signature(reader)
    _holding_and_rejecting(reader)
    _limits(reader)
    _the_audit_log(reader)
    _wherever_the_menus_lead(reader)
    _opening_and_closing(reader)
    _closing_everything(reader, token)
    missing = {
        name
        for name in guide.names(opened=True) - OTHER
        if not any(each.casefold().startswith(name.rstrip(".").casefold()) for each in reader.seen)
    }
    assert missing == set(), "the guide names what is on no page"
    made_up = guide.names(opened=False) - OTHER - guide.names(opened=True) - words_of_the_console()
    assert made_up == set(), "no page of the console has such words"
    for title, shown_by in SHOWN_BY.items():
        sentences = guide.not_quoted(title)
        left = [each for each in sentences if not each.startswith((*shown_by,))]
        assert left == [], f"{title}: nothing tries this"
        spare = [
            beginning
            for beginning in shown_by
            if not any(each.startswith(beginning) for each in sentences)
        ]
        assert spare == [], f"{title}: the guide does not say this, or the walk tries it"


def words_of_the_console() -> set[str]:
    """All that it can say: of what the walk does not try, the guide names nothing else."""
    files = [
        *(ROOT / "templates" / "staff").glob("*.html"),
        *(ROOT / "petition" / "web" / "staff").glob("*.py"),
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    found = re.findall(r"""_\(\s*(?:'([^']+)'|"([^"]+)")""", text)
    return {re.sub(r": %.*", "", in_page or in_code) for in_page, in_code in found}


def _before_anybody_signed(reader: Reader) -> None:
    reader.guide.open("What everyone sees")
    reader.guide.says("before the first signature the page says “Be among the first to sign”")


def _your_account(reader: Reader, instance: Instance) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Your account")
    guide.says("Open it and choose a password of 15 characters or more")
    link = instance.invite("owner", YOU)
    reader.go(link)
    reader.fill(password="too short")
    reader.enter()
    expect(page.get_by_role("alert")).to_contain_text("15 characters or more")
    guide.says("A password that is too short does not spend the link.")
    reader.fill(password=PASSWORD)
    reader.enter()
    guide.says("Then you set up your **second factor**: nothing else opens before.")
    reader.go("/staff/people")
    reader.heading("Set up your second factor")
    guide.says(
        "Scan the picture on the page with it, or type the letters below the picture into it."
    )
    expect(page.locator("img.code-picture")).to_be_visible()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    guide.says("the same page has a button below: **Make a passkey**")
    expect(page.get_by_role("button", name="Make a passkey")).to_be_visible()
    guide.says("Type the six digits that the app shows.")
    reader.fill(code=pyotp.TOTP(secret).now())
    reader.enter()
    guide.says("The next page has ten **recovery codes**.")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    reader.go(link)
    guide.says("It works **once**, within three days; a newer one ends it.")
    expect(page.locator("h1")).not_to_have_text("Set up your account")

    reader.go("/staff/")
    guide.says("and when you press **Sign out**")
    reader.press("Sign out")
    guide.says(
        "sign in at `/staff/` of the petition's address with your password, and then with the"
    )
    _type_password(reader)
    reader.fill(code=next_code(secret))
    reader.enter()
    reader.heading("Campaigns")

    guide.says("At the top stands **Your account**.")
    reader.press("Your account")
    guide.says("There you make ten new recovery codes, which end the old ones;")
    reader.press("Make ten new ones")
    newer = page.locator(".recovery-codes code").all_inner_texts()
    assert len(newer) == 10
    assert not {*newer} & {*codes}

    guide.says("Under **Your passkeys** you add one")
    reader.go("/staff/account")
    reader.heading("Your passkeys")
    reader.press("Add a passkey")
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/staff/account")
    reader.look()
    guide.says("**sign out everywhere**")
    reader.press("Sign out everywhere")
    guide.says("Sign in with a recovery code and set up another app.")
    _type_password(reader)
    reader.fill(code=newer[0])
    reader.enter()
    reader.press("Sign out")
    guide.says("Each lets you in once, without app or passkey, together with your password.")
    _type_password(reader)
    reader.fill(code=newer[0])
    reader.enter()
    expect(page.get_by_role("alert")).to_contain_text("used already")
    reader.press("Sign out")
    guide.says("or press **Use a passkey**")
    _type_password(reader)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/staff/")
    reader.go("/staff/account")
    guide.says("**Remove the app** leaves passkeys alone. The last second factor stays.")
    reader.press("Remove the app")
    reader.reads("You have no app for codes.")
    expect(page.get_by_role("button", name="Remove", exact=False)).to_have_count(0)

    guide.says(
        "An owner makes a link on the page **People**, under **Somebody has lost their second"
    )
    reader.press("People")
    reader.press("Somebody has lost their second factor")
    reader.fill(email=COLLEAGUE)
    guide.says(
        "which is chosen from a short list (`lost`, `stolen`, `broken`, `replaced` or `other`)"
    )
    page.get_by_role("radio", name="It was stolen").check()
    reader.press("Make the link")
    guide.says("It is handed over, not mailed.")
    reader.reads("not by email")


def _type_password(reader: Reader) -> None:
    reader.go("/staff/")
    reader.heading("Sign in")
    reader.fill(email=YOU, password=PASSWORD)
    reader.enter()


def _roles(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Roles")
    reader.press("People")
    guide.says("**People** lists every account: whether it is in use, what it may do, which second")
    for column in ("Account", "May do", "Second factor", "Last seen"):
        expect(page.get_by_role("columnheader", name=column)).to_be_visible()
    expect(page.get_by_role("cell", name="1 passkey")).to_be_visible()
    for role in guide.table("role"):
        expect(page.get_by_role("radio", name=re.compile(role, re.IGNORECASE))).to_be_visible()
    for right in ("sees personal data", "downloads lists", "sends emails to supporters",
                  "opens and closes campaigns"):  # fmt: skip
        guide.says(f"**{right}**")
        expect(page.get_by_role("checkbox", name=right)).to_be_visible()
    guide.says("*Invite somebody* makes a link to pass on, which is shown once.")
    reader.heading("Invite somebody")
    reader.fill(email="next@example.org")
    page.get_by_role("radio").first.check()
    reader.press("Make the link")
    expect(page.locator("code.link")).to_contain_text("/staff/set-up/")
    reader.go("/staff/people")
    expect(page.locator("code.link")).to_have_count(0)
    guide.says("Click an address to change a role, take it away, or close the account")
    reader.press(YOU)
    for name in ("Take away", "Save", "Close the account"):
        expect(page.get_by_role("button", name=name)).to_be_visible()


def _the_numbers(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Reading the numbers")
    guide.says("Click a petition.")
    reader.go("/staff/")
    page.locator(f"main a[href='{CAMPAIGN}']").click()
    reader.look()
    guide.says("click it to sort by that column, and again for the other way round")
    guide.says("The arrow says how the table stands.")
    rows = page.locator("table.by-country th[scope=row]")
    most_first = rows.all_inner_texts()
    for direction, countries in (("ascending", sorted(most_first)), ("descending", None)):
        page.locator("table.by-country thead a").first.click()
        expect(page.locator("table.by-country th[aria-sort]")).to_have_attribute(
            "aria-sort", direction
        )
        assert rows.all_inner_texts() == (countries or sorted(most_first, reverse=True))
    for name in ("Confirmed", "Where signatures stand", "By day", "By country", "By language"):
        guide.says(f"**{name}**")
        reader.heading(name)
    states = page.locator("#states-heading ~ table th[scope=row]").all_inner_texts()
    assert sorted(states) == sorted(guide.table("state"))


def _names_and_comments(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Names and comments")
    guide.says("Click a petition, then **Names and comments**.")
    reader.press("Names and comments")
    guide.says("The oldest stand first, with three buttons:")
    for name in guide.table("button"):
        expect(page.get_by_role("button", name=name, exact=True).first).to_be_visible()
    guide.says("**Skip these** shows the next twenty and leaves the ones before you undecided.")
    reader.press("Skip these")
    expect(page.locator(".reviews > li")).to_have_count(SIGNERS - 20)
    guide.says("**With a comment** leaves the bare names out, and says how many comments wait.")
    reader.press("With a comment")
    expect(page.locator(".reviews > li")).to_have_count(SIGNERS // 2)
    reader.press("Show")
    expect(page.locator(".reviews > li")).to_have_count(SIGNERS // 2 - 1)
    guide.says("**Undo** takes back your last decision")
    reader.press("Undo")
    reader.reads("All is as it was before.")
    reader.go(f"{CAMPAIGN}/comments?only=comments")
    expect(page.locator(".reviews > li")).to_have_count(SIGNERS // 2)
    guide.says("**Only some of them** narrows a list to a language, a country, or names without")
    expect(page.locator("summary", has_text="Only some of them")).to_be_visible()
    if not page.locator("#country").is_visible():
        page.locator("summary", has_text="Only some of them").click()
    for label in ("Comment", "Language of the form", "Country"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    guide.says("**A** shows it, **N** shows the name only, **R** does not show it, **U** undoes")
    page.locator("h1").click()
    marked = page.locator(".reviews > li[aria-current]")
    first = marked.inner_text()
    guide.says("**J** and **K** mark the next name and the one before.")
    page.keyboard.press("j")
    assert marked.inner_text() != first
    page.keyboard.press("k")
    assert marked.inner_text() == first
    with page.expect_navigation():
        page.keyboard.press("a")
    expect(page.locator(".reviews > li")).to_have_count(SIGNERS // 2 - 1)
    guide.says("read them all, then press the button below the list")
    reader.go(f"{CAMPAIGN}/comments")
    page.get_by_role("button", name=re.compile(r"that have no comment$")).click()
    guide.says("**Shown**, **Name only** and **Not shown** list what was decided")
    for name in ("Not shown", "Name only", "Shown"):
        page.locator("nav.tabs").get_by_role("link", name=name, exact=True).click()
        reader.look()
        expect(page.locator("#list-heading")).to_have_text(name)
    reader.reads("Decided by")
    guide.says("if you change **Show** into **Name only** or back")
    shown = page.locator(".reviews > li").count()
    reader.press("Name only")
    expect(page.locator(".reviews > li")).to_have_count(shown - 1)


def _what_everyone_sees(reader: Reader) -> None:
    guide = reader.guide
    guide.open("What everyone sees")
    reader.go("/en/amazon")
    guide.says("**Everyone else**")
    guide.open("When somebody writes to you")
    guide.says("**My signature** at the foot of every page")
    expect(reader.page.locator("footer").get_by_role("link", name="My signature")).to_be_visible()
    guide.says("Then *No email yet?* on the page after signing.")
    reader.go("/en/amazon/thanks")
    reader.heading("No email yet?")


def _taking_a_list_out(reader: Reader, instance: Instance) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Taking a list out")
    guide.says("under **Download a list**, write why you need it and click **Make the CSV file**.")
    reader.go(CAMPAIGN)
    reader.heading("Download a list")
    guide.says("in the console **For news**")
    for name in ("For news", "For Excel"):
        expect(page.get_by_role("checkbox", name=name)).to_be_visible()
    reader.fill(reason="count by region for the press on 3 December")
    reader.press("Make the CSV file")
    guide.says("Then **Download the CSV file**")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the CSV file").click()
    rows = Path(taken.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(rows) == SIGNERS + 1
    assert taken.value.suggested_filename.startswith("amazon-full-confidential-")
    guide.says("`amazon-full-confidential-20261203T1604Z.csv`")
    guide.says("under **Downloaded lists**, for good")
    reader.go(CAMPAIGN)
    reader.reads("count by region for the press on 3 December")
    guide.says("The ledger says the same in its column **What**.")
    expect(page.get_by_role("columnheader", name="What", exact=True)).to_be_visible()
    instance.rows("UPDATE exports SET sha256 = NULL")
    guide.says("A line that says **cut off** is a file that did not leave whole")
    reader.go(CAMPAIGN)
    reader.reads("cut off")
    reader.seen.add("cut off")
    guide.open("What goes to the target")
    guide.says("It stands on the page under **Lists that take a second person**")
    reader.heading("Lists that take a second person")
    guide.says("approves or refuses it there, with your reason before them")
    reader.reads("thank-you letters")
    expect(page.get_by_role("button", name="Refuse")).to_be_visible()
    reader.press("Approve")
    reader.reads(f"Approved by {YOU}")
    guide.says("Once it is approved, you click **Make the CSV file** beside it, one time.")
    instance.rows('UPDATE export_requests SET "by" = ?, decided_by = ?', YOU, COLLEAGUE)
    reader.go(CAMPAIGN)
    beside = page.locator("form[action$='/make'] button")
    expect(beside).to_have_text("Make the CSV file")
    beside.click()
    page.get_by_role("link", name="Download the CSV file").wait_for()
    reader.go(CAMPAIGN)
    expect(beside).to_have_count(0)
    guide.open("Taking a list out")
    guide.says("from there or from **Downloaded lists**")
    expect(page.get_by_role("link", name="Download the CSV file").first).to_be_visible()
    guide.open("When somebody writes to you")
    guide.says("the table *Downloaded lists* counts them under **To remove**, beside each list.")
    instance.petition("signature", "reject", "1", "--reason", "made-up")
    instance.confirmed()  # a worker counts what each list must let go of
    reader.go(CAMPAIGN)
    guide.says("The number is a link: a file with the `signature_id` of each, why, and since when")
    with page.expect_download() as recalled:
        page.locator("a[href$='/recall']").last.click()
    assert "removed" in Path(recalled.value.path()).read_text(encoding="utf-8")
    guide.open("Opening the file")
    guide.says("Tick **For Excel** in the console")
    guide.open("What goes to the target")
    guide.says("**For the target**")
    expect(page.get_by_role("checkbox", name="For the target")).to_be_visible()


def _partners(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Partners")
    guide.says("make a partner on the petition's page **Partners**: its name")
    reader.press("Partners")
    reader.heading("Add a partner")
    reader.fill(name="Workers’ Union", sites=UNION)
    reader.press("Add it")
    _arrangement(reader)
    guide.says("What is arranged with each partner everybody can read at `/en/amazon/partners`.")
    reader.go("/en/amazon/partners")
    reader.reads("Workers’ Union e. V.")
    guide.says("Choose the partner under **For a partner**")
    reader.go(CAMPAIGN)
    expect(page.get_by_label("For a partner")).to_be_visible()
    guide.says("Then its page has the lines to paste, in each language of the petition")
    reader.press("Partners")
    reader.press("Workers’ Union")
    reader.heading("What the partner pastes")
    guide.says("and the form as its visitors see it: try it there, nothing is kept.")
    summary = page.locator("summary", has_text="See the form as the partner’s visitors do")
    expect(summary).to_be_visible()
    one = page.url
    guide.says("**Its own page and sections** is for what the partner itself sees.")
    reader.press("Its own page and sections")
    guide.says("shows the link to the partner's own page this one time")
    reader.press("Make a link")
    expect(page.locator("code")).to_contain_text("/partner/")
    reader.go(f"{one}/page")
    guide.says("Type its name and press **Add the section**")
    reader.fill(name="Leipzig")
    reader.press("Add the section")
    reader.reads("Leipzig: 0 confirmed signatures")
    guide.says("A section, such as a local branch, has a link and a QR code of its own.")
    expect(page.get_by_role("link", name="QR code (SVG): Leipzig")).to_be_visible()
    guide.says("**Revoke the link** (`petition partner link KEY --revoke`) ends it at once")
    reader.press("Revoke the link")
    reader.reads("There is no link at the moment.")
    reader.go(one)
    guide.says(
        "**Block it** (`petition partner block KEY`) shows a link to the petition's own page"
    )
    reader.press("Block it")
    reader.reads("This partner is blocked.")
    guide.says(
        "**Asked for without success** appears when a site asked for the form with a blocked"
    )
    _ask_for_the_form(page, one)
    reader.go(one)
    reader.heading("Asked for without success")
    guide.says("**Unblock it** (`petition partner lift KEY`) lets it go on.")
    reader.press("Unblock it")
    expect(page.get_by_role("button", name="Block it")).to_be_visible()


def _ask_for_the_form(page: Page, of_partner: str) -> None:
    """As a browser does on the site of a partner, whose page in the console this is."""
    key = of_partner.split("/partners/")[1].partition("/")[0]
    page.request.get(f"/embed/amazon?partner={key}", headers={"Referer": f"{UNION}/"})


def _arrangement(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.says("**Arrangement and question** is the page that comes next.")
    reader.heading("Arrangement and question")
    guide.says(
        "you add who is responsible there, where its privacy notice stands, who its person is, and "
        "for how long it may keep people who said yes."
    )
    arrangement = page.url
    contact = "paula@union.example.org"
    reader.fill(
        controller="Workers’ Union e. V.",
        privacy_url=f"{UNION}/privacy",
        contact_email=contact,
        retention_months="12",
    )
    reader.press("Save the arrangement")
    guide.says("Then email the link from there, or copy it")
    link = page.locator("code.address").inner_text()
    reader.press(f"Email the link to {contact}")
    reader.reads("The email is on its way.")
    guide.says("*not accepted yet*")
    _ask_for_the_form(page, arrangement)
    reader.go(arrangement.removesuffix("/arrangement"))
    expect(page.get_by_role("cell", name="not accepted yet", exact=True)).to_be_visible()
    reader.go(arrangement)
    guide.says("**The partner’s question** is a box on its form, in each language that you write")
    page.get_by_label("English", exact=True).fill("Yes, the union may email me.")
    reader.press("Save the question")
    guide.says("a person there reads it, types their name and accepts")
    reader.go(link)
    reader.fill(name="Paula")
    reader.press("Accept for Workers’ Union e. V.")
    reader.reads("Accepted by Paula")
    guide.says("press **Ask for a new key** (`petition partner new-key KEY`)")
    reader.go(arrangement)
    expect(page.get_by_role("button", name="Ask for a new key")).to_be_visible()


def _the_targets_own_mail(reader: Reader) -> None:
    guide = reader.guide
    guide.open("The target's own mail")
    guide.says("**The target’s own mail domains**; owners and editors may change it there.")
    reader.press("The target’s own mail domains")
    reader.fill(domain="kuiper.example.org")
    reader.page.locator(f"form[action='{CAMPAIGN}/domains'] button").click()
    reader.reads("kuiper.example.org")


def _emails_to_the_targets(reader: Reader, instance: Instance) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Emails to the targets")
    guide.says("Click a petition, then **Emails to the targets**.")
    reader.press("Emails to the targets")
    room = page.url
    guide.says("**Pause all of them** lets nothing go; what is queued waits.")
    reader.press("Pause all of them")
    reader.reads("paused since")
    # The mailbox of development had them at once.
    instance.rows("UPDATE messages SET state = 'queued', finished_at = NULL")
    guide.says(
        "For each target you see how many emails of supporters wait for their click, are queued, "
        "were sent, came back or were cancelled, and when its queue will be empty"
    )
    columns = ("Waits for confirmation", "Queued", "Sent", "Bounced", "Cancelled", "Queue empty")
    assert {*columns} < {*page.get_by_role("columnheader").all_inner_texts()}
    guide.says("click a column's name to sort them by it.")
    first = page.locator("tbody a").first
    names = page.locator("tbody a").all_inner_texts()
    reader.press("Target")
    assert page.locator("tbody a").all_inner_texts() == sorted(names)
    reader.go(room)
    guide.says("What people wrote, and who they are, is on no page.")
    _says_not_who_wrote(page)
    guide.says("Click a target for all that is about it alone:")
    first.click()
    reader.look()
    one = page.url
    another = one.replace("chief-executive", "human-resources")
    _says_not_who_wrote(page)
    _queue(reader).to_have_text("1")
    guide.says("**Change the cap** sets how many emails an hour and a day it gets at most.")
    reader.fill(an_hour="12", a_day="90")
    reader.press("Change the cap")
    reader.reads("12 an hour, 90 a day (set here, not by the campaign’s files)")
    guide.says("**Send it to me** sends one of the texts to your own address")
    reader.press("Send it to me")
    reader.reads("A test is on its way to your own address.")
    _unknown_outcomes(reader, instance, one)
    _what_it_did(reader, one)
    _its_answer(reader, instance, one)
    reader.go(another)
    guide.says("**Write to it no more** takes a target out: for now, for good, or because another")
    for label in ("Not for now", "It is no target", "Another one takes its place"):
        expect(page.get_by_role("radio", name=re.compile(f"^{label}"))).to_be_visible()
    page.locator("#left_as").check()
    reader.press("Write to it no more")
    reader.reads("not written to for now")
    instance.confirmed()  # a worker tells whom it concerns
    for to, subject in (
        (YOU, "Test: "),
        (WRITER["email"], "An answer has come"),
        (WRITER["email"], "An email of yours was not sent"),
    ):
        _arrives(instance, to, subject)
    reader.go(another)
    guide.says("What is queued is cancelled or goes to the other one, and those who wrote are told")
    _queue(reader).to_have_text("0")
    guide.says("**Write to it again** brings a target back")
    reader.press("Write to it again")
    expect(page.locator("main")).not_to_contain_text("not written to for now")
    guide.says("What they say is counted on the target's page")
    reader.heading("What supporters say came back")
    reader.go(room)
    reader.press("Let emails go to all of them again")
    expect(page.locator("main")).not_to_contain_text("paused since")
    guide.says("Everyone sees the last of these on the petition's page")
    reader.go("/en/amazon")
    for words in ("Silent", "We do not talk about this."):
        reader.reads(words)
    expect(page.locator(".scoreboard")).not_to_contain_text("Asked")


def _says_not_who_wrote(page: Page) -> None:
    text = page.content()
    assert not [each for each in ("given_name", "email") if WRITER[each] in text]


def _arrives(instance: Instance, to: str, subject: str) -> None:
    """Brought by our own worker, or by that of `petition start`."""
    wait_until(
        lambda: any(each.subject.startswith(subject) for each in instance.letters(to)),
        f"{subject} to {to}",
    )


def _queue(reader: Reader) -> LocatorAssertions:
    return expect(reader.page.locator("xpath=//dt[.='Queued']/following-sibling::dd[1]"))


def _unknown_outcomes(reader: Reader, instance: Instance, one: str) -> None:
    """As when a connection broke at the end of the first target's email."""
    page, guide = reader.page, reader.guide
    first = "(SELECT min(target_id) FROM messages)"
    instance.rows(
        f"UPDATE messages SET state = 'parked', finished_at = {NOW} WHERE target_id = {first}"
    )
    reader.go(one)
    guide.says("“Outcome unknown” is there when the connection broke at the end of an email")
    reader.heading("Outcome unknown")
    guide.says(
        "Say that they were sent, or have them sent again, knowing that some may arrive twice."
    )
    expect(page.get_by_role("button", name="They were sent")).to_be_visible()
    page.get_by_role("checkbox", name="twice").check()
    reader.press("Send them again")
    _queue(reader).to_have_text("1")


def _what_it_did(reader: Reader, one: str) -> None:
    page, guide = reader.page, reader.guide
    guide.says(
        "**Note it** says what the target did: asked, answered, agreed, said no, or silent, with a "
        "day and a link or a few words that show it."
    )
    choices = page.locator("#stand option").all_inner_texts()
    assert choices[1:] == ["Asked", "Answered", "Agreed", "Said no", "Silent"]
    for value, more in (
        ("asked", {"day": "2026-10-01", "link": "https://news.example.org/letter"}),
        ("silent", {"note": "No letter in two months."}),
    ):
        page.locator("#stand").select_option(value)
        reader.fill(**more)
        reader.press("Note it")
    guide.says("the earlier ones stay in the list.")
    listed = page.locator("#stand-heading ~ ol li").all_inner_texts()
    assert [each.partition(",")[0] for each in listed] == ["Silent", "Asked"]
    guide.says("Nobody can write any more to a target that agreed")
    reader.go(one.replace("chief-executive", "human-rights"))
    name = page.locator("h1").inner_text()
    page.locator("#stand").select_option("promised")
    reader.fill(note="By letter.")
    reader.press("Note it")
    reader.go("/en/amazon/message")
    expect(page.locator("form").filter(has_text=name)).to_have_count(0)
    reader.go(one)


def _its_answer(reader: Reader, instance: Instance, one: str) -> None:
    page, guide = reader.page, reader.guide
    guide.says("**Publish it** shows an answer of the target to everybody on the petition's page")
    guide.says("Those who ticked “Tell me by email if they answer” can get it by email")
    reader.reads("People who asked to be told: 1")
    reader.fill(answer_en="We do not talk about this.")
    reader.press("Publish it")
    reader.reads("We do not talk about this.")
    expect(page.get_by_role("button", name="Tell those who asked")).to_be_visible()
    guide.says("More than 100 emails take a second person who may send emails to supporters.")
    reader.reads("To tell more than 100, a second person agrees.")
    instance.rows("UPDATE target_answers SET asked_by = ?", COLLEAGUE)
    reader.go(one)
    reader.reads(f"{COLLEAGUE} wants those told who asked for it. Do you agree?")
    reader.press("Agree")
    reader.reads("Those who asked are being told.")


SETTLED: Final = (
    "UPDATE signatures SET confirmed_at ="
    " strftime('%Y-%m-%d %H:%M:%f', confirmed_at, '-2 minutes') || '000'"
    " WHERE confirmed_at IS NOT NULL"
)
"""What is younger than a minute is given out the next time; nobody waits for that here."""


def _tokens(reader: Reader, instance: Instance) -> str:
    page, guide = reader.page, reader.guide
    guide.open("Tokens of the API")
    guide.says("The petition's page **Tokens of the API** has those for our own programs")
    reader.go(CAMPAIGN)
    reader.press("Tokens of the API")
    room = page.url
    guide.says("It takes a code anew, and the audit log has it.")
    instance.rows(STALE)
    guide.says(
        "Say for how many days it is good and what it opens, press **Make the token**, and hand "
        "over what the next page shows: a token is shown once."
    )
    token = _made_token(reader, fresh=True)
    guide.says("With a token a program reads signatures from the [API](api.md), page by page")
    instance.rows(SETTLED)
    read = _read(page, token, "signatures?limit=20")
    assert (len(read.json()["signatures"]), read.json()["has_more"]) == (20, True)
    guide.says("One token makes 600 requests an hour.")
    assert "600" in read.headers["ratelimit-policy"]
    guide.says("with everything that people typed")
    assert {"given_name", "email", "comment"} < {*read.json()["signatures"][0]}
    guide.says("and who has left since.")
    assert _read(page, token, "withdrawals").ok
    guide.says("The page shows how each token begins, until when it is good, and on which day it")
    reader.go(room)
    assert token not in page.content()
    for words in (f"{token[:12]}…: good until", "Last used on"):
        reader.reads(words)
    guide.says("Each day on which it reads somebody is a list among the files that left")
    reader.go(CAMPAIGN)
    reader.reads(token[:12])
    guide.says("**Revoke** ends it at once.")
    reader.go(room)
    page.get_by_role("button", name=f"Revoke: {token[:12]}").click()
    reader.reads("revoked on")
    assert _read(page, token, "signatures").status == 401
    guide.says(
        "and leads to those of each partner, which also stand behind *Its tokens of the API* on "
        "the partner's page."
    )
    reader.press("Workers’ Union")
    of_partner = page.url
    reader.press("Workers’ Union")  # the way back, to the partner
    reader.press("Its tokens of the API")
    assert page.url == of_partner
    guide.says("A partner's program reads who said yes to that partner")
    theirs = _made_token(reader)
    assert _read(page, theirs, "signatures").json()["signatures"] == []
    guide.says("*Close everything* revokes all tokens, too: each has to be made anew.")
    return theirs


def _made_token(reader: Reader, *, fresh: bool = False) -> str:
    page = reader.page
    reader.fill(days="30")
    for each in page.get_by_role("checkbox").all():
        each.check()
    reader.press("Make the token")
    if fresh:
        reader.heading("Please show once more that it is you")
        page.get_by_role("button", name="Use a passkey").click()
    reader.heading("The token is made")
    return page.locator("code.spelled").inner_text()


def _read(page: Page, token: str, what: str) -> APIResponse:
    """What a program gets that brings this token."""
    return page.request.get(
        f"/api/v1/campaigns/amazon/{what}", headers={"Authorization": f"Bearer {token}"}
    )


def _webhooks(reader: Reader, instance: Instance) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Webhooks")
    guide.says("The petition's page **Webhooks** says which programs are told at once what happens")
    reader.go(CAMPAIGN)
    reader.press("Webhooks")
    guide.says("Add the program's address there (it begins with `https://`)")
    reader.fill(url="http://hooks.example.org/in")
    reader.press("Add it")
    expect(page.get_by_role("alert")).to_be_visible()
    guide.says("A program can be ours or a partner's.")
    choices = page.locator("#partner option").all_inner_texts()
    assert choices[0] == "Ours"
    assert "Workers’ Union" in choices
    reader.fill(url="https://hooks.example.org/in")
    reader.press("Add it")
    guide.says("give the program what the next page shows: a secret is shown once.")
    secret = page.locator("code.spelled").inner_text()
    reader.press("Webhook")
    one = page.url
    assert secret not in page.content()
    guide.says("A program gets the signature's number, as it stands in your lists, and no name and")
    reader.reads("without names and addresses")
    guide.says("For a new secret there is a button, too. For a day messages carry both signatures")
    reader.press("Make a new one")
    assert page.locator("code.spelled").inner_text() != secret
    reader.go(one)
    reader.reads("messages are signed with the new and with the old one")
    guide.says("You can have these sent along")
    guide.says("It takes a code anew, and the audit log has it.")
    instance.rows(STALE)
    reader.press("Send names and addresses")
    page.get_by_role("button", name="Use a passkey").click()
    reader.reads("with names and addresses")
    reader.press("Send no names and addresses")
    guide.says("A test message is sent from the webhook's own page, which also shows what became")
    reader.press("Send a test message")
    expect(page.get_by_role("rowheader", name="ping")).to_be_visible()
    guide.says("A message that was given up stands first on the list, and can be sent again.")
    instance.rows(f"UPDATE webhook_deliveries SET state = 'dead', finished_at = {NOW}")
    reader.go(one)
    reader.press("Send all again that were given up")
    reader.press("Switch it off")
    guide.says("Have it mended, then switch it on: what waited is sent first.")
    reader.press("Switch it on")
    reader.press("Switch it off")


def _looking_up_a_signature(reader: Reader) -> None:
    guide = reader.guide
    guide.open("Looking up a signature")
    guide.says("Click a petition, then **Signatures**")
    reader.press("Signatures")
    reader.heading("Signatures")
    guide.says("**Find one signature** takes a whole email address")
    reader.heading("Find one signature")
    reader.fill(wanted="nobody@example.org")
    reader.press("Find")
    reader.reads("No signature of this campaign has this address or number.")
    reader.press("Back to the list")
    guide.says("It stands with the newest first; click **Form sent** or **State** above it")
    reader.heading("Filter the list")
    newest = reader.page.locator("tbody th").all_inner_texts()
    reader.press("Form sent")
    assert reader.page.locator("tbody th").all_inner_texts() == newest[::-1]
    guide.says("Click a number to see what was entered, and what happened since")
    reader.page.locator("tbody th a").first.click()
    reader.heading("What was entered")
    reader.heading("What happened so far")


def _holding_and_rejecting(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Holding and rejecting a signature")
    guide.says("Tick them in the list, or take **All that fit the filter**; choose a reason")
    chosen = f"{CAMPAIGN}/signatures?state=confirmed"
    guide.says("**Hold**, **Reject**, **Restore** or **Erase**. The next page counts first")
    for verb, first, then, says in (
        ("Restore", "Change nothing", None, "nothing was changed"),
        ("Hold", "Hold them", "Undo it", "they stand as before"),
        ("Reject", "Reject them", "Undo it", "they stand as before"),
        ("Erase", "Erase them in an hour", "Erase nothing", "nothing was changed"),
    ):
        reader.go(chosen)
        page.locator("input[name=each]").first.check()
        page.locator("#reason").select_option("other")
        reader.press(verb)
        reader.heading(f"{verb} signatures")
        reader.heading("What was counted: to be changed")
        reader.press(first)
        if then is not None:
            reader.press(then)
        reader.reads(says)
    guide.says("**Change nothing** leads back")
    guide.says("For an hour, **Undo it** leads each of them back to exactly where it was")
    guide.says("**Erase nothing** cancels that")


def _limits(reader: Reader) -> None:
    guide = reader.guide
    guide.open("Limits by sender")
    guide.says("*Limits by sender* stands at the top of the console")
    reader.press("Limits by sender")
    for name in ("Emails waiting their turn", "What was too much", "Places with wider limits"):
        guide.says(f"**{name}**")
        reader.heading(name)
    guide.says("names its network (203.0.113.0/24), for how many hours, and how many times as wide")
    reader.fill(network="203.0.113.0/24", hours="2", factor="10")
    reader.press("Widen them")
    reader.reads("203.0.113.0/24")
    guide.says("ends by itself")
    reader.press("End it now")
    expect(reader.page.locator("main")).not_to_contain_text("times as wide, until")


def _the_audit_log(reader: Reader) -> None:
    page, guide = reader.page, reader.guide
    guide.open("The audit log")
    reader.press("Audit log")
    guide.says("**Look for rows** by person, by what was done, by day.")
    for label in ("Who", "What", "Day (UTC)"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    reader.press("Show them")
    guide.says("**Download these rows (CSV)**")
    with page.expect_download():
        page.get_by_role("button", name="Download these rows (CSV)").click()
    reader.heading("Is the log whole?")
    guide.says("**Check it now** does so at once")
    reader.press("Check it now")
    reader.reads("Yes:")


def _wherever_the_menus_lead(reader: Reader) -> None:
    """The pages that no step above has opened."""
    reader.go(CAMPAIGN)
    links = reader.page.locator("nav.menu a, nav.tabs a")
    found = {each.get_attribute("href") or "/staff/" for each in links.all()}
    for address in {each for each in found if urlsplit(each).path not in reader.been}:
        reader.go(address)


def _opening_and_closing(reader: Reader) -> None:
    guide = reader.guide
    guide.open("Opening and closing")
    reader.go(CAMPAIGN)
    guide.says("**Open or close**, on a petition's page, says what will happen before it does")
    reader.press("Open or close")
    guide.says("on which day all signatures are erased if you close it today")
    reader.reads("If you close it today, all signatures are erased on")
    reader.press("Close this campaign")
    reader.reads("State: closed")
    guide.says("What was closed can be opened again.")
    reader.press("Open or close")
    reader.press("Open this campaign")
    reader.reads("State: open")


def _closing_everything(reader: Reader, token: str) -> None:
    page, guide = reader.page, reader.guide
    guide.open("Closing everything")
    guide.says("**Close everything**, at the top, says with numbers what would end")
    reader.press("Close everything")
    expect(page.get_by_role("cell").first).to_have_text(re.compile(r"^[1-9]"))
    guide.says("[tokens of the API](#tokens-of-the-api) open nothing any more;")
    assert _read(page, token, "signatures").ok
    reader.press("Close everything now")
    assert _read(page, token, "signatures").status == 401
    guide.says("everybody is signed out, you too")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    guide.says("The next page says what ended")
    reader.heading("Everything is closed")
    guide.says("Sign in again with your password and a code of your app")
    _type_password(reader)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/staff/")
    reader.reads("Emails and lists are paused since")
    guide.says("Then **Let emails and lists go on**, on **Close everything**")
    reader.press("Close everything")
    reader.heading("The last time")
    reader.press("Let emails and lists go on")
    expect(page.get_by_role("heading", name="Emails and lists are paused")).to_have_count(0)


def test_what_the_walk_does_not_try_is_shown_by_a_test_that_is_there() -> None:
    for shown_by in SHOWN_BY.values():
        for where in {*shown_by.values()} - {EXPLAINED}:
            path, _, name = where.partition("::")
            text = (ROOT / "tests" / path).read_text(encoding="utf-8")
            assert f"def {name}(" in text, where


def test_a_sentence_that_nobody_quoted_would_show(tmp_path: Path) -> None:
    page = tmp_path / "guide.md"
    page.write_text("## Here\nPress **A**. It goes. No:\n\n- It *stays* so.\n\n    code\n| a |\n")
    guide = Guide(page)
    guide.open("Here")
    assert guide.not_quoted("Here") == ["Press **A**.", "It goes.", "No:", "It *stays* so."]
    guide.says("It goes")
    guide.says("*stays*")
    assert guide.not_quoted("Here") == ["Press **A**.", "No:"]


def test_a_name_that_is_on_no_page_would_show() -> None:
    """The control of the reading: bold and italics are found, and code is not."""
    text = "Press **Make\nit** and *see*.\n\n    petition **x**\n\n`**y**` 2 * 3 * 4"
    assert names_in(text) >= {"Make it", "see"}
    assert not names_in(text) & {"x", "y"}
    wanted = {"Skip these", "Make a passkey", "Make a wish"}
    assert wanted - words_of_the_console() == {"Make a wish"}
