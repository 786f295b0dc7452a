"""The backends that are asked for, each with its lane, its spool and its thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from sidecar.export.back_off import BackOff
from sidecar.export.backend import Backend
from sidecar.export.documents import Documents
from sidecar.export.files import FilesBackend
from sidecar.export.lane import Lane
from sidecar.export.ledger import Ledger
from sidecar.export.pipeline import Outlet
from sidecar.export.settings import (
    ElasticsearchSettings,
    ExportSettings,
    FilesSettings,
    OtlpSettings,
    SpoolSettings,
)
from sidecar.export.shipper import Shipper
from sidecar.export.spool import Spool
from sidecar.telemetry.signals import Resource


def make_outlets(
    resource: Resource, settings: ExportSettings, environ: Mapping[str, str]
) -> list[Outlet]:
    """What ``settings`` ask for; for OTLP the environment says what they leave out."""
    outlets: list[Outlet] = []
    if settings.elasticsearch is not None:
        outlets.append(_elasticsearch(resource, settings.elasticsearch))
    if settings.otlp is not None:
        outlets.append(_otlp(resource, settings.otlp, environ))
    if settings.files is not None:
        outlets.append(_files(resource, settings.files))
    return outlets


def _files(resource: Resource, settings: FilesSettings) -> Outlet:
    backend = FilesBackend(Path(settings.folder), settings.at_most_bytes, time.time)
    shipper = shipper_of(backend, settings.memory_bytes)
    return Outlet(Documents(resource, settings.namespace), shipper)


def _elasticsearch(resource: Resource, settings: ElasticsearchSettings) -> Outlet:
    # Some megabytes of memory, for those alone who ask for it.
    from sidecar.export.elasticsearch import ElasticsearchBackend  # noqa: PLC0415

    spool = settings.spool
    shipper = shipper_of(ElasticsearchBackend(settings), spool.memory_bytes, spool)
    return Outlet(Documents(resource, settings.namespace), shipper)


def _otlp(resource: Resource, settings: OtlpSettings, environ: Mapping[str, str]) -> Outlet:
    # The same.
    from sidecar.export.otlp import OtlpBackend  # noqa: PLC0415
    from sidecar.export.otlp_form import OtlpForm  # noqa: PLC0415
    from sidecar.export.otlp_target import wanted_signals  # noqa: PLC0415

    form = OtlpForm(resource, wanted_signals(environ))
    return Outlet(form, shipper_of(OtlpBackend(settings, form, environ), settings.memory_bytes))


def shipper_of(backend: Backend, memory_bytes: int, spool: SpoolSettings | None = None) -> Shipper:
    """What brings items to this backend, with a spool of its own below the one of all."""
    ledger = Ledger()
    chance = Random().random  # noqa: S311 - so that many do not try again in step
    lane = Lane(
        backend.name,
        memory_bytes,
        BackOff(chance),
        ledger,
        _spool(backend.name, spool, ledger, time.time) if spool is not None else None,
    )
    return Shipper(lane, backend)


def _spool(name: str, settings: SpoolSettings, ledger: Ledger, wall: Callable[[], float]) -> Spool:
    return Spool(Path(settings.folder) / name, settings.disk_bytes, ledger.dropped, wall)
