from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.running import Running
from tests.commands.beside import Beside, sidecar_beside


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """A sidecar that commands find by themselves."""
    with sidecar_beside() as one:
        monkeypatch.setenv("SIDECAR_ADMIN_SOCKET", one.socket)
        monkeypatch.setenv("COLUMNS", "120")
        yield one


@pytest.fixture
async def running(tmp_path: Path) -> Running:
    """A sidecar that is looked into on the test's own loop."""
    return Running(tmp_path)
