"""A stage on which nothing runs, for what is judged after an act."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from demo_services.load.report import Second
from demo_services.processes import Processes
from demo_services.shop.story.layout import lay_out
from demo_services.shop.story.rule_files import COMMITTED, RuleFiles
from demo_services.shop.story.running_shop import RunningShop
from demo_services.shop.story.stage import Stage
from demo_services.shop.story.telling import Story
from tests.demo_services.shop.reports import latency


class Nobody:
    """Watches, and says nothing."""

    def second(self, second: Second) -> None:
        del second

    def moment(self, words: str) -> None:
        del words


def stage(directory: Path) -> Stage:
    """After a quiet act with a p99 of 20 ms."""
    layout = lay_out(count(20000))
    rules = RuleFiles(COMMITTED, directory, layout)
    processes = Processes(directory)
    shop = RunningShop(processes, directory, layout, rules)
    story = Story(governed=True, seed=1, acts=[], instants=[], moments=[])
    made = Stage(shop, processes, directory, Nobody(), story)
    made.quiet = latency(100, 20).summary()
    return made
