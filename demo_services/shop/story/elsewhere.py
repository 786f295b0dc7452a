"""Backends that somebody has already: told by their addresses, and looked for before all else."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from demo_services.shop.story.asking import ask_url

#: Where the sidecars' own commands look for credentials.
API_KEY: Final = "SIDECAR_ELASTICSEARCH_API_KEY"
USER: Final = "SIDECAR_ELASTICSEARCH_USER"
PASSWORD: Final = "SIDECAR_ELASTICSEARCH_PASSWORD"  # noqa: S105 - the name of a variable

#: The data streams of every run end so.
NAMESPACE: Final = "shop"

_GRPC_PORT: Final = 4317
_PORTS: Final = {"http": 80, "https": 443}
_CONNECT_SECONDS: Final = 3.0
#: Faster than usual: the story lasts a minute.
METRICS_EVERY: Final = "5s"


class Unusable(Exception):  # noqa: N818 - named after what is wrong
    """A backend that was asked for cannot be reached, or lets nobody in."""


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Where telemetry goes besides the files of the run; empty for nowhere."""

    elasticsearch: str = ""
    #: The authorities that are believed where Elasticsearch speaks TLS; the system's when empty.
    ca: str = ""
    #: Scrapes by itself; it is told where, and asked at the end.
    prometheus: str = ""
    otlp: str = ""
    #: Gets the dashboards.
    grafana: str = ""

    @property
    def named(self) -> dict[str, str]:
        """Those that there are, with their addresses."""
        every = {
            "elasticsearch": self.elasticsearch,
            "prometheus": self.prometheus,
            "otlp": self.otlp,
            "grafana": self.grafana,
        }
        return {name: url for name, url in every.items() if url}

    def sections(self, variables: Mapping[str, str]) -> dict[str, Any]:
        """What stands under ``telemetry`` in every rule file; secrets by their variables."""
        found: dict[str, Any] = {}
        if self.elasticsearch:
            found["elasticsearch"] = {
                "url": self.elasticsearch,
                "namespace": NAMESPACE,
                "metrics_every": METRICS_EVERY,
                **({"ca": self.ca} if self.ca else {}),
                **_credentials(variables),
            }
        if self.otlp:
            protocol = "grpc" if urlsplit(self.otlp).port == _GRPC_PORT else "http/protobuf"
            found["otlp"] = {
                "endpoint": self.otlp,
                "protocol": variables.get("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                "metrics_every": METRICS_EVERY,
            }
        return found

    def look_for(self, variables: Mapping[str, str]) -> None:
        """Whether all of them are there. Raises Unusable, which says what is not."""
        for name, url in self.named.items():
            if urlsplit(url).scheme not in _PORTS or not urlsplit(url).hostname:
                raise Unusable(f"--{name} {url}: write http://HOST:PORT")
        if self.elasticsearch:
            self._look_for_elasticsearch(variables)
        if self.prometheus:
            _look_for(self.prometheus, "prometheus", "/-/ready")
        if self.grafana:
            _look_for(self.grafana, "grafana", "/api/health")
        if self.otlp:
            _look_for_listener("otlp", self.otlp)

    def _look_for_elasticsearch(self, variables: Mapping[str, str]) -> None:
        # A third of a second goes into importing the client: only who needs it waits.
        from demo_services.shop.story.cluster import Cluster  # noqa: PLC0415

        _look_for_listener("elasticsearch", self.elasticsearch)
        with Cluster(self.elasticsearch, self.ca, variables) as cluster:
            if problem := cluster.problem():
                raise Unusable(f"--elasticsearch {self.elasticsearch}: {problem}")


def _credentials(variables: Mapping[str, str]) -> dict[str, Any]:
    if variables.get(API_KEY):
        return {"api_key": {"env": API_KEY}}
    if user := variables.get(USER):
        return {"username": user, "password": {"env": PASSWORD}}
    return {}


def _look_for_listener(name: str, url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or (9200 if name == "elasticsearch" else _PORTS[parts.scheme])
    try:
        socket.create_connection((parts.hostname or "", port), _CONNECT_SECONDS).close()
    except OSError as error:
        raise Unusable(f"--{name} {url}: {error.strerror or error}") from error


def _look_for(url: str, name: str, path: str) -> None:
    try:
        reply = ask_url(url, path)
    except OSError as error:
        raise Unusable(f"--{name} {url}: {error.strerror or error}") from error
    if reply.status != 200:
        title = name.capitalize()
        raise Unusable(f"--{name} {url}: it is not ready, or no {title}: {reply.status}")
