"""The official client for a cluster, quiet and with nobody's patience but its caller's."""

from __future__ import annotations

import logging
import ssl
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from elastic_transport import ConnectionTimeout, NodeConfig, TlsError
from elasticsearch import ApiError, Elasticsearch, ElasticsearchWarning, TransportError
from elasticsearch.serializer import NdjsonSerializer

_PORTS: Final = {"http": 9200, "https": 443}
_LONGEST_REASON: Final = 300


def connect(  # noqa: PLR0913 - each has a default
    urls: Sequence[str],
    *,
    api_key: str = "",
    user: tuple[str, str] | None = None,
    ca: str = "",
    verify: bool = True,
    request_seconds: float = 15.0,
    connections: int = 1,
    **options: Any,
) -> Elasticsearch:
    """A client for the nodes at ``urls``; each is asked when those before cannot be reached.

    ``api_key`` is in its encoded form; else ``user`` is a name and a password. ``ca`` is a PEM
    file of the authorities to believe, the system's when empty. A node that keeps silent for
    ``request_seconds`` is given up. Statuses are never tried again. ``connections`` is how many
    requests a node may have at a time. ``options`` are the client's own. Raises ``OSError`` for a
    ``ca`` that cannot be used.
    """
    _hush()
    tls = _tls(ca, verify=verify) if any(url.startswith("https:") for url in urls) else {}
    return Elasticsearch(
        [_node(url, tls, connections) for url in urls],
        api_key=api_key or None,
        basic_auth=None if api_key else user,
        request_timeout=request_seconds,
        max_retries=len(urls) - 1,
        retry_on_status=(),
        retry_on_timeout=False,
        serializers={_Ready.mimetype: _Ready()},
        **options,
    )


def said(error: ApiError | TransportError | OSError) -> str:
    """What went wrong, for people, in one line."""
    if isinstance(error, ApiError):
        return f"{error.meta.status} {_reason(error.body)}".strip()
    if isinstance(error, ConnectionTimeout):
        return "no answer in time"
    if isinstance(error, TlsError):
        return f"no TLS with it: {_shortened(error.message)}"
    return _shortened(str(getattr(error, "message", error)))


class _Ready(NdjsonSerializer):
    """Lines that are bytes are sent as they are: they may be compressed."""

    mimetype: ClassVar[str] = "application/vnd.elasticsearch+x-ndjson"

    def dumps(self, data: Any) -> bytes:
        """What is sent."""
        return data if isinstance(data, bytes) else super().dumps(data)


def _node(url: str, tls: Mapping[str, Any], connections: int) -> NodeConfig:
    parts = urlsplit(url)
    return NodeConfig(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        path_prefix=parts.path.rstrip("/"),
        connections_per_node=connections,
        **(tls if parts.scheme == "https" else {}),
    )


def _tls(ca: str, *, verify: bool) -> Mapping[str, Any]:
    """The client's options for TLS. Raises ``OSError`` for authorities that cannot be read."""
    if not verify:
        return {"verify_certs": False, "ssl_show_warn": False}
    context = ssl.create_default_context(cafile=ca or None)
    # A context would be given the authorities of the web besides, whatever is in it.
    return {"ca_certs": ca} if ca else {"ssl_context": context}


def _hush() -> None:
    """Its callers tell themselves what went wrong, and deprecations are none of an operator's."""
    logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=ElasticsearchWarning)


def _reason(body: Any) -> str:
    """The reason in the body of an error; whoever stands in between answers with anything."""
    error = body.get("error") if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return _shortened(str(error or ""))
    deepest = error
    while isinstance(deepest.get("caused_by"), dict) and deepest["caused_by"].get("reason"):
        deepest = deepest["caused_by"]
    return _shortened(f"{error.get('type', '')}: {deepest.get('reason', '')}")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
