from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from sidecar.export.backend import TAKEN
from sidecar.export.item import Item, Signal
from sidecar.export.otlp import OtlpBackend
from sidecar.export.otlp_answer import Answer
from sidecar.export.otlp_form import OtlpForm
from sidecar.export.otlp_target import OtlpTarget
from sidecar.export.settings import OtlpSettings
from sidecar.telemetry.signals import LogRecord
from tests.export.samples import LOGS, METRICS, RESOURCE, SPANS

FORM = OtlpForm(RESOURCE)
ITEMS = [*FORM.spans(SPANS), *FORM.logs(LOGS), *FORM.metrics(METRICS)]
REFUSED = Answer(refused="rejected", split=True, error="400 bad")
BUSY = Answer(again=True, retry_after=7.0, error="429 busy")
GONE = Answer(again=True, silent=True, error="refused")

Answering = Callable[[Signal, bytes], Answer]


class Collector:
    """Stands for all senders."""

    def __init__(self, answer: Answering = lambda _signal, _data: Answer()) -> None:
        self.answer = answer
        self.sent: list[Signal] = []
        self.targets: list[OtlpTarget] = []
        self.closed = 0
        self.now = 0.0
        self.environ: dict[str, str] = {}

    def backend(self) -> OtlpBackend:
        return OtlpBackend(
            OtlpSettings("http://c:1"),
            FORM,
            self.environ,
            connect=self.connect,
            clock=lambda: self.now,
        )

    def connect(self, signal: Signal, target: OtlpTarget) -> Sender:
        self.targets.append(target)
        return Sender(self, signal)


class Sender:
    def __init__(self, collector: Collector, signal: Signal) -> None:
        self.collector = collector
        self.signal = signal

    def send(self, data: bytes) -> Answer:
        self.collector.sent.append(self.signal)
        return self.collector.answer(self.signal, data)

    def close(self) -> None:
        self.collector.closed += 1


def logs(count: int, size: int = 0) -> list[Item]:
    text = "." * size
    return FORM.logs([LogRecord(n, n, "INFO", str(n), text, {}) for n in range(count)])


def names(data: bytes) -> list[int]:
    request = ExportLogsServiceRequest.FromString(data)
    return [int(one.event_name) for one in request.resource_logs[0].scope_logs[0].log_records]


def by_refusing(bad: set[int], answer: Answer = REFUSED) -> Answering:
    return lambda _signal, data: answer if bad & {*names(data)} else Answer()


def test_a_request_for_each_signal_by_connections_that_stay() -> None:
    collector = Collector()
    backend = collector.backend()
    assert backend.name == "otlp"
    assert backend.deliver(ITEMS) == TAKEN
    assert backend.deliver(ITEMS[:1]) == TAKEN
    assert collector.sent == [Signal.TRACES, Signal.LOGS, Signal.METRICS, Signal.TRACES]
    assert [target.url for target in collector.targets] == [
        "http://c:1/v1/traces",
        "http://c:1/v1/logs",
        "http://c:1/v1/metrics",
    ]
    backend.close()
    assert collector.closed == 3


def test_a_signal_that_is_put_off_does_not_hold_up_the_others() -> None:
    collector = Collector(lambda signal, _: BUSY if signal is Signal.LOGS else Answer())
    delivery = collector.backend().deliver(ITEMS)
    places = [place for place, item in enumerate(ITEMS) if item.signal is Signal.LOGS]
    assert ([*delivery.again], delivery.retry_after, delivery.refused) == (places, 7.0, {})
    assert delivery.error == "the collector at http://c:1/v1/logs: 429 busy"


def test_where_nobody_answers_one_signal_is_enough() -> None:
    collector = Collector(lambda _signal, _data: GONE)
    delivery = collector.backend().deliver(ITEMS)
    assert [*delivery.again] == [*range(len(ITEMS))]
    assert collector.sent == [Signal.TRACES]


def test_another_place_is_asked_though_nobody_answers_at_the_first() -> None:
    collector = Collector(lambda signal, _: GONE if signal is Signal.TRACES else Answer())
    collector.environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://gone:1"}
    backend = OtlpBackend(OtlpSettings(), FORM, collector.environ, connect=collector.connect)
    delivery = backend.deliver(ITEMS)
    assert [*delivery.again] == [0, 1]


def test_what_was_refused_of_what_was_taken_is_counted() -> None:
    collector = Collector(lambda _signal, _data: Answer(rejected=2, error="2 refused"))
    delivery = collector.backend().deliver(logs(5))
    assert Counter(delivery.refused.values()) == {"rejected": 2}
    assert [*delivery.again] == []
    assert collector.sent == [Signal.LOGS]


def test_no_more_can_be_refused_than_was_sent() -> None:
    collector = Collector(lambda _signal, _data: Answer(rejected=99))
    assert len(collector.backend().deliver(logs(3)).refused) == 3


@given(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=1))
def test_a_wrong_one_takes_no_others_along(count: int, bad: set[int]) -> None:
    collector = Collector(by_refusing(bad))
    delivery = collector.backend().deliver(logs(count))
    assert {*delivery.refused} == {place for place in bad if place < count}
    assert len(collector.sent) < 20


def test_one_that_is_too_large_by_itself_is_dropped_as_that() -> None:
    too_large = Answer(refused="too_large", split=True)
    collector = Collector(by_refusing({3, 4, 5, 90}, too_large))
    delivery = collector.backend().deliver(logs(100))
    assert delivery.refused == dict.fromkeys((3, 4, 5, 90), "too_large")


def test_where_nothing_is_taken_nothing_is_halved_for_long() -> None:
    collector = Collector(lambda _signal, _data: REFUSED)
    backend = collector.backend()
    assert len(backend.deliver(logs(1000)).refused) == 1000
    assert len(collector.sent) < 40
    collector.sent.clear()
    assert len(backend.deliver(logs(1000)).refused) == 1000
    assert len(collector.sent) == 1
    # Once something is taken it is worth while again.
    collector.answer = by_refusing({7})
    backend.deliver(logs(1))
    assert {*backend.deliver(logs(1000)).refused} == {7}


def test_a_signal_that_is_not_spoken_is_refused_at_once() -> None:
    collector = Collector(lambda _signal, _data: Answer(refused="rejected", error="404"))
    assert len(collector.backend().deliver(logs(50)).refused) == 50
    assert len(collector.sent) == 1


def test_busy_in_the_midst_of_halving_leaves_the_rest_for_later() -> None:
    asked = iter([REFUSED, Answer(), BUSY])
    collector = Collector(lambda _signal, _data: next(asked))
    delivery = collector.backend().deliver(logs(8))
    assert ([*delivery.again], delivery.refused) == ([4, 5, 6, 7], {})


def test_so_does_a_collector_that_takes_its_time() -> None:
    def answer(_signal: Signal, data: bytes) -> Answer:
        collector.now += 6.0
        return by_refusing({0})(Signal.LOGS, data)

    collector = Collector(answer)
    delivery = collector.backend().deliver(logs(8))
    assert len(collector.sent) == 2
    assert [*delivery.again] == [*range(8)]


def test_requests_are_not_too_large_for_a_server_with_the_usual_limits() -> None:
    collector = Collector()
    sizes: list[int] = []

    def answer(_signal: Signal, data: bytes) -> Answer:
        sizes.append(len(data))
        return Answer()

    collector.answer = answer
    assert collector.backend().deliver(logs(50, size=100_000)) == TAKEN
    assert len(sizes) == 2
    assert max(sizes) < 4 * 1024 * 1024
    assert collector.backend().deliver(logs(2, size=5_000_000)) == TAKEN
    assert len(sizes) == 4
