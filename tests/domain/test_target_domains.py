"""The target's own mail domains: what a pattern covers, what is kept of it, what is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, strategies as st

from petition.domain.campaigns.target_domains import (
    PatternRefused,
    PatternTooWide,
    belongs,
    pattern,
)
from petition.domain.signatures.email_typos import PROVIDERS

AMAZON = ("amazon.*", "a2z.com", "xn--bcher-kva.example")
labels = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)


@pytest.mark.parametrize(
    "domain",
    [
        "amazon.de",
        "amazon.com",
        "amazon.co.uk",
        "amazon.com.br",
        "mail.amazon.com",
        "ber3.mail.amazon.de",
        "amazon.example.org",
        "amazon.science",
        "AMAZON.De",
        "amazon.de.",
        "a2z.com",
        "mail.a2z.com",
        "A2Z.COM",
        "bücher.example",
        "BÜCHER.example",
        "post.bücher.example",
        "xn--bcher-kva.example",
    ],
)
def test_what_belongs_to_the_target(domain: str) -> None:
    assert belongs(domain, AMAZON)


@pytest.mark.parametrize(
    "domain",
    [
        "myamazon.org",
        "amazon-workers.org",
        "amazonia.br",
        "amazon",
        "amazon.foo.bar.baz",
        "not-a2z.com",
        "a2z.com.example.org",
        "a2z.de",
        "com",
        "",
        ".",
        "example.org",
        "gmail.com",
    ],
)
def test_what_does_not(domain: str) -> None:
    assert not belongs(domain, AMAZON)


@given(st.lists(labels, min_size=1, max_size=4), labels, labels)
def test_what_lies_below_a_domain_belongs_with_it(below: list[str], name: str, end: str) -> None:
    domain = f"{name}.{end}"
    assert belongs(f"{'.'.join(below)}.{domain}", (domain,))
    assert belongs(f"{'.'.join(below)}.{domain}".upper(), (domain,))
    assert not belongs(f"{below[-1]}{domain}", (domain,))


@given(st.text(max_size=80))
def test_nothing_belongs_to_no_pattern(text: str) -> None:
    assert not belongs(text, ())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("amazon.*", "amazon.*"),
        (" Amazon.* ", "amazon.*"),
        ("A2Z.com", "a2z.com"),
        ("@a2z.com", "a2z.com"),
        ("*.a2z.com", "a2z.com"),
        ("a2z.com.", "a2z.com"),
        ("mail.amazon.co.uk", "mail.amazon.co.uk"),
        ("Bücher.example.org", "xn--bcher-kva.example.org"),
        ("Bücher.*", "xn--bcher-kva.*"),
        ("straße.de", "xn--strae-oqa.de"),
    ],
)
def test_a_pattern_is_kept_in_one_spelling(text: str, kept: str) -> None:
    assert pattern(text) == kept
    assert pattern(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        ".*",
        "amazon",
        "com",
        "*.com",
        "ama*.com",
        "amazon.*.de",
        "mail.amazon.*",
        "amazon.**",
        "wanda@amazon.de",
        "https://amazon.de/",
        "amazon .de",
        "amazon..de",
        "-amazon.de",
        "[127.0.0.1]",
        "localhost",
        "a" * 64 + ".com",
        ".".join(["abcdefgh"] * 30) + ".com",
        "a\x00b.com",
        "\ud800.com",
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(PatternRefused):
        pattern(text)


@pytest.mark.parametrize("text", ["gmail.com", "gmail.*", "web.de", "Mail.*", "co.uk", "*.co.uk"])
def test_what_would_shut_everybody_out_is_refused(text: str) -> None:
    with pytest.raises(PatternTooWide):
        pattern(text)


@given(st.text(max_size=60))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        kept = pattern(text)
    except (PatternRefused, PatternTooWide):
        return
    assert pattern(kept) == kept
    assert not any(belongs(domain, (kept,)) for domain in PROVIDERS)
