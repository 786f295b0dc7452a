"""Where OTLP goes to: what the rule file says, and the standard variables for what it leaves out.

The variables are those of OpenTelemetry's specification of its protocol exporter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec
from opentelemetry.sdk import environment_variables as names

from sidecar.export.item import Signal
from sidecar.export.settings import OtlpSettings

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
_PORTS: Final = {GRPC: 4317, HTTP: 4318}
_DEFAULT_SECONDS: Final = 10.0
_LEAST_MILLISECONDS: Final = 100


class OtlpTarget(msgspec.Struct, frozen=True):
    """How the requests of one signal are sent."""

    #: Over gRPC it may be a name of gRPC's own, such as ``unix:/path``.
    url: str
    protocol: str
    headers: Mapping[str, str]
    #: Files, PEM; empty for the system's authorities, and for no certificate of our own.
    ca: str
    certificate: str
    key: str
    gzip: bool
    seconds: float
    #: gRPC alone: whether the connection is not secured.
    insecure: bool

    @property
    def place(self) -> str:
        """The server, without what is asked there."""
        scheme, is_url, _ = self.url.partition("://")
        return urlsplit(self.url).netloc if is_url and scheme in {"http", "https"} else self.url

    def __repr__(self) -> str:
        return f"OtlpTarget(url={self.url!r}, ...)"


def wanted_signals(environ: Mapping[str, str]) -> frozenset[Signal]:
    """The signals that nobody has switched off by ``OTEL_TRACES_EXPORTER=none`` and the like."""
    wanted = set()
    for signal in Signal:
        given = environ.get(f"OTEL_{signal.value.upper()}_EXPORTER", "").strip().lower()
        if not given or "otlp" in [word.strip() for word in given.split(",")]:
            wanted.add(signal)
    return frozenset(wanted)


def target_of(signal: Signal, settings: OtlpSettings, environ: Mapping[str, str]) -> OtlpTarget:
    """The target of a signal; a variable for one signal goes before the one for all."""
    look = _looker(signal, environ)
    spoken = settings.protocol or look(names.OTEL_EXPORTER_OTLP_PROTOCOL)
    protocol = GRPC if spoken == GRPC else HTTP
    if settings.endpoint:
        url = _url(_with_port(settings.endpoint, protocol), signal, protocol)
    else:
        url = _url_of_variables(signal, protocol, environ)
    headers = _headers(look(names.OTEL_EXPORTER_OTLP_HEADERS)) | {
        name.lower(): value for name, value in settings.headers.items()
    }
    insecure = look(names.OTEL_EXPORTER_OTLP_INSECURE).lower() == "true"
    return OtlpTarget(
        url=url,
        protocol=protocol,
        headers=headers,
        ca=settings.ca or look(names.OTEL_EXPORTER_OTLP_CERTIFICATE),
        certificate=look(names.OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE),
        key=look(names.OTEL_EXPORTER_OTLP_CLIENT_KEY),
        gzip=look(names.OTEL_EXPORTER_OTLP_COMPRESSION).lower() != "none",
        seconds=_seconds(look(names.OTEL_EXPORTER_OTLP_TIMEOUT)),
        insecure=url.startswith("http://") or ("://" not in url and insecure),
    )


def _looker(signal: Signal, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Looks a variable up, for this signal first."""

    def look(name: str) -> str:
        own = name.replace("OTLP_", f"OTLP_{signal.value.upper()}_")
        return environ.get(own, "").strip() or environ.get(name, "").strip()

    return look


def _url_of_variables(signal: Signal, protocol: str, environ: Mapping[str, str]) -> str:
    own = f"OTEL_EXPORTER_OTLP_{signal.value.upper()}_ENDPOINT"
    if given := environ.get(own, "").strip():
        # For one signal alone it is the whole address, path included.
        return given
    default = f"http://localhost:{_PORTS[protocol]}"
    given = environ.get(names.OTEL_EXPORTER_OTLP_ENDPOINT, "").strip()
    return _url(given or default, signal, protocol)


def _with_port(endpoint: str, protocol: str) -> str:
    """With OTLP's own port where there is none; with https it is that of https."""
    scheme, _, rest = endpoint.partition("://")
    authority, slash, path = rest.partition("/")
    has_port = authority.rpartition("]")[2].count(":") == 1
    port = "" if has_port else ":443" if scheme == "https" else f":{_PORTS[protocol]}"
    return f"{scheme}://{authority}{port}{slash}{path}"


def _url(endpoint: str, signal: Signal, protocol: str) -> str:
    if protocol == GRPC:
        return endpoint
    return f"{endpoint.rstrip('/')}/v1/{signal.value}"


def _headers(text: str) -> dict[str, str]:
    """Fields as W3C Baggage writes them: ``name=value,name=value``, values percent-encoded.

    What cannot be read is left out, without a word: it may be a secret.
    """
    headers: dict[str, str] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            headers[unquote(name.strip()).lower()] = unquote(value.strip())
    return headers


def _seconds(text: str) -> float:
    """The specification has milliseconds, the SDK for Python seconds.

    Nobody means so few milliseconds that they would be too few for any network: those are seconds.
    """
    try:
        given = float(text)
    except ValueError:
        return _DEFAULT_SECONDS
    if not 0 < given < float("inf"):
        return _DEFAULT_SECONDS
    return given / 1000 if given >= _LEAST_MILLISECONDS else given
