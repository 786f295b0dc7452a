"""A Prometheus that somebody has: where it finds the sidecars, and what it makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlencode

import msgspec

from demo_services.shop.story.asking import ask_url

#: The file of targets, and the lines for its own configuration.
TARGETS: Final = "sidecars.json"
CONFIGURATION: Final = "prometheus.yml"
_ROUTES: Final = "place-order|my-orders|product-page"
_STATUS: Final = "http_response_status_code"
_LINES: Final = """\
# Take this into the configuration of your Prometheus, or start one with it.
scrape_configs:
  - job_name: shop
    scrape_interval: 1s
    file_sd_configs:
      - {{files: ["{file}"], refresh_interval: 5s}}
"""


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    data: _Data


class Targets:
    """The file that names this run's sidecars to Prometheus, for as long as they run."""

    def __init__(self, folder: Path, addresses: Sequence[str]) -> None:
        self.file = folder.resolve() / TARGETS
        self.configuration = folder.resolve() / CONFIGURATION
        self._addresses = addresses

    def __enter__(self) -> Self:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.configuration.write_text(_LINES.format(file=self.file), encoding="utf-8")
        self._write([{"targets": list(self._addresses)}])
        return self

    def __exit__(self, *_: object) -> None:
        self._write([])

    def _write(self, groups: list[dict[str, list[str]]]) -> None:
        # Prometheus may read it at any moment, and must never read half of it.
        unfinished = self.file.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.json.encode(groups))
        unfinished.replace(self.file)


class Scraper:
    """Asks a Prometheus. Everything raises OSError when it does not answer."""

    def __init__(self, url: str) -> None:
        self._url = url

    def scraped(self) -> set[str]:
        """The instances that it scrapes with success."""
        return {series.metric.get("instance", "") for series in self._query("up == 1")}

    def statuses(self, instance: str) -> dict[int, int]:
        """How many requests that sidecar has answered to customers, by status."""
        chosen = f'instance="{instance}",listener="inbound",http_route=~"{_ROUTES}"'
        name = "http_server_request_duration_seconds_count"
        found = self._query(f"sum by ({_STATUS}) ({name}{{{chosen}}})")
        return {
            int(series.metric.get(_STATUS) or 0): count
            for series in found
            if (count := int(float(series.value[1])))
        }

    def _query(self, expression: str) -> list[_Series]:
        reply = ask_url(self._url, f"/api/v1/query?{urlencode({'query': expression})}")
        try:
            return msgspec.json.decode(reply.body, type=_Answer).data.result
        except msgspec.MsgspecError as error:
            raise ConnectionError(f"Prometheus: status {reply.status}, {error}") from error
