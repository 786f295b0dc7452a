"""The story from beginning to end: start everything, play the acts, tell of it, end it all."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from demo_services.check import Check
from demo_services.processes import Processes
from demo_services.shop.report.page import page
from demo_services.shop.story.account import account
from demo_services.shop.story.acts.program import chosen
from demo_services.shop.story.alerted import Herald, alerted
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
from demo_services.shop.story.watch import Watch, programs

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
    #: Whether a Prometheus and an Alertmanager are started beside the shop.
    watch: bool = False


def run(wishes: Wishes, screen: Screen) -> bool:
    """Whether every promise was kept. Raises Unusable before anything starts.

    Raises NotReady, UnfitRules, ValueError, OSError.
    """
    governed = wishes.rules is not None
    acts = chosen(wishes.acts, governed=governed)
    elsewhere = wishes.elsewhere
    if not governed and elsewhere.named:
        raise Unusable(f"without sidecars there is nothing to tell {', '.join(elsewhere.named)}")
    if not governed and wishes.watch:
        raise Unusable("without sidecars there is nothing to watch")
    found = programs(os.environ) if wishes.watch else None
    elsewhere.look_for(os.environ)
    with tempfile.TemporaryDirectory(prefix="shop-") as name:
        directory = Path(name)
        with contextlib.ExitStack() as running, Processes(directory) as processes:
            ports = free_ports()
            layout = lay_out(ports)
            rules = _rule_files(wishes, directory, layout)
            watch = None if found is None else Watch(found, processes, directory, ports)
            if elsewhere.elasticsearch:
                screen.verbatim(_templates(elsewhere, directory))
            if elsewhere.grafana:
                screen.verbatim(put_into_grafana(elsewhere, watch, directory))
            shop = RunningShop(processes, directory, layout, rules)
            began = time.monotonic()
            shop.start()
            ready = time.monotonic() - began
            configuration = list(bounds(shop, wishes.rules or COMMITTED, ready_seconds=ready))
            for line in (*configuration, *_watched(wishes, shop, watch, running)):
                screen.verbatim(line)
            files = {} if rules is None else {rules.path(n).name: rules.text(n) for n in SERVICES}
            story = Story(governed=governed, seed=wishes.seed, acts=[], instants=[], moments=[])
            with screen:
                stage = Stage(shop, processes, directory, screen, story)
                if watch is not None:
                    stage.listen = Herald(stage, watch.notices).tell
                tell(stage, acts, screen)
                _sum_up(stage, elsewhere, watch, screen)
            wishes.report.write_text(page(story, configuration, files), encoding="utf-8")
            _close(screen, story, wishes.report)
            if wishes.keep:
                _stay(screen, shop, watch)
    return story.kept


def _watched(
    wishes: Wishes, shop: RunningShop, watch: Watch | None, running: contextlib.ExitStack
) -> Iterator[str]:
    """Begin to watch what runs, for as long as ``running``; who does, in words."""
    places = [shop.metrics_address(name) for name in SERVICES]
    if watch is not None:
        paths = [shop.rules.path(name) for name in SERVICES]
        running.enter_context(watch.watching(paths, places))
        yield f"watched by {watch.prometheus} and {watch.alertmanager}"
    if wishes.elsewhere.prometheus:
        targets = running.enter_context(Targets(wishes.targets, places))
        yield f"for Prometheus: {targets.configuration}"


def _rule_files(wishes: Wishes, directory: Path, layout: Layout) -> RuleFiles | None:
    if wishes.rules is None:
        return None
    return RuleFiles(wishes.rules, directory, layout, wishes.elsewhere.sections(os.environ))


def _templates(elsewhere: Elsewhere, directory: Path) -> str:
    """Install the templates; what the cluster refuses is said, and hinders nobody."""
    where = ["--url", elsewhere.elasticsearch, *(["--ca", elsewhere.ca] if elsewhere.ca else [])]
    return _provisioned(directory, "elasticsearch", *where)


def put_into_grafana(elsewhere: Elsewhere, watch: Watch | None, directory: Path) -> str:
    """Put the dashboards into Grafana; what it refuses is said, and hinders nobody.

    No alerts: Grafana would go on to watch for a shop that has ended.
    """
    prometheus = elsewhere.prometheus or (watch.prometheus if watch else "")
    places = {"--prometheus": prometheus, "--elasticsearch": elsewhere.elasticsearch}
    named = [part for option, url in places.items() if url for part in (option, url)]
    every = ["--scrape-interval", "1s"]
    return _provisioned(directory, "grafana", "--url", elsewhere.grafana, *named, *every)


def _provisioned(directory: Path, *arguments: str) -> str:
    said = sidecar(directory, "provision", *arguments)
    lines = said.text.strip().splitlines()
    return f"$ {said.command}\n  {lines[-1] if lines and not said.status else said.text.strip()}"


def _sum_up(stage: Stage, elsewhere: Elsewhere, watch: Watch | None, screen: Screen) -> None:
    if watch is not None:
        _add(alerted(stage, watch.notices), stage, screen)
        if not elsewhere.prometheus:
            elsewhere = msgspec.structs.replace(elsewhere, prometheus=watch.prometheus)
    _add(_ledger(stage.shop), stage, screen)
    if stage.story.governed:
        _add(told := account(stage, elsewhere), stage, screen)
        screen.quotes(told)


def _add(told: Told, stage: Stage, screen: Screen) -> None:
    stage.story.acts.append(told)
    screen.end(told, governed=stage.story.governed)


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
        (f"{_COMMAND} --watch", "with alerts, where Prometheus and Alertmanager are installed"),
    ):
        screen.say(f"  {command:<55} [dim]{effect}[/dim]")


def _stay(screen: Screen, shop: RunningShop, watch: Watch | None) -> None:
    folder = shop.rules.path("storefront").parent if shop.governed else None
    watched = {} if watch is None else watch.addresses()
    screen.addresses({**shop.addresses(), **watched}, folder)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
