"""What ``docs/traces.md`` shows is what its commands write."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

from tests.commands.invoking import invoked
from tests.traces.documents import SHOP, write

PAGE = (Path(__file__).parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"```console run\n\$ sidecar (.*?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("command, shown", SESSIONS)
def test_what_is_shown_is_written(
    command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    write(folder, SHOP)
    with monkeypatch.context() as changed:
        changed.chdir(tmp_path)
        changed.setenv("COLUMNS", "80")
        changed.setenv("TZ", "UTC")
        time.tzset()
        status, output = invoked(*shlex.split(command))
    time.tzset()
    assert (status, output) == (0, shown)


def test_the_page_shows_something() -> None:
    assert len(SESSIONS) == 2
