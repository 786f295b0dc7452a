"""Runs the ``sidecar`` command under a profiler; started by ``python -m benchmarks profile``.

The profiler begins with the first ``SIGUSR2``, so that starting up is not in the picture.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

BEGIN = signal.SIGUSR2
#: Seconds of CPU between two samples; the kernel rounds it up to its tick.
SAMPLE_SECONDS = 0.001
#: Waiting for something to do is no cost.
_WAITING = ("epoll", "run_until_complete", "run_forever")
#: ``file``, line and name.
Place = tuple[str, int, str]


class Sampler:
    """Looks at the stack whenever another tick of CPU was spent.

    The interpreter looks for signals between two of its own instructions, so time in the kernel
    and in the event loop's C code is booked on the Python code around it.
    """

    def __init__(self) -> None:
        self.samples = 0
        self.own: Counter[Place] = Counter()
        self.whole: Counter[Place] = Counter()
        self.lines: Counter[Place] = Counter()

    def start(self, *_: object) -> None:
        """Begin sampling; a signal handler."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)

    def stop(self) -> None:
        """Sample no more."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        self.samples += 1
        self.own[_place(frame)] += 1
        self.lines[frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname] += 1
        seen = set()
        while frame is not None:
            seen.add(_place(frame))
            frame = frame.f_back
        self.whole.update(seen)


def _place(frame: FrameType) -> Place:
    code = frame.f_code
    return code.co_filename, code.co_firstlineno, code.co_qualname


def sampled(command: Callable[[], None], output: Path) -> None:
    """Run ``command``; write what was sampled, as shares."""
    sampler = Sampler()
    signal.signal(BEGIN, sampler.start)
    try:
        command()
    finally:
        sampler.stop()
        shares = {
            name: [[*place, count / max(1, sampler.samples)] for place, count in counted.items()]
            for name, counted in (
                ("own", sampler.own),
                ("whole", sampler.whole),
                ("lines", sampler.lines),
            )
        }
        output.write_text(json.dumps({"samples": sampler.samples, **shares}), encoding="utf-8")


def counted(command: Callable[[], None], output: Path) -> None:
    """Run ``command`` with every call timed; write shares of the whole, and call counts."""
    profile = cProfile.Profile()
    signal.signal(BEGIN, lambda *_: profile.enable())
    try:
        command()
    finally:
        profile.disable()
        stats = pstats.Stats(profile)
        timed: dict[Place, tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]  # not in its types
        busy = {
            place: row
            for place, row in timed.items()
            if not any(word in place[2] for word in _WAITING)
        }
        total = sum(row[2] for row in busy.values()) or 1.0
        shares = {
            "own": [[*place, row[2] / total] for place, row in busy.items()],
            "whole": [[*place, row[3] / total] for place, row in busy.items()],
            "calls": [[*place, row[1]] for place, row in busy.items()],
        }
        output.write_text(json.dumps({"seconds": total, **shares}), encoding="utf-8")


def main() -> None:
    """``profiled.py sample|calls OUTPUT ARGUMENTS-OF-SIDECAR...``."""
    how, output, *arguments = sys.argv[1:]
    sys.argv = ["sidecar", *arguments]
    from sidecar.cli import main as command  # noqa: PLC0415 - its import is not what is profiled

    {"sample": sampled, "calls": counted}[how](command, Path(output))


if __name__ == "__main__":
    main()
