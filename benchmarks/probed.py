"""Runs the ``sidecar`` command with a probe on its loop; ``python -m benchmarks exporters`` does.

The probe is a timer that asks to be called again after two milliseconds, and notes how much later
it was: from one ``SIGUSR2`` to the next, at which it writes down what it has noted.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from sidecar import app
from sidecar.cli import main as command
from sidecar.ruleset.attachments import Attachments
from sidecar.ruleset.schema import RuleFile
from sidecar.telemetry_room import TelemetryRoom

TURN = signal.SIGUSR2
PROBE_SECONDS = 0.002


class Probe:
    """How late the loop is, in seconds, from one signal to the next."""

    def __init__(self, loop: asyncio.AbstractEventLoop, output: Path) -> None:
        self._loop = loop
        self._output = output
        self._lags: list[float] = []
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def turn(self) -> None:
        """Begin; or end, and write down what was seen."""
        if self._timer is None:
            self._again()
            return
        self._timer.cancel()
        self._timer = None
        # Whoever waits for the file never sees half of it.
        fresh = self._output.with_suffix(".fresh")
        fresh.write_text(json.dumps([round(lag, 6) for lag in self._lags]), encoding="ascii")
        fresh.rename(self._output)
        self._lags.clear()

    def _again(self) -> None:
        self._due = self._loop.time() + PROBE_SECONDS
        self._timer = self._loop.call_later(PROBE_SECONDS, self._look)

    def _look(self) -> None:
        self._lags.append(max(self._loop.time() - self._due, 0.0))
        self._again()


def main() -> None:
    """``probed.py OUTPUT ARGUMENTS-OF-SIDECAR...``."""
    output, *arguments = sys.argv[1:]
    sys.argv = ["sidecar", *arguments]

    class ProbedRoom(TelemetryRoom):
        async def open(self, file: RuleFile, attachments: Attachments) -> None:
            await super().open(file, attachments)
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(TURN, Probe(loop, Path(output)).turn)

    # Not an assignment, which would be of another type.
    vars(app)["TelemetryRoom"] = ProbedRoom
    command()


if __name__ == "__main__":
    main()
