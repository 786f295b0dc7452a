"""A real Alertmanager with the configuration that a test gives it, and amtool's judgement."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.servers.ports import wait_until
from tests.servers.processes import Process, start_on_free_port
from tests.servers.programs import need

_ASK_SECONDS = 10.0
_AMTOOL_SECONDS = 30.0


class Alertmanager:
    """A running Alertmanager, alone: it looks for no others."""

    def __init__(self, process: Process, port: int, configuration: Path) -> None:
        self.process = process
        self.port = port
        self.configuration = configuration
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"

    def is_ready(self) -> bool:
        """Whether it takes alerts; it listens before that."""
        return self._ask("GET", "/-/ready")[0] == http.HTTPStatus.OK

    def status(self) -> dict[str, Any]:
        """Version, uptime, and the configuration in force as ``config.original``."""
        found: dict[str, Any] = self.call("GET", "/api/v2/status")
        return found

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """The alerts with these labels, silenced and inhibited ones too.

        ``status`` says the ``state`` and what silences (``silencedBy``) or inhibits them
        (``inhibitedBy``).
        """
        found: list[dict[str, Any]] = self.call("GET", "/api/v2/alerts")
        return [alert for alert in found if labels.items() <= alert["labels"].items()]

    def send(self, *alerts: Mapping[str, str], resolved: bool = False) -> None:
        """Alerts of these labels, as a Prometheus would tell them; ``resolved`` ends them now."""
        now = _stamp()
        ends = {"endsAt": now} if resolved else {}
        self.call("POST", "/api/v2/alerts", [{"labels": dict(one), **ends} for one in alerts])

    def silences(self) -> list[dict[str, Any]]:
        """Every silence, those that have ended too."""
        found: list[dict[str, Any]] = self.call("GET", "/api/v2/silences")
        return found

    def silence(self, comment: str = "a test", seconds: float = 600.0, **labels: str) -> str:
        """Silence alerts with these labels from now on; return the silence's id."""
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in labels.items()
        ]
        asked = {
            "matchers": matchers,
            "startsAt": _stamp(),
            "endsAt": _stamp(seconds),
            "createdBy": "test",
            "comment": comment,
        }
        found: str = self.call("POST", "/api/v2/silences", asked)["silenceID"]
        return found

    def expire(self, silence: str) -> None:
        """End a silence now."""
        self.call("DELETE", f"/api/v2/silence/{silence}")

    def reload(self, configuration: str) -> None:
        """Use that configuration from now on; return once it is in force.

        Raises ``TimeoutError`` when it is refused; the log says why.
        """
        before = self._last_reload()
        self.configuration.write_text(configuration, encoding="utf-8")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._last_reload() > before, "the new configuration in force")

    def _last_reload(self) -> float:
        return self.metric("alertmanager_config_last_reload_success_timestamp_seconds")

    def metric(self, name: str) -> float:
        """One of its own metrics that has no labels."""
        lines = self._ask("GET", "/metrics")[1].decode().splitlines()
        [line] = [line for line in lines if line.startswith(f"{name} ")]
        return float(line.split()[1])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask its API; raises ``ValueError`` with what it says for everything but a success."""
        status, answer = self._ask(method, path, body)
        if status != http.HTTPStatus.OK:
            msg = f"{method} {path}: {status} {answer.decode()}"
            raise ValueError(msg)
        return json.loads(answer) if answer else None

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        sent = None if body is None else json.dumps(body)
        fields = {} if sent is None else {"content-type": "application/json"}
        with contextlib.closing(
            http.client.HTTPConnection(self.address, timeout=_ASK_SECONDS)
        ) as connection:
            connection.request(method, path, sent, fields)
            answer = connection.getresponse()
            return answer.status, answer.read()


def _stamp(seconds_from_now: float = 0.0) -> str:
    now = dt.datetime.now(dt.UTC)
    return (now + dt.timedelta(seconds=seconds_from_now)).isoformat()


@contextlib.contextmanager
def run_alertmanager(folder: Path, configuration: str) -> Iterator[Alertmanager]:
    """Start Alertmanager with its data in ``folder``; the configuration is YAML or JSON."""
    program = need("prometheus-alertmanager")
    path = folder / "alertmanager.yml"
    path.write_text(configuration, encoding="utf-8")

    def command_for(port: int) -> list[str | Path]:
        return [
            program,
            f"--config.file={path}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]

    process, port = start_on_free_port("alertmanager", folder, command_for)
    with process:
        alertmanager = Alertmanager(process, port, path)
        process.wait_until_ready(alertmanager.is_ready, "ready")
        yield alertmanager


def amtool(*arguments: str | Path) -> str:
    """Run amtool and return what it said; fail the test when it finds fault."""
    command = [str(need("amtool")), *map(str, arguments)]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_AMTOOL_SECONDS,
        check=False,
    )
    said = done.stdout.decode()
    assert done.returncode == 0, f"amtool {' '.join(map(str, arguments))}:\n{said}"
    return said


def receivers_of(configuration: Path, **labels: str) -> list[str]:
    """The receivers that an alert of these labels goes to under that configuration, by amtool."""
    pairs = [f"{name}={value}" for name, value in labels.items()]
    said = amtool("config", "routes", "test", f"--config.file={configuration}", *pairs)
    # It warns before of having been given a file.
    return said.splitlines()[-1].split(",")
