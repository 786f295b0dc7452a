"""The story from beginning to end: start everything, play the acts, tell of it, end it all."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

import msgspec

from demo_services.check import Check
from demo_services.processes import Processes
from demo_services.shop.report.page import page
from demo_services.shop.story.account import account
from demo_services.shop.story.acts.program import chosen
from demo_services.shop.story.configuration import bounds
from demo_services.shop.story.elsewhere import Elsewhere, Unusable
from demo_services.shop.story.layout import SERVICES, Layout, lay_out
from demo_services.shop.story.operating import sidecar
from demo_services.shop.story.ports import free_ports
from demo_services.shop.story.rule_files import COMMITTED, RuleFiles
from demo_services.shop.story.running_shop import RunningShop
from demo_services.shop.story.scraping import Targets
from demo_services.shop.story.screen import Screen
from demo_services.shop.story.stage import Stage
from demo_services.shop.story.teller import tell
from demo_services.shop.story.telling import Story, Told

_COMMAND = ".venv/bin/python -m demo_services.shop"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to see."""

    acts: tuple[str, ...]
    keep: bool
    seed: int
    #: The folder of the rule files; None for no sidecars.
    rules: Path | None
    report: Path
    elsewhere: Elsewhere = Elsewhere()
    #: Where Prometheus is told of the sidecars.
    targets: Path


def run(wishes: Wishes, screen: Screen) -> bool:
    """Whether every promise was kept. Raises Unusable before anything starts.

    Raises NotReady, UnfitRules, ValueError, OSError.
    """
    governed = wishes.rules is not None
    acts = chosen(wishes.acts, governed=governed)
    elsewhere = wishes.elsewhere
    if elsewhere.named and not governed:
        raise Unusable(f"without sidecars there is nothing to tell {', '.join(elsewhere.named)}")
    elsewhere.look_for(os.environ)
    with tempfile.TemporaryDirectory(prefix="shop-") as name:
        directory = Path(name)
        with contextlib.ExitStack() as running, Processes(directory) as processes:
            layout = lay_out(free_ports())
            rules = _rule_files(wishes, directory, layout)
            if elsewhere.elasticsearch:
                screen.verbatim(_provision(elsewhere, directory))
            shop = RunningShop(processes, directory, layout, rules)
            began = time.monotonic()
            shop.start()
            ready = time.monotonic() - began
            configuration = list(bounds(shop, wishes.rules or COMMITTED, ready_seconds=ready))
            for line in configuration:
                screen.verbatim(line)
            if elsewhere.prometheus:
                places = [shop.metrics_address(name) for name in SERVICES]
                targets = running.enter_context(Targets(wishes.targets, places))
                screen.verbatim(f"for Prometheus: {targets.configuration}")
            files = {} if rules is None else {rules.path(n).name: rules.text(n) for n in SERVICES}
            story = Story(governed=governed, seed=wishes.seed, acts=[], instants=[], moments=[])
            with screen:
                stage = Stage(shop, processes, directory, screen, story)
                tell(stage, acts, screen)
                _sum_up(stage, elsewhere, screen)
            wishes.report.write_text(page(story, configuration, files), encoding="utf-8")
            _close(screen, story, wishes.report)
            if wishes.keep:
                _stay(screen, shop)
    return story.kept


def _rule_files(wishes: Wishes, directory: Path, layout: Layout) -> RuleFiles | None:
    if wishes.rules is None:
        return None
    return RuleFiles(wishes.rules, directory, layout, wishes.elsewhere.sections(os.environ))


def _provision(elsewhere: Elsewhere, directory: Path) -> str:
    """Install the templates; what the cluster refuses is said, and hinders nobody."""
    where = ["--url", elsewhere.elasticsearch, *(["--ca", elsewhere.ca] if elsewhere.ca else [])]
    said = sidecar(directory, "provision", "elasticsearch", *where)
    lines = said.text.strip().splitlines()
    return f"$ {said.command}\n  {lines[-1] if lines and not said.status else said.text.strip()}"


def _sum_up(stage: Stage, elsewhere: Elsewhere, screen: Screen) -> None:
    governed = stage.story.governed
    stage.story.acts.append(_ledger(stage.shop))
    screen.end(stage.story.acts[-1], governed=governed)
    if governed:
        stage.story.acts.append(told := account(stage, elsewhere))
        screen.end(told, governed=governed)
        screen.quotes(told)


def _ledger(shop: RunningShop) -> Told:
    """The last promise: whatever was refused or failed, the books agree."""
    ordered, reserved = shop.settled_ledgers()
    check = Check(
        "what was sold is what the inventory reserved, to the piece",
        ordered == reserved,
        f"{ordered} pieces in confirmed orders, {reserved} in reservations",
    )
    return Told(
        name="ledger",
        title="the books of the orders and of the inventory are compared",
        began=0.0,
        ended=0.0,
        checks=(check,),
        report=None,
        gist=check.measured,
    )


def _close(screen: Screen, story: Story, report: Path) -> None:
    screen.summary(story)
    screen.say(f"report: {report}")
    if story.governed:
        screen.say(f"\n[bold]{'PASS' if story.kept else 'FAIL'}[/bold]")
    again = f"{_COMMAND} --without-sidecar" if story.governed else _COMMAND
    contrast = "the same load on the bare services" if story.governed else "the same with sidecars"
    screen.say("\nWhat to try next:")
    for command, effect in (
        (again, contrast),
        (f"{_COMMAND} --keep", "leave it running, and ask it things with curl"),
        (f"{_COMMAND} --act sale", "one act alone"),
    ):
        screen.say(f"  {command:<55} [dim]{effect}[/dim]")


def _stay(screen: Screen, shop: RunningShop) -> None:
    folder = shop.rules.path("storefront").parent if shop.governed else None
    screen.addresses(shop.addresses(), folder)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
