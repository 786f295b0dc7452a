from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.admin.running import Client, Running, answering


@pytest.fixture
async def running(tmp_path: Path) -> Running:
    """A sidecar whose admin API can be asked."""
    return Running(tmp_path)


@pytest.fixture
async def admin(running: Running) -> AsyncIterator[Client]:
    """Asks it."""
    async with answering(running) as client:
        yield client
