"""`./run pictures`: take the pictures of docs/design.md anew, each light and dark."""

from __future__ import annotations

import argparse
import base64
from html import escape
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from petition import assets, design
from tests.browser.instance import ROOT
from tools.browser import chromium

FOLDER: Final = ROOT / "docs" / "design"
SCHEMES: Final = ("light", "dark")
WIDTH: Final = 440
_OWN: Final = """
main { padding: 20px; display: grid; gap: 12px; align-content: start }
.colours { grid-template-columns: 1fr 1fr; gap: 8px 14px }
.colours p { display: flex; gap: 10px; align-items: center; font: 13px/1.3 var(--mono) }
.colours i { inline-size: 36px; block-size: 28px; border: 1px solid var(--line); flex: none }
.scale p { display: flex; gap: 12px; align-items: center; font: 13px/1.2 var(--mono) }
.scale i { block-size: 14px; background: var(--accent); flex: none }
.type p { line-height: var(--leading-tight) }
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="pictures", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, help="docs/design")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name in SUBJECTS:
            take(browser, name, folder / f"{name}.png")
            print(f"{name}: {(folder / f'{name}.png').stat().st_size // 1024} KiB")


def take(browser: Browser, name: str, path: Path) -> None:
    """One picture, in both schemes."""
    images = []
    for scheme in SCHEMES:
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 100},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        sheet = assets.content("css/console.css").decode()
        page.set_content(
            f"<!doctype html><html lang=en><style>{sheet}{_OWN}</style>"
            f"<main class='{name}'>{SUBJECTS[name]()}</main>"
        )
        images.append(page.locator("main").screenshot(animations="disabled"))
        page.close()
    beside_each_other(browser, images, path, gap=0)


def beside_each_other(browser: Browser, images: list[bytes], path: Path, *, gap: int) -> None:
    """Several pictures as one file, with that many pixels around each."""
    page = browser.new_page()
    sources = [base64.b64encode(image).decode("ascii") for image in images]
    page.set_content(
        f"<!doctype html><style>body {{ gap: {gap}px; margin: 0; padding: {gap}px;"
        " display: flex; align-items: start; inline-size: max-content; background: #d9dee5; }"
        f" img {{ display: block; border-radius: {gap // 3}px; }}</style>"
        + "".join(f'<img src="data:image/png;base64,{source}">' for source in sources)
    )
    page.locator("body").screenshot(path=path)
    page.close()


def _colours() -> str:
    return "".join(
        f"<p><i style='background: var(--{_css(name)})'></i>{_css(name)}</p>"
        for name in design.colours()
    )


def _scale() -> str:
    return "".join(
        f"<p><i style='inline-size: {size}'></i>{_css(name)} {size}</p>"
        for name, size in design.tokens().items()
        if name.startswith("space_")
    )


def _type() -> str:
    names = [name for name in design.tokens() if name.startswith("text")]
    return "".join(
        f"<p style='font-size: var(--{_css(name)})'>{_css(name)}: {escape('Dignity – كرامة')}</p>"
        for name in reversed(names)
    )


def _parts() -> str:
    return """
<p class="buttons"><a class="button" href="#">Sign</a> <a class="button plain" href="#">Go back</a>
  <a class="button plain danger" href="#">Erase</a></p>
<div class="field wrong"><label for="a">Email address</label><p class="hint">A private one.</p>
  <p class="problem">Please fill this in.</p><input id="a"></div>
<div><label class="choice"><input type="radio" checked><span>Shown to nobody</span></label>
  <label class="choice"><input type="radio"><span>Shown to everyone</span></label></div>
<label class="choice agree"><input type="checkbox"><span>I agree to what stands here.</span></label>
<p class="done">Your answers are changed.</p>
<div class="card"><h2>A card</h2><p>For what is done as one thing.</p>
<table><thead><tr><th>State</th><th class="number">Signatures</th></tr></thead><tbody>
<tr><th scope="row">confirmed</th><td class="number">1,284</td></tr>
<tr><th scope="row">pending</th><td class="number">17</td></tr></tbody></table></div>
"""


def _css(name: str) -> str:
    return name.replace("_", "-")


SUBJECTS: Final = {"colours": _colours, "scale": _scale, "type": _type, "parts": _parts}
"""Each picture by the name of its file, and what is on it."""


if __name__ == "__main__":
    main()
