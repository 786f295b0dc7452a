"""The act about a service that is slow, then fails, then is well again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from demo_services.check import Check
from demo_services.load.plan import Client, Step
from demo_services.load.report import PhaseReport
from demo_services.shop.inventory.api import KNOBS
from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.customers import CUSTOMERS, Mix, crowd
from demo_services.shop.story.layout import INVENTORY, STOREFRONT
from demo_services.shop.story.logged import Line, events
from demo_services.shop.story.promises import as_fast_as_before, nobody_refused, nothing_failed
from demo_services.shop.story.stage import Cue, Stage

BREAKER: Final = "stock"
READERS: Final = "readers"
BUYERS: Final = "buyers"

#: What happens to the inventory, and for how many seconds.
_PHASES: Final = (("well", 1), ("slow", 3), ("failing", 3), ("mended", 3), ("recovered", 2))
_BROKEN: Final = ("slow", "failing")
_SLOW_MS: Final = 1500.0
_LOOKS_PER_SECOND: Final = 40
_LISTS_PER_SECOND: Final = 15
_BUYS_PER_SECOND: Final = 6
#: Nobody waits longer than a try and what was in line before the breaker opened.
_PATIENCE_MS: Final = 1500.0


class Outage(Act):
    """The inventory is slow, then fails; the shop goes on with less."""

    name: ClassVar[str] = "outage"
    title: ClassVar[str] = "the inventory is slow, then fails: the shop goes on with less"
    bare: ClassVar[bool] = True

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        self.states: list[str] = []
        self._told = 0
        cues = [
            Cue(1, f"inventory: {_SLOW_MS / 1000:g} s each", lambda: _turn(stage, slow=True)),
            Cue(4, "inventory: every answer is a 500", lambda: _turn(stage, failing=True)),
            Cue(7, "inventory: well again", lambda: _turn(stage)),
        ]
        if stage.story.governed:
            self._told = len(self._transitions(stage))
            self.report = stage.offer(
                _clients(stage.story.seed), cues, lambda: self._tell_transitions(stage)
            )
            self._tell_transitions(stage)
        else:
            self.report = stage.offer(_clients(stage.story.seed), cues)

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        report = self.played()
        looks = report.select(client=CUSTOMERS)
        yield self._breaker_went_round()
        yield nothing_failed(report.phases)
        yield nobody_refused(looks, "every product page is answered, by the fallback if need be")
        yield _less_while_broken(looks)
        waited = max(part.admitted.max_ms for part in looks)
        yield Check(
            "nobody waits long for a page, not even while the breaker finds out",
            0 < waited <= _PATIENCE_MS,
            f"{waited:.0f} ms at most, {_PATIENCE_MS:.0f} ms is right",
        )
        others = report.select(client=READERS, phase="failing")
        yield as_fast_as_before(others, report.driver, stage.quiet, "who needs no inventory")
        yield nobody_refused(
            report.select(phase="recovered"), "two seconds later everybody is served in full again"
        )

    def gist(self) -> str:
        """Part of Act."""
        looks = self.played().select(client=CUSTOMERS)
        answered, less = _sum(looks), sum(part.marked for part in looks)
        slowest = max(part.admitted.max_ms for part in looks)
        return f"{answered} pages, {less} without the stock, none slower than {slowest:.0f} ms"

    @staticmethod
    def _transitions(stage: Stage) -> list[Line]:
        lines = events(stage.shop.rules.log(STOREFRONT), "sidecar.breaker")
        return [line for line in lines if line.facts.get("sidecar.rule.name") == BREAKER]

    def _tell_transitions(self, stage: Stage) -> None:
        """What the breaker has done since this was last called, from the sidecar's log."""
        new = self._transitions(stage)[self._told :]
        self._told += len(new)
        for line in new:
            self.states.append(line.facts["sidecar.breaker.state"])
            stage.note(stage.at(line.at), line.body)

    def _breaker_went_round(self) -> Check:
        states = self.states
        went = states[:2] == ["open", "half_open"] and states[-1:] == ["closed"]
        return Check(
            "the breaker opens, probes, and closes when the inventory is well",
            went,
            " > ".join(states) or "it never opened",
        )


def _clients(seed: int) -> list[Client]:
    return [
        crowd(CUSTOMERS, _steps(_LOOKS_PER_SECOND), seed, Mix(orders=0, lists=0)),
        crowd(READERS, _steps(_LISTS_PER_SECOND), seed, Mix(orders=0, lists=100)),
        crowd(BUYERS, _steps(_BUYS_PER_SECOND), seed, Mix(orders=100, lists=0)),
    ]


def _steps(per_second: float) -> tuple[Step, ...]:
    return tuple(
        Step(phase=phase, seconds=seconds, per_second=per_second) for phase, seconds in _PHASES
    )


def _turn(stage: Stage, *, slow: bool = False, failing: bool = False) -> None:
    stage.shop.turn(
        INVENTORY,
        latency_ms=_SLOW_MS if slow else KNOBS.latency_ms,
        error_share=1.0 if failing else 0.0,
    )


def _less_while_broken(looks: tuple[PhaseReport, ...]) -> Check:
    """Degraded pages while it is broken, none before and none after."""
    degraded = {part.phase: part.marked for part in looks}
    told = ", ".join(f"{phase} {count}" for phase, count in degraded.items())
    return Check(
        "pages go without the stock while the inventory is broken, and only then",
        all(degraded[phase] > 0 for phase in _BROKEN)
        and degraded["well"] == degraded["recovered"] == 0,
        f"without the stock: {told}",
    )


def _sum(parts: tuple[PhaseReport, ...]) -> int:
    return sum(part.admitted.count for part in parts)
