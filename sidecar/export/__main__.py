"""``python -m sidecar.export DESCRIPTOR``: the exporter. Only a sidecar starts it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

from sidecar.export.child import Child

#: Requests matter more than telling of them.
_NICE: Final = 10
_IGNORED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Run until the sidecar is gone; whoever stops both stops us by stopping it."""
    if len(arguments) != 1 or not arguments[0].isdigit():
        sys.stderr.write("this is a part of the sidecar, which starts it by itself\n")
        return 2
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(_NICE)
        # Whoever is woken by a packet does not wait for us to come to an end.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # Files that grow too large for a limit are an error of the write, not the end of us.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    Child(socket.socket(fileno=int(arguments[0]))).run()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    # A thread that waits for a backend is not waited for.
    os._exit(status)
