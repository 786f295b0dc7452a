"""``make demo`` as a newcomer runs it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo_services.shop.story.acts.program import NAMES
from demo_services.shop.story.elsewhere import Unusable
from demo_services.shop.story.rule_files import COMMITTED
from demo_services.shop.story.watch import programs
from tests.servers.processes import Process

COMMAND = [sys.executable, "-m", "demo_services.shop"]


class Run:
    """A finished story."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.report = folder / "report.html"
        done = subprocess.run(
            [*COMMAND, "--report", str(self.report), *arguments],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        self.status = done.returncode
        self.text = done.stdout
        self.errors = done.stderr

    def acts(self, word: str) -> list[str]:
        """The acts that are told as PASS, FAIL or seen."""
        return re.findall(rf"^  {word}  (\S+)", self.text, re.MULTILINE)


def _processes_of(folder: Path) -> list[str]:
    """The command lines that mention the folder of the run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in file.read_bytes():
                found.append(file.with_name("cmdline").read_text())
        except OSError:
            continue
    return found


def _assert_nothing_is_left(folder: Path) -> None:
    assert not list(folder.glob("shop-*/"))
    assert _processes_of(folder) == []


def _watch() -> list[str]:
    """Alerts are part of the story where there is what they need."""
    try:
        programs(os.environ)
    except Unusable:
        return []
    return ["--watch"]


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(240)
def test_every_promise_is_kept(folder: Path) -> None:
    watch = _watch()
    run = Run(folder, *watch)
    if run.status:
        # Some promises are about time, and the machine may have had something else to do.
        print(run.text)  # noqa: T201 - shown when the second one fails as well
        run = Run(folder, *watch)
    assert (run.status, run.errors) == (0, ""), run.text
    assert run.acts("PASS") == [*NAMES, *["alerts"] * len(watch), "ledger", "account"]
    assert "\nPASS\n" in run.text
    assert "promises kept" in run.report.read_text()
    _assert_nothing_is_left(folder)


@pytest.mark.slow
def test_one_act_alone_and_its_report(folder: Path) -> None:
    run = Run(folder, "--act", "scalper", "--seed", "7")
    assert run.errors == ""
    # That every promise is kept is another test's business.
    failed = run.acts("FAIL")
    assert run.status == bool(failed), run.text
    assert sorted(run.acts("PASS") + failed) == ["account", "ledger", "normal", "scalper"]
    assert "Seed 7" in run.report.read_text()
    _assert_nothing_is_left(folder)


@pytest.mark.slow
def test_a_promise_that_is_broken_is_said_and_ends_in_status_1(folder: Path) -> None:
    rules = shutil.copytree(COMMITTED, folder / "rules")
    storefront = rules / "storefront.rules.yaml"
    text = storefront.read_text()
    assert "limit: 5/s" in text
    storefront.write_text(text.replace("limit: 5/s", "limit: 1000/s"))
    run = Run(folder, "--rules", str(rules), "--act", "greedy")
    assert run.status == 1
    assert "greedy" in run.acts("FAIL")
    assert "not kept: the greedy one gets what the limit allows" in run.text
    assert "\nFAIL\n" in run.text
    assert "FAIL" in run.report.read_text()


def test_a_sidecar_that_does_not_start_shows_why(folder: Path) -> None:
    rules = shutil.copytree(COMMITTED, folder / "rules")
    storefront = rules / "storefront.rules.yaml"
    storefront.write_text(storefront.read_text().replace("rate_limits:", "rate_limit:"))
    run = Run(folder, "--rules", str(rules))
    assert run.status == 1
    assert "ended with status 2" in run.text
    assert "rate_limits" in run.text
    _assert_nothing_is_left(folder)


def test_an_act_that_there_is_not(folder: Path) -> None:
    run = Run(folder, "--act", "sail")
    assert run.status == 1
    assert "no act sail; there are normal, sale" in run.text


@pytest.mark.slow
def test_the_bare_shop_is_shown_without_promises(folder: Path) -> None:
    run = Run(folder, "--without-sidecar", "--act", "greedy")
    assert (run.status, run.errors) == (0, "")
    assert run.acts("seen") == ["normal", "greedy", "ledger"]
    assert run.acts("PASS") == run.acts("FAIL") == []
    assert "without sidecars" in run.report.read_text()
    _assert_nothing_is_left(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_everything(folder: Path, tmp_path: Path, number: int) -> None:
    story = Process(
        "story",
        COMMAND,
        tmp_path / "story.log",
        environment={"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    with story:
        story.wait_until_ready(lambda: "asked" in story.log, "under load")
        assert len(_processes_of(folder)) > 8
        story.send_signal(signal.Signals(number))
        assert story.wait() == 1
    assert "Traceback" not in story.log
    _assert_nothing_is_left(folder)


@pytest.mark.slow
def test_kept_running_it_can_be_asked_things(folder: Path, tmp_path: Path) -> None:
    story = Process(
        "story",
        [*COMMAND, "--act", "normal", "--keep"],
        tmp_path / "story.log",
        environment={"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    with story:
        story.wait_until_ready(lambda: "  rules  " in story.log, "kept running", 50)
        [address] = re.findall(r"^  storefront +(http\S+)$", story.log, re.MULTILINE)
        asked = f"import urllib.request as r; print(r.urlopen('{address}/products/7').status)"
        answer = subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True, timeout=20, check=True
        )
        assert answer.stdout.strip() == "200"
        story.send_signal(signal.SIGINT)
        assert story.wait() == bool("\nFAIL\n" in story.log)
    _assert_nothing_is_left(folder)
