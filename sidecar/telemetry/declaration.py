"""How a metric, an attribute, an event and a reason are declared: once, with a sentence of help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal


class Kind(Enum):
    """What Prometheus takes a metric for."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Use(Enum):
    """Where a reason is counted; each use is a closed set."""

    #: A request turned away before any rule was asked.
    REJECTION = "rejection"
    #: A connection closed before its first request.
    CONNECTION = "connection"
    #: A request refused by a rule.
    REFUSAL = "refusal"
    #: An attempt or an exchange that failed.
    FAILURE = "failure"
    #: A connection to an endpoint that did not come about.
    CONNECT = "connect"
    #: An attempt that was repeated.
    RETRY = "retry"
    #: An attempt that was to be repeated, and was not.
    NO_RETRY = "no retry"
    #: A request that a fallback answered though nothing had failed.
    FALLBACK = "fallback"
    #: A record that never reached the pipeline.
    RECORD_DROP = "record drop"
    #: A log line that was not written.
    LOG_DROP = "log drop"
    #: Metrics that never reached the pipeline.
    METRIC_DROP = "metric drop"
    #: Something that a backend did not get.
    EXPORT_DROP = "export drop"


class Severity(StrEnum):
    """How much a log line matters; the words of OpenTelemetry's log data model."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact with a name, in log lines and, from a closed set, as a label of metrics."""

    #: OpenTelemetry's name where it has one, else ``sidecar.*``.
    name: str
    type: Literal["string", "int", "double", "string[]"]
    help: str
    #: Its name as a label; empty when it must never be one.
    label: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family as Prometheus shows it."""

    name: str
    kind: Kind
    help: str
    labels: tuple[Attribute, ...] = ()
    #: The base unit, which ends the name (before ``_total``); empty when it only counts.
    unit: str = ""
    #: What it counts, in the singular, where there is no unit.
    counted: str = ""
    #: Its name in OpenTelemetry where that does not follow from the one here.
    dotted: str = ""
    #: Upper bounds of a histogram's buckets in its unit, ``+Inf`` left out.
    buckets: tuple[float, ...] = ()
    #: Which closed sets its ``reason`` label is from.
    reasons: tuple[Use, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels in the order in which their values are given."""
        return tuple(label.label for label in self.labels)

    @property
    def family(self) -> str:
        """The name without the suffix that its kind implies, as OpenMetrics has it."""
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        return self.name.removesuffix(suffix)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, failed or was dropped."""

    name: str
    help: str
    uses: frozenset[Use]


@dataclass(frozen=True, slots=True)
class Event:
    """What a line of the log may be about."""

    name: str
    help: str
