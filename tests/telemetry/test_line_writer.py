from __future__ import annotations

import errno
import itertools
import os
import threading
from collections import Counter
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.line_writer import LineWriter

_SECONDS: Final = 10.0


class Scripted:
    """A destination that takes so many bytes at a time, or fails, as the script says."""

    def __init__(self, script: list[int]) -> None:
        #: Positive: takes up to so many bytes; negative: fails with this errno. Repeated.
        self._script = itertools.cycle(script)
        self.written = bytearray()
        self.refreshed: list[bool] = []
        self.begins_anew = False
        self.closed = False

    def write(self, data: memoryview) -> int:
        step = next(self._script)
        if step < 0:
            raise OSError(-step, "as the script says")
        self.written += data[:step]
        return min(step, len(data))

    def wait(self, seconds: float) -> None:
        assert seconds > 0

    def refresh(self, *, force: bool) -> bool:
        self.refreshed.append(force)
        return self.begins_anew

    def close(self) -> None:
        self.closed = True


class Stuck(Scripted):
    """A destination that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__([-errno.EAGAIN])
        self.free = threading.Event()

    def write(self, data: memoryview) -> int:
        if not self.free.is_set():
            raise BlockingIOError
        self.written += data
        return len(data)

    def wait(self, seconds: float) -> None:
        self.free.wait(min(seconds, 0.01))


class Drops(Counter[str]):
    def __call__(self, reason: str, count: int) -> None:
        self[reason] += count


def lines_of(*numbers: int) -> bytes:
    return b"".join(b'{"n":%d}\n' % number for number in numbers)


_STEPS = st.one_of(
    st.integers(1, 30),
    st.sampled_from([-errno.ENOSPC, -errno.EPIPE, -errno.EIO, -errno.EAGAIN, -errno.EDQUOT]),
)


@given(
    st.lists(_STEPS, min_size=1, max_size=8).filter(
        lambda script: any(step != -errno.EAGAIN for step in script)
    ),
    st.lists(st.integers(1, 5), max_size=12),
)
def test_every_line_is_written_whole_or_counted(script: list[int], batches: list[int]) -> None:
    destination, drops = Scripted(script), Drops()
    writer = LineWriter(destination, drops)
    numbers = itertools.count()
    for size in batches:
        writer.write(lines_of(*itertools.islice(numbers, size)), size)
    writer.close(_SECONDS)
    handed_over = sum(batches)
    expected = set(lines_of(*range(handed_over)).splitlines())
    whole = [line for line in bytes(destination.written).splitlines() if line in expected]
    assert len(whole) + drops.total() == handed_over
    assert len(set(whole)) == len(whole)
    assert destination.closed


@pytest.mark.parametrize(
    "error, reason",
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EPIPE, "broken_pipe"),
        (errno.ECONNRESET, "broken_pipe"),
        (errno.EIO, "io_error"),
        (errno.ENXIO, "io_error"),
    ],
)
def test_a_loss_is_counted_by_its_reason(error: int, reason: str) -> None:
    drops = Drops()
    writer = LineWriter(Scripted([-error]), drops)
    writer.write(lines_of(1, 2, 3), 3)
    writer.close(_SECONDS)
    assert drops == {reason: 3}


def test_a_line_that_was_cut_is_ended_before_the_next() -> None:
    line = lines_of(1)
    destination, drops = Scripted([len(line) + 3, -errno.ENOSPC, 1000]), Drops()
    writer = LineWriter(destination, drops)
    writer.write(lines_of(1, 2, 3), 3)
    writer.write(lines_of(4), 1)
    writer.close(_SECONDS)
    assert bytes(destination.written) == lines_of(1) + b'{"n\n' + lines_of(4)
    assert drops == {"disk_full": 2}


def test_a_full_queue_drops_the_newest_and_takes_no_more_memory() -> None:
    destination, drops = Stuck(), Drops()
    writer = LineWriter(destination, drops, queue_bytes=10_000)
    for number in range(1000):
        writer.write(lines_of(number), 1)
    kept = 1000 - drops["queue_full"]
    assert 1 < kept <= 10_000 // len(lines_of(1))
    destination.free.set()
    writer.close(_SECONDS)
    assert bytes(destination.written) == lines_of(*range(kept))
    assert drops == {"queue_full": 1000 - kept}


def test_the_queue_is_free_again_when_it_was_written() -> None:
    destination, drops = Stuck(), Drops()
    writer = LineWriter(destination, drops, queue_bytes=300)
    writer.write(lines_of(1), 1)
    writer.write(lines_of(2), 1)
    assert drops == {"queue_full": 1}
    destination.free.set()
    while writer._held_bytes():
        pass
    writer.write(lines_of(3), 1)
    writer.close(_SECONDS)
    assert bytes(destination.written) == lines_of(1, 3)


def test_closing_gives_up_on_a_destination_that_takes_nothing() -> None:
    destination, drops = Stuck(), Drops()
    writer = LineWriter(destination, drops)
    for number in range(5):
        writer.write(lines_of(number, number), 2)
    writer.close(0.01)
    assert drops == {"shutdown": 10}
    assert not writer._thread.is_alive()


def test_what_comes_after_closing_is_counted() -> None:
    destination, drops = Scripted([1000]), Drops()
    writer = LineWriter(destination, drops)
    writer.close(_SECONDS)
    writer.close(_SECONDS)
    writer.write(lines_of(1), 1)
    assert drops == {"shutdown": 1}


def test_reopening_happens_between_the_lines_before_and_after() -> None:
    destination, drops = Scripted([3, -errno.ENOSPC, 1000]), Drops()
    writer = LineWriter(destination, drops)
    destination.begins_anew = True
    writer.write(lines_of(1), 1)
    writer.reopen()
    writer.write(lines_of(2), 1)
    writer.close(_SECONDS)
    # The new file does not begin with the end of a line that was cut in the old one.
    assert bytes(destination.written) == lines_of(1)[:3] + lines_of(2)
    assert destination.refreshed == [False, True]


def test_a_file_that_cannot_be_opened_anew_is_a_loss_and_no_end() -> None:
    class Gone(Scripted):
        def refresh(self, *, force: bool) -> bool:
            super().refresh(force=force)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    drops = Drops()
    writer = LineWriter(Gone([1000]), drops)
    writer.write(lines_of(1), 1)
    writer.reopen()
    writer.close(_SECONDS)
    assert drops == {"io_error": 1}
