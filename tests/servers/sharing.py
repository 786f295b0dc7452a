"""Which tests run in one worker, so that what is costly to start is started once.

Under ``--numprocesses N --dist loadgroup`` tests that share a costly server run in one worker, and
so does every other class or file. With pytest 9.2 xdist's own groups have no effect: it writes
them into the ids of tests, which are no longer read (its issue 1386). Here the first worker writes
them to a file.
"""

from __future__ import annotations

import json
import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Fixtures whose server takes seconds to start, and the seconds that a test with it may take.
_COSTLY = {"elasticsearch_server": 360, "secured_elasticsearch_server": 360, "stage_documents": 480}

_FILE = "sharing_file"
_PATH = pytest.StashKey[Path]()


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Keeps tests together by what they share, else by their class or file."""

    def __init__(self, config: pytest.Config, log: Producer, shared: Path) -> None:
        super().__init__(config, log)
        self._shared = shared

    @cached_property
    def _groups(self) -> dict[str, str]:
        """Test to server. Asked for when every worker has said which tests it found."""
        groups: dict[str, str] = json.loads(self._shared.read_text(encoding="utf-8"))
        return groups

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid) or str(super()._split_scope(nodeid))


# --- in each process that runs tests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let tests wait for the start of a costly server, and tell the scheduler who shares it."""
    groups = {item.nodeid: shared for item in items if (shared := _costly(item))}
    for item in items:
        if item.nodeid in groups and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_COSTLY[groups[item.nodeid]]))
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    if worker.get("workerid") == "gw0":
        Path(worker[_FILE]).write_text(json.dumps(groups), encoding="utf-8")


def _costly(item: pytest.Item) -> str | None:
    return next((name for name in _COSTLY if name in getattr(item, "fixturenames", ())), None)


# --- in the process that hands out the tests


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where it says which tests share what."""
    node.workerinput[_FILE] = str(_file_of(node.config))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Take the scheduling above for ``--dist loadgroup``."""
    if config.getoption("dist") != "loadgroup":
        return None
    return Scheduling(config, log, _file_of(config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the file."""
    if _PATH in config.stash:
        config.stash[_PATH].unlink(missing_ok=True)


def _file_of(config: pytest.Config) -> Path:
    if _PATH not in config.stash:
        handle, name = tempfile.mkstemp(prefix="sharing-", suffix=".json")
        os.close(handle)
        config.stash[_PATH] = Path(name)
    return config.stash[_PATH]
