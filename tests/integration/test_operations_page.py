"""What ``docs/operations.md`` shows is what happens: its commands are run."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.documented import ROOT, Service
from tests.servers.ports import free_port
from tests.servers.sidecar import SidecarProcess, SidecarStarter

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
SESSIONS = re.findall(r"```console run\n(.*?)```", PAGE, re.DOTALL)
#: Where the page has its own addresses, and each test its own.
LISTENS, METRICS, APP = "127.0.0.1:8080", "127.0.0.1:9464", "127.0.0.1:9000"


@dataclass(frozen=True)
class Step:
    """A command of the page, and the lines that it is said to write."""

    command: str
    shown: tuple[str, ...]


def steps(session: str) -> Iterator[Step]:
    """The commands of a block; a line that ends with a backslash goes on in the next one."""
    for part in re.split(r"^\$ (?!  )", session, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = [lines.pop(0)]
        while command[-1].endswith("\\"):
            command.append(lines.pop(0).removeprefix("$ "))
        yield Step("\n".join(command), tuple(lines))


def is_shown(line: str, written: str) -> bool:
    """Whether a line of the page stands for one that was written: … is anything, digits any."""
    pattern = re.sub(r"\d+", "0", line.strip())
    pattern = ".*".join(re.escape(piece) for piece in pattern.split("…"))
    return re.fullmatch(pattern, re.sub(r"\d+", "0", written.strip())) is not None


@pytest.fixture
async def sidecar(sidecar_process: SidecarStarter, service: Service) -> SidecarProcess:
    text = RULES.replace(LISTENS, f"127.0.0.1:{free_port()}")
    text = text.replace(METRICS, f"127.0.0.1:{free_port()}").replace(APP, service.address)
    sidecar = await asyncio.to_thread(sidecar_process, text)
    (sidecar.rule_file.parent / "order.rules.yaml").write_text(text, encoding="utf-8")
    return sidecar


async def written_by(command: str, sidecar: SidecarProcess, service: Service) -> list[str]:
    """What a command of the page writes where the sidecar's rule file is."""
    for shown, real in (
        (LISTENS, sidecar.address), (METRICS, sidecar.addresses["prometheus"]),
        (APP, service.address),
    ):  # fmt: skip
        command = command.replace(shown, real)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    here = {"PATH": path, "SIDECAR_STATE_DIR": str(sidecar.state_dir), "COLUMNS": "160"}
    run = await asyncio.create_subprocess_exec(
        "bash", "-c", command,
        cwd=sidecar.rule_file.parent, env={**os.environ, **here},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = (await run.communicate())[0].decode()
    if not command.startswith("sidecar doctor"):
        # Its ports are taken: by the sidecar of this test.
        assert run.returncode == 0, f"{command}\n{said}"
    for shown, real in ((LISTENS, sidecar.address), (APP, service.address)):
        said = said.replace(real, shown)
    said = said.replace(f"{sidecar.rule_file.parent}/", "")
    return said.replace("test.rules.yaml", "order.rules.yaml").splitlines()


@pytest.mark.parametrize("session", SESSIONS, ids=lambda text: text.partition("\n")[0][2:30])
async def test_its_commands(session: str, sidecar: SidecarProcess, service: Service) -> None:
    for step in steps(session):
        written = await written_by(step.command, sidecar, service)
        at = 0
        for line in step.shown:
            found = [n for n in range(at, len(written)) if is_shown(line, written[n])]
            assert found, f"$ {step.command}\nnot written: {line}\n" + "\n".join(written)
            at = found[0] + 1


def test_every_kind_of_command_is_run() -> None:
    run = "\n".join(SESSIONS)
    for command in re.findall(r"`sidecar ([a-z][a-z-]+)", PAGE):
        # Some wait for a person; others have pages of their own, whose commands are run there.
        elsewhere = command in {"alerts", "run", "tap", "trace", "traces", "provision"}
        assert elsewhere or f"sidecar {command}" in run, command


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)", PAGE))))
def test_its_links_lead_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()
