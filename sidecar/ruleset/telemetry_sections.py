"""The `telemetry` section of a rule file: what is told, how much of it, and to whom."""

from __future__ import annotations

from enum import Enum
from typing import Final, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from sidecar.model.namespace import Namespace
from sidecar.model.reading import unreadable
from sidecar.model.secret import Secret
from sidecar.model.server_url import ServerUrl
from sidecar.model.spec import Spec
from sidecar.model.values import (
    Bind,
    Duration,
    FilePath,
    Flag,
    HeaderName,
    OneOrMany,
    Percent,
    Size,
    Text,
    written,
)

_LEAST_SPOOLED: Final = 1024 * 1024
_Word = TypeVar("_Word", bound=Enum)
_FIELDS_OF_OTLP: Final = frozenset({
    "connection", "content-encoding", "content-length", "content-type", "host", "te",
    "transfer-encoding",
})  # fmt: skip


class Kept(Enum):
    """Requests whose trace is kept whatever the sampling says."""

    ERROR = "error"
    REFUSED = "refused"
    DEGRADED = "degraded"
    SLOW = "slow"


class Propagation(Enum):
    """How services tell each other which trace a request belongs to."""

    TRACECONTEXT = "tracecontext"
    BAGGAGE = "baggage"
    B3 = "b3"
    B3_MULTI = "b3multi"


class DecisionLog(Enum):
    """Which decisions are told one by one."""

    ALL = "all"
    NONE = "none"


class Criticality(Enum):
    """How much others depend on a service; the words of OpenTelemetry's ``service.criticality``."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class TracesSpec(Spec):
    """Which traces are kept, and how they go on."""

    sample: Percent = written("1%")
    """The share of the traces that begin here to keep; those that come with a caller are kept
    when the caller says so."""
    always: tuple[Kept, ...] = (Kept.ERROR, Kept.REFUSED, Kept.DEGRADED, Kept.SLOW)
    """What is kept in any case, with everything above it: `error`, `refused`, `degraded` and
    `slow`."""
    slow: Duration = written("1s")
    """How long a request takes that is kept as slow."""
    propagate: tuple[Propagation, ...] = (Propagation.TRACECONTEXT, Propagation.BAGGAGE)
    """What is read and passed on: `tracecontext` and `baggage` of the W3C, `b3` in one field,
    `b3multi` in several. What can be read first counts; all are written."""

    @field_validator("always", "propagate")
    @classmethod
    def _each_once(cls, words: tuple[_Word, ...]) -> tuple[_Word, ...]:
        twice = [one.value for number, one in enumerate(words) if one in words[:number]]
        if twice:
            raise unreadable("conflict", f"{twice[0]!r} stands twice", "keep one of them")
        return words

    @field_validator("propagate")
    @classmethod
    def _passes_traces_on(cls, words: tuple[Propagation, ...]) -> tuple[Propagation, ...]:
        if set(words) <= {Propagation.BAGGAGE}:
            problem = "propagate names no format of traces: each service would begin its own"
            raise unreadable("conflict", problem, "add tracecontext, b3 or b3multi")
        return words


class LogsSpec(Spec):
    """The access log, and what is told besides."""

    file: FilePath = "stdout"
    """The file that lines are appended to; `stdout`, `stderr`, or `none` for no log. Around a
    service (`sidecar run FILE -- COMMAND`) it is `stderr` when left out."""
    access: Percent = written("100%")
    """The share of requests that have a line; those that failed, were refused or degraded have
    one in any case."""
    shipped: Percent | None = None
    """The share of requests whose line goes to `elasticsearch`, `otlp` and `files` as well, with
    the same exceptions; as many as have a line when left out."""
    decisions: DecisionLog = DecisionLog.ALL
    """Whether each refusal, fallback and hit of a shadow rule is told with its numbers."""
    application: Flag = False
    """Whether the lines that the service itself prints are shipped too, when the sidecar has
    started it."""


class SpoolSpec(Spec):
    """Where documents wait while a backend cannot take them."""

    folder: FilePath = ""
    """The folder that they are written to; below the state directory when left out."""
    memory: Size = written("16MiB")
    """The most that waits in memory."""
    disk: Size = written("256MiB")
    """The most that waits on disk; then the oldest are dropped, and counted."""

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        for name, size in (("memory", self.memory), ("disk", self.disk)):
            if size < _LEAST_SPOOLED:
                problem = f"{name} is too little for what is sent at a time"
                raise unreadable("bad-value", problem, "write at least 1MiB")
        if self.disk < self.memory:
            raise unreadable(
                "bad-value", "disk holds less than memory does", "let disk be the larger one"
            )
        return self


class ElasticsearchSpec(Spec):
    """Traces, logs and metrics go to Elasticsearch."""

    url: OneOrMany[ServerUrl]
    """Its address, or several of one cluster; the port is 9200, or 443 with https, if left out."""
    api_key: Secret | None = None
    """The API key to show, in its encoded form."""
    username: Text = ""
    """The user, where there is no API key."""
    password: Secret | None = None
    """The password of that user."""
    ca: FilePath = ""
    """The authorities that are believed, PEM; the system's when left out."""
    verify: Flag = True
    """Whether its certificate is checked."""
    namespace: Namespace = "default"
    """The last part of the names of its data streams."""
    metrics_every: Duration = written("10s")
    """How often metrics are sent."""
    spool: SpoolSpec = SpoolSpec()
    """Where documents wait."""

    @model_validator(mode="after")
    def _is_one_who_can_be_known(self) -> Self:
        if self.api_key is not None and self.username:
            raise unreadable("conflict", "both an API key and a user", "name one of them")
        if bool(self.username) != (self.password is not None):
            there, lacking = ("user", "password") if self.username else ("password", "user")
            problem = f"a {there} without a {lacking}"
            raise unreadable("incomplete", problem, "write username and password, or api_key")
        return self

    @model_validator(mode="after")
    def _is_as_safe_as_it_says(self) -> Self:
        is_secure = any(url.startswith("https:") for url in self.url)
        if not self.verify and self.ca:
            problem = "ca names authorities to check against, and verify: false checks nothing"
            raise unreadable("conflict", problem, "leave out one of them")
        if not is_secure and (self.ca or not self.verify):
            problem = f"{'ca' if self.ca else 'verify'} is of no use without https"
            raise unreadable("conflict", problem, "write https://, or leave it out")
        return self


class OtlpProtocol(Enum):
    """How OTLP is spoken."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


class OtlpSpec(Spec):
    """Traces, logs and metrics go to an OpenTelemetry collector."""

    endpoint: ServerUrl | None = None
    """Its address; the port is 4318, over gRPC 4317, or 443 with https, if left out. Without one,
    the standard variables say where it is, else it is on this host."""
    protocol: OtlpProtocol | None = None
    """`http/protobuf` or `grpc`; what the standard variables say, else the former."""
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)
    """Fields to send along, such as one that holds a token."""
    ca: FilePath = ""
    """The authorities that are believed, PEM; the system's when left out."""
    metrics_every: Duration = written("10s")
    """How often metrics are sent."""

    @model_validator(mode="after")
    def _leads_to_a_collector(self) -> Self:
        scheme, _, rest = (self.endpoint or "").partition("://")
        if self.protocol is OtlpProtocol.GRPC and "/" in rest:
            problem = "over gRPC an endpoint has no path"
            raise unreadable("conflict", problem, "leave out the path, or the protocol")
        if self.ca and scheme == "http":
            problem = "ca is of no use without https"
            raise unreadable("conflict", problem, "write https://, or leave it out")
        return self

    @model_validator(mode="after")
    def _sends_fields_of_its_own(self) -> Self:
        for name in self.headers:
            if name in _FIELDS_OF_OTLP or name.startswith("grpc-") or name.endswith("-bin"):
                problem = f"{name} is a field of the protocol's"
                raise unreadable("bad-header-name", problem, "leave it out")
        return self


class FilesSpec(Spec):
    """Traces, logs and metrics go to files, as the documents that Elasticsearch would get."""

    folder: FilePath
    """The folder that they are written to."""
    at_most: Size = written("256MiB")
    """The most that is kept of them; the oldest go first."""
    metrics_every: Duration = written("10s")
    """How often metrics are written."""


class PrometheusSpec(Spec):
    """Metrics for Prometheus."""

    bind: Bind
    """The address where /metrics is served."""
    exemplars: Flag = True
    """Whether durations name a trace that shows them."""


class TelemetrySpec(Spec):
    """What the sidecar tells about itself."""

    traces: TracesSpec = TracesSpec()
    """Which traces are kept, and how they go on."""
    logs: LogsSpec = LogsSpec()
    """The access log, and what is told besides."""
    prometheus: PrometheusSpec | None = None
    """Metrics for Prometheus; not served when left out."""
    elasticsearch: ElasticsearchSpec | None = None
    """Everything goes to Elasticsearch, too."""
    otlp: OtlpSpec | None = None
    """Everything goes to a collector, too."""
    files: FilesSpec | None = None
    """Everything goes to files, too."""

    @property
    def names_traces(self) -> bool:
        """Whether durations name traces that show them."""
        return self.prometheus is None or self.prometheus.exemplars
