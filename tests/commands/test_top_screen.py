from __future__ import annotations

import io

import pytest
from rich.console import Console

from sidecar.admin.actor import Actor
from sidecar.admin.status_view import overview
from sidecar.commands.rates import Rates, rates_between
from sidecar.commands.top_screen import ORDERS, screen
from sidecar.model.policy import Mode
from tests.admin.running import RULES, Running
from tests.ruleset.compiled import rule_file


async def some(running: Running) -> Rates:
    """Rates of a second in which something has happened."""
    before = overview(running.inside)
    for name, count in (("orders", 5), ("other", 50)):
        for _ in range(count):
            running.meters.server("inbound", name).open("GET", 200).observe(0.02)
    running.meters.decision("rate_limits", "each", Mode.ENFORCE).refused += 4
    now = overview(running.inside)
    now.clock = before.clock + 1.0
    return rates_between(before, now)


def drawn(rates: Rates, width: int, height: int, order: int = 0) -> list[str]:
    written = io.StringIO()
    console = Console(file=written, width=width, highlight=False)
    console.print(screen(rates, order=order, paused=True, width=width, height=height))
    return written.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
async def test_it_fits_and_says_what_goes_on(running: Running, width: int) -> None:
    await running.steering.override("access/*", "shadow", "1m", "", Actor("ann"))
    lines = drawn(await some(running), width, 40)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    assert "…" not in text
    for words in ("shop  ready", "override access/* is shadow", "shadow!", "PAUSED", "resting"):
        assert words in text
    assert [line.split()[:2] for line in lines if line.startswith(("orders", "other"))] == [
        ["other", "50"], ["orders", "5.0"],
    ]  # fmt: skip
    # The rule that refuses stands first.
    rules = [line for line in lines if line.startswith(("rate_limits/", "access/"))]
    assert rules[0].startswith("rate_limits/each")


async def test_each_key_sorts_otherwise(running: Running) -> None:
    rates = await some(running)
    first = [
        next(line for line in drawn(rates, 80, 40, order) if line.startswith("o")).split()[0]
        for order in range(len(ORDERS))
    ]
    assert first[0] == "other"
    assert first[[name for name, _ in ORDERS].index("name")] == "orders"


async def test_a_low_terminal_shows_what_matters_most(running: Running) -> None:
    routes = ", ".join(f"{{name: r{one}, match: {{path: /{one}}}}}" for one in range(50))
    text = RULES.replace("routes: [", f"routes: [{routes}, ")
    many = Running(running.inside.state_dir, text)
    lines = drawn(await some(many), 80, 24)
    assert len(lines) <= 24
    assert any("more" in line for line in lines)


async def test_without_rules_there_is_no_table_of_rules(running: Running) -> None:
    bare = Running(running.inside.state_dir, rule_file())
    assert not any(line.startswith(("RULE", "BREAKER")) for line in drawn(await some(bare), 80, 24))
