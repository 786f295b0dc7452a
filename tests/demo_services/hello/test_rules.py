from __future__ import annotations

from pathlib import Path

import pytest

from demo_services.hello.rules import ClientLimit, UnfitRules, client_limit, ready_for_run

RULES = """\
# A comment that stays.
format: sidecar/v1
service: hello
listeners:
  inbound: {bind: 127.0.0.1:8080, to: app, probes: [/healthz]}
upstreams:
  app: {url: http://127.0.0.1:9000}  # so does this
keys:
  client: {from: client.address}
rate_limits:
  - {name: everyone-together, limit: 1000/s}
  - {name: tried-out, per: client, limit: 5/s, mode: shadow}
  - {name: each-client, per: client, limit: 50/s, burst: 100}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "hello.rules.yaml"
    file.write_text(RULES)
    return file


def test_the_copy_differs_in_addresses_and_outputs_alone(rules: Path, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    copy = ready_for_run(rules, "127.0.0.1:4711", directory).read_text()
    expected = RULES.replace("127.0.0.1:8080", "127.0.0.1:0")
    expected = expected.replace("127.0.0.1:9000", "127.0.0.1:4711")
    for line in expected.splitlines()[:7]:
        assert line in copy.splitlines()
    assert "telemetry:\n  prometheus:\n    bind: 127.0.0.1:0\n" in copy
    assert f"    file: {directory}/access.jsonl\n" in copy
    assert client_limit(directory / rules.name) == client_limit(rules)
    assert rules.read_text() == RULES


def test_the_limit_is_read_from_the_enforced_rule_for_each_client(rules: Path) -> None:
    assert client_limit(rules) == ClientLimit("each-client", 50, 100)


def test_the_burst_is_a_second_worth_when_the_rule_says_none(rules: Path) -> None:
    rules.write_text(RULES.replace("limit: 50/s, burst: 100", "limit: 600/m"))
    assert client_limit(rules) == ClientLimit("each-client", 10, 10)


@pytest.mark.parametrize(
    "text",
    [
        RULES.replace("burst: 100", "mode: shadow"),
        RULES.replace("per: client", "per: user"),
        "format: sidecar/v1\n",
        "- not a map\n",
        "{",
    ],
)
def test_rules_without_such_a_limit_are_unfit(rules: Path, text: str) -> None:
    rules.write_text(text)
    with pytest.raises(UnfitRules):
        client_limit(rules)


@pytest.mark.parametrize("text", ["format: sidecar/v1\n", "- not a map\n", "{"])
def test_rules_without_listener_are_unfit(rules: Path, tmp_path: Path, text: str) -> None:
    rules.write_text(text)
    with pytest.raises(UnfitRules, match="sidecar check"):
        ready_for_run(rules, "127.0.0.1:4711", tmp_path / "run")
