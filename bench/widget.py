"""widget: a partner's page with the form on it, beside the same page without it.

In Chromium, each time in a fresh profile, by turns: requests, bytes on the wire, the time to first
paint, and what moves (layout shift), where the line stands out of sight, in sight with room kept by
the page, in sight as it is pasted, and in sight with a form that is to come at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Request, ViewportSize

from bench.table import Target, heading, verdict
from drills.failure import Unavailable
from tests.browser import actions
from tests.browser.instance import Instance, run_instance
from tests.browser.launching import chromium_path, running

PHONE: Final = ViewportSize(width=390, height=844)
WITHOUT: Final = "without"
AT_ONCE: Final = "in-sight-at-once"
"""Whoever writes `data-open="now"` has what is below the line move once."""
_ARTICLE: Final = "<p>Words of the page, as many as a paragraph has on a phone.</p>" * 40
_SEEN: Final = """
    window.shifts = [];
    window.loaded = new Promise((done) => addEventListener("petition:loaded", done));
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) shifts.push(each.value);
    }).observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one visit of a page came to."""

    requests: int
    bytes: int
    first_paint: float
    """Milliseconds."""
    shift: float


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none of its own."""


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when a target was missed."""
    if chromium_path() is None:
        raise Unavailable("there is no Chromium; on Debian: apt-get install chromium")
    pages: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="petition-bench-") as folder,
        run_instance(Path(folder)) as instance,
        _served(pages) as site,
        running() as browser,
    ):
        pages |= _pages(instance, site)
        visits: dict[str, list[Visit]] = {name: [] for name in pages}
        for _ in range(chosen.rounds + 1):
            for name in pages:
                visits[name].append(_visit(browser, f"{site}/{name}", name != WITHOUT))
        version = browser.version
    print(heading("bench widget", "not asked", Chromium=version, rounds=chosen.rounds))
    # The first of each warms the server up.
    kept = {name: found[1:] for name, found in visits.items()}
    print(f"{'':<34} {'requests':>8} {'bytes':>8} {'first paint ms':>15} {'shift':>8}")
    for name, found in kept.items():
        middle = _middle(found)
        print(
            f"{name.replace('-', ' '):<34} {middle.requests:>8} {middle.bytes:>8,} "
            f"{middle.first_paint:>15.0f} {middle.shift:>8.3f}"
        )
    print()
    still = [each.shift for name, found in kept.items() if name != AT_ONCE for each in found]
    # Of the best visits: what else the machine does can only add to them.
    paint = _best(kept["out-of-sight"]) / _best(kept[WITHOUT])
    return verdict(
        [
            Target(name="first paint with ÷ without", value=paint, bound=1.25, at_most=True),
            Target(name="layout shift but at once", value=max(still), bound=0.0, at_most=True),
        ]
    )


def _best(found: list[Visit]) -> float:
    return min(each.first_paint for each in found)


def _middle(found: list[Visit]) -> Visit:
    return Visit(
        requests=round(statistics.median(each.requests for each in found)),
        bytes=round(statistics.median(each.bytes for each in found)),
        first_paint=_best(found),
        shift=max(each.shift for each in found),
    )


def _pages(instance: Instance, site: str) -> dict[str, str]:
    """Name to body: the same words with and without the line."""
    terms = actions.PARTNER_TERMS
    instance.petition("partner", "add", "amazon", "Union", "--site", site, *terms)
    key = json.loads(instance.petition("partner", "list", "amazon", "--json"))[-1]["key"]
    actions.accept_as_partner(instance, key)
    link = f'<a href="{instance.url}/en/amazon?source={key}">Sign the call</a>'
    data = f'data-campaign="amazon" data-partner="{key}" data-lang="en"'
    line = f'{link}<script async src="{instance.url}/embed.js" {data}></script>'
    at_once = line.replace(data, f'{data} data-open="now"')
    room = "<style>div { min-height: 2200px }</style>"
    return {
        WITHOUT: f"{_ARTICLE}{link}",
        "out-of-sight": f"{_ARTICLE}{line}",
        "in-sight-with-room-kept": f"{room}<div>{line}</div>{_ARTICLE}",
        "in-sight": f"{line}{_ARTICLE}",
        AT_ONCE: f"{at_once}{_ARTICLE}",
    }


def _visit(browser: Browser, address: str, has_form: bool) -> Visit:
    """One visit, in a profile of its own, until the form is there."""
    asked: list[Request] = []
    context = browser.new_context(viewport=PHONE)
    context.add_init_script(f"if (top === window) {{ {_SEEN} }}")
    page = context.new_page()
    page.on("requestfinished", lambda each: asked.append(each))  # Playwright marks it
    page.goto(address)
    if has_form:
        page.evaluate("loaded.then(() => null)")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    paint = page.evaluate("performance.getEntriesByName('first-paint')[0].startTime")
    shift = page.evaluate("shifts.reduce((sum, each) => sum + each, 0)")
    sizes = [each.sizes() for each in asked]
    context.close()
    return Visit(
        requests=len(sizes),
        bytes=sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes),
        first_paint=float(paint),
        shift=float(shift),
    )


@contextmanager
def _served(pages: dict[str, str]) -> Iterator[str]:
    """The partner's site, on another origin than the petition."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.removeprefix("/"))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            head = "<!doctype html><meta name=viewport content='width=device-width'>"
            self.wfile.write(f"{head}<title>Partner</title><h1>Join us</h1>{body}".encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
