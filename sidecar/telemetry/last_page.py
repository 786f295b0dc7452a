"""What a process has counted, left behind for whoever adds it up after a hand-over.

Nobody scrapes a process that another one has taken over from, and it still answers what it had
begun. Its last page lies in the state directory.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from sidecar.telemetry.exposition import MetersCollector, expose
from sidecar.telemetry.metrics import Meters

#: The file's name in the state directory.
LAST_PAGE: Final = "metrics.before"


async def leave_last_page(meters: Meters, folder: Path) -> None:
    """Write ``/metrics`` as text, whole or not at all; a disk that is full costs the page."""
    page = await expose(MetersCollector(meters), "")
    await asyncio.to_thread(_write, folder / LAST_PAGE, page.body)


def _write(path: Path, body: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        temporary.write_bytes(body)
        temporary.replace(path)
