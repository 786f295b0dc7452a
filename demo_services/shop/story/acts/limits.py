"""Acts about too much: the quiet before, the sale, one greedy user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from demo_services.check import Check
from demo_services.load.plan import Step
from demo_services.load.report import PhaseReport
from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.customers import CUSTOMERS, crowd, one_user, steps
from demo_services.shop.story.layout import STOREFRONT
from demo_services.shop.story.promises import (
    admitted,
    as_fast_as_before,
    nobody_refused,
    nothing_failed,
    refusals_explain_themselves,
    true_to_the_limit,
)
from demo_services.shop.story.stage import Stage

QUIET_PER_SECOND: Final = 40
SALE_PER_SECOND: Final = 350
GREEDY: Final = "greedy-1"
GREEDY_PER_SECOND: Final = 150

WHOLE_SHOP: Final = "whole-shop"
EACH_USER: Final = "each-user"


class Quiet(Act):
    """What everything after is compared with."""

    name: ClassVar[str] = "normal"
    title: ClassVar[str] = f"an ordinary day: {QUIET_PER_SECOND} requests a second"
    bare: ClassVar[bool] = True

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        # Whoever comes first waits for connections and for what is read once.
        opening = steps("opening", 1, QUIET_PER_SECOND)
        when = (*opening, *steps("normal", 3, QUIET_PER_SECOND))
        self.report = stage.offer([crowd(CUSTOMERS, when, stage.story.seed)])
        stage.quiet = admitted(self.report.select(phase="normal"))

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        yield nobody_refused(self.played().phases)
        yield nothing_failed(self.played().phases)

    def gist(self) -> str:
        """Part of Act."""
        return _served(self.played().select(phase="normal"))


class Sale(Act):
    """More than the shop can do."""

    name: ClassVar[str] = "sale"
    title: ClassVar[str] = f"the sale opens: {SALE_PER_SECOND} requests a second"
    bare: ClassVar[bool] = True

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        opening = Step(
            phase="opening", seconds=1, per_second=QUIET_PER_SECOND,
            until_per_second=SALE_PER_SECOND,
        )  # fmt: skip
        when = (opening, *steps("sale", 4, SALE_PER_SECOND))
        before = stage.shop.served(STOREFRONT)
        self.report = stage.offer([crowd(CUSTOMERS, when, stage.story.seed)])
        self.served = stage.shop.served(STOREFRONT) - before

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        report = self.played()
        limit = stage.shop.rules.limit(STOREFRONT, WHOLE_SHOP)
        rush = report.select(phase="sale")
        yield true_to_the_limit(rush[0], limit, "everybody together")
        yield as_fast_as_before(rush, report.driver, stage.quiet, "who is admitted")
        yield refusals_explain_themselves(report.phases)
        yield nothing_failed(report.phases)
        let_in = admitted(report.phases).count
        yield Check(
            "what was refused never reached the storefront",
            self.served == let_in,
            f"{self.served} requests at the storefront, {let_in} admitted",
        )

    def gist(self) -> str:
        """Part of Act."""
        [rush] = self.played().select(phase="sale")
        return (
            f"{rush.admitted.count / rush.seconds:.0f} of {rush.offered / rush.seconds:.0f}/s "
            f"served, p99 {rush.admitted.p99_ms:.0f} ms"
        )


class Greedy(Act):
    """One user takes what was meant for all."""

    name: ClassVar[str] = "greedy"
    title: ClassVar[str] = f"one greedy user: {GREEDY_PER_SECOND} requests a second by one"
    bare: ClassVar[bool] = True

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        seed = stage.story.seed
        self.report = stage.offer([
            crowd(CUSTOMERS, steps("greedy", 3, QUIET_PER_SECOND), seed),
            one_user(GREEDY, steps("greedy", 3, GREEDY_PER_SECOND), seed),
        ])  # fmt: skip

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        report = self.played()
        [greedy] = report.select(client=GREEDY)
        others = report.select(client=CUSTOMERS)
        limit = stage.shop.rules.limit(STOREFRONT, EACH_USER)
        yield true_to_the_limit(greedy, limit, "the greedy one")
        yield nobody_refused(others, "nobody else is refused")
        yield as_fast_as_before(others, report.driver, stage.quiet, "everybody else")
        yield nothing_failed(report.phases)

    def gist(self) -> str:
        """Part of Act."""
        [greedy] = self.played().select(client=GREEDY)
        return (
            f"the greedy one {greedy.admitted.count / greedy.seconds:.0f} of "
            f"{greedy.offered / greedy.seconds:.0f}/s, "
            f"the others {_served(self.played().select(client=CUSTOMERS))}"
        )


def _served(parts: tuple[PhaseReport, ...]) -> str:
    seconds = parts[0].seconds
    latency = admitted(parts)
    return f"{latency.count / seconds:.0f}/s served, p99 {latency.p99_ms:.0f} ms"
