"""A host made of files, as the kernel shows itself."""

from __future__ import annotations

from pathlib import Path

STAT = (
    "7 (a (sly) name) S 1 7 7 0 -1 4194304 98 0 0 0 250 50 0 0 20 0 4 0 6000 3133440 359 "
    "18446744073709551615 0 0 0\n"
)
PRESSURE = (
    "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=250000\n"
)


class Kernel:
    """Below ``proc`` and ``groups`` is what a test puts there."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.groups = root / "groups"

    def put(self, name: str, text: str) -> None:
        """Write a file below the one or the other."""
        path = self.proc.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def process(self) -> None:
        """A process, and when the host has booted."""
        self.put("proc/self/stat", STAT)
        self.put("proc/stat", "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n")
        for number in range(3):
            self.put(f"proc/self/fd/{number}", "")

    def version_2(self, group: str = "") -> None:
        """All that version 2 tells of a group with a quota and a limit."""
        self.put("proc/self/cgroup", f"0::/{group}\n")
        at = f"groups/{group}".rstrip("/")
        self.put(f"{at}/cpu.max", "150000 100000\n")
        self.put(f"{at}/cpu.stat", "usage_usec 2500000\nnr_periods 10\nnr_throttled 4\n"
                                   "throttled_usec 300000\n")  # fmt: skip
        self.put(f"{at}/memory.current", "1000\n")
        self.put(f"{at}/memory.max", "4000\n")
        self.put(f"{at}/memory.stat", "anon 1\ninactive_file 300\n")
        self.put(f"{at}/memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n")
        for resource in ("cpu", "memory", "io"):
            self.put(f"{at}/{resource}.pressure", PRESSURE.format(1_500_000))
