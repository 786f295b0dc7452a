"""Microseconds of Python for one request, without kernel, sockets or load generator.

What it leaves out is the same for every proxy; what it shows is far steadier than a measurement
over sockets, and so it shows what a change to the data path did.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.data_path import LOOPBACK, BrokenPathError, DataPath
from benchmarks.growth import LISTED_RULES, OTHER_RULES, write_lists
from benchmarks.load import HEADERS
from benchmarks.paired import Spread, ratio, spread
from benchmarks.proof import DENIED_ADDRESS
from benchmarks.scenarios import TRACKED_KEYS
from benchmarks.targets import NO_OTHER_RULES, NOT_EXPORTING, OPEN_LIMITS
from benchmarks.workplace import TEMPLATES, fill

PLACES = {
    "PORT": "8080",
    "ADMIN_PORT": "8081",
    "UPSTREAM_PORT": "9000",
    "ACCESS_LOG": "none",
}
SMALL_BODY = b'{"id":48213,"sku":"kettle-1500-steel"}'.ljust(200)
#: What one read of a socket brings of a larger body, give or take.
PIECE_BYTES = 4096
FORWARDED = b"HTTP/1.1 200 OK"
REFUSED = b"HTTP/1.1 403 "


def request(*, tenant: str = "tenant-00001", body: bytes = b"") -> bytes:
    """A request as the load generators send it."""
    fields = {**dict(HEADERS), "X-Tenant": tenant}
    if body:
        fields["Content-Length"] = str(len(body))
    lines = [f"{'POST' if body else 'GET'} /api/small HTTP/1.1", "Host: 127.0.0.1:8080"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer(body: bytes) -> bytes:
    """An answer as nginx sends it."""
    head = (
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request through one rule file."""

    title: str
    requests: Sequence[bytes] = (request(),)
    answer: bytes = answer(SMALL_BODY)
    others: Mapping[str, str] = field(default_factory=lambda: NO_OTHER_RULES)
    governed: bool = True
    client: str = LOOPBACK

    @property
    def refused(self) -> bool:
        """Whether the access list turns the client away."""
        return self.client == DENIED_ADDRESS


CASES: tuple[Case, ...] = (
    Case("governed GET, 200 B"),
    Case("the same without rules", governed=False),
    Case("the same, 500 rules on other routes", others=OTHER_RULES),
    Case(
        "the same, 10,000 tenants in turn",
        requests=[request(tenant=f"tenant-{n:05}") for n in range(TRACKED_KEYS)],
    ),
    Case("the same, 200,000 entries in lists", others=LISTED_RULES),
    Case("governed POST of 4 KiB", requests=(request(body=b"x" * PIECE_BYTES),)),
    Case("governed GET, 4 KiB", answer=answer(b"x" * PIECE_BYTES)),
    Case("refused by the access list", client=DENIED_ADDRESS),
)


def rule_text(case: Case) -> str:
    """The rule file of a case: the measured one, or its part without rules."""
    text = (TEMPLATES / "sidecar_governed.rules.yaml").read_text(encoding="utf-8")
    text = fill(text, {**PLACES, **OPEN_LIMITS, **NOT_EXPORTING, **case.others})
    if case.governed:
        return text
    for begin, end in (("\nkeys:", "\nroutes:"), ("\naccess:", "\ntelemetry:")):
        text = text[: text.index(begin)] + text[text.index(end) :]
    return text


class Bench:
    """One case, made ready."""

    def __init__(self, case: Case, path: DataPath, count: int) -> None:
        self.case = case
        self._count = count
        self._path = path
        if not case.refused:
            self._path.open(case.requests[0], case.answer)
        self._turns: Iterator[bytes] = itertools.cycle(case.requests)
        for _ in case.requests:
            self._one(next(self._turns))
        self._path.expect(REFUSED if case.refused else FORWARDED)
        self._path.carry_records()

    def _one(self, asked: bytes) -> None:
        if self.case.refused:
            self._path.refuse_one(asked)
        else:
            self._path.pass_one(asked, self.case.answer)

    def round(self) -> tuple[float, float]:
        """Microseconds for one request, and for telling about it afterwards."""
        asked = list(itertools.islice(self._turns, self._count))
        path, reply = self._path, self.case.answer
        refused = self.case.refused

        def ask() -> None:
            if refused:
                for one in asked:
                    path.refuse_one(one)
            else:
                for one in asked:
                    path.pass_one(one, reply)

        path.sweep()
        seconds, told = _timed(ask), _timed(path.carry_records)
        path.expect(REFUSED if refused else FORWARDED)
        each = 1e6 / self._count
        return seconds * each, told * each


def _timed(work: Callable[[], object]) -> float:
    # CPU of this thread: what others do meanwhile counts as little as can be.
    began = time.thread_time()
    work()
    return time.thread_time() - began


@dataclass(frozen=True, slots=True)
class Timing:
    """What one case took, in microseconds for each request."""

    title: str
    path: Spread
    best: float
    #: Telling about it: the access log's line, and the counters that follow from records.
    record: Spread
    #: ``path`` as a multiple of the first case's, paired by round.
    against_first: Spread


def run(cases: Sequence[Case], *, count: int, rounds: int) -> list[Timing]:
    """Time every case ``rounds`` times in turn, ``count`` requests each.

    Raises :class:`benchmarks.data_path.BrokenPathError` if one does not do what its title says.
    """
    paths: dict[str, dict[int, float]] = {case.title: {} for case in cases}
    records: dict[str, dict[int, float]] = {case.title: {} for case in cases}
    with ExitStack() as stack:
        lists = Path(stack.enter_context(TemporaryDirectory()))
        write_lists(lists)
        benches = []
        for case in cases:
            most = count + len(case.requests) + 1
            path = DataPath(rule_text(case), most, case.client, lists)
            benches.append(Bench(case, stack.enter_context(path), count))
        stack.enter_context(_settled_memory())
        for number in range(rounds):
            for bench in benches if number % 2 else reversed(benches):
                title = bench.case.title
                paths[title][number], records[title][number] = bench.round()
    first = paths[cases[0].title]
    return [_timing(case.title, paths[case.title], records[case.title], first) for case in cases]


@contextmanager
def _settled_memory() -> Iterator[None]:
    """Collect garbage as seldom as the sidecar does once it runs."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _timing(
    title: str, path: dict[int, float], record: dict[int, float], first: dict[int, float]
) -> Timing:
    found = spread(path.values()), spread(record.values()), ratio(path, first)
    if found[0] is None or found[1] is None or found[2] is None:
        message = f"{title}: no rounds, no times"
        raise BrokenPathError(message)
    return Timing(title, found[0], min(path.values()), found[1], found[2])


def show(timings: Iterable[Timing], console: Console) -> None:
    """Print a line for each case."""
    console.print(f"{'µs of Python for one request':<40}{'best':>7}{'median (middle half)':>24}")
    for one in timings:
        console.print(
            f"{one.title:<40}{one.best:7.1f}{one.path.show(1):>24}"
            f"   × {one.against_first.median:.2f}   and its record {one.record.median:.1f}"
        )
