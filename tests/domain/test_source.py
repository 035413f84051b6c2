"""Source: which tags are kept, and what is no part of one."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from petition.domain.signatures.source import plain_tag, tags_in


def read(query: str) -> dict[str, str]:
    """The tags of a query, as a page reads them."""
    return tags_in(parse_qsl(query, keep_blank_values=True, errors="replace"))


@pytest.mark.parametrize(
    "stuck",
    [
        "union-b",
        "union-b)",
        "union-b.",
        "union-b).",
        "(union-b)",
        "union-b,",
        "union-b;",
        "union-b!",
        "<union-b>",
        '"union-b"',
        "“union-b”",
        "»union-b«",
        "union-b…",
        " union-b\n",
        "union-b/",
        "union-b*",
        "uni\u200bon-b\u200e",
        "\ufeffunion-b",
        "union%2Db",
        "union-b%29",
        "union-b%2529",
        "union-b&",
        "union-b&amp;utm_medium=mail",
        "union-b&utm_medium=mail",
        "union-b%26utm_medium%3Dmail",
    ],
)
def test_what_stuck_to_a_tag_is_no_part_of_it(stuck: str) -> None:
    assert plain_tag(stuck) == "union-b"


@pytest.mark.parametrize(
    "other",
    [
        "",
        " ",
        ".",
        "Solidarność",
        "Solidarnos\u0301c\u0301",
        "\ufffd\ufffd",
        "Solidarno\ufffd\ufffd",
        "union b",
        "a&b",
        "AT%26T",
        "a@example.org",
        "union(b",
        "<script>x",
        "x" * 65,
        "союз",
        "united+mail",
        "-union",
        "50%off",
        "a\x00b",
    ],
)
def test_a_tag_that_is_not_plain_is_dropped_and_never_changed(other: str) -> None:
    assert plain_tag(other) is None


@pytest.mark.parametrize("plain", ["x", "union-b", "Union_B.2~x", "x" * 64, "3", "a.b-c"])
def test_a_plain_tag_is_kept_as_it_is(plain: str) -> None:
    assert plain_tag(plain) == plain


@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ("source=union-b&utm_medium=mail", {"source": "union-b", "utm_medium": "mail"}),
        ("source=union-b&amp;utm_medium=mail", {"source": "union-b", "utm_medium": "mail"}),
        ("source=union-b&amp;amp;utm_medium=mail", {"source": "union-b", "utm_medium": "mail"}),
        ("source=union-b%26utm_medium=mail", {"source": "union-b", "utm_medium": "mail"}),
        ("source=union-b%26amp%3Butm_medium%3Dmail", {"source": "union-b", "utm_medium": "mail"}),
        ("source%3Dunion-b", {"source": "union-b"}),
        ("source%253Dunion-b", {"source": "union-b"}),
        ("source=union%252Db", {"source": "union-b"}),
        ("Source=union-b&UTM_MEDIUM=mail", {"source": "union-b", "utm_medium": "mail"}),
        ("source=union-b)&utm_medium=(mail", {"source": "union-b", "utm_medium": "mail"}),
        ("source=first&source=second", {"source": "first"}),
        ("source=not+plain&source=second", {"source": "second"}),
        ("source=Solidarno%C5%9B%C4%87", {}),
        ("source=Solidarno%25C5%259B%25C4%2587", {}),
        ("source=%C5%82&utm_source=ok", {"utm_source": "ok"}),
        ("source=%ff%fe", {}),
        ("fbclid=abc&resource=x&source=union-b", {"source": "union-b"}),
        (f"utm_campaign={'x' * 65}", {}),
        ("", {}),
        ("=&&;=%", {}),
    ],
)
def test_the_tags_of_an_address(query: str, tags: dict[str, str]) -> None:
    assert read(query) == tags
