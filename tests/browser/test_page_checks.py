"""The checks that look at pages: what is done to make them quick leaves nothing out."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.page_checks import violations


def test_each_colour_is_told_from_the_others(chromium: Browser) -> None:
    """Axe reads each colour once, so one that was kept must be that one, as strong as it is."""
    looks = {
        "faint": "color: rgb(150, 150, 150)",
        "strong": "color: rgb(50, 50, 50)",
        "faint-by-alpha": "color: rgb(50, 50, 50, 0.4)",
        "reversed": "color: rgb(240, 240, 240); background: rgb(50, 50, 50)",
        "faint-on-dark": "color: rgb(50, 50, 50); background: rgb(90, 60, 60)",
        "faint-through-alpha": "color: rgb(240, 240, 240); background: rgb(50, 50, 50, 0.4)",
        "wide": "color: color(display-p3 0 0.3 0)",
    }
    lines = [f'<p class="{name}" style="{look}">Read me.' for name, look in [*looks.items()] * 2]
    page = chromium.new_page()
    page.set_content(f"<html lang=en><title>Colours</title><h1>All</h1>{''.join(lines)}")
    found = violations(page)
    page.close()
    faint = [name for name in looks if name.startswith("faint")] * 2
    assert len(found) == len(faint), found
    assert all(f".{name}" in each for name, each in zip(faint, found, strict=True)), found
