"""Frames on their way to the exporter: handed to a socket that never makes the loop wait."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Final, NamedTuple

#: Some seconds of records at full load.
LIMIT_BYTES: Final = 8 * 1024 * 1024


class Frame(NamedTuple):
    """A frame, and what is lost when it is."""

    data: bytes
    #: The word by which it is counted, and how many of those are in it.
    signal: str
    items: int


class Outbox:
    """A bounded line in front of a socket. It knows what the other side was not given whole."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, peer: socket.socket, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        peer.setblocking(False)
        self._loop = loop
        self._peer = peer
        self._limit_bytes = limit_bytes
        self._frames: deque[Frame] = deque()
        #: How much of the first frame is sent.
        self._sent = 0
        self._held_bytes = 0
        self._waits = False
        self._is_broken = False

    @property
    def is_empty(self) -> bool:
        """Whether all was handed over."""
        return not self._frames

    def put(self, frame: Frame) -> bool:
        """Send it, now or when there is room; False when there is none, and it is lost."""
        if self._is_broken or self._held_bytes + len(frame.data) > self._limit_bytes:
            return False
        self._frames.append(frame)
        self._held_bytes += len(frame.data)
        if not self._waits:
            self._flush()
        return True

    def left(self) -> list[Frame]:
        """What was not handed over whole."""
        return [*self._frames]

    def close(self) -> None:
        """Wait for the socket no more."""
        self._is_broken = True
        if self._waits:
            self._waits = False
            self._loop.remove_writer(self._peer.fileno())

    def _flush(self) -> None:
        while self._frames:
            data = self._frames[0].data
            try:
                self._sent += self._peer.send(memoryview(data)[self._sent :])
            except BlockingIOError:
                if not self._waits:
                    self._waits = True
                    self._loop.add_writer(self._peer.fileno(), self._flush)
                return
            except OSError:
                # Whoever reads sees the end of it, too.
                self.close()
                return
            if self._sent == len(data):
                self._frames.popleft()
                self._held_bytes -= len(data)
                self._sent = 0
        if self._waits:
            self._waits = False
            self._loop.remove_writer(self._peer.fileno())
