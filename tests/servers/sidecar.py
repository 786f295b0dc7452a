"""The sidecar as its users run it: a process of its own with a rule file and a state directory."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pytest

from tests.servers.ports import Address, is_listening
from tests.servers.processes import Process

Loop = Literal["uvloop", "asyncio"]

#: Runs a test on both event loops; the test takes ``loop`` and hands it to ``sidecar_process``.
both_loops = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


class SidecarProcess:
    """A running sidecar."""

    def __init__(self, process: Process, rule_file: Path, state_dir: Path) -> None:
        self.process = process
        self.rule_file = rule_file
        self.state_dir = state_dir
        #: Where it really listens, by listener name; empty until it says so.
        self.addresses: dict[str, Address] = {}

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything written so far to standard output and error."""
        return self.process.log

    @property
    def address(self) -> Address:
        """Where clients connect: ``host:port`` or ``unix:/path``."""
        return self.addresses["inbound"]

    @property
    def port(self) -> int:
        """The inbound listener's TCP port."""
        return int(self.address.rpartition(":")[2])

    @property
    def url(self) -> str:
        """``http://host:port`` of the inbound listener."""
        return f"http://{self.address}"

    def write_rules(self, rules: str) -> None:
        """Replace the rule file in one step, as an editor does; the sidecar reloads it."""
        written = self.rule_file.with_suffix(".new")
        written.write_text(rules, encoding="utf-8")
        written.replace(self.rule_file)

    def stop(self, timeout_seconds: float = 20.0) -> int:
        """End it by SIGTERM and return the exit status."""
        return self.process.stop(timeout_seconds)


class SidecarStarter:
    """Starts sidecars for one test, each in a folder of its own, and ends them with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Not below ``folder``: the path of a Unix socket has little more than 100 bytes.
        self._states = Path(tempfile.mkdtemp(prefix="sidecar-"))
        self._started: list[SidecarProcess] = []

    def __call__(
        self,
        rules: str,
        *,
        loop: Loop = "uvloop",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        state_dir: Path | None = None,
    ) -> SidecarProcess:
        """Start a sidecar with this rule file; return it once it accepts connections.

        ``bind: 127.0.0.1:0`` in the rules takes a free port. ``state_dir`` is handed in to
        start beside, or take over from, one that runs already.
        """
        folder = self._folder / f"sidecar-{len(self._started)}"
        folder.mkdir()
        rule_file = folder / "test.rules.yaml"
        rule_file.write_text(rules, encoding="utf-8")
        state = state_dir or self._states / str(len(self._started))
        command = [sys.executable, "-m", "sidecar", "run", str(rule_file), "--loop", loop]
        process = Process(
            "sidecar",
            [*command, *arguments],
            folder / "sidecar.log",
            environment={"SIDECAR_STATE_DIR": str(state), **(environment or {})},
            folder=folder,
        )
        sidecar = SidecarProcess(process, rule_file, state)
        self._started.append(sidecar)
        process.wait_until_ready(_announced_since(sidecar, state_dir), "listening")
        return sidecar

    def stop_all(self) -> None:
        """End every sidecar that is still running, the last started first."""
        for sidecar in reversed(self._started):
            sidecar.stop()
        shutil.rmtree(self._states)


def _announced_since(sidecar: SidecarProcess, shared_state: Path | None) -> Callable[[], bool]:
    """Says whether the new process wrote its addresses, which it does in one step, and listens.

    In a shared state directory there is an older announcement already: only a newer one counts.
    """
    announcement = sidecar.state_dir / "addresses.json"
    before = announcement.stat().st_mtime_ns if shared_state and announcement.exists() else 0

    def announced() -> bool:
        if not announcement.exists() or announcement.stat().st_mtime_ns <= before:
            return False
        sidecar.addresses = json.loads(announcement.read_text(encoding="utf-8"))
        return is_listening(sidecar.address)

    return announced


@contextlib.contextmanager
def sidecar_starter(folder: Path) -> Iterator[SidecarStarter]:
    """A starter whose sidecars end when the block does."""
    starter = SidecarStarter(folder)
    try:
        yield starter
    finally:
        starter.stop_all()
