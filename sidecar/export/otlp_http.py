"""OTLP over HTTP: one signal's requests to its address."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

import sidecar
from sidecar.export.item import Signal
from sidecar.export.otlp_answer import (
    UNSENDABLE,
    Answer,
    answer_of_status,
    delay_of_field,
    no_answer,
    no_collector,
    read_response,
)
from sidecar.export.otlp_target import OtlpTarget

_PROTOBUF: Final = "application/x-protobuf"
#: Quick; what is smaller takes more time than it spares.
_GZIP_LEVEL: Final = 3
_OK: Final = range(200, 300)
#: What web servers, and those who want a login first, say to anything that they are sent.
_WEB_PAGE: Final = "text/html"
#: No answer that says anything is longer.
_MOST_READ: Final = 65_536


class HttpSender:
    """Not to be called by two threads at a time. ``wall`` is seconds since 1970."""

    def __init__(
        self, signal: Signal, target: OtlpTarget, wall: Callable[[], float] = time.time
    ) -> None:
        self._signal = signal
        self._target = target
        self._wall = wall
        self._headers = {
            "user-agent": f"sidecar/{sidecar.__version__}",
            **target.headers,
            "content-type": _PROTOBUF,
        }
        if target.gzip:
            self._headers["content-encoding"] = "gzip"
        # Certificates are read anew for every connection, so that they may be renewed.
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=1,
            retries=False,
            timeout=urllib3.Timeout(target.seconds),
            ca_certs=target.ca or None,
            cert_file=target.certificate or None,
            key_file=target.key or None,
        )

    def send(self, data: bytes) -> Answer:
        """Send a request, and read what became of it."""
        body = gzip.compress(data, _GZIP_LEVEL) if self._target.gzip else data
        try:
            response = self._pool.request(
                "POST",
                self._target.url,
                body=body,
                headers=self._headers,
                redirect=False,
                preload_content=False,
            )
            said = response.read(_MOST_READ)
            response.drain_conn() if len(said) < _MOST_READ else response.close()
        except (HTTPError, OSError) as wrong:
            return no_answer(f"{type(wrong).__name__}: {wrong}")
        except ValueError:
            return UNSENDABLE
        kind = response.headers.get("content-type", "")
        if response.status in _OK and kind.startswith(_WEB_PAGE):
            return no_collector(kind)
        if response.status in _OK:
            return read_response(self._signal, said)
        delay = delay_of_field(response.headers.get("retry-after", "").strip(), self._wall())
        return answer_of_status(response.status, delay, said)

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.clear()
