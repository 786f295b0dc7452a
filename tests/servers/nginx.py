"""nginx as an upstream: fixed answers, files of any size, a store for uploads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tests.servers.processes import Process, start_on_free_port
from tests.servers.programs import need

#: What ``/small`` answers: 201 bytes, the body that the project's measurements use.
SMALL_BODY = b'{"order":"%s"}' % (b"0123456789abcdef" * 12)[:189]
LARGE_BODY_BYTES = 8 * 1024 * 1024
STATUSES = (200, 204, 301, 304, 404, 500, 503)

_ECHOED = {
    "method": "$request_method",
    "target": "$request_uri",
    "version": "$server_protocol",
    "host": "$http_host",
    "connection": "$http_connection",
    "via": "$http_via",
    "forwarded": "$http_forwarded",
    "x-forwarded-for": "$http_x_forwarded_for",
    "x-forwarded-proto": "$http_x_forwarded_proto",
    "x-request-id": "$http_x_request_id",
    "traceparent": "$http_traceparent",
    "content-length": "$http_content_length",
    "transfer-encoding": "$http_transfer_encoding",
    "te": "$http_te",
    "x-marker": "$http_x_marker",
    "authorization": "$http_authorization",
    "user-agent": "$http_user_agent",
}


class Nginx:
    """A running nginx.

    - ``/small``: ``SMALL_BODY``
    - ``/large``: ``LARGE_BODY_BYTES`` of a file; ``/files/NAME`` what ``add_file`` made
    - ``/chunked``: a small body without a length
    - ``/slow/NAME``: a file at 64 KiB a second
    - ``/echo``: the request as nginx saw it, ``name: value`` a line, for the fields that tests
      ask about; an absent field has an empty value
    - ``/status/CODE`` for ``STATUSES``
    - ``/store/NAME``: takes ``PUT`` of any size and gives it back
    """

    def __init__(self, process: Process, port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self.unix_address = f"unix:{folder / 'nginx.sock'}"
        self._folder = folder

    @property
    def pid(self) -> int:
        return self.process.pid

    def add_file(self, name: str, size_bytes: int) -> None:
        """Offer ``/files/NAME``, that many zero bytes; sparse, so a gigabyte costs nothing."""
        with (self._folder / "files" / name).open("wb") as file:
            file.truncate(size_bytes)

    def stored(self, name: str) -> Path:
        """Where the upload to ``/store/NAME`` landed."""
        return self._folder / "store" / name

    def access_log(self) -> list[str]:
        """``METHOD TARGET STATUS CONNECTION`` of every request so far, in order of completion."""
        log = self._folder / "access.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def parse_echo(body: bytes) -> dict[str, str]:
    """The fields of an answer from ``/echo``."""
    pairs = (line.partition(": ") for line in body.decode().splitlines())
    return {name: value for name, _, value in pairs}


@contextlib.contextmanager
def run_nginx(folder: Path) -> Iterator[Nginx]:
    """Start nginx with everything it writes below ``folder``; end it afterwards."""
    program = need("nginx")
    for name in ("files", "store", "temporary", "chunked"):
        (folder / name).mkdir()
    (folder / "chunked" / "index.html").write_text("without a length\n" * 8)
    with (folder / "files" / "large").open("wb") as file:
        file.truncate(LARGE_BODY_BYTES)

    def command_for(port: int) -> list[str | Path]:
        configuration = folder / "nginx.conf"
        configuration.write_text(_configuration(folder, port))
        return [program, "-e", "stderr", "-p", folder, "-c", configuration]

    process, port = start_on_free_port("nginx", folder, command_for)
    with process:
        yield Nginx(process, port, folder)


def _configuration(folder: Path, port: int) -> str:
    # Started by root, workers would otherwise change to a user that may not read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    echo = "\\n".join(f"{name}: {value}" for name, value in _ECHOED.items())
    statuses = "\n".join(
        f"location = /status/{status} {{ return {status}; }}"
        for status in STATUSES
        if status != 301
    )
    return f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    log_format plain '$request_method $request_uri $status $connection';
    access_log {folder}/access.log plain;
    client_body_temp_path {folder}/temporary/body;
    proxy_temp_path {folder}/temporary/proxy;
    fastcgi_temp_path {folder}/temporary/fastcgi;
    uwsgi_temp_path {folder}/temporary/uwsgi;
    scgi_temp_path {folder}/temporary/scgi;
    client_max_body_size 0;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    sendfile on;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen unix:{folder}/nginx.sock;
        root {folder};
        location = /small {{
            default_type application/json;
            return 200 '{SMALL_BODY.decode()}';
        }}
        location = /large {{ alias {folder}/files/large; }}
        location /files/ {{ }}
        location /slow/ {{ alias {folder}/files/; limit_rate 64k; }}
        location /chunked/ {{ ssi on; ssi_types *; }}
        location = /chunked {{ rewrite ^ /chunked/index.html last; }}
        location = /echo {{ default_type text/plain; return 200 "{echo}\\n"; }}
        location /store/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
        location = /status/301 {{ return 301 /small; }}
        {statuses}
    }}
}}
"""
