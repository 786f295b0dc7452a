"""The shop's rule files with objectives, for panels and alerts about budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from demo_services.shop.story.layout import SERVICES

_OBJECTIVE: Final = """
slo:
  - name: availability
    good: {status_below: 500, not_shed: true}
    target: 99%
    over: 1h
"""


def with_objectives(committed: Path, folder: Path) -> Path:
    """A folder of copies in which every service has an objective; those that have one keep it."""
    folder.mkdir()
    for name in SERVICES:
        text = (committed / f"{name}.rules.yaml").read_text(encoding="utf-8")
        has_one = any(line.startswith("slo:") for line in text.splitlines())
        (folder / f"{name}.rules.yaml").write_text(
            text if has_one else text + _OBJECTIVE, encoding="utf-8"
        )
    return folder
