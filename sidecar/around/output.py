"""What the service writes goes on to where it would have gone, and is looked at on its way.

A thread for each stream does both, so that whoever reads slowly slows down the service, as
without us, and never the loop. What cannot be passed on is not taken from the service either.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
import threading
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from sidecar.around.line_record import BOTH, STDERR, STDOUT
from sidecar.around.shipping import BYTES_AT_MOST, Shipping, held_bytes
from sidecar.proxy.clock import clock
from sidecar.telemetry.clock import wall_offset
from sidecar.telemetry.signals import LogRecord

_CHUNK_BYTES: Final = 64 * 1024
#: Room for the size of a terminal's window.
_WINDOW: Final = b"\0" * 8
#: How long what is left is waited for when the service has gone and others hold its output.
_REST_SECONDS: Final = 0.2

#: Takes records on the loop.
Taker = Callable[[Sequence[LogRecord]], None]
#: Counts what was lost, on the loop.
Lost = Callable[[str, int], None]


class Output:
    """The output of one service, while it runs."""

    def __init__(self, call_soon: Callable[..., object], take: Taker, lost: Lost) -> None:
        """``call_soon`` calls on the loop, from any thread: ``loop.call_soon_threadsafe``."""
        self._call_soon = call_soon
        self._take = take
        self._lost = lost
        self._streams: list[_Stream] = []
        self._handed_bytes = 0
        self._taken_bytes = 0
        self._lock = threading.Lock()

    def open(self) -> tuple[int, int]:
        """Where the service is to write to, for standard output and standard error.

        They are one where ours are one, so that what is written stays in its order. To be closed
        by ``opened`` once the service has them.
        """
        if _is_one_place(1, 2):
            both = self._stream(1, BOTH)
            return both.given, both.given
        return self._stream(1, STDOUT).given, self._stream(2, STDERR).given

    def opened(self) -> None:
        """The service has what ``open`` returned, or will never have it: let it be passed on."""
        for stream in self._streams:
            os.close(stream.given)
            stream.thread.start()

    def close(self, seconds: float) -> None:
        """The service has ended: pass on what is left, not longer than this. It blocks."""
        until = clock() + seconds
        for stream in self._streams:
            stream.hurry()
        for stream in self._streams:
            stream.thread.join(max(until - clock(), 0.0))

    def _stream(self, descriptor: int, name: str) -> _Stream:
        stream = _Stream(descriptor, Shipping(name, self.hand_over))
        self._streams.append(stream)
        return stream

    # --- from the threads to the loop

    def hand_over(self, records: list[LogRecord], lost: dict[str, int]) -> bool:
        """Give these to the loop, from any thread; whether there was room for them."""
        size = held_bytes(records)
        with self._lock:
            if self._handed_bytes - self._taken_bytes + size > BYTES_AT_MOST:
                return False
            self._handed_bytes += size
        with suppress(RuntimeError):
            # A loop that is closed takes no more.
            self._call_soon(self._arrived, records, lost, size)
        return True

    def _arrived(self, records: list[LogRecord], lost: dict[str, int], size: int) -> None:
        self._taken_bytes += size
        for reason, count in lost.items():
            self._lost(reason, count)
        if records:
            self._take(records)


class _Stream:
    """One pipe, or one terminal where ours is one, and the thread that reads it."""

    def __init__(self, descriptor: int, shipping: Shipping) -> None:
        self._to = descriptor
        self._from, self.given = _like(descriptor)
        self._shipping = shipping
        self._hurried, self._hurry = os.pipe()
        self.thread = threading.Thread(target=self._run, name="service-output", daemon=True)

    def hurry(self) -> None:
        """The service has gone: end when there is nothing left."""
        with suppress(OSError):
            os.write(self._hurry, b"x")

    # --- the thread

    def _run(self) -> None:
        try:
            while (data := self._next()) and _pass_on(self._to, data):
                self._shipping.feed(data, clock(), wall_offset())
        finally:
            # Who writes on is told by the system that nobody reads.
            os.close(self._from)
            self._shipping.end(clock(), wall_offset())

    def _next(self) -> bytes:
        """What comes next; empty at the end."""
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        poll.register(self._hurried, select.POLLIN)
        while True:
            ready = dict(poll.poll(self._patience()))
            if self._from in ready:
                return _read(self._from)
            if self._hurried in ready:
                poll.unregister(self._hurried)
                return _read(self._from) if poll.poll(_REST_SECONDS * 1000) else b""
            self._shipping.flush(wall_offset())

    def _patience(self) -> float | None:
        """Milliseconds until what is held must go; None for ever."""
        due = self._shipping.waits_until
        return None if due is None else max(due - clock(), 0.0) * 1000 + 1


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except OSError:
        # How a terminal says that nobody has it open any more.
        return b""


def _pass_on(descriptor: int, data: bytes) -> bool:
    """Write it all, however long it takes; False when nobody can read it."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()
        except OSError as error:
            return not isinstance(error, BrokenPipeError)
    return True


def _is_one_place(one: int, other: int) -> bool:
    try:
        return os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:
        return False


def _like(descriptor: int) -> tuple[int, int]:
    """Two ends, to read from and to write to; a terminal's where ours is a terminal."""
    if not os.isatty(descriptor):
        return os.pipe()
    ours, given = os.openpty()
    # What the service writes goes through our own terminal afterwards, which does all the rest.
    tty.setraw(given)
    with suppress(OSError):
        size = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, _WINDOW)
        fcntl.ioctl(given, termios.TIOCSWINSZ, size)
    return ours, given
