"""The act about one order that is followed through all services."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar, Final

from demo_services.check import Check
from demo_services.shop.story.acts.act import Act
from demo_services.shop.story.layout import SERVICES, STOREFRONT, WAREHOUSE
from demo_services.shop.story.logged import events
from demo_services.shop.story.operating import Said, sidecar
from demo_services.shop.story.spans import events_of, faults, resends, servers, spans_below
from demo_services.shop.story.stage import Stage, wait_until
from sidecar.traces.trace import StoredSpan

TRACED: Final = "traced-1"
#: The warehouse is asked twice.
_SPANS: Final = {"server": 5, "internal": 3, "client": 9}
#: The last one opens the breaker, and is the one that is followed.
_ORDERS: Final = 2
_WRITTEN_WITHIN_SECONDS: Final = 10.0
_EVENTS: Final = frozenset({"sidecar.breaker", "sidecar.decision"})


class Traced(Act):
    """One order, whatever became of it on its way."""

    name: ClassVar[str] = "trace"
    title: ClassVar[str] = "the warehouse fails: one order is followed through four services"
    aloud: ClassVar[bool] = True

    def play(self, stage: Stage) -> None:
        """Part of Act."""
        self.spans: list[StoredSpan] = []
        self.said: Said | None = None
        self.statuses: list[int] = []
        began = time.time()
        stage.shop.turn(WAREHOUSE, error_share=1.0)
        try:
            for _ in range(_ORDERS):
                body = {"product": 7, "quantity": 1}
                self.statuses.append(stage.ask("/orders", TRACED, method="POST", body=body).status)
        finally:
            stage.shop.turn(WAREHOUSE, error_share=0.0)
        wait_until(lambda: self._is_written(stage, began), _WRITTEN_WITHIN_SECONDS)
        if self.spans:
            folder = stage.shop.rules.documents
            stage.traced = number = self.spans[0].trace_id
            directory = stage.shop.state_directory(STOREFRONT)
            self.said = sidecar(directory, "trace", number, "--files", str(folder))
            self.quotes = (self.said.quote.replace(f"{folder.parent}/", ""),)

    def _is_written(self, stage: Stage, began: float) -> bool:
        """Whether the spans of the last order since then have come to the files."""
        ids = [
            str(line.facts.get("trace_id"))
            for line in events(stage.shop.rules.log(STOREFRONT), "sidecar.request")
            if line.at >= began and line.facts.get("http.route") == "place-order"
        ]
        if len(ids) < _ORDERS:
            return False
        self.spans = spans_below(stage.shop.rules.documents).get(ids[-1], [])
        return _kinds(self.spans) == _SPANS and not faults(self.spans)

    def checks(self, stage: Stage) -> Iterator[Check]:
        """Part of Act."""
        del stage
        wrong = faults(self.spans)
        yield Check(
            "orders go on without their shelf",
            set(self.statuses) == {201},
            f"answered {', '.join(map(str, self.statuses))}",
        )
        yield Check(
            "it is one trace, with a span for each sidecar, each call and each try, parents right",
            _kinds(self.spans) == _SPANS and servers(self.spans) == {*SERVICES} and not wrong,
            "; ".join(wrong) or _in_words(self.spans),
        )
        told = events_of(self.spans)
        yield Check(
            "the second try has its number; the breaker that it opened, and the fallback, are told",
            resends(self.spans) == [1] and told >= _EVENTS,
            f"resends {resends(self.spans)}, events {', '.join(sorted(told)) or 'none'}",
        )
        yield Check(
            "it can be drawn",
            self.said is not None and self.said.status == 0,
            "there is none" if self.said is None else self.said.text.splitlines()[0],
        )

    def gist(self) -> str:
        """Part of Act."""
        return _in_words(self.spans)


def _kinds(spans: list[StoredSpan]) -> dict[str, int]:
    kinds = [span.kind for span in spans]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _in_words(spans: list[StoredSpan]) -> str:
    counts = ", ".join(f"{count} {kind}" for kind, count in _kinds(spans).items())
    return f"{len(spans)} spans of {len(servers(spans))} services: {counts}"
