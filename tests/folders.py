"""Where tests keep their files: in memory, where there is plenty of it.

Databases and servers sync as ever, and nobody waits for a disk.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 4 * 1024**3


def quick_disk() -> str | None:
    """The folder in memory; None where there is none, or too little room."""
    if not os.access(_MEMORY, os.W_OK):
        return None
    return str(_MEMORY) if shutil.disk_usage(_MEMORY).free > _ROOM else None


def begin() -> None:
    """Put pytest's folders there; not where programs may not be started from it."""
    folder = quick_disk()
    if folder is not None and not os.statvfs(folder).f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", folder)
