"""What Grafana's Jaeger data source takes for an answer: its types, and what its code relies on.

Written from ``types.ts``, ``responseTransform.ts`` and ``graphTransform.ts`` of its front end, and
from the structs of its server side, which decodes with fixed types.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec


class KeyValue(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    type: str
    value: str | bool | int | float

    def __post_init__(self) -> None:
        kinds: dict[str, type] = {"string": str, "bool": bool, "int64": int, "float64": float}
        assert type(self.value) is kinds[self.type], self


class Log(msgspec.Struct, forbid_unknown_fields=True):
    timestamp: int
    # The front end maps over it: it must be there.
    fields: list[KeyValue]


class Reference(msgspec.Struct, forbid_unknown_fields=True):
    refType: str  # noqa: N815 - the names of their JSON
    spanID: str  # noqa: N815
    traceID: str  # noqa: N815


class Span(msgspec.Struct, forbid_unknown_fields=True):
    traceID: str  # noqa: N815
    spanID: str  # noqa: N815
    processID: str  # noqa: N815
    operationName: str  # noqa: N815
    startTime: int  # noqa: N815
    duration: int
    logs: list[Log]
    references: list[Reference]
    tags: list[KeyValue]
    flags: int
    warnings: list[str] | None


class Process(msgspec.Struct, forbid_unknown_fields=True):
    serviceName: str  # noqa: N815
    tags: list[KeyValue]


class Trace(msgspec.Struct, forbid_unknown_fields=True):
    traceID: str  # noqa: N815
    processes: dict[str, Process]
    spans: list[Span]
    warnings: list[str] | None


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    code: int
    msg: str


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    data: Any
    total: int
    limit: int
    offset: int
    errors: list[Fault] | None


class Traces(Answer):
    data: list[Trace]


def traces(text: bytes | str) -> list[Trace]:
    """The traces of an answer, checked as Grafana would come to grief over them."""
    # Go and JavaScript know no NaN.
    json.loads(text, parse_constant=_never)
    answer = msgspec.json.decode(text, type=Traces)
    assert answer.errors is None
    assert answer.total == len(answer.data)
    for trace in answer.data:
        assert trace.spans, "its server side takes the first span without looking"
        for span in trace.spans:
            # Each row looks its process up without looking whether it is there.
            assert span.processID in trace.processes
            assert span.startTime >= 0
            assert span.duration >= 0
            assert span.traceID == trace.traceID
            assert len(span.traceID) == 32
            assert all(one.refType in {"CHILD_OF", "FOLLOWS_FROM"} for one in span.references)
    return answer.data


def _never(word: str) -> float:
    raise AssertionError(word)
