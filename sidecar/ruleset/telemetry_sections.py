"""The `telemetry` section of a rule file: what is told, how much of it, and to whom."""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from sidecar.model.secret import Secret
from sidecar.model.spec import Spec
from sidecar.model.values import (
    Bind,
    Duration,
    FilePath,
    Flag,
    OneOrMany,
    Percent,
    Size,
    Text,
    UpstreamUrl,
    written,
)


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
    `b3multi` in several."""


class LogsSpec(Spec):
    """The access log, and what is told besides."""

    file: FilePath = "stdout"
    """The file that lines are appended to; `stdout`, `stderr`, or `none` for no log. Around a
    service (`sidecar run FILE -- COMMAND`) it is `stderr` when left out."""
    access: Percent = written("100%")
    """The share of requests that have a line; those that failed, were refused or degraded have
    one in any case."""
    decisions: DecisionLog = DecisionLog.ALL
    """Whether each refusal, fallback and hit of a shadow rule is told with its numbers."""
    application: Flag = False
    """Whether the lines that the service itself prints are shipped too, when the sidecar has
    started it."""


class SpoolSpec(Spec):
    """Where documents wait while a backend cannot take them."""

    memory: Size = written("16MiB")
    """The most that waits in memory."""
    disk: Size = written("256MiB")
    """The most that waits on disk; then the oldest are dropped, and counted."""


class ElasticsearchSpec(Spec):
    """Traces, logs and metrics go to Elasticsearch."""

    url: OneOrMany[UpstreamUrl]
    """Its address, or several of one cluster."""
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
    namespace: Text = "default"
    """The last part of the names of its data streams."""
    metrics_every: Duration = written("10s")
    """How often metrics are sent."""
    spool: SpoolSpec = SpoolSpec()
    """Where documents wait."""


class OtlpProtocol(Enum):
    """How OTLP is spoken."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


class OtlpSpec(Spec):
    """Traces, logs and metrics go to an OpenTelemetry collector."""

    endpoint: UpstreamUrl
    """Its address; 4318 is the usual port over HTTP, 4317 over gRPC."""
    protocol: OtlpProtocol = OtlpProtocol.HTTP
    """`http/protobuf` or `grpc`."""
    headers: dict[str, Secret] = Field(default_factory=dict)
    """Fields to send along, such as one that holds a token."""
    ca: FilePath = ""
    """The authorities that are believed, PEM; the system's when left out."""
    metrics_every: Duration = written("10s")
    """How often metrics are sent."""


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
