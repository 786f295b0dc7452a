"""The backend that speaks OTLP: spans, log records and metric points go to any collector.

OTLP knows no ids: what was taken by a collector whose answer was lost is sent again, and is
there twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from sidecar.export.backend import TAKEN, Delivery
from sidecar.export.item import Item, Signal
from sidecar.export.otlp_answer import REJECTED, Answer
from sidecar.export.otlp_form import OtlpForm
from sidecar.export.otlp_target import GRPC, OtlpTarget, target_of
from sidecar.export.settings import OtlpSettings

#: A gRPC server takes 4 MiB unless it is told otherwise.
_MOST_BYTES: Final = 3 * 1024 * 1024
#: After so many refusals in a row no request is halved any more, until one is taken: it is all
#: of them then. To find a wrong one among a thousand takes eleven.
_MOST_REFUSALS: Final = 16
#: What is not sent by then is left for another time.
_MOST_SECONDS: Final = 10.0


class Sender(Protocol):
    """Brings the requests of one signal to its target."""

    def send(self, data: bytes) -> Answer:
        """Send a request, and say what became of it."""
        ...

    def close(self) -> None:
        """Let go of connections; the next request makes another."""
        ...


class _Outcome:
    """What has become of the items of one delivery so far."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.refused: dict[int, str] = {}
        self.again: list[int] = []
        self.retry_after = 0.0
        self.error = ""
        #: Where nobody answers: there nothing else is tried.
        self.silent: set[str] = set()

    def delivery(self) -> Delivery:
        """All of it."""
        if not (self.refused or self.again or self.error):
            return TAKEN
        again = tuple(sorted(self.again))
        return Delivery(self.refused, again, self.retry_after, error=self.error)


class OtlpBackend:
    """``connect`` makes the sender of a signal; ``clock`` is monotonic seconds."""

    name = "otlp"

    def __init__(
        self,
        settings: OtlpSettings,
        form: OtlpForm,
        environ: Mapping[str, str],
        *,
        connect: Callable[[Signal, OtlpTarget], Sender] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._form = form
        self._targets = {signal: target_of(signal, settings, environ) for signal in Signal}
        self._connect = connect or _connect
        self._clock = clock
        self._senders: dict[Signal, Sender] = {}
        self._refusals = dict.fromkeys(Signal, 0)

    def deliver(self, items: Sequence[Item]) -> Delivery:
        """Send a request for each signal; one that is refused is halved, to find out why."""
        outcome = _Outcome(self._clock() + _MOST_SECONDS)
        by_signal: dict[Signal, list[int]] = {}
        for place, item in enumerate(items):
            by_signal.setdefault(item.signal, []).append(place)
        for signal, places in by_signal.items():
            self._bring(signal, places, items, outcome)
        return outcome.delivery()

    def close(self) -> None:
        """Let go of the connections."""
        while self._senders:
            self._senders.popitem()[1].close()

    def _bring(
        self, signal: Signal, places: Sequence[int], items: Sequence[Item], outcome: _Outcome
    ) -> None:
        """Send these, all of one signal."""
        waiting = [*_requests(places, items)][::-1]
        while waiting:
            part = waiting.pop()
            answer = self._ask(signal, [items[place] for place in part], outcome)
            outcome.error = outcome.error or answer.error
            if answer.again:
                outcome.retry_after = max(outcome.retry_after, answer.retry_after)
                outcome.again += [*part, *(place for other in waiting for place in other)]
                return
            if self._is_halved(signal, answer, len(part)):
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
            elif answer.refused:
                outcome.refused |= dict.fromkeys(part, answer.refused)
            elif answer.rejected:
                # Nobody says which; they are counted, and none is sent again.
                outcome.refused |= dict.fromkeys(part[: answer.rejected], REJECTED)

    def _ask(self, signal: Signal, items: Sequence[Item], outcome: _Outcome) -> Answer:
        target = self._targets[signal]
        if target.place in outcome.silent or self._clock() >= outcome.until:
            return Answer(again=True)
        if signal not in self._senders:
            self._senders[signal] = self._connect(signal, target)
        answer = self._senders[signal].send(self._form.request(signal, items))
        if answer.silent:
            outcome.silent.add(target.place)
        if not answer.error:
            return answer
        return replace(answer, error=f"the collector at {target.url}: {answer.error}")

    def _is_halved(self, signal: Signal, answer: Answer, count: int) -> bool:
        """Whether to find out which part of what was refused is wrong."""
        if not answer.refused:
            self._refusals[signal] = 0
            return False
        if answer.refused != REJECTED:
            return count > 1
        self._refusals[signal] += 1
        return answer.split and count > 1 and self._refusals[signal] < _MOST_REFUSALS


def _requests(places: Sequence[int], items: Sequence[Item]) -> Iterator[list[int]]:
    """Parts that are not too large, unless one item alone is."""
    part: list[int] = []
    size = 0
    for place in places:
        more = len(items[place].data)
        if part and size + more > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(place)
        size += more
    if part:
        yield part


def _connect(signal: Signal, target: OtlpTarget) -> Sender:
    # Some megabytes each, and one of them is enough.
    if target.protocol == GRPC:
        # It would write what is told by ``error`` to standard error as well, line by line.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from sidecar.export.otlp_grpc import GrpcSender  # noqa: PLC0415

        return GrpcSender(signal, target)
    from sidecar.export.otlp_http import HttpSender  # noqa: PLC0415

    return HttpSender(signal, target)
