"""What people read goes through a translation: no bare word in a template, a letter or the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
LETTERS = sorted(TEMPLATES.rglob("*.txt"))
# The command line speaks English only, and so do logs.
# So does the API's document, as docs/ do; its problems are translated.
DOCUMENT = {"openapi.py", "readable_document.py"}
CODE = sorted(
    path
    for path in [*(ROOT / "petition" / "web").rglob("*.py"), ROOT / "petition/mail/letters.py"]
    if not (path.parent.name == "api" and path.name in DOCUMENT)
)
DOCUMENTS = {"Meta", "Operation", "Parameter"}
"""What is called with words of that document."""
TRANSLATED = {"_", "gettext", "ngettext"}

# Names of services, of an algorithm and of a command, which are the same in every language.
PROPER_NAMES = {
    "Bluesky",
    "Facebook",
    "Gmail",
    "Mastodon",
    "Outlook",
    "Proton",
    "SHA-256",
    "Signal",
    "Telegram",
    "WhatsApp",
    "X (Twitter)",
    "Yahoo",
    "petition audit verify",
}

# --- the text of templates ------------------------------------------------------------------------


class BareText(HTMLParser):
    """Collects what a page says without asking for a translation."""

    SAID = frozenset({"title", "alt", "placeholder", "aria-label", "content"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipping += tag in {"style", "script"}
        if tag == "meta":
            return
        self.found += [value for name, value in attrs if name in self.SAID and letters(value or "")]

    def handle_endtag(self, tag: str) -> None:
        self._skipping -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        if letters(data) and not self._skipping:
            self.found.append(data.strip())


def letters(text: str) -> bool:
    return re.search(r"[^\W\d_]", text) is not None


# Words for machines: the class of a page, and attributes that a macro makes apart from their tag.
UNSAID = r"\{% block body_class %\}[\w-]*\{% endblock %\}|aria-(?:describedby|invalid)=\"[^\"]*\""


def bare_texts(source: str) -> list[str]:
    plain = re.sub(UNSAID, "", re.sub(r"\{\{.*?\}\}", "", source, flags=re.S))
    plain = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", plain, flags=re.S)
    plain = re.sub(UNSAID, "", plain)
    parser = BareText()
    parser.feed(plain)
    return [text for text in parser.found if text not in PROPER_NAMES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_says_nothing_bare(path: Path) -> None:
    assert bare_texts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.name)
def test_a_letter_says_nothing_bare(path: Path) -> None:
    plain = re.sub(
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"), flags=re.S
    )
    assert not letters(re.sub(r"/\w+", "", plain)), "an address may end in a bare word, no more"


@pytest.mark.parametrize(
    "source", ["<p>Hello</p>", '<img alt="A map">', "<h1>{{ _('Hi') }} there</h1>", "<p>مرحبا</p>"]
)
def test_bare_text_is_seen(source: str) -> None:
    assert bare_texts(source)


# --- what a template's expressions say ------------------------------------------------------------

JINJA = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
WORDS = re.compile(r"^[^\W\d_a-z]|[^\W\d_]{2,} [^\W\d_]{2,}")
"""A capital first, or two words: names of fields, states and classes have neither."""


def bare_strings(source: str) -> list[str]:
    """Strings in `{{ … }}` and `{% … %}` that read like words for people, untranslated."""
    tree = JINJA.parse(source)
    asked = {
        id(string)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATED
        for string in call.find_all(nodes.Const)
    }
    return [
        each.value
        for each in tree.find_all(nodes.Const)
        if isinstance(each.value, str) and id(each) not in asked and WORDS.search(each.value)
    ]


@pytest.mark.parametrize(
    "path", [*PAGES, *LETTERS], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_an_expression_says_nothing_bare(path: Path) -> None:
    found = bare_strings(path.read_text(encoding="utf-8"))
    assert [text for text in found if text not in PROPER_NAMES] == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'Sign' if x else _('Go') }}",
        "{% set line = 'please sign' %}",
        "{{ mark('Required') }}",
        "{{ name or 'ваше имя' }}",
    ],
)
def test_a_bare_string_is_seen(source: str) -> None:
    assert bare_strings(source)


def test_what_machines_read_passes() -> None:
    assert not bare_strings(
        "{% if a == 'public' %}{{ _('Sign the call') }}{% endif %}"
        "{{ ngettext('One letter', '%(num)s letters', n) }}{{ asset('css/site.css') }}"
    )


# --- the code -------------------------------------------------------------------------------------

SENTENCE = re.compile(r"[^\W\d_]{2,}[,.:;]? [^\W\d_]{2,}")
# Names that no person reads: keys, rules, headers, and what msgspec says of JSON.
FOR_MACHINES = re.compile(
    r"Object (?:contains unknown|missing required) field .*| of length <= |"
    r"[A-Z][\w-]+(?:, [A-Z][\w-]+)+|"
    r"staff sign-in|half signed in|target domains|Contact: mailto:|"
    r".*(; charset=|max-age=|filename=|default-src|noindex).*"
)
SHOWS = {"page", "link_page", "console_page", "flash"}
REFUSES = {"ValidationError", "StopValidation"}


def named(call: ast.Call) -> str:
    """What is called: the last part of its name."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def unsaid(tree: ast.Module) -> set[int]:
    """The strings that nobody reads, or that are asked for in a translation."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (
            named(node) in TRANSLATED | DOCUMENTS or ast.unparse(node.func).startswith("log.")
        ):
            found |= {id(each) for each in ast.walk(node)}
        elif isinstance(node, ast.Raise) and node.exc is not None:
            # An exception's words are for whoever reads the code; a form's are shown.
            shown = isinstance(node.exc, ast.Call) and named(node.exc) in REFUSES
            found |= set() if shown else {id(each) for each in ast.walk(node)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
    return found


ADDRESS = re.compile(r"/[a-z/]*")
"""The beginning of a page's address, for a link or a form."""


def handed_over(call: ast.Call) -> Iterator[ast.expr]:
    """What a call hands to people's eyes, whatever it looks like."""
    name = named(call)
    if name in SHOWS:
        yield from (keyword.value for keyword in call.keywords)
        yield from call.args[:1] if name == "flash" else ()
    elif name in REFUSES:
        yield from call.args
    elif name.endswith("Field"):
        yield from call.args[:1]
        yield from (k.value for k in call.keywords if k.arg in {"label", "description"})


def strings(value: ast.expr) -> Iterator[str]:
    """The strings that a value may turn out to be, or holds."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from (text for each in (one, other) for text in strings(each))
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            yield from (text for each in parts for text in strings(each))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            yield from (text for each in parts for text in strings(each))


def of_call(call: ast.Call) -> Iterator[str]:
    """What a call shows without a translation, or asks for so that it cannot be extracted."""
    if named(call) in TRANSLATED:
        asked = call.args[: 2 if named(call) == "ngettext" else 1]
        if not all(
            isinstance(each, ast.Constant) and isinstance(each.value, str) for each in asked
        ):
            yield f"{call.lineno}: cannot be extracted: {ast.unparse(call)}"
    for value in handed_over(call):
        for text in strings(value):
            if letters(text) and not ADDRESS.fullmatch(text):
                yield f"{call.lineno}: handed over: {text}"


def faults(source: str) -> list[str]:
    """Each string of the code that people may read without a translation."""
    tree = ast.parse(source)
    quiet = unsaid(tree)
    makes_it = {
        id(each)
        for made in ast.walk(tree)
        if isinstance(made, ast.FunctionDef) and made.name in TRANSLATED
        for each in ast.walk(made)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in makes_it:
            continue
        if isinstance(node, ast.Call):
            found += of_call(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_bare = id(node) not in quiet and SENTENCE.search(node.value)
            if is_bare and not FOR_MACHINES.fullmatch(node.value):
                found.append(f"{node.lineno}: a sentence: {node.value}")
    return found


@pytest.mark.parametrize("path", CODE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_code_says_nothing_bare(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'raise ValidationError("Wrong")',
        'raise StopValidation("Please type it again.")',
        'raise ValidationError(f"Too long: {n}")',
        'page("x.html", title="Thanks")',
        'page("x.html", title=_("Thanks") if x else "Bye")',
        'link_page("x.html", None, problem=f"{n} wrong")',
        'flash("Saved")',
        'StringField("Name")',
        'StringField(label="Name")',
        'errors = [("email", "This is wrong.")]',
        'return "Nothing here", "There is no page."',
        '_(f"{n} letters")',
        '_("Wrong: %s" % name)',
        "_(words)",
        'language.ngettext("One", many, n)',
    ],
)
def test_a_fault_in_the_code_is_seen(source: str) -> None:
    assert faults(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A module that says what lives here."""',
        'raise ValidationError(_("Please type it again."))',
        'log.error("gave up after %s", tries)',
        'raise TypeError("nobody reads this but us")',
        'page("public/thanks.html", title=_("Thanks"), n=1)',
        'x = _("One sentence " "in two lines.")',
        'language.ngettext("One letter", "%(num)s letters", n)',
        "StringField(filters=[clean], validators=[_given])",
        'headers["Content-Type"] = "text/html; charset=utf-8"',
    ],
)
def test_what_is_not_shown_passes(source: str) -> None:
    assert not faults(source)
