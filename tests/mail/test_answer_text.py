"""A target's answer to all in a letter: its words as they are, and no link that can be pressed."""

from __future__ import annotations

from datetime import date

import pytest

from petition.domain.letters.letter import TARGET_ANSWER
from petition.domain.messages.target_answer import TargetAnswerText, in_language
from petition.mail.letters import LetterContext
from tests.mail.written import context as make_context, part, unflowed, write

WARNING = "Careful: there are links in the answer."


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> LetterContext:
    return make_context(tmp_path_factory.mktemp("instance"))


def parts(
    context: LetterContext, text: str, *, lang: str = "en", written_in: str = "en"
) -> tuple[str, str]:
    """What the text and the HTML part have between its beginning and its end."""
    answer = TargetAnswerText(
        target="Board <b> & Co", day=date(2026, 11, 1), language=written_in, text=text
    )
    letter = write(context, TARGET_ANSWER, lang, answer=answer)
    plain, html = unflowed(part(letter, "plain")), part(letter, "html")
    return plain, html


def test_it_stands_there_line_by_line(context: LetterContext) -> None:
    plain, html = parts(
        context, "We <b>read</b> it.\r\nAll of it.\r\n\r\n\r\nFrom here on:\r\n> we talk"
    )
    inside = plain.partition("---- The answer begins here ----")[2]
    inside = inside.partition("---- The answer ends here ----")[0]
    assert inside.strip("\n").split("\n") == [
        "Board <b> & Co",
        "",
        "What it answered on 1 November 2026",
        "",
        "We <b>read</b> it.",
        "All of it.",
        "",
        " From here on:",
        " > we talk",
    ]
    assert ">We &lt;b&gt;read&lt;/b&gt; it.<br>All of it.</p>" in html
    assert "<bdi>Board &lt;b&gt; &amp; Co</bdi>" in html
    assert "<b>" not in html
    assert WARNING not in plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See https://company.example/answer?who=you#x.", "See company.example/answer"),
        ("See http://u:p@company.example/a", "See company.example/a"),
        ("See mailto:boss@company.example?subject=hi", "See boss@company.example"),
        ("See www.company.example/?id=1", "See www.company.example/"),
        ("See company.example/a?id=1", "See company.example/a"),
    ],
)
def test_its_links_name_no_reader_and_a_line_warns(
    context: LetterContext, text: str, shown: str
) -> None:
    for found in parts(context, text):
        assert WARNING in found
        assert shown in found
        for gone in ("who=you", "id=1", "u:p@", "mailto:", "subject=hi", "//company"):
            assert gone not in found


def test_no_mark_turns_what_comes_after_it(context: LetterContext) -> None:
    plain, html = parts(context, "We agree\u202eon\x00 nothing.\u200b")
    for found in (plain, html):
        assert not {"\u202e", "\x00", "\u200b"} & set(found)
        assert "We agree" in found


def test_nothing_of_its_end_is_cut(context: LetterContext) -> None:
    for found in parts(context, "\t".join("abcdefgh") + " and the end."):
        assert "and the end." in found


def test_it_keeps_its_own_language_and_direction(context: LetterContext) -> None:
    _, html = parts(context, "We talk.", lang="ar")
    assert 'lang="en" dir="auto">We talk.</p>' in html
    assert '<html lang="ar" dir="rtl">' in html


def test_the_first_lines_are_ours(context: LetterContext) -> None:
    """What a lock screen shows of it; the way out stands before a stranger's words, too."""
    plain, html = parts(context, "About the union.")
    assert plain.startswith("Hello,\n\nYou wrote an email at call.example.org and asked")
    for found in (plain, html):
        assert found.index("/unsubscribe/") < found.index("About the union.")


def test_which_of_its_languages() -> None:
    texts = {"en": "Yes", "de": "Ja"}
    assert in_language(texts, ("de",)) == ("de", "Ja")
    assert in_language(texts, ("fr", "de")) == ("de", "Ja")
    assert in_language(texts, ("fr",)) == ("en", "Yes")
