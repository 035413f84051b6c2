"""WordPress: a partner's line, its address, the plugin: each in a real one, to a signature.

A WordPress of Debian's package runs on PHP's own server, with a MariaDB in the drill's folder, on
another origin than the petition. One post is written in its editor, by clicks, in German: the block
is found there by its name. Somebody with a phone signs on each kind of post, and confirms;
each must count for the partner. The control is a partner that has another site: its form must show
on none of these posts. Our database does not change what WordPress shows: SQLite serves for both.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import (
    Browser,
    Error as PlaywrightError,
    FrameLocator,
    Page,
    ViewportSize,
    expect,
)

from drills.failure import DrillError, Unavailable
from drills.outcome import Verdict, busy, say
from drills.ports import free_port
from drills.processes import Running
from tests import people
from tests.browser import actions
from tests.browser.instance import Instance, run_instance, wait_until
from tests.browser.launching import chromium_path, running

PLUGIN = Path(__file__).parents[1] / "contrib" / "wordpress" / "petition.php"
SCRIPT = Path(__file__).parent / "php" / "wordpress.php"
INSTALLED = Path("/usr/share/wordpress")
PACKAGES = (
    *("wordpress", "wordpress-theme-twentytwentythree"),
    *("libjs-cropper", "libjs-underscore", "php-getid3"),
)
PROGRAMS = {
    "php": "php-cli php-mysql",
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    "my_print_defaults": "mariadb-client-core",
}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
PHONE: ViewportSize = {"width": 390, "height": 844}
OEMBED = "an address"
FIRST_WITH_PLUGIN = "plugin, an address"
CLICKED = "plugin, block by clicks"
EDITOR_SECONDS = 120.0
"""For what the editor does: it is megabytes of scripts, and the machine may be busy."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Each kind of post, then the control."""
    verdict = Verdict(title=f"wordpress {database}")
    if database == "postgresql":
        verdict.extras.append("what WordPress shows is that of sqlite")
        return verdict
    _require()
    with (
        _folder(keep=chosen.keep) as folder,
        run_instance(folder / "instance") as instance,
        _wordpress(folder) as site,
        running() as browser,
    ):
        say(f"wordpress: {site.version}{busy()}")
        key = _partner(instance, "Union", site.url)
        posts = _posts(instance.url, key)
        for number, (kind, content) in enumerate(posts.items()):
            if kind == FIRST_WITH_PLUGIN:
                site.run("activate", instance.url)
            before = _count(instance, key)
            person = people.someone(800 + number)
            try:
                if kind == CLICKED:
                    address = _written_in_editor(browser, site, content)
                else:
                    address = site.run("post", kind, content=content)
                _sign(browser, kind, address, instance, person)
                actions.confirm(instance, person["email"])
            except (AssertionError, PlaywrightError) as error:
                verdict.broken.append(f"{kind}: {str(error).strip().splitlines()[0]}")
            if _count(instance, key) != before + 1:
                verdict.broken.append(f"{kind}: not counted for the partner")
            say(f"  {kind}: signed")
        other = _partner(instance, "Other", "https://other.example")
        foreign = _posts(instance.url, other)
        for kind in ("pasted", "plugin, shortcode"):
            address = site.run("post", f"foreign {kind}", content=foreign[kind])
            verdict.controls[f"other site, {kind}"] = _refused(browser, address)
        verdict.extras.append(f"WordPress {site.version}: {', '.join(posts)}")
    return verdict


class WordPress:
    """An installed WordPress that answers at `url`."""

    def __init__(self, folder: Path, url: str, environ: Mapping[str, str]) -> None:
        self.folder, self.url, self._environ = folder, url, environ
        self.password = secrets.token_urlsafe(16)
        self.version = self.run("install", url, self.password)

    def run(self, *words: str, content: str = "") -> str:
        """Do one thing in WordPress, by its own functions; what it printed."""
        done = subprocess.run(
            ["php", str(SCRIPT), str(self.folder), *words],
            env=self._environ,
            input=content,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise DrillError(f"WordPress could not {words[0]}: {done.stdout}{done.stderr}"[:1000])
        return done.stdout.strip()


def _posts(server: str, key: str) -> dict[str, str]:
    """Kind to content: a post for each way in which a partner can show the form."""
    page = f"{server}/en/amazon?partner={key}"
    data = f'data-campaign="amazon" data-partner="{key}" data-lang="en"'
    script = f'<script async src="{server}/embed.js" {data}></script>'
    line = f'<a href="{page}">Sign the call</a>{script}'
    address = f"<p>Before.</p>\n\n{page}\n\n<p>After.</p>"
    block = json.dumps({"url": page})
    return {
        "pasted": f"<!-- wp:html -->\n{line}\n<!-- /wp:html -->",
        OEMBED: address,
        FIRST_WITH_PLUGIN: address,
        "plugin, block": f"<!-- wp:petition/form {block} /-->",
        "plugin, shortcode": f'[petition url="{page}"]',
        CLICKED: page,
    }


def _require() -> None:
    for program, package in PROGRAMS.items():
        if shutil.which(program, path=PATH) is None:
            raise Unavailable(f"there is no {program}; on Debian: apt-get install {package}")
    if chromium_path() is None:
        raise Unavailable("there is no Chromium; on Debian: apt-get install chromium")


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="petition-wordpress-"))
    folder.chmod(0o755)
    (folder / "instance").mkdir(mode=0o700)
    try:
        yield folder
    finally:
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _wordpress(folder: Path) -> Iterator[WordPress]:
    """Its files, its database and PHP's server, until the block ends."""
    site = folder / "wordpress"
    shutil.copytree(_unpacked(folder), site, symlinks=False, ignore_dangling_symlinks=True)
    shutil.copy(PLUGIN, site / "wp-content" / "plugins")
    logs = folder / "logs"
    logs.mkdir()
    port, database = free_port(), f"127.0.0.1:{free_port()}"
    environ = {
        "PATH": PATH,
        "DRILL_DATABASE": database,
        "PHP_CLI_SERVER_WORKERS": "4",  # it asks itself things
    }
    with ExitStack() as running:
        running.enter_context(_database(folder, logs, database))
        wordpress = WordPress(site, f"http://localhost:{port}", environ)
        command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(site)]
        server = Running("php", command, log=logs / "php.log", env=environ)
        running.enter_context(closing(_Ended(server)))
        yield wordpress


def _unpacked(folder: Path) -> Path:
    """WordPress's files: those that are installed, or else those of its packages, fetched now."""
    if (INSTALLED / "wp-load.php").is_file():
        return INSTALLED
    packages, root = folder / "packages", folder / "root"
    packages.mkdir()
    packages.chmod(0o777)  # apt fetches as another user
    try:
        _call(["apt-get", "download", "-q", *PACKAGES], packages)
        for package in sorted(packages.glob("*.deb")):
            _call(["dpkg-deb", "-x", str(package), str(root)], packages)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"WordPress's packages cannot be fetched: {error}") from None
    theme = Path("usr/share/wordpress/wp-content/themes/twentytwentythree")
    found = root / "usr/share/wordpress"
    if not (found / "wp-load.php").is_file() or not (root / theme).is_dir():
        raise Unavailable("Debian's packages of WordPress look otherwise than they did")
    return found


def _call(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)


class _Ended:
    """A started program that ends with the block."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def close(self) -> None:
        self._running.stop()


@contextmanager
def _database(folder: Path, logs: Path, address: str) -> Iterator[None]:
    """A MariaDB of the drill's own, which trusts whoever is on this machine."""
    data = folder / "mariadb"
    user = ["--user=root"] if os.geteuid() == 0 else []
    made = ["--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    _call(["mariadb-install-db", *made, *user, "--skip-test-db"], folder)
    log = logs / "mariadb.log"
    port = address.rpartition(":")[2]
    options = [
        *("--no-defaults", f"--datadir={data}", f"--socket={data}/socket", "--skip-name-resolve"),
        *("--bind-address=127.0.0.1", f"--port={port}", f"--pid-file={data}/pid"),
    ]
    server = Running("mariadb", [_program("mariadbd"), *options, *user], log=log, env=None)
    with closing(_Ended(server)):
        wait_until(
            lambda: "ready for connections" in log.read_text(errors="replace"), "MariaDB", 60.0
        )
        yield


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    assert found
    return found


# --- on the posts ---------------------------------------------------------------------------------


def _partner(instance: Instance, name: str, site: str) -> str:
    instance.petition("partner", "add", "amazon", name, "--site", site, *actions.PARTNER_TERMS)
    found = json.loads(instance.petition("partner", "list", "amazon", "--json"))
    key = str(found[-1]["key"])
    actions.accept_as_partner(instance, key)
    return key


def _count(instance: Instance, key: str) -> int:
    instance.confirmed()
    found = json.loads(instance.petition("count", "amazon", "--by", "partner", "--format", "json"))
    return {each["value"]: int(each["confirmed"]) for each in found["counts"]}.get(key, 0)


def _written_in_editor(browser: Browser, site: WordPress, form: str) -> str:
    """Its address, once somebody who reads German found the block, filled it in and published."""
    site.run("speak", "de_DE")
    with closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        context.set_default_timeout(EDITOR_SECONDS * 1000)
        page = context.new_page()
        page.goto(f"{site.url}/wp-login.php")
        page.locator("#user_login").fill("admin")
        page.locator("#user_pass").fill(site.password)
        page.locator("#wp-submit").click()
        page.wait_for_url("**/wp-admin/**")
        page.goto(f"{site.url}/wp-admin/post-new.php")
        page.locator(".editor-post-title__input").fill(CLICKED)
        page.locator(".edit-post-header-toolbar__inserter-toggle").click()
        page.locator(".block-editor-inserter__search input").fill("Appell")
        page.get_by_role("option", name="Formular eines Appells").click()
        page.get_by_label("Adresse des Formulars").fill(form)
        page.locator(".editor-post-publish-panel__toggle").click()
        page.locator(".editor-post-publish-panel .editor-post-publish-button").click()
        page.wait_for_function("wp.data.select('core/editor').isCurrentPostPublished()")
        return str(page.evaluate("wp.data.select('core/editor').getPermalink()"))


_FORM_IS_THERE: Final = "window.there || !document.querySelector('script[data-campaign]')"
"""Where no script was pasted, the frame is there from the beginning."""


def _sign(
    browser: Browser, kind: str, address: str, instance: Instance, person: people.Form
) -> None:
    """As a visitor of the post does; where the frame is WordPress's sandbox, by its button."""
    with closing(browser.new_context(viewport=PHONE)) as context:
        context.add_init_script(
            "addEventListener('petition:loaded', () => { window.there = true; })"
        )
        page = context.new_page()
        page.goto(address)
        form = page.frame_locator("iframe").first
        if kind == OEMBED:
            form.locator("#elsewhere a").click()
            page.wait_for_url(f"{instance.url}/en/amazon?partner=*")
            _fill(page, person)
            expect(page.locator("h1")).to_have_text("Now check your email")
            return
        page.wait_for_function(_FORM_IS_THERE)
        link = page.locator("a[href*='/en/amazon?partner=']").first
        if link.is_visible():  # what stands below it is in sight: the form waits for this click
            link.click()
        expect(page.locator("iframe").first).to_be_visible()
        _fill(form, person)
        expect(form.locator("h1[data-focus]")).to_have_text("Now check your email")


def _fill(form: FrameLocator | Page, person: people.Form) -> None:
    for name in ("given_name", "family_name", "email"):
        form.locator(f"#{name}").fill(person[name])
    form.locator("#country").select_option(person["country"])
    form.locator("input[name=updates][value=no]").check()
    form.locator("#agree").check()
    form.locator("#sign-button").click()


def _refused(browser: Browser, address: str) -> str | None:
    """That the link stays and no frame does, of a partner with another site."""
    with closing(browser.new_context(viewport=PHONE)) as context:
        page = context.new_page()
        page.goto(address)
        frame = page.locator("iframe")
        try:
            expect(frame).to_have_count(0, timeout=10_000)
            expect(page.locator("a[href*='/en/amazon?']").first).to_be_visible()
        except AssertionError:
            return None
    return "the link stays"
