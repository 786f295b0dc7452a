"""The small demo as a newcomer runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo_services.hello.rules import COMMITTED
from tests.servers.processes import Process

SECONDS = 8
PROMISES = 8


class Run:
    """A finished demo."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "demo_services.hello", "--seconds", str(SECONDS), *arguments],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        self.status = done.returncode
        self.text = done.stdout
        self.errors = done.stderr
        self.lines = done.stdout.splitlines()

    def verdicts(self, word: str) -> list[str]:
        """The promises that were kept (PASS) or not (FAIL)."""
        return [line[6:] for line in self.lines if line.startswith(f"{word}  ")]


def _pids(text: str) -> list[int]:
    return [int(pid) for pid in re.findall(r"\(pid (\d+)\)", text)]


def _assert_nothing_is_left(text: str, folder: Path) -> None:
    assert _pids(text), "no process was started"
    for pid in _pids(text):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not list(folder.glob("hello-*"))


@pytest.mark.slow
@pytest.mark.alone
def test_every_promise_is_kept(folder: Path) -> None:
    run = Run(folder)
    assert (run.status, run.errors) == (0, ""), run.text
    assert len(run.verdicts("PASS")) == PROMISES
    assert run.verdicts("FAIL") == []
    assert "HTTP/1.1 429 Too Many Requests" in run.text
    assert '"sidecar.rule.name":"each-client"' in run.text
    _assert_nothing_is_left(run.text, folder)


@pytest.mark.slow
def test_the_bare_service_is_shown_without_promises(folder: Path) -> None:
    run = Run(folder, "--without-sidecar")
    assert (run.status, run.errors) == (0, "")
    assert run.verdicts("PASS") == run.verdicts("FAIL") == []
    assert len([line for line in run.lines if re.match(r" +\d+ ", line)]) >= SECONDS
    _assert_nothing_is_left(run.text, folder)


@pytest.mark.slow
def test_a_promise_that_is_broken_is_said_and_ends_in_status_1(folder: Path) -> None:
    # Both clients together get less than they may have each: the modest one is refused too.
    rules = folder / "tight.rules.yaml"
    rules.write_text(COMMITTED.read_text().replace("limit: 1000/s", "limit: 60/s"))
    run = Run(folder, "--rules", str(rules))
    assert run.status == 1
    broken = run.verdicts("FAIL")
    assert any(line.startswith("only greedy is refused") for line in broken)
    assert run.lines.index("FAIL") > 0
    _assert_nothing_is_left(run.text, folder)


def test_a_sidecar_that_does_not_start_shows_why(folder: Path) -> None:
    rules = folder / "wrong.rules.yaml"
    rules.write_text(COMMITTED.read_text().replace("rate_limits:", "rate_limit:"))
    run = Run(folder, "--rules", str(rules))
    assert run.status == 1
    assert "sidecar ended with status 2" in run.text
    assert "rate_limits" in run.text
    _assert_nothing_is_left(run.text, folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_ends_everything(folder: Path, tmp_path: Path, number: int) -> None:
    demo = Process(
        "demo",
        [sys.executable, "-m", "demo_services.hello"],
        tmp_path / "demo.log",
        environment={"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    with demo:
        demo.wait_until_ready(lambda: "asked" in demo.log, "under load")
        demo.send_signal(signal.Signals(number))
        assert demo.wait() == 1
    assert "Traceback" not in demo.log
    assert len(_pids(demo.log)) == 2
    _assert_nothing_is_left(demo.log, folder)


@pytest.mark.slow
def test_kept_running_it_can_be_asked_things(folder: Path, tmp_path: Path) -> None:
    arguments = ["--seconds", str(SECONDS), "--keep"]
    demo = Process(
        "demo",
        [sys.executable, "-m", "demo_services.hello", *arguments],
        tmp_path / "demo.log",
        environment={"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    with demo:
        demo.wait_until_ready(lambda: "  rules  " in demo.log, "kept running", 40)
        [command] = re.findall(r"try +curl -i (\S+)", demo.log)
        answer = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import urllib.request as r; print(r.urlopen('{command}').status)",
            ],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert answer.stdout.strip() == "200"
        demo.send_signal(signal.SIGINT)
        # Whether every promise was kept is another test's business: here it is said truly.
        assert demo.wait() == (1 if "\nFAIL\n" in demo.log else 0)
    _assert_nothing_is_left(demo.log, folder)
