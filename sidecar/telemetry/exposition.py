"""Answers a scrape: text or OpenMetrics, written by prometheus-client a little at a time.

Writing thousands of series takes a tenth of a second; requests must not wait for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sidecar.telemetry.families import families, family_parts
from sidecar.telemetry.host import host_series
from sidecar.telemetry.metrics import Meters

#: About a millisecond of writing.
SAMPLES_PER_SLICE: Final = 48
_END: Final = b"# EOF\n"

Encoder = Callable[[Collector], bytes]


class MetersCollector(Collector):
    """Everything that was counted, and the host, for any registry of prometheus-client."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def collect(self) -> Iterator[Family]:
        """Every family, each whole."""
        yield from self.host()
        whole: Family | None = None
        for part in self.parts():
            if whole is not None and whole.name == part.name:
                whole.samples.extend(part.samples)
                continue
            if whole is not None:
                yield whole
            whole = part
        if whole is not None:
            yield whole

    def parts(self) -> Iterator[Family]:
        """The families that are counted in line, in parts (``families.family_parts``)."""
        return family_parts(self._meters, SAMPLES_PER_SLICE)

    def host(self) -> list[Family]:
        """The process and its container; reads files of the kernel, so call it off the loop."""
        return list(families(self._meters.service, host_series()))


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a scrape."""

    body: bytes
    content_type: str


async def expose(collector: MetersCollector, accept: str) -> Page:
    """The page in the format that ``accept`` asks for, the loop free between slices."""
    encode, content_type = choose_encoder(accept)
    body = [piece async for piece in _pieces(collector, encode)]
    if content_type.startswith("application/openmetrics-text"):
        body.append(_END)
    return Page(b"".join(body), content_type)


async def _pieces(collector: MetersCollector, encode: Encoder) -> AsyncIterator[bytes]:
    yield _encode(encode, await asyncio.to_thread(collector.host))
    name = ""
    for part in collector.parts():
        written = _encode(encode, [part])
        yield written if part.name != name else _without_head(written)
        name = part.name
        await asyncio.sleep(0)


def _encode(encode: Encoder, families: Iterable[Family]) -> bytes:
    return encode(_Given(families)).removesuffix(_END)


def _without_head(written: bytes) -> bytes:
    """The samples alone: help, type and unit stand once, above a family's first part."""
    while written.startswith(b"# "):
        written = written[written.index(b"\n") + 1 :]
    return written


class _Given(Collector):
    """Families that were collected already."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families
