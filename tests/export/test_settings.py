from __future__ import annotations

import msgspec

from sidecar.export.settings import (
    ElasticsearchSettings,
    ExportSettings,
    FilesSettings,
    OtlpSettings,
    SpoolSettings,
)

ELASTICSEARCH = ElasticsearchSettings(
    urls=("https://es.example:9200",),
    spool=SpoolSettings("/spool"),
    api_key="very-secret",
    password="also-secret",
)
OTLP = OtlpSettings("https://otel.example:4318", headers={"authorization": "top-secret"})


def test_no_secret_is_shown() -> None:
    whole = repr(ExportSettings(elasticsearch=ELASTICSEARCH, otlp=OTLP))
    assert "es.example" in whole
    assert "otel.example" in whole
    assert "secret" not in whole


def test_settings_cross_to_another_process() -> None:
    settings = ExportSettings(ELASTICSEARCH, OTLP, FilesSettings("/files"), access=0.1)
    data = msgspec.msgpack.encode(settings)
    assert msgspec.msgpack.decode(data, type=ExportSettings) == settings


def test_the_backends_that_are_wanted() -> None:
    assert ExportSettings().backends == ()
    assert ExportSettings(otlp=OTLP).backends == ("otlp",)
    settings = ExportSettings(ELASTICSEARCH, None, FilesSettings("/files"))
    assert settings.backends == ("elasticsearch", "files")
