"""A child process from its start to its exit status, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from sidecar.around.process import Process
from sidecar.settings import CannotStart

#: These start real processes, if small ones.
pytestmark = pytest.mark.integration

_PATIENCE = 20.0
#: Says that it is there, and obeys nobody.
_DEAF = """
import signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("here", flush=True)
if len(sys.argv) > 1:
    open(sys.argv[1], "w").close()
time.sleep(60)
"""
#: Leaves a child behind that obeys nobody, and tells its number.
_PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {_DEAF!r}], stdout=subprocess.PIPE)
child.stdout.readline()
open(sys.argv[1], "w").write(str(child.pid))
"""


def python(script: str, *arguments: str) -> Process:
    return Process([sys.executable, "-c", script, *arguments])


def start(process: Process, environment: dict[str, str] | None = None) -> list[int | None]:
    """Start it; returns where its status is put down when it ends."""
    ended: list[int | None] = []
    given = dict(os.environ) if environment is None else environment
    loop = asyncio.get_running_loop()
    process.start(loop, given, None, lambda: ended.append(process.status))
    return ended


@pytest.mark.parametrize(
    "script, status",
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
async def test_the_status_is_that_of_a_shell(script: str, status: int) -> None:
    process = python(script)
    ended = start(process)
    async with asyncio.timeout(_PATIENCE):
        await process.ended.wait()
    assert ended == [process.status] == [status]
    assert await process.end(signal.SIGTERM, 1.0)
    assert process.status == status


async def test_a_signal_is_passed_on_and_waited_for(tmp_path: Path) -> None:
    there = tmp_path / "there"
    process = python(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        f"open({str(there)!r}, 'w').close()\n"
        "time.sleep(60)"
    )
    start(process)
    await _until(there.exists)
    assert process.runs
    assert await process.end(signal.SIGTERM, _PATIENCE)
    assert (process.status, process.runs) == (5, False)


async def test_who_does_not_obey_is_killed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    process = python(_DEAF, str(there))
    start(process)
    await _until(there.exists)
    assert not await process.end(signal.SIGTERM, 0.3)
    assert process.status == 137


async def test_what_it_leaves_behind_goes_too(tmp_path: Path) -> None:
    told = tmp_path / "child"
    process = python(_PARENT, str(told))
    start(process)
    async with asyncio.timeout(_PATIENCE):
        await process.ended.wait()
    child = int(told.read_text())
    assert _is_there(child)
    assert await process.end(signal.SIGTERM, 0.3)
    await _until(lambda: not _is_there(child))


async def test_none_is_left_unburied() -> None:
    process = python("pass")
    start(process)
    await process.end(None, _PATIENCE)
    assert not Path(f"/proc/{process.pid}").exists()


@pytest.mark.parametrize(
    "name, status",
    [("no-such-command-anywhere", 127), ("./nothing-here", 127), ("/", 126)],
)
async def test_what_cannot_be_run(name: str, status: int) -> None:
    with pytest.raises(CannotStart, match=name) as raised:
        start(Process([name]))
    assert raised.value.status == status


@pytest.mark.parametrize(
    "text, mode, status", [("#!/no/such/shell\n", 0o755, 127), ("exit", 0o644, 126),
                           ("\x7fELF", 0o755, 126)]
)  # fmt: skip
async def test_files_that_cannot_be_run(text: str, mode: int, status: int, tmp_path: Path) -> None:
    file = tmp_path / "command"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(CannotStart) as raised:
        start(Process([str(file)]))
    assert raised.value.status == status


async def test_it_may_open_as_many_files_as_if_we_were_not_here(tmp_path: Path) -> None:
    told = tmp_path / "limit"
    process = python(
        "import resource, sys\n"
        "open(sys.argv[1], 'w').write(str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))",
        str(told),
    )
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    loop = asyncio.get_running_loop()
    process.start(loop, os.environ, (before[0] - 1, before[1]), lambda: None)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
    assert await process.end(None, _PATIENCE)
    assert told.read_text() == str(before[0] - 1)


async def _until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)


def _is_there(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
