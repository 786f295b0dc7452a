"""Counts how long Python's garbage collector lets requests wait."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Self

from sidecar.telemetry.cells import HistogramCell


class GcPauses:
    """Told by the interpreter of each collection while its block runs; free in between."""

    def __init__(
        self,
        cells: Mapping[int, HistogramCell],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``cells`` by generation; those of another one are not counted."""
        self._cells = cells
        self._clock = clock
        self._began = 0.0

    def __enter__(self) -> Self:
        """Count from now on."""
        gc.callbacks.append(self.heard)
        return self

    def __exit__(self, *_: object) -> None:
        """Count no more."""
        gc.callbacks.remove(self.heard)

    def heard(self, phase: str, info: Mapping[str, int]) -> None:
        """A collection begins or ends (``gc.callbacks``)."""
        if phase == "start":
            self._began = self._clock()
            return
        cell = self._cells.get(info["generation"])
        if cell is not None and self._began:
            cell.observe(self._clock() - self._began)
