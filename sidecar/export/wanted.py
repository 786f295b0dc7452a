"""What the rule file wants to be exported, in the words that the exporter is told it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from opentelemetry.sdk.environment_variables import OTEL_SDK_DISABLED

from sidecar.export.settings import (
    ElasticsearchSettings,
    ExportSettings,
    FilesSettings,
    OtlpSettings,
    SpoolSettings,
)
from sidecar.model.secret import SecretSpec, SecretText
from sidecar.ruleset.schema import RuleFile
from sidecar.ruleset.telemetry_sections import (
    DecisionLog,
    ElasticsearchSpec,
    FilesSpec,
    OtlpSpec,
    SpoolSpec,
)

#: The secret that a field names.
Reveal = Callable[[SecretSpec | SecretText], SecretText]


def export_settings(
    file: RuleFile, secret: Reveal, base: Path, spool: Path, environ: Mapping[str, str]
) -> ExportSettings:
    """The settings, secrets included. Paths are relative to ``base``, where the rule file is.

    ``spool`` is the folder of spools where the rule file names none. The environment may switch
    off what is OpenTelemetry's.
    """
    told = file.telemetry
    elasticsearch, files = told.elasticsearch, told.files
    is_off = environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"
    otlp = None if is_off else told.otlp
    return ExportSettings(
        elasticsearch=_elasticsearch(elasticsearch, secret, base, spool) if elasticsearch else None,
        otlp=_otlp(otlp, secret, base) if otlp is not None else None,
        files=_files(files, base) if files else None,
        access=told.logs.access if told.logs.shipped is None else told.logs.shipped,
        decisions=told.logs.decisions is DecisionLog.ALL,
    )


def metrics_every(file: RuleFile) -> dict[str, float]:
    """How often each backend wants metrics, in seconds."""
    told = file.telemetry
    wanted = {"elasticsearch": told.elasticsearch, "otlp": told.otlp, "files": told.files}
    return {name: spec.metrics_every for name, spec in wanted.items() if spec is not None}


def _elasticsearch(
    spec: ElasticsearchSpec, secret: Reveal, base: Path, spool: Path
) -> ElasticsearchSettings:
    return ElasticsearchSettings(
        urls=tuple(str(url) for url in spec.url),
        spool=_spool(spec.spool, base, spool),
        api_key=_revealed(spec.api_key, secret),
        username=spec.username,
        password=_revealed(spec.password, secret),
        ca=str(base / spec.ca) if spec.ca else "",
        verify=spec.verify,
        namespace=spec.namespace,
    )


def _spool(spec: SpoolSpec, base: Path, spool: Path) -> SpoolSettings:
    folder = base / spec.folder if spec.folder else spool
    return SpoolSettings(str(folder), spec.memory, spec.disk)


def _otlp(spec: OtlpSpec, secret: Reveal, base: Path) -> OtlpSettings:
    return OtlpSettings(
        endpoint=spec.endpoint or "",
        protocol=spec.protocol.value if spec.protocol is not None else "",
        headers={name: _revealed(value, secret) for name, value in spec.headers.items()},
        ca=str(base / spec.ca) if spec.ca else "",
    )


def _files(spec: FilesSpec, base: Path) -> FilesSettings:
    return FilesSettings(str(base / spec.folder), spec.at_most)


def _revealed(named: SecretSpec | SecretText | None, secret: Reveal) -> str:
    return secret(named).reveal() if named is not None else ""
