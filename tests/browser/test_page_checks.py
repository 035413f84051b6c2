"""The checks that look at pages: what is done to make them quick leaves nothing out."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser import page_checks
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


def test_each_text_is_told_from_those_on_other_grounds(chromium: Browser) -> None:
    """Of texts that look the same one is judged, so each that is faint must look like no other."""
    behind = (
        "<b style='position: absolute; inset: 0; z-index: -1; background: rgb(90, 90, 90)'></b>"
    )
    ways = {
        "plain": "{}",
        "faint-on-dark": "<div style='background: rgb(70, 70, 70)'>{}</div>",
        "faint-inside": "<div style='background: rgb(70, 70, 70)'><div><i>{}</i></div></div>",
        "faint-through": "<div style='opacity: 0.4'>{}</div>",
        "faint-over": f"<div style='position: relative; z-index: 0'>{behind}{{}}</div>",
        "beyond": "<div style='background: rgb(70, 70, 70); height: 2em'><br>{}<br>{}</div>",
        "multiplied": "<div style='mix-blend-mode: multiply'>{}</div>",
        "on-a-picture": "<div style='background: linear-gradient(red, blue)'>{}</div>",
        "grey-and-large": "<div style='font-size: 40px'>{}</div>",
        "grey-and-bold": "<div style='font: bold 20px serif'>{}</div>",
        "faint-grey": "<div>{}</div>",
        "faint-grey-filled": "<div style='-webkit-text-fill-color: rgb(150, 150, 150)'>{}</div>",
    }
    colours = {name: 140 if "grey" in name else 60 for name in ways}
    body = "".join(
        way.replace(
            "{}", f"<p class={name} style='margin: 0; color: rgb({tone}, {tone}, {tone})'>Words."
        )
        for name, way, tone in [(name, way, colours[name]) for name, way in ways.items()] * 2
    )
    page = chromium.new_page()
    page.set_content(f"<html lang=en><title>Grounds</title><h1>All</h1>{body}")
    assert not page.evaluate(f"{Axe().axe_script}; void 0")
    plain = [*page_checks._axe(page)]
    found = violations(page)
    page.close()
    assert found == plain
    faint = [name for name in ways if name.startswith("faint")] * 2
    assert [each for each in faint if not any(f".{each}" in one for one in found)] == []
    assert len(found) == len(faint), found


def test_arabic_words_are_no_pictures(chromium: Browser) -> None:
    """Axe takes joined letters for the pictures of an icon font, and would not judge them."""
    words = ("عملت ثلاث سنوات في مستودع", "الكرامة للجميع", "لم يردّ عليّ أحد", "بن يوسف")
    lines = "".join(f"<p style='color: rgb(150, 150, 150)'>{each}" for each in words)
    page = chromium.new_page()
    page.set_content(f"<html lang=ar dir=rtl><title>ألوان</title><h1>ألوان</h1>{lines}")
    found = violations(page)
    page.close()
    assert len(found) == len(words), found
