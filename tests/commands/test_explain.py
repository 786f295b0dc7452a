from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.invoking import invoked
from tests.ruleset.compiled import rule_file

TEXT = rule_file("""
keys: {client: {from: client.address}}
access: [{name: scalpers, deny: {client_ip: 203.0.113.0/24}, why: "They buy everything."}]
rate_limits: [{name: each, per: client, limit: 5/s, burst: 2}]
""")


@pytest.fixture
def rules(tmp_path: Path) -> str:
    file = tmp_path / "shop.rules.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return str(file)


def test_a_request_that_goes_on(rules: str) -> None:
    status, output = invoked("explain", rules, "--request", "GET /orders")
    assert status == 0
    assert output.endswith("It goes on to app.\n")
    assert "\x1b" not in output, "colour is for terminals"


def test_one_that_is_refused_with_the_line_and_the_reason(rules: str) -> None:
    status, output = invoked("explain", rules, "--request", "/", "--client", "203.0.113.7")
    assert status == 0
    assert f"refuses with 403 access_denied  {rules}:7" in output
    assert "why: They buy everything." in output


def test_the_third_of_three_at_once(rules: str) -> None:
    output = invoked("explain", rules, "--times", "3")[1]
    assert "✗ rate_limits/each" in output
    assert "number 3 of as many at once" in output


def test_for_programs(rules: str) -> None:
    data = json.loads(invoked("explain", rules, "--times", "3", "--json")[1])
    assert (data["outcome"], data["decisive_rule"]) == ("refuses", "rate_limits/each")


def test_what_is_no_request_is_said(rules: str) -> None:
    assert invoked("explain", rules, "--request", "orders") == (
        2,
        "sidecar: 'orders' is no request; write --request 'GET /orders?page=2'\n",
    )


def test_a_file_with_errors_is_told_as_check_tells_it(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(TEXT.replace("limit:", "limt:"), encoding="utf-8")
    status, output = invoked("explain", str(bad))
    assert status == 2
    assert "unknown-field" in output
    assert "did you mean limit?" in output
