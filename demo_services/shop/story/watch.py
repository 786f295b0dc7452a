"""A Prometheus and an Alertmanager of the demo's own, which watch the shop while it runs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

from demo_services.processes import NotReady, Process, Processes
from demo_services.shop.story.asking import ask
from demo_services.shop.story.elsewhere import Unusable
from demo_services.shop.story.notices import Notices
from demo_services.shop.story.operating import sidecar
from demo_services.shop.story.scraping import Scraper

#: Names of the programs; Debian has its own for the second one.
_PROGRAMS: Final = {
    "Prometheus": ("prometheus",),
    "Alertmanager": ("alertmanager", "prometheus-alertmanager"),
}
_READY_WITHIN_SECONDS: Final = 30.0
#: Alerts of the profile `demo` look at windows of seconds.
_EVERY: Final = "1s"


class Programs(NamedTuple):
    """Where they are."""

    prometheus: str
    alertmanager: str


def programs(variables: Mapping[str, str]) -> Programs:
    """Both, wherever this machine has them. Raises Unusable, which says how to get them."""
    # Debian keeps servers where only root has them on PATH.
    path = os.pathsep.join([variables.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = {
        title: next(filter(None, (shutil.which(name, path=path) for name in names)), "")
        for title, names in _PROGRAMS.items()
    }
    if missing := [title for title, where in found.items() if not where]:
        raise Unusable(
            f"--watch needs {' and '.join(missing)} on this machine; on Debian:"
            " apt install prometheus prometheus-alertmanager"
        )
    return Programs(*found.values())


class Watch:
    """Both of them; they end with ``processes``, and their data with ``directory``."""

    def __init__(
        self, found: Programs, processes: Processes, directory: Path, ports: Iterator[int]
    ) -> None:
        self._found = found
        self._processes = processes
        self._directory = directory / "watch"
        self._prometheus = f"127.0.0.1:{next(ports)}"
        self._alertmanager = f"127.0.0.1:{next(ports)}"
        self.notices = Notices()

    @property
    def prometheus(self) -> str:
        """Where people and programs ask it."""
        return f"http://{self._prometheus}"

    @property
    def alertmanager(self) -> str:
        """Where people and programs ask it."""
        return f"http://{self._alertmanager}"

    def addresses(self) -> dict[str, str]:
        """What a person may want to open, by name."""
        return {"prometheus": self.prometheus, "alertmanager": self.alertmanager}

    @contextlib.contextmanager
    def watching(self, rules: Sequence[Path], sidecars: Sequence[str]) -> Iterator[None]:
        """Watch these sidecars as their rule files want it; begins once all are scraped.

        ``notices`` has what is told meanwhile. Raises NotReady.
        """
        with self.notices.listening() as told:
            self._start(rules, sidecars, told)
            yield

    def _start(self, rules: Sequence[Path], sidecars: Sequence[str], told: str) -> None:
        self._directory.mkdir()
        alerts, whom = self._directory / "alerts.rules.yml", self._directory / "alertmanager.yml"
        to = ["--page-to", f"{told}/page", "--ticket-to", f"{told}/ticket"]
        self._alerts(rules, "--form", "alertmanager", *to, "--out", str(whom))
        later = self._directory / "alerts.later.yml"
        self._alerts(rules, "--form", "prometheus", "--out", str(later))
        configuration = self._directory / "prometheus.yml"
        # JSON is YAML.
        configuration.write_text(json.dumps(self._scraping(alerts, sidecars)), encoding="utf-8")
        alertmanager = self._processes.run("alertmanager", [
            self._found.alertmanager, f"--config.file={whom}",
            f"--storage.path={self._directory / 'alertmanager'}",
            f"--web.listen-address={self._alertmanager}", "--cluster.listen-address=",
            "--log.level=warn",
        ])  # fmt: skip
        prometheus = self._processes.run("prometheus", [
            self._found.prometheus, f"--config.file={configuration}",
            f"--storage.tsdb.path={self._directory / 'prometheus'}",
            f"--web.listen-address={self._prometheus}", "--enable-feature=exemplar-storage",
            "--web.enable-lifecycle", "--log.level=warn",
        ])  # fmt: skip
        _wait(alertmanager, self._alertmanager)
        _wait(prometheus, self._prometheus)
        prometheus.wait_until(lambda: self._scrapes(sidecars), _READY_WITHIN_SECONDS)
        # Before they were seen nobody can tell them from sidecars that have gone.
        later.replace(alerts)
        if ask(self._prometheus, "/-/reload", method="POST").status != HTTPStatus.OK:
            raise NotReady(prometheus.log_tail())

    def _alerts(self, rules: Sequence[Path], *options: str) -> None:
        said = sidecar(self._directory, "alerts", *map(str, rules), "--profile", "demo", *options)
        if said.status:
            raise NotReady(said.text)

    def _scraping(self, alerts: Path, sidecars: Sequence[str]) -> dict[str, Any]:
        return {
            "global": {"scrape_interval": _EVERY, "evaluation_interval": _EVERY},
            "rule_files": [str(alerts)],
            "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [*sidecars]}]}],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [self._alertmanager]}]}]
            },
        }

    def _scrapes(self, sidecars: Sequence[str]) -> bool | None:
        return set(sidecars) <= Scraper(self.prometheus).scraped() or None


def _wait(process: Process, address: str) -> None:
    def is_ready() -> bool | None:
        try:
            return ask(address, "/-/ready").status == 200 or None
        except OSError:
            return None

    process.wait_until(is_ready, _READY_WITHIN_SECONDS)
