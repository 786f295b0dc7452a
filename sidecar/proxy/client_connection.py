"""A client's connection below HTTP: flow control, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sidecar.wire.forwarding import BY_CLOSE

if TYPE_CHECKING:
    from sidecar.proxy.engine import Engine

#: What the connection waits for.
HEAD: Final = 0
BODY: Final = 1
#: The request is complete, its answer is not.
WAITING: Final = 2
#: The rest of a body that nobody wants, so that the connection can be used on.
SKIPPING: Final = 3
TUNNEL: Final = 4
#: The answer is out and the connection will close; what still comes is thrown away, so that
#: the kernel does not answer it with a reset that destroys the answer.
LINGERING: Final = 5
CLOSED: Final = 6

#: How long and how much a closing connection may still send.
LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 256 * 1024

_RESET = struct.pack("ii", 1, 0)


class ClientConnection(asyncio.Protocol):
    """The transport of a client, and the state of what is spoken on it."""

    __slots__ = (
        "_held",
        "_paused",
        "_skipped",
        "_write_blocked",
        "engine",
        "since",
        "state",
        "transport",
        "write",
    )

    transport: asyncio.Transport
    write: Callable[[bytes], None]

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.state = HEAD
        #: When the state began, as far as the sweep is concerned.
        self.since = engine.now
        #: Bytes received and not looked at yet.
        self._held = b""
        #: Bytes thrown away since the state began.
        self._skipped = 0
        self._paused = False
        self._write_blocked = False

    def pause_reading(self) -> None:
        """Take nothing more from the client for now."""
        if not self._paused and self.state != CLOSED:
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take what the client sends again."""
        if self._paused and self.state != CLOSED:
            self._paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    @property
    def is_unread(self) -> bool:
        """Whether the client does not read what is written to it."""
        return self._write_blocked

    @property
    def is_held_back(self) -> bool:
        """Whether the client is not read from, because of somebody else."""
        return self._paused

    def end_writing(self) -> None:
        """A tunnel's upstream sends nothing more."""
        if self.transport.can_write_eof():
            self._write_end()
        else:
            self.transport.close()

    def _write_end(self) -> None:
        # Of a reset that came while nobody read the loop has not told yet, and will.
        with contextlib.suppress(OSError):
            self.transport.write_eof()

    def close_after_flush(self) -> None:
        """Close once all that was written is sent."""
        self.state = LINGERING
        self.since = self.engine.now
        self.transport.close()

    def break_off(self, framing: int) -> None:
        """End an answer that cannot be completed so that the client must notice."""
        if framing == BY_CLOSE:
            # Only a reset tells a cut from an end there.
            self.reset()
            return
        self.transport.close()
        self.state = LINGERING
        self.since = self.engine.now

    def reset(self) -> None:
        """End it now, and let nobody keep what was written and not sent."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()
        self.state = LINGERING
        self.since = self.engine.now

    def _linger(self) -> None:
        """Close, but read on for a moment first."""
        if not self.transport.can_write_eof():
            self.close_after_flush()
            return
        self.state = LINGERING
        self.since = self.engine.now
        self._skipped = 0
        self._held = b""
        self.resume_reading()
        self._write_end()

    def _drop(self, data: bytes) -> None:
        """What comes while the connection lingers."""
        self._skipped += len(data)
        if self._skipped > _LINGER_BYTES:
            self.transport.abort()
