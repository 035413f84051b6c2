"""What a letter says, and what it must not tell to who glances at a lock screen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from email.parser import HeaderParser
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from petition import design, i18n
from petition.domain import tokens
from petition.domain.letters import confirmation_code as codes
from petition.domain.letters.letter import (
    ALREADY,
    CONFIRM,
    DATA,
    FOLLOW_UP,
    MESSAGE_CANCELLED,
    MESSAGE_MOVED,
    REMINDER,
    TARGET_ANSWER,
    THANKS,
    WRITTEN,
    message_id,
)
from petition.domain.tokens import CONFIRM_LIFE, MY_LIFE, STOP_LIFE
from petition.errors import TokenExpired
from petition.mail.letters import WIDTH, LetterContext
from petition.mail.transport import FolderTransport
from tests.contrast import contrast
from tests.mail.written import (
    AT,
    ENTERED,
    HOST,
    NAMES,
    OWED,
    context as make_context,
    part,
    ready,
    unflowed,
    write,
)

TELLING: Final = {
    "en": r"\b(union|petition|worker|sign|campaign|right|compan)",
    "fr": r"\b(syndica|pétition|signe|signat|campagne|salarié|entreprise)",
    "es": r"\b(sindica|petici|firma|campañ|derechos|empresa|trabajador)",
    "de": r"\b(gewerkschaft|petition|unterschr|unterzeich|kampagne|beschäftigt)",
    "it": r"\b(sindaca|petizion|firm|campagn|diritti|aziend|lavorator)",
    "pl": r"\b(związkow|petycj|podpis|kampani|pracowni|spółk)",
    "ar": "نقاب|عريضة|توقيع|وقّع|حملة|عمّال|عمال|شركة",
}
"""Words that would tell what the letter is about."""
EVERYWHERE: Final = "amazon|أمازون|petition"

LINKS: Final = {
    CONFIRM: {"confirm", "code", "stop"},
    REMINDER: {"confirm", "code", "stop"},
    ALREADY: {"my"},
    WRITTEN: {"my"},
    THANKS: {"", "my", "stop", "unsubscribe"},
    DATA: {"my"},
    MESSAGE_CANCELLED: {"my"},
    MESSAGE_MOVED: {"my"},
    FOLLOW_UP: {"my", "unsubscribe"},
    TARGET_ANSWER: {"my", "unsubscribe"},
}
"""The first part of each address in a letter, after its language where it names one."""

every_letter = pytest.mark.parametrize("name", NAMES)
every_language = pytest.mark.parametrize("lang", i18n.codes())


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> LetterContext:
    return make_context(tmp_path_factory.mktemp("instance"))


class Read(HTMLParser):
    """What an HTML part holds: its words, its links, its styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.styles: list[str] = []
        self.others: set[str] = set()
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br"}:
            self._open.append(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name == "style":
                self.styles.append(value or "")
            else:
                self.others.add(name)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _links(letter: EmailMessage) -> list[str]:
    """Every address in the text part, each of which has a line to itself."""
    return [line for line in part(letter, "plain").splitlines() if "://" in line]


def _token(letter: EmailMessage, purpose: str) -> str:
    (found,) = {each for each in _links(letter) if urlsplit(each).path.startswith(f"/{purpose}/")}
    return found.rpartition("/")[2]


def _ends(context: LetterContext, purpose: str, token: str) -> datetime:
    """The moment from which it is refused, found by trying."""
    end = datetime.fromtimestamp(int(token.split(".")[1], 16), UTC)
    context.tokens.read(purpose, token, at=end - timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        context.tokens.read(purpose, token, at=end)
    return end


# --- what it does not tell ------------------------------------------------------------------------


def _telling(text: str, lang: str) -> list[str]:
    words = f"{EVERYWHERE}|{TELLING[lang]}" if lang in TELLING else EVERYWHERE
    return [found[0] for found in re.finditer(words, text.casefold())]


@every_letter
@every_language
def test_nothing_tells_what_it_is_about(context: LetterContext, name: str, lang: str) -> None:
    letter = write(context, name, lang)
    for text in (
        str(letter["Subject"]),
        str(letter["From"]),
        re.sub(r"https?://\S+", "", part(letter, "plain")),
        re.sub(r"https?://\S+", "", Read(part(letter, "html")).text),
    ):
        assert _telling(text, lang) == []


@every_letter
@every_language
def test_no_address_and_no_number_tells_it(context: LetterContext, name: str, lang: str) -> None:
    """What a proxy, a history and a mail server on the way may see of it."""
    letter = write(context, name, lang)
    links = [*_links(letter), str(letter["List-Unsubscribe"] or "")]
    # The last 43 characters are a signature: what stands in it by chance tells nothing.
    paths = [re.sub(r"\.[\w-]{43}\b", "", urlsplit(link.strip("<>")).path) for link in links]
    for text in [str(letter["Message-ID"]), *paths]:
        for language in TELLING:
            assert _telling(text, language) == []
        assert OWED.slug not in text


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "Your signature"),
        ("es", "Su firma, por favor"),
        ("ar", "تأكيد الحملة"),
        ("tlh", "About Amazon"),
    ],
)
def test_a_telling_word_is_seen(lang: str, text: str) -> None:
    """The control of the two above."""
    assert _telling(text, lang) != []


def test_a_word_that_only_looks_like_one_is_none() -> None:
    assert _telling("Confirma tu dirección: significa", "es") == []


@every_letter
def test_the_subject_is_the_same_for_everybody(context: LetterContext, name: str) -> None:
    other = write(context, name, slug="other", entry_id=1, signature_id=2, campaign_id=3, id=4)
    assert str(write(context, name)["Subject"]) == str(other["Subject"])


def test_each_letter_has_a_subject_of_its_own(context: LetterContext) -> None:
    assert len({str(write(context, name)["Subject"]) for name in NAMES}) == len(NAMES)


# --- in the supporter's language ------------------------------------------------------------------


@every_letter
@every_language
def test_a_letter_speaks_the_language_of_its_form(
    context: LetterContext, name: str, lang: str
) -> None:
    letter, language = write(context, name, lang), i18n.language(lang)
    html = part(letter, "html")
    assert letter["Content-Language"] == lang
    assert f'<html lang="{lang}" dir="{language.direction}">' in html
    assert part(letter, "plain").startswith(language.gettext("Hello,") + "\n\n")
    assert language.gettext("Hello,") in Read(html).text
    assert f"<title>{letter['Subject']!s}</title>" in html.replace("&#39;", "'")


@every_letter
@every_language
def test_both_parts_say_the_same(context: LetterContext, name: str, lang: str) -> None:
    """Sentence by sentence; the HTML part has words on its links and button as well."""
    letter = write(context, name, lang)
    shown = Read(part(letter, "html")).text
    for paragraph in unflowed(part(letter, "plain")).split("\n\n"):
        for words in paragraph.split("\n"):
            if "://" not in words:
                assert " ".join(words.strip("- ").split()) in shown


# --- links and codes ------------------------------------------------------------------------------


@every_letter
@every_language
def test_both_parts_carry_the_same_links_and_no_others(
    context: LetterContext, name: str, lang: str
) -> None:
    letter = write(context, name, lang)
    read = Read(part(letter, "html"))
    links = _links(letter)
    assert set(read.links) == set(links)
    places = {urlsplit(link).path.removeprefix(f"/{lang}").split("/")[1] for link in links}
    assert places == LINKS[name]
    assert {link.partition(f"https://{HOST}/")[0] for link in links} == {""}
    assert len(links) == len(set(links))
    for link in links:
        assert re.fullmatch(r"[!-~]+", link), "a blank in it, or another word beside it"
    # Nothing is fetched, nobody is watched opening it.
    assert not read.others & {"src", "srcset", "background", "poster", "data", "action"}
    assert "url(" not in part(letter, "html")


@every_letter
@every_language
@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("contact@example.org", "mailto:contact@example.org"),
        ("https://example.org/contact?a=1&b=2", "https://example.org/contact?a=1&b=2"),
    ],
)
def test_every_letter_ends_with_how_to_reach_us(
    tmp_path: Path, name: str, lang: str, contact: str, link: str
) -> None:
    """And nothing else about it changes: it stays as neutral as it was."""
    keys = {"PETITION_SECRET_KEY": "s" * 48}
    before = write(make_context(tmp_path, **keys), name, lang)
    letter = write(make_context(tmp_path, **keys, PETITION_CONTACT=contact), name, lang)
    label = i18n.language(lang).gettext("Any questions? You can reach us here:")
    assert _telling(label, lang) == []
    text = part(before, "plain").rstrip("\n")
    assert part(letter, "plain").rstrip("\n") == f"{text}\n\n{label}\n\n{contact}"
    shown = Read(part(letter, "html"))
    assert shown.text.endswith(f"{' '.join(label.split())} {contact}")
    assert shown.links[-1] == link


@pytest.mark.parametrize("name", [CONFIRM, REMINDER])
def test_the_link_to_confirm_ends_seven_days_after_the_form(
    context: LetterContext, name: str
) -> None:
    """However late the letter goes out: the form itself is kept no longer."""
    for at in (AT, AT + timedelta(days=3)):
        token = _token(write(context, name, at=at), tokens.CONFIRM)
        assert context.tokens.read(tokens.CONFIRM, token, at=AT) == str(OWED.entry_id)
        assert _ends(context, tokens.CONFIRM, token) == ENTERED + CONFIRM_LIFE


@pytest.mark.parametrize("name", [CONFIRM, REMINDER])
@every_language
def test_it_says_until_when(context: LetterContext, name: str, lang: str) -> None:
    letter = write(context, name, lang, at=AT + timedelta(days=3))
    day = i18n.language(lang).date(ENTERED + CONFIRM_LIFE)
    assert day in unflowed(part(letter, "plain"))
    assert day in Read(part(letter, "html")).text


@every_letter
@every_language
def test_the_code_stands_in_letters_to_confirm_alone(
    context: LetterContext, name: str, lang: str
) -> None:
    letter = write(context, name, lang)
    code = codes.shown(codes.code(context.settings.secret_key, OWED.entry_id))
    confirming = name in {CONFIRM, REMINDER}
    assert (code in part(letter, "plain").splitlines()) == confirming
    assert (f'dir="ltr">{code}</span>' in part(letter, "html")) == confirming
    assert (f"https://{HOST}/{lang}/code" in _links(letter)) == confirming


@pytest.mark.parametrize("name", [ALREADY, WRITTEN, THANKS, DATA])
def test_the_link_to_ones_own_signature(context: LetterContext, name: str) -> None:
    token = _token(write(context, name), tokens.MY)
    assert context.tokens.read(tokens.MY, token, at=AT) == str(OWED.signature_id)
    assert _ends(context, tokens.MY, token) == AT + MY_LIFE


@pytest.mark.parametrize("name", [CONFIRM, REMINDER, THANKS])
def test_the_way_out_for_who_did_not_enter_it(context: LetterContext, name: str) -> None:
    token = _token(write(context, name, "ar"), tokens.STOP)
    keys = OWED.address_key.hex() + OWED.mailbox_key.hex()
    value = f"{OWED.campaign_id}-{keys}-ar"
    assert context.tokens.read(tokens.STOP, token, at=AT) == value
    assert _ends(context, tokens.STOP, token) == AT + STOP_LIFE


def test_a_link_to_unsubscribe_works_for_as_long_as_anybody_keeps_the_letter(
    context: LetterContext,
) -> None:
    token = _token(write(context, THANKS), tokens.UNSUBSCRIBE)
    assert context.tokens.read(tokens.UNSUBSCRIBE, token, at=AT) == str(OWED.signature_id)
    assert _ends(context, tokens.UNSUBSCRIBE, token) == AT + STOP_LIFE


# --- headers --------------------------------------------------------------------------------------


@every_letter
def test_the_headers(context: LetterContext, name: str) -> None:
    letter = write(context, name)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["Date"].datetime == AT
    assert str(letter["Message-ID"]) == f"<{message_id(context.settings.secret_key, 17)}@{HOST}>"
    assert letter["From"].addresses[0].addr_spec == f"no-reply@{HOST}"
    assert str(letter["To"]) == "ben@example.org"
    assert [each.get_content_type() for each in letter.iter_parts()] == ["text/plain", "text/html"]
    for absent in ("Cc", "Bcc", "Reply-To", "Return-Path", "X-Mailer", "Precedence", "List-Id"):
        assert letter[absent] is None
    for header in letter:
        assert len(letter.get_all(header, [])) == 1, header


@every_letter
def test_its_message_id_is_the_letters_alone(context: LetterContext, name: str) -> None:
    def made(number: int, at: datetime) -> str:
        return str(write(context, name, id=number, at=at)["Message-ID"])

    later = AT + timedelta(days=2)
    assert made(1, AT) == made(1, later)
    assert made(1, AT) != made(2, AT)
    # A keyed hash may hold any digits; the numbers do not stand in it by themselves.
    assert not re.search(r"\b(17|123456|7452371932846551113)\b", made(17, AT))


@every_letter
def test_one_click_unsubscribes_from_what_nobody_asked_for(
    context: LetterContext, name: str
) -> None:
    letter = write(context, name)
    if name not in {REMINDER, THANKS, FOLLOW_UP, TARGET_ANSWER}:
        assert letter["List-Unsubscribe"] is letter["List-Unsubscribe-Post"] is None
        return
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(letter["List-Unsubscribe"])
    token = link.removeprefix(f"<https://{HOST}/unsubscribe/").removesuffix(">")
    assert context.tokens.read(tokens.UNSUBSCRIBE, token, at=AT) == str(OWED.signature_id)


@pytest.mark.parametrize("name", [REMINDER, THANKS])
@pytest.mark.parametrize("host", [HOST, f"{'long-' * 11}name.{'of-a-' * 11}host.example.org"])
def test_the_address_to_unsubscribe_stays_in_one_line(tmp_path: Path, name: str, host: str) -> None:
    """Broken into encoded words, as Python's own headers are, no mail program knows it."""
    context = make_context(tmp_path, PETITION_BASE_URL=f"https://{host}")
    letter, raw = write(context, name), ready(context, name).content
    lines = [line for line in raw.splitlines() if line.startswith(b"List-Unsubscribe:")]
    assert lines == [f"List-Unsubscribe: {letter['List-Unsubscribe']}".encode()]
    assert max(map(len, raw.splitlines())) <= 998
    again = message_from_bytes(raw, policy=policy.default)
    assert str(again["List-Unsubscribe"]) == str(letter["List-Unsubscribe"])
    assert HeaderParser().parsestr(raw.decode())["List-Unsubscribe"] == lines[0].decode()[18:]


# --- form -----------------------------------------------------------------------------------------


@every_letter
@every_language
def test_lines_are_short_and_links_are_whole(context: LetterContext, name: str, lang: str) -> None:
    letter, raw = write(context, name, lang), ready(context, name, lang).content
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n") if not line.startswith(b"List-")) <= 78
    plain = part(letter, "plain")
    assert letter.get_body(("plain",))["Content-Type"].params["format"] == "flowed"  # type: ignore[index]
    for line in plain.splitlines():
        assert len(line) <= WIDTH + 1 or "://" in line
        assert not line.startswith((" ", ">", "From "))
    assert "\n\n\n" not in plain
    # Joined again, a paragraph is one line.
    for paragraph in unflowed(plain).strip().split("\n\n"):
        assert "\n" not in paragraph


@every_letter
@every_language
def test_it_is_readable_in_light_and_dark(context: LetterContext, name: str, lang: str) -> None:
    """A text colour of our own stands only where its background is our own too."""
    html = part(write(context, name, lang), "html")
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "<style" not in html  # many mail programs drop it
    assert not Read(html).others & {"bgcolor", "color", "text", "link", "alink", "vlink", "class"}
    for style in Read(html).styles:
        rules = dict(rule.split(":", 1) for rule in style.rstrip(";").split(";"))
        assert ("color" in rules) == ("background-color" in rules)
        assert not rules.keys() & {"background", "background-image", "filter"}
        if "color" in rules:
            assert contrast(rules["color"], rules["background-color"]) >= 4.5
            assert {rules["color"], rules["background-color"]} <= {*design.colours().values()}


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("ben@example.org", "ben@example.org"),
        ("Ben.O'Connor+x@Example.org", "Ben.O'Connor+x@example.org"),
        ("ben@bücher.example.org", "ben@xn--bcher-kva.example.org"),
        ("δοκιμή@παράδειγμα.gr", "δοκιμή@xn--hxajbheg2az3al.gr"),
        (f"{'b' * 64}@{'long-' * 11}x.{'name-' * 11}y.example.org",) * 2,
    ],
)
def test_an_address_of_any_script_and_length_survives_the_folder(
    context: LetterContext, tmp_path: Path, typed: str, written: str
) -> None:
    FolderTransport(tmp_path).send(ready(context, CONFIRM, to=typed))
    (path,) = tmp_path.iterdir()
    again = message_from_string(path.read_text("utf-8"), policy=policy.default)
    assert again["To"].addresses[0].addr_spec == written
