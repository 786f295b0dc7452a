"""What a changed rule file cannot change while the sidecar runs, and how that is shown."""

from __future__ import annotations

import pytest

from sidecar.ruleset.check import check
from sidecar.ruleset.diagnostics import Severity
from sidecar.ruleset.reload import needs_restart
from tests.ruleset.compiled import checked, rule_file

RUNNING = rule_file(
    """\
telemetry:
  logs: {file: none}
  prometheus: {bind: 127.0.0.1:9464}
""",
    inbound="{bind: 127.0.0.1:8080, tls: {cert: c.pem, key: k.pem}}",
)


@pytest.mark.parametrize(
    "old, new, path, line, column",
    [
        ("service: shop", "service: store", "service", 2, 10),
        ("127.0.0.1:8080", "127.0.0.1:8081", "listeners.inbound.bind", 3, 29),
        ("127.0.0.1:8080", "unix:run/shop.sock", "listeners.inbound.bind", 3, 29),
        ("key: k.pem", "key: new.pem", "listeners.inbound.tls", 3, 50),
        (", tls: {cert: c.pem, key: k.pem}", "", "listeners.inbound.tls", 3, 22),
        ("file: none", "file: stdout", "telemetry.logs.file", 6, 16),
        ("file: none", "file: none, application: true", "telemetry.logs.application", 6, 35),
        ("  prometheus: {bind: 127.0.0.1:9464}\n", "", "telemetry.prometheus", 6, 3),
    ],
)
def test_what_needs_a_restart_is_shown_where_it_stands(
    old: str, new: str, path: str, line: int, column: int
) -> None:
    assert old in RUNNING
    running = checked(RUNNING).file
    assert running is not None
    (found,) = needs_restart(running, checked(RUNNING.replace(old, new)))
    assert (found.code, found.severity) == ("needs-restart", Severity.ERROR)
    assert found.message == f"{path} cannot change while running"
    assert (found.file, found.line, found.column) == ("shop.yaml", line, column)
    assert "--take-over" in found.hint


CALLING = """\
format: sidecar/v1
service: shop
listeners:
  inbound: {bind: 127.0.0.1:8080}
  outbound: {bind: 127.0.0.1:15001}
upstreams:
  app: {url: http://127.0.0.1:9000}
  inventory: {url: http://10.0.0.5:8080, local: 127.0.0.1:15011}
"""


@pytest.mark.parametrize(
    "old, new, path",
    [
        ("15001", "15002", "listeners.outbound.bind"),
        ("  outbound: {bind: 127.0.0.1:15001}\n", "", "listeners.outbound.bind"),
        ("15011", "15012", "upstreams.inventory.local"),
        (", local: 127.0.0.1:15011", "", "upstreams.inventory.local"),
        ("  inventory: {url: http://10.0.0.5:8080, local: 127.0.0.1:15011}\n", "",
         "upstreams.inventory.local"),
        ("9000}", "9000, local: 127.0.0.1:15012}", "upstreams.app.local"),
    ],
)  # fmt: skip
def test_the_ports_of_calls_need_a_restart(old: str, new: str, path: str) -> None:
    assert old in CALLING
    running = checked(CALLING).file
    assert running is not None
    (found,) = needs_restart(running, checked(CALLING.replace(old, new)))
    assert found.message == f"{path} cannot change while running"


def test_what_is_let_through_and_by_which_host_may_change() -> None:
    running = checked(CALLING).file
    assert running is not None
    text = CALLING.replace("15001}", "15001, others: pass}").replace("local:", "hosts: x, local:")
    assert needs_restart(running, checked(text)) == []


def test_all_that_needs_a_restart_is_said_at_once() -> None:
    running = checked(RUNNING).file
    assert running is not None
    found = needs_restart(running, checked(rule_file().replace("shop", "store")))
    assert [one.message.split()[0] for one in found] == [
        "service",
        "listeners.inbound.tls",
        "telemetry.logs.file",
        "telemetry.prometheus",
    ]


@pytest.mark.parametrize(
    "new",
    [
        RUNNING,
        f"# a remark\n{RUNNING}",
        RUNNING.replace("bind: 127.0.0.1:8080", "keep_alive: 1s, bind: 127.0.0.1:8080"),
        RUNNING.replace("http://127.0.0.1:9000", "http://127.0.0.1:9001"),
        f"{RUNNING}trust: {{disclose: none}}\ntimeouts: {{idle: 1s}}\n",
        RUNNING.replace("telemetry:\n", "telemetry:\n  traces: {sample: 50%, propagate: [b3]}\n"),
        RUNNING.replace("file: none", "file: none, access: 1%, decisions: none"),
        f"{RUNNING}access: [{{name: a, deny: {{client_ip: 10.0.0.1}}}}]\n",
    ],
)
def test_everything_else_may_change(new: str) -> None:
    running = checked(RUNNING).file
    assert running is not None
    assert needs_restart(running, checked(new)) == []


def test_the_port_for_operators_stays_and_its_token_may_change() -> None:
    asked = f"{RUNNING}admin: {{bind: 127.0.0.1:9901, token: first}}\n"
    running = check(asked, "shop.yaml").file
    assert running is not None
    other_token = check(asked.replace("first", "second"), "shop.yaml")
    assert needs_restart(running, other_token) == []
    for changed in (RUNNING, asked.replace("9901", "9902")):
        (found,) = needs_restart(running, checked(changed))
        assert found.message == "admin.bind cannot change while running"


def test_of_a_file_with_errors_nothing_more_is_said() -> None:
    running = checked(RUNNING).file
    assert running is not None
    broken = check(RUNNING.replace("shop", "store") + "timeouts: 5\n", "shop.yaml")
    assert broken.file is None
    assert needs_restart(running, broken) == []
