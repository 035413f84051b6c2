"""A text browser, driven by the keys that its reader would press."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LINES, COLUMNS = 50, 100
ENTER: Final = "^J"
LEAVE: Final = "<tab>"
QUIT: Final = ("q", "y")

TEXT: Final = "text entry field"
CHOICE: Final = "popup menu"
RADIO: Final = "radio button"
TICK: Final = "checkbox"
BUTTON: Final = "submit button"

Keys = tuple[str, ...]


class Sight:
    """A page as lynx lays it out: its words, and the number of each field."""

    def __init__(self, printed: str) -> None:
        words, _, places = printed.rpartition("\nReferences\n")
        self.text = " ".join((words or printed).split())
        self._fields: dict[str, list[int]] = {}
        for number, kind in re.findall(r"^\s*(\d+)\. form field = (.+)$", places, re.MULTILINE):
            self._fields.setdefault(kind.strip(), []).append(int(number))

    def of(self, kind: str) -> list[int]:
        """The numbers of the fields of that kind, from the top."""
        return self._fields.get(kind, [])


class Lynx:
    """One reader's lynx, with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._page = folder / "page.txt"
        self._options = (
            "-number_fields",
            "-tna",  # a field takes letters once Enter was pressed on it: else numbers end up there
            "-nopause",
            "-display_charset=utf-8",
            "-assume_charset=utf-8",
        )
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
        }

    def look(self, url: str) -> Sight:
        """Load a page and read it.

        Beside Arabic words lynx sometimes paints a field over half of a letter: not ours to mend.
        """
        done = subprocess.run(
            ["lynx", "-dump", *self._options, url],
            env=self._environ,
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
        )
        return Sight(done.stdout)

    def go(self, url: str, *actions: Keys) -> Sight:
        """Open a page, press these keys, and read the page where that ends."""
        name = "page.txt"
        (self._folder / name).unlink(missing_ok=True)
        printing = ("p", ENTER, "^U", *name, ENTER)
        self._type(url, [key for action in (*actions, printing, QUIT) for key in action])
        return Sight(self._page.read_text(encoding="utf-8", errors="replace"))

    def _type(self, url: str, keys: list[str]) -> None:
        script = self._folder / "keys"
        script.write_text("\n".join(_lines(keys)) + "\n", encoding="ascii")
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        process = subprocess.Popen(
            ["lynx", f"-cmd_script={script}", *self._options, url],
            env=self._environ,
            cwd=self._folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(ours, shown))
        reader.start()
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
            reader.join()
            os.close(ours)
        assert self._page.exists(), b"".join(shown[-20:]).decode("utf-8", "replace")


def _drain(terminal: int, shown: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # its other end is closed: lynx has ended
        while data := os.read(terminal, 65_536):
            shown.append(data)


def _lines(keys: list[str]) -> Iterator[str]:
    """As lynx writes keys down: letters beyond ASCII byte by byte."""
    for key in keys:
        if len(key) > 1:
            yield f"key {key}"
            continue
        for byte in key.encode():
            plain = chr(byte) if 0x20 < byte < 0x7F else f"0x{byte:02x}"
            yield f"key {plain}" if byte != 0x20 else "key <space>"


# --- actions --------------------------------------------------------------------------------------


def to(number: int) -> Keys:
    """Onto a field, by its number."""
    return ("0", *str(number), ENTER)


def type_in(number: int, words: str) -> Keys:
    return (*to(number), ENTER, *words, LEAVE)


def choose(number: int, words: str) -> Keys:
    """Open a list and search it."""
    return (*to(number), ENTER, "/", *words, ENTER, ENTER)


def press(number: int) -> Keys:
    """Press a button, a radio or a box."""
    return (*to(number), ENTER)
