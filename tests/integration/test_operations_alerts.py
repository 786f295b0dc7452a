"""The commands about alerts in ``docs/operations.md``, run; real servers read what they write."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.documented import ROOT
from tests.servers.alertmanager import amtool
from tests.servers.prometheus import promtool

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Who is told, and when")[2].partition("\n## ")[0]
(COMMANDS,) = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
(CONFIGURATION,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of the page's commands have been run, one after the other."""
    place = tmp_path_factory.mktemp("operations")
    shutil.copy(ROOT / "rules" / "shop" / "order.rules.yaml", place)
    for line in COMMANDS.splitlines():
        program, *rest = shlex.split(line)
        assert program == "sidecar"
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", *rest],
            cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}"
    return place


def test_prometheus_reads_the_rules_by_that_configuration(folder: Path) -> None:
    (folder / "prometheus.yml").write_text(CONFIGURATION, encoding="utf-8")
    said = promtool("check", "config", folder / "prometheus.yml")
    assert re.search(r"\d+ rules found", said)


def test_alertmanager_reads_who_is_told(folder: Path) -> None:
    assert "SUCCESS" in amtool("check-config", folder / "alertmanager.yml")
