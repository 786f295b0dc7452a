from __future__ import annotations

from pathlib import Path

from sidecar.export.outlets import make_outlets
from sidecar.export.settings import (
    ElasticsearchSettings,
    ExportSettings,
    FilesSettings,
    OtlpSettings,
    SpoolSettings,
)
from sidecar.telemetry.signals import LogRecord, Resource

RESOURCE = Resource({"service.name": "order"})
LOG = LogRecord(1, 1, "INFO", "some.event", "text", {})


def test_documents_go_where_the_settings_say(tmp_path: Path) -> None:
    settings = ExportSettings(files=FilesSettings(str(tmp_path / "told"), namespace="blue"))
    (outlet,) = make_outlets(RESOURCE, settings, {})
    assert outlet.name == "files"
    outlet.shipper.start()
    outlet.offer(outlet.encoding.logs([LOG]))
    outlet.shipper.hurry()
    outlet.shipper.end(outlet.shipper._clock() + 20)
    (file,) = (tmp_path / "told").iterdir()
    assert '"namespace":"blue"' in file.read_text()


def test_what_elasticsearch_does_not_get_is_in_its_own_spool(tmp_path: Path) -> None:
    spool = SpoolSettings(str(tmp_path))
    settings = ExportSettings(elasticsearch=ElasticsearchSettings(("http://127.0.0.1:9",), spool))
    (outlet,) = make_outlets(RESOURCE, settings, {})
    assert outlet.name == "elasticsearch"
    outlet.offer(outlet.encoding.logs([LOG]))
    outlet.shipper._thread.start()
    outlet.shipper.end(0.0)
    (file,) = tmp_path.glob("elasticsearch/*/*.ndjson")
    assert "some.event" in file.read_text()


def test_otlp_gets_what_the_environment_does_not_switch_off() -> None:
    settings = ExportSettings(otlp=OtlpSettings("http://127.0.0.1:9"))
    (outlet,) = make_outlets(RESOURCE, settings, {})
    assert outlet.name == "otlp"
    assert len(outlet.encoding.logs([LOG])) == 1
    (outlet,) = make_outlets(RESOURCE, settings, {"OTEL_LOGS_EXPORTER": "none"})
    assert outlet.encoding.logs([LOG]) == []


def test_nothing_is_made_for_nobody() -> None:
    assert make_outlets(RESOURCE, ExportSettings(), {}) == []
