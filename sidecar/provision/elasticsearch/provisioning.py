"""Brings a cluster to what is wanted, step by step, and says of each what came of it.

What is right stays, what is somebody else's is left alone, and what the cluster refuses keeps
nothing else from being done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sidecar.elastic.mappings import lacking_part, mappings, settings
from sidecar.provision.difference import Changed, differences
from sidecar.provision.elasticsearch.cluster import Cluster
from sidecar.provision.elasticsearch.wanted import (
    LIFECYCLE,
    OWNER,
    PREFER,
    SIGNALS,
    Kind,
    Known,
    Plan,
    Wanted,
    patterns,
    wanted,
)
from sidecar.provision.step import Refused, Step, What

#: What clusters call their own index templates for the layout.
_BUILT_IN: Final = "{signal}-otel@template"
#: What clusters add to templates by themselves.
ADDED: Final = (
    "created_date",
    "modified_date",
    "data_stream.",
    "template.lifecycle.",
    "deprecated",
    "allow_auto_create",
)


def provision(cluster: Cluster, plan: Plan, *, dry_run: bool) -> Iterator[Step]:
    """Do what has to be done, or with ``dry_run`` say what would be.

    Raises ``Refused`` when the cluster does not even tell which templates it has.
    """
    built_in = _built_in(cluster)
    if built_in:
        names = ", ".join(_BUILT_IN.format(signal=signal) for signal in built_in)
        yield Step(What.NOTE, names, "the cluster comes with them: ours are made of their parts")
    lacking = _lacking(cluster)
    for name in sorted(lacking):
        yield _lacks(name)
    known = Known(built_in, frozenset(lacking))
    for thing in wanted(plan, known):
        yield _settled(cluster, thing, dry_run=dry_run)
    if LIFECYCLE not in lacking:
        for signal in SIGNALS:
            for pattern in patterns(signal, plan.namespace):
                yield from _streams(cluster, pattern, plan.retention[signal], dry_run=dry_run)


def _built_in(cluster: Cluster) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for signal in SIGNALS:
        template = cluster.get(Kind.INDEX, _BUILT_IN.format(signal=signal))
        if template is not None:
            found[signal] = template
    return found


def _lacking(cluster: Cluster) -> set[str]:
    """What the cluster does not know, which it tells one by one."""
    lacking: set[str] = set()
    for signal in SIGNALS:
        while True:
            probed = {"settings": settings(lacking), "mappings": mappings(signal, lacking)}
            missing = lacking_part(_trouble(cluster, probed))
            if not missing or missing in lacking:
                break
            lacking.add(missing)
    for part, template in (
        (LIFECYCLE, {LIFECYCLE: {"data_retention": "7d"}}),
        (PREFER, {"settings": {PREFER: False}}),
    ):
        if "unknown" in _trouble(cluster, template):
            lacking.add(part)
    return lacking


def _trouble(cluster: Cluster, template: dict[str, Any]) -> str:
    try:
        cluster.probe(template)
    except Refused as refused:
        return str(refused)
    return ""


def _lacks(name: str) -> Step:
    if name == LIFECYCLE:
        words = "the cluster does not know it: nothing deletes old documents by itself"
        return Step(What.REFUSED, "data stream lifecycle", words)
    if "." in name:
        return Step(What.NOTE, f"setting {name}", "the cluster does not know it: left out")
    words = "the cluster does not know it: one that does nearly as well stands in"
    return Step(What.NOTE, f"field type {name}", words)


def _settled(cluster: Cluster, thing: Wanted, *, dry_run: bool) -> Step:
    about = f"{thing.kind.value} {thing.name}"
    try:
        there = cluster.get(thing.kind, thing.name)
        if there is not None and there.get("_meta", {}).get("managed_by") != OWNER:
            words = "there is one of that name which is not ours: left alone"
            return Step(What.REFUSED, about, words)
        changed = tuple(differences(there or {}, thing.body, ADDED))
        if not changed:
            return Step(What.UNCHANGED, about)
        if not dry_run:
            cluster.put(thing)
    except Refused as refused:
        return Step(What.REFUSED, about, str(refused))
    if there is None:
        return Step(What.CREATED, about, changed=changed)
    return Step(What.CHANGED, about, changed=changed)


def _streams(cluster: Cluster, pattern: str, kept: str, *, dry_run: bool) -> Iterator[Step]:
    """Templates tell nothing to streams that are there already."""
    try:
        streams = cluster.streams(pattern)
    except Refused as refused:
        yield from _unseen(cluster, pattern, refused)
        return
    for name, before in streams.items():
        yield _kept(cluster, name, before, kept, dry_run=dry_run)


def _unseen(cluster: Cluster, pattern: str, refused: Refused) -> Iterator[Step]:
    """What is to be known where the cluster does not tell how long streams keep documents."""
    try:
        names = cluster.named(pattern)
    except Refused:
        names = [pattern]
    for name in names:
        words = f"keeps documents as long as before, for that cannot be asked here: {refused}"
        yield Step(What.NOTE, f"data stream {name}", words)


def _kept(cluster: Cluster, stream: str, before: str, after: str, *, dry_run: bool) -> Step:
    about = f"data stream {stream}"
    if before == after:
        return Step(What.UNCHANGED, about)
    try:
        if not dry_run:
            cluster.keep(stream, after)
    except Refused as refused:
        return Step(What.REFUSED, about, str(refused))
    return Step(What.CHANGED, about, changed=(Changed("lifecycle.data_retention", before, after),))
