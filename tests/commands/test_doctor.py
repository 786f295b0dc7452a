from __future__ import annotations

import json
from pathlib import Path

from tests.commands.invoking import invoked
from tests.ruleset.compiled import rule_file


def test_a_machine_in_order(tmp_path: Path) -> None:
    status, output = invoked("doctor", "--state-dir", str(tmp_path))
    assert status == 0
    assert "✓ python" in output


def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    text = rule_file(inbound="{bind: 'unix:in.sock'}", upstreams="{app: {url: 'unix:app.sock'}}")
    file.write_text(text, encoding="utf-8")
    status, output = invoked("doctor", str(file), "--state-dir", str(tmp_path))
    assert status == 1
    assert "✗ upstream app" in output
    assert "→ start it" in output


def test_a_broken_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("nonsense", encoding="utf-8")
    status, output = invoked("doctor", str(file), "--state-dir", str(tmp_path))
    assert status == 1
    assert f"→ sidecar check {file}" in output


def test_for_programs(tmp_path: Path) -> None:
    found = json.loads(invoked("doctor", "--state-dir", str(tmp_path), "--json")[1])
    assert {one["state"] for one in found} == {"ok"}
