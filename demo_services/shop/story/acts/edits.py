"""Acts about changing rules while everything runs: a denial, a typing error, a shadow rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from demo_services.check import Check
from demo_services.load.plan import Step
from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.acts.limits import EACH_USER, GREEDY, QUIET_PER_SECOND
from demo_services.shop.story.counted import Decisions
from demo_services.shop.story.customers import CUSTOMERS, crowd, one_user, steps
from demo_services.shop.story.layout import STOREFRONT
from demo_services.shop.story.logged import events
from demo_services.shop.story.promises import (
    nobody_refused,
    nothing_failed,
    refused,
    true_to_the_limit,
)
from demo_services.shop.story.stage import Cue, Stage, wait_until

SCALPER: Final = "scalper-7"
SHADOW: Final = "half-as-much"

_SCALPER_PER_SECOND: Final = 4
_SHADOW_PER_SECOND: Final = 60
_TYPO: Final = ("limit: 5/s", "limitt: 5/s")
_GREEDY_PER_SECOND: Final = 30
_NOTICED_WITHIN_SECONDS: Final = 5.0
_RELOADED: Final = "sidecar_rules_last_reload_successful"


class Scalper(Act):
    """Somebody is turned away by editing a file."""

    name: ClassVar[str] = "scalper"
    title: ClassVar[str] = "a scalper is denied by editing YAML, while everything runs"

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        seed = stage.story.seed
        phases = tuple(
            Step(phase=phase, seconds=seconds, per_second=_SCALPER_PER_SECOND, spacing="even")
            for phase, seconds in (("before", 1), ("edited", 1), ("after", 1))
        )
        words = f"storefront.rules.yaml: deny {SCALPER} too"
        self.report = stage.offer(
            [
                crowd(CUSTOMERS, steps("scalper", 3, QUIET_PER_SECOND), seed),
                one_user(SCALPER, phases, seed),
            ],
            [Cue(1, words, lambda: _deny(stage))],
        )

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        report = self.played()
        [before] = report.select(client=SCALPER, phase="before")
        [after] = report.select(client=SCALPER, phase="after")
        yield nobody_refused([before], "before the edit the scalper is let in")
        yield Check(
            "a second after the edit every request of the scalper is a 403",
            after.statuses == {403: after.offered} and after.offered > 0,
            f"{after.statuses.get(403, 0)} of {after.offered}",
        )
        yield nobody_refused(report.select(client=CUSTOMERS), "nobody else is refused")
        yield nothing_failed(report.phases)

    def gist(self) -> str:
        """Part of Act."""
        [after] = self.played().select(client=SCALPER, phase="after")
        return f"{after.statuses.get(403, 0)} of {after.offered} are 403 after the edit"


class Typo(Act):
    """A mistake changes nothing, and is told with its line."""

    name: ClassVar[str] = "typo"
    title: ClassVar[str] = "a typing error in the rules: refused with its line, the old rules stay"

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        rules, seed = stage.shop.rules, stage.story.seed
        self.told = ""

        def mistype() -> None:
            rules.edit(STOREFRONT, *_TYPO)
            self.line = rules.line_of(STOREFRONT, _TYPO[1])
            if wait_until(lambda: _reload_failed(stage), _NOTICED_WITHIN_SECONDS):
                self.told = _last_reload(stage)
                stage.mark(self.told)

        self.report = stage.offer(
            [
                crowd(CUSTOMERS, steps("typo", 4, QUIET_PER_SECOND), seed),
                one_user(
                    GREEDY,
                    (*steps("before", 2, 0), *steps("after", 2, _GREEDY_PER_SECOND)),
                    seed,
                ),
            ],
            [Cue(1, f"storefront.rules.yaml: {_TYPO[0]} becomes {_TYPO[1]}", mistype)],
        )
        rules.edit(STOREFRONT, _TYPO[1], _TYPO[0])
        self.mended = wait_until(lambda: not _reload_failed(stage), _NOTICED_WITHIN_SECONDS)
        self.quotes = (self.told,)

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        place = f"storefront.rules.yaml:{self.line}:"
        yield Check(
            "the error is told with file, line and the right word",
            place in self.told and "did you mean limit?" in self.told,
            self.told or "nothing was told",
        )
        [greedy] = self.played().select(client=GREEDY, phase="after")
        limit = stage.shop.rules.limit(STOREFRONT, EACH_USER)
        yield true_to_the_limit(greedy, limit, "the rules before it stay: a greedy user")
        others = self.played().select(client=CUSTOMERS)
        yield nobody_refused(others, "nobody else is refused")
        yield Check(
            "mended, the file is in force again",
            self.mended,
            f"{_RELOADED} {int(self.mended)}",
        )

    def gist(self) -> str:
        """Part of Act."""
        return f"line {self.line} is named, the limit holds on"


class Shadow(Act):
    """A rule is tried out on real traffic, and nobody notices."""

    name: ClassVar[str] = "shadow"
    title: ClassVar[str] = "a shadow rule counts what it would refuse, and refuses nobody"

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        before = self._decisions(stage)
        customers = crowd(CUSTOMERS, steps("shadow", 3, _SHADOW_PER_SECOND), stage.story.seed)
        self.report = stage.offer([customers])
        self.would = self._decisions(stage).since(before)

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        parts = self.played().phases
        offered = sum(part.offered for part in parts)
        yield Check(
            f"{SHADOW} counts every request, and would refuse some",
            self.would.refused > 0 and sum(self.would) == offered,
            f"{self.would.refused} of {offered} would be refused",
        )
        yield nobody_refused(parts)
        yield nothing_failed(parts)

    def gist(self) -> str:
        """Part of Act."""
        return f"would refuse {self.would.refused}, refused {refused(self.played().phases)}"

    @staticmethod
    def _decisions(stage: Stage) -> Decisions:
        return stage.shop.counted(STOREFRONT).decisions("rate_limits", SHADOW)


def _deny(stage: Stage) -> None:
    stage.shop.rules.edit(STOREFRONT, "user: [scalper-1", f"user: [scalper-1, {SCALPER}")


def _reload_failed(stage: Stage) -> bool:
    return stage.shop.counted(STOREFRONT).total(_RELOADED) == 0


def _last_reload(stage: Stage) -> str:
    """What the sidecar wrote down about the last change of its rules."""
    rules = stage.shop.rules
    path = rules.path(STOREFRONT)
    told = [line.body for line in events(rules.log(STOREFRONT), "sidecar.reload")]
    return told[-1].replace(str(path), path.name) if told else ""
