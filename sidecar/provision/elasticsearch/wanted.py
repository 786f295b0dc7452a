"""What a cluster should have for our documents: templates that make data streams and end them.

Only the data streams that the sidecar writes are meant. Where the cluster has templates for the
``otel`` layout, ours are made of the same parts, so that Kibana finds what it expects; elsewhere
they bring their own. Either way nobody else's documents are kept for another time than before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, Final

import msgspec

from sidecar.elastic.mappings import mappings, settings

#: The datasets of each signal, as the exporter names them.
DATASETS: Final[Mapping[str, tuple[str, ...]]] = {
    "traces": ("governance",),
    "logs": ("governance", "application"),
    "metrics": ("governance",),
}
SIGNALS: Final = tuple(DATASETS)

#: Above the templates that clusters come with (100 and 120). One for a namespace goes before.
_PRIORITY: Final = 200
_PRIORITY_OF_NAMESPACE: Final = 210

OWNER: Final = "sidecar"
_META: Final[Mapping[str, str]] = {
    "managed_by": OWNER,
    "description": "Installed by 'sidecar provision'.",
}

#: What the templates that clusters come with leave out, and our queries need.
_ADDED: Final[Mapping[str, Mapping[str, Any]]] = {
    "logs": {"properties": {"event_name": {"type": "keyword", "ignore_above": 1024}}},
}
#: Otherwise a policy that never deletes goes before the retention that was asked for.
PREFER: Final = "index.lifecycle.prefer_ilm"
#: A part of a template that a cluster may not know.
LIFECYCLE: Final = "lifecycle"


class Kind(Enum):
    """What clusters hold by a name."""

    COMPONENT = "component template"
    INDEX = "index template"


class Wanted(msgspec.Struct, frozen=True):
    """One thing that should be there."""

    kind: Kind
    name: str
    body: Mapping[str, Any]


class Plan(msgspec.Struct, frozen=True):
    """What is asked for."""

    #: How long documents are kept, by signal: ``7d``.
    retention: Mapping[str, str]
    #: Only the streams of this namespace; of all when empty.
    namespace: str = ""


class Known(msgspec.Struct, frozen=True):
    """What is known of a cluster."""

    #: The index template for the layout that the cluster comes with, by signal.
    built_in: Mapping[str, Mapping[str, Any]] = {}
    #: Types, settings and parts of templates that it does not know.
    lacking: frozenset[str] = frozenset()


def wanted(plan: Plan, known: Known) -> list[Wanted]:
    """What should be there, in the order in which it has to be created."""
    things: list[Wanted] = []
    for signal in SIGNALS:
        things += _of_signal(signal, plan, known)
    return things


def patterns(signal: str, namespace: str) -> list[str]:
    """Which data streams are meant."""
    return [f"{signal}-{dataset}.otel-{namespace or '*'}" for dataset in DATASETS[signal]]


def _of_signal(signal: str, plan: Plan, known: Known) -> list[Wanted]:
    end = f"-{plan.namespace}" if plan.namespace else ""
    built_in = known.built_in.get(signal)
    things: list[Wanted] = []
    if built_in is None:
        fields = {
            "settings": settings(known.lacking),
            "mappings": mappings(signal, known.lacking),
        }
        # The fields are the same in every namespace.
        things.append(_component(f"sidecar-{signal}@mappings", fields))
    else:
        things.append(_component(f"sidecar-{signal}@added", _added(signal, known.lacking)))
    kept = _retention(plan.retention[signal], known.lacking)
    things.append(_component(f"sidecar-{signal}{end}@lifecycle", kept))
    ours = [thing.name for thing in things]
    return [*things, _index(f"sidecar-{signal}{end}", signal, plan, ours, built_in)]


def _component(name: str, template: Mapping[str, Any]) -> Wanted:
    return Wanted(Kind.COMPONENT, name, {"template": template, "_meta": _META})


def _added(signal: str, lacking: Collection[str]) -> dict[str, Any]:
    added: dict[str, Any] = {}
    if PREFER not in lacking:
        added["settings"] = {PREFER: False}
    if signal in _ADDED:
        added["mappings"] = _ADDED[signal]
    return added


def _retention(kept: str, lacking: Collection[str]) -> dict[str, Any]:
    return {} if LIFECYCLE in lacking else {LIFECYCLE: {"data_retention": kept}}


def _index(
    name: str, signal: str, plan: Plan, ours: list[str], built_in: Mapping[str, Any] | None
) -> Wanted:
    theirs = built_in or {}
    body: dict[str, Any] = {
        "index_patterns": patterns(signal, plan.namespace),
        "priority": _PRIORITY_OF_NAMESPACE if plan.namespace else _PRIORITY,
        "data_stream": {},
        # What comes later goes before.
        "composed_of": [*theirs.get("composed_of", []), *ours],
        "_meta": _META,
    }
    for part in ("template", "ignore_missing_component_templates", "allow_auto_create"):
        if part in theirs:
            body[part] = theirs[part]
    return Wanted(Kind.INDEX, name, body)
