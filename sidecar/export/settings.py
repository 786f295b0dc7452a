"""What an exporter is told when it begins: where things go to, secrets included.

It is told over its socket alone. Nothing here is logged, and no secret is shown by ``repr``.
"""

from __future__ import annotations

from typing import Final

import msgspec

_MEGABYTE: Final = 1024 * 1024


class SpoolSettings(msgspec.Struct, frozen=True):
    """Where documents wait while a backend cannot take them."""

    #: The folder of all exporters of this sidecar; each has one of its own below it.
    folder: str
    memory_bytes: int = 16 * _MEGABYTE
    disk_bytes: int = 256 * _MEGABYTE


class ElasticsearchSettings(msgspec.Struct, frozen=True):
    """How Elasticsearch is reached."""

    #: One or several nodes of one cluster.
    urls: tuple[str, ...]
    spool: SpoolSettings
    #: In its encoded form; empty for none.
    api_key: str = ""
    username: str = ""
    password: str = ""
    #: A file of authorities, PEM; empty for the system's.
    ca: str = ""
    verify: bool = True
    namespace: str = "default"

    def __repr__(self) -> str:
        return f"ElasticsearchSettings(urls={self.urls!r}, ...)"


class OtlpSettings(msgspec.Struct, frozen=True):
    """How a collector is reached; what is left out the standard variables say."""

    endpoint: str = ""
    #: ``http/protobuf`` or ``grpc``.
    protocol: str = ""
    headers: dict[str, str] = {}
    #: A file of authorities, PEM; empty for the system's.
    ca: str = ""
    memory_bytes: int = 16 * _MEGABYTE

    def __repr__(self) -> str:
        return f"OtlpSettings(endpoint={self.endpoint!r}, ...)"


class FilesSettings(msgspec.Struct, frozen=True):
    """Which folder documents are written to."""

    folder: str
    #: The most that is kept; the oldest go first.
    at_most_bytes: int = 256 * _MEGABYTE
    memory_bytes: int = 16 * _MEGABYTE
    namespace: str = "default"


class ExportSettings(msgspec.Struct, frozen=True):
    """Everything that an exporter has to know; a backend that is None is not wanted."""

    elasticsearch: ElasticsearchSettings | None = None
    otlp: OtlpSettings | None = None
    files: FilesSettings | None = None
    #: The share of requests with an access record, 0 to 1.
    access: float = 1.0
    #: Whether each decision is told.
    decisions: bool = True

    @property
    def backends(self) -> tuple[str, ...]:
        """The names of the backends that are wanted."""
        wanted = {"elasticsearch": self.elasticsearch, "otlp": self.otlp, "files": self.files}
        return tuple(name for name, settings in wanted.items() if settings is not None)
