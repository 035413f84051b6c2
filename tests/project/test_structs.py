"""Many threads that meet a type for the first time all read it, and none ends the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

MEETING = """
import sys, threading
import msgspec
from petition import structs

sys.setswitchinterval(1e-6)  # so that another thread has its turn in the midst of it
BODY = b'{"one": {"a": "x", "b": 1}, "more": [{"a": "y", "d": [1]}], "z": {"k": "v"}}'
PLAIN = msgspec.json.decode(BODY)
READ = {
    "decode": lambda of: structs.decode(BODY, of),
    "convert": lambda of: structs.convert(PLAIN, of),
}[sys.argv[1]]

def met_first():
    inner = [("a", "str"), ("b", "int | None", None), ("d", "tuple[int, ...]", ())]
    part = msgspec.defstruct("Part", inner)
    outer = [("one", part), ("more", list[part]), ("z", "dict[str, str]")]
    return msgspec.defstruct("Whole", outer)

found = []
for _ in range(200):
    of, gate = met_first(), threading.Barrier(6)

    def read():
        gate.wait()
        found.append(READ(of).more[0].d)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert found == [(1,)] * 1200, len(found)
"""


@pytest.mark.parametrize("by", ["decode", "convert"])
def test_a_type_that_many_threads_meet_at_once_is_read_by_all(by: str) -> None:
    # In a process of its own: it would end with a segmentation fault, and pytest with it.
    command = [sys.executable, "-c", MEETING, by]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
