"""The rule files of README and of the repository do what is said beside them."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clients.asking import eventually
from tests.integration.clients.connection import Connection
from tests.integration.documented import ROOT, Service, reason
from tests.servers.ports import free_port, is_listening
from tests.servers.processes import Process

README = (ROOT / "README.md").read_text(encoding="utf-8")
HELLO = (ROOT / "rules" / "hello.rules.yaml").read_text(encoding="utf-8")
#: The command that a user types: beside the interpreter that the tests run on.
COMMAND = Path(sys.executable).with_name("sidecar")


class TestReadme:
    @pytest.fixture
    def state(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
            yield Path(folder)

    @contextlib.contextmanager
    def as_written(self, text: str, folder: Path, state: Path) -> Iterator[Process]:
        (folder / "shop.rules.yaml").write_text(text, encoding="utf-8")
        command: list[str | Path] = [COMMAND, "run", "shop.rules.yaml"]
        environment = {"XDG_RUNTIME_DIR": str(state)}
        log = folder / "sidecar.log"
        with Process("sidecar", command, log, environment=environment, folder=folder) as process:
            yield process

    async def test_its_rule_file(self, service: Service, tmp_path: Path, state: Path) -> None:
        [text] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
        address = f"127.0.0.1:{free_port()}"
        text = text.replace("127.0.0.1:8080", address).replace("127.0.0.1:9000", service.address)
        with self.as_written(text, tmp_path, state) as process:
            await eventually(lambda: is_listening(address), "listening")
            async with await Connection.open(address) as client:
                assert (await client.ask("/")).status == 200
                denied = await client.ask("/admin/users")
                assert (denied.status, reason(denied)) == (403, "access_denied")
                orders = Counter(
                    [(await client.ask("/orders", method="POST")).status for _ in range(150)]
                )
                assert orders[200] >= 98
                refused = await client.ask("/")
                while refused.status == 200:
                    refused = await client.ask("/")
                assert (refused.status, reason(refused)) == (429, "rate_limited")
                assert int(refused.field("retry-after")) == 1
                decision = refused.field("x-sidecar-decision")
                probes = [await client.ask("/healthz") for _ in range(200)]
                assert {answer.status for answer in probes} == {200}
            await eventually(lambda: decision in process.log, "the refusal is in the log")
            lines = [json.loads(line) for line in process.log.splitlines() if decision in line]
            assert [line["event_name"] for line in lines] == ["sidecar.request", "sidecar.decision"]
            assert {line["sidecar.rule.name"] for line in lines} == {"each-client"}
            assert process.stop() == 0
        assert "Traceback" not in process.log
        assert list(state.rglob("*.sock")) == []

    async def test_the_file_that_the_repository_has(
        self, service: Service, tmp_path: Path, state: Path
    ) -> None:
        address = f"127.0.0.1:{free_port()}"
        text = HELLO.replace("127.0.0.1:8080", address).replace("127.0.0.1:9000", service.address)
        with self.as_written(text, tmp_path, state) as process:
            await eventually(lambda: is_listening(address), "listening")
            began = time.monotonic()
            async with await Connection.open(address) as client:
                answers = [await client.ask("/") for _ in range(300)]
            admitted = sum(answer.status == 200 for answer in answers)
            assert 100 <= admitted <= 100 + 50 * (time.monotonic() - began)
            assert process.stop() == 0
