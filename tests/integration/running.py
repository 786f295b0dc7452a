"""Runs of the sidecar that are expected to end by themselves, or that are started unusually."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.servers.processes import Process
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter

_EXIT_SECONDS = 30.0

#: Makes inherited sockets descriptors 3 and up, as systemd does, and becomes the sidecar.
_AS_SYSTEMD = """
import os, sys
names, *descriptors = sys.argv[1].split(",")
command = sys.argv[2:]
for place, descriptor in enumerate(descriptors, 3):
    os.dup2(int(descriptor), place)
os.environ.update(
    LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(descriptors)), LISTEN_FDNAMES=names
)
os.execv(command[0], command)
"""


def sidecar_command(rule_file: Path, *arguments: str) -> list[str]:
    """``sidecar run`` with the interpreter of the tests."""
    return [sys.executable, "-m", "sidecar", "run", str(rule_file), *arguments]


def run_to_exit(
    folder: Path, text: str, *arguments: str, state_dir: Path
) -> subprocess.CompletedProcess[str]:
    """Run a sidecar that is not expected to stay."""
    rule_file = folder / "ends.rules.yaml"
    rule_file.write_text(text, encoding="utf-8")
    return subprocess.run(
        [*sidecar_command(rule_file, *arguments), "--state-dir", str(state_dir)],
        capture_output=True,
        text=True,
        timeout=_EXIT_SECONDS,
        check=False,
    )


@contextlib.contextmanager
def as_systemd_starts_it(
    folder: Path, text: str, sockets: Mapping[str, int], state_dir: Path
) -> Iterator[SidecarProcess]:
    """Start a sidecar with listening sockets, descriptors by name, passed by ``LISTEN_FDS``."""
    rule_file = folder / "systemd.rules.yaml"
    rule_file.write_text(text, encoding="utf-8")
    given = ",".join([":".join(sockets), *map(str, sockets.values())])
    command = [sys.executable, "-c", _AS_SYSTEMD, given, *sidecar_command(rule_file)]
    process = Process(
        "sidecar",
        command,
        folder / "systemd.log",
        environment={"SIDECAR_STATE_DIR": str(state_dir)},
        pass_fds=tuple(sockets.values()),
    )
    with process:
        sidecar = SidecarProcess(process, rule_file, state_dir)
        announcement = state_dir / "addresses.json"
        process.wait_until_ready(announcement.exists, "ready")
        sidecar.addresses = json.loads(announcement.read_text(encoding="utf-8"))
        yield sidecar


async def take_over(
    old: SidecarProcess,
    start: SidecarStarter,
    text: str,
    loop: Loop = "uvloop",
    arguments: Sequence[str] = (),
) -> SidecarProcess:
    """Start a successor on the state directory of ``old``; returns when it serves."""
    return await asyncio.to_thread(
        start, text, loop=loop, arguments=["--take-over", *arguments], state_dir=old.state_dir
    )


async def ended(sidecar: SidecarProcess, within_seconds: float = 20.0) -> int:
    """The exit status of a sidecar that is about to end."""
    return await asyncio.to_thread(sidecar.process.wait, within_seconds)


def exporter_of(pid: int) -> int:
    """The exporter's number; 0 while there is none."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                if b"sidecar.export" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
    return 0
