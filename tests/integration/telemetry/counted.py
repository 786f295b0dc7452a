"""Pages of metrics as somebody reads them who counts for himself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.integration.clients.asking import ask_admin
from tests.servers.sidecar import SidecarProcess


def page_of(sidecar: SidecarProcess) -> bytes:
    """``/metrics`` on the admin socket."""
    return ask_admin(sidecar, "/metrics")[1]


class Counted:
    """The samples of one page, or of several processes together."""

    def __init__(self, *pages: bytes) -> None:
        self.samples: list[Sample] = [
            sample
            for page in pages
            for family in text_string_to_metric_families(page.decode())
            for sample in family.samples
        ]

    def by(self, name: str, *labels: str, **wanted: str) -> Counter[tuple[str, ...]]:
        """The sum of the samples of this name, for each combination of these labels; no zeros."""
        sums: Counter[tuple[str, ...]] = Counter()
        for sample in self.samples:
            if sample.name == name and wanted.items() <= sample.labels.items():
                sums[tuple(sample.labels[label] for label in labels)] += int(sample.value)
        return +sums

    def total(self, name: str, **wanted: str) -> int:
        """The sum of the samples of this name that have these labels."""
        return self.by(name, **wanted)[()]

    @property
    def answers(self) -> Counter[int]:
        """Requests that came in, by the status that they were answered with."""
        name = "http_server_request_duration_seconds_count"
        found = self.by(name, "http_response_status_code", listener="inbound")
        return Counter({int(status or 0): count for (status,), count in found.items()})

    @property
    def tries(self) -> int:
        """How often an endpoint was asked."""
        return self.total("http_client_request_duration_seconds_count")

    @property
    def judged(self) -> Counter[str]:
        """What the objectives say, together."""
        return Counter(
            {word: n for (word,), n in self.by("sidecar_slo_requests_total", "outcome").items()}
        )


def summed(counters: Iterable[Counter[int]]) -> Counter[int]:
    """All of them together."""
    return sum(counters, Counter[int]())
