"""A real Prometheus that scrapes what a test points it at, and promtool's judgement."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.ports import Address, wait_until
from tests.servers.processes import Process, start_on_free_port
from tests.servers.programs import need

_QUERY_SECONDS = 10.0
_PROMTOOL_SECONDS = 30.0

#: One sample of an instant query: its labels and its value.
Sample = tuple[dict[str, str], float]
#: One series of a range: its labels, and its values with their times in seconds since 1970.
Series = tuple[dict[str, str], list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A measurement that a series holds as an example: its own labels, and those of the series."""

    labels: dict[str, str]
    value: float
    at: float
    series: dict[str, str]


class Prometheus:
    """A running Prometheus; unless told otherwise it scrapes its targets four times a second."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port
        self.address = f"127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_ready(self) -> bool:
        """Whether it answers queries; it listens before that."""
        return self._ask("/-/ready")[0] == http.HTTPStatus.OK

    def query(self, expression: str) -> list[Sample]:
        """The result of an instant query, now.

        Raises ``ValueError`` for one that Prometheus cannot read, or that is no vector.
        """
        data = self._get("/api/v1/query", {"query": expression})
        if data["resultType"] != "vector":
            msg = f"{expression} is a {data['resultType']}, not a vector"
            raise ValueError(msg)
        return [(sample["metric"], float(sample["value"][1])) for sample in data["result"]]

    def query_range(
        self, expression: str, seconds: float = 60.0, step_seconds: float = 1.0
    ) -> list[Series]:
        """What the expression was over the last seconds, step by step."""
        asked = {"query": expression, "step": str(step_seconds), **_until_now(seconds)}
        found = self._get("/api/v1/query_range", asked)["result"]
        return [
            (series["metric"], [(at, float(value)) for at, value in series["values"]])
            for series in found
        ]

    def query_exemplars(self, expression: str, seconds: float = 60.0) -> list[Exemplar]:
        """The exemplars of the last seconds of every series that the expression names."""
        asked = {"query": expression, **_until_now(seconds)}
        return [
            Exemplar(
                exemplar["labels"],
                float(exemplar["value"]),
                exemplar["timestamp"],
                series["seriesLabels"],
            )
            for series in self._get("/api/v1/query_exemplars", asked)
            for exemplar in series["exemplars"]
        ]

    def targets(self) -> list[dict[str, Any]]:
        """The scraped targets with ``health``, ``lastError`` and ``scrapeUrl``."""
        active: list[dict[str, Any]] = self._get("/api/v1/targets", {})["activeTargets"]
        return active

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """The alerts, ``pending`` and ``firing`` by their ``state``, with these labels."""
        active: list[dict[str, Any]] = self._get("/api/v1/alerts", {})["alerts"]
        return [alert for alert in active if labels.items() <= alert["labels"].items()]

    def rule_groups(self) -> list[dict[str, Any]]:
        """Groups of rules; each of ``rules`` has its ``health`` and ``lastError``."""
        groups: list[dict[str, Any]] = self._get("/api/v1/rules", {})["groups"]
        return groups

    def reload(self) -> None:
        """Have it read its files of rules anew; return when it has, with some."""
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: bool(self.rule_groups()), "rules are read")

    def knows_alertmanagers(self, count: int) -> bool:
        """Whether it sends its alerts to that many: what it told before is told to nobody."""
        return len(self._get("/api/v1/alertmanagers", {})["activeAlertmanagers"]) == count

    def wait_until_scraped(self, timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Return once every target was scraped without an error; raise ``TimeoutError``."""
        wait_until(self._all_up, "every target scraped", timeout_seconds)

    def _all_up(self) -> bool:
        targets = self.targets()
        return bool(targets) and all(target["health"] == "up" for target in targets)

    def _get(self, path: str, parameters: dict[str, str]) -> Any:
        status, body = self._ask(f"{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(body)
        if status != http.HTTPStatus.OK:
            raise ValueError(answer["error"])
        return answer["data"]

    def _ask(self, target: str) -> tuple[int, bytes]:
        with contextlib.closing(
            http.client.HTTPConnection(self.address, timeout=_QUERY_SECONDS)
        ) as connection:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, answer.read()


def _until_now(seconds: float) -> dict[str, str]:
    now = time.time()
    return {"start": str(now - seconds), "end": str(now)}


@contextlib.contextmanager
def run_prometheus(
    folder: Path,
    targets: Sequence[Address],
    *,
    rule_files: Sequence[Path] = (),
    target_files: Sequence[Path] = (),
    job: str = "sidecar",
    scrape_configs: Sequence[Mapping[str, Any]] = (),
    alertmanagers: Sequence[Address] = (),
    scrape_seconds: float = 0.25,
    evaluation_seconds: float = 0.25,
) -> Iterator[Prometheus]:
    """Start Prometheus with its data in ``folder``, scraping ``/metrics`` of each target.

    ``target_files`` name more targets, and may change or be missing. ``scrape_configs`` are more
    jobs, in Prometheus' own words. It is ready when it knows the ``alertmanagers``.
    """
    files = {"files": [str(path) for path in target_files], "refresh_interval": "500ms"}
    own_job = {
        "job_name": job,
        "static_configs": [{"targets": list(targets)}],
        **({"file_sd_configs": [files]} if target_files else {}),
    }
    written = {
        "global": {
            "scrape_interval": _duration(scrape_seconds),
            "scrape_timeout": _duration(scrape_seconds),
            "evaluation_interval": _duration(evaluation_seconds),
        },
        "rule_files": [str(path) for path in rule_files],
        "scrape_configs": [own_job, *scrape_configs],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]},
    }
    with _started(folder, written) as prometheus:
        prometheus.process.wait_until_ready(
            lambda: prometheus.is_ready() and prometheus.knows_alertmanagers(len(alertmanagers)),
            "ready",
        )
        yield prometheus


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


@contextlib.contextmanager
def _started(folder: Path, written: dict[str, Any]) -> Iterator[Prometheus]:
    program = need("prometheus")
    configuration = folder / "prometheus.yml"
    # JSON is YAML.
    configuration.write_text(json.dumps(written))

    def command_for(port: int) -> list[str | Path]:
        return [
            program,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
            # Told again within seconds to an Alertmanager that was away.
            "--rules.alert.resend-delay=5s",
            "--log.level=warn",
        ]

    process, port = start_on_free_port("prometheus", folder, command_for)
    with process:
        yield Prometheus(process, port)


def promtool(*arguments: str | Path, given: bytes = b"") -> str:
    """Run promtool and return what it said; fail the test when it finds fault."""
    command = [str(need("promtool")), *map(str, arguments)]
    done = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PROMTOOL_SECONDS,
        check=False,
    )
    said = done.stdout.decode()
    assert done.returncode == 0, f"promtool {' '.join(map(str, arguments))}:\n{said}"
    return said


def check_metrics(exposition: bytes) -> None:
    """Fail the test when a ``/metrics`` body in text format breaks a rule that promtool knows."""
    promtool("check", "metrics", given=exposition)
