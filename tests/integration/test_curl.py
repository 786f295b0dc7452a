"""curl through the proxy: what a person at a terminal, and half the scripts there are, would do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.rule_text import rules
from tests.servers.nginx import LARGE_BODY_BYTES, SMALL_BODY, Nginx, parse_echo
from tests.servers.programs import need
from tests.servers.sidecar import Loop, SidecarProcess, SidecarStarter

_SECONDS = 30.0


class Said:
    """A finished curl."""

    def __init__(self, *arguments: str, given: bytes = b"", status: int | None = 0) -> None:
        command = [str(need("curl")), "--silent", "--show-error", "--verbose", *arguments]
        done = subprocess.run(
            [*command, "--write-out", "%{stderr}\nTRANSFER %{json}\n"],
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        self.body = done.stdout
        self.told = done.stderr.decode(errors="replace")
        assert status in {None, done.returncode}, f"curl ended with {done.returncode}:\n{self.told}"
        #: One summary for each transfer.
        self.transfers: list[dict[str, Any]] = [
            json.loads(line.removeprefix("TRANSFER "))
            for line in self.told.splitlines()
            if line.startswith("TRANSFER ")
        ]

    @property
    def codes(self) -> list[int]:
        return [transfer["http_code"] for transfer in self.transfers]

    def was_told(self, field: str) -> bool:
        """Whether an answer had this field, ``name: value``."""
        return any(line.lower() == f"< {field.lower()}" for line in self.told.splitlines())


def test_get(plain: SidecarProcess) -> None:
    said = Said(f"{plain.url}/small")
    assert (said.codes, said.body) == ([200], SMALL_BODY)
    assert said.was_told("content-length: 201")


def test_head(plain: SidecarProcess) -> None:
    said = Said("--head", f"{plain.url}/large", f"{plain.url}/small")
    assert said.codes == [200, 200]
    assert said.was_told(f"content-length: {LARGE_BODY_BYTES}")
    assert [transfer["num_connects"] for transfer in said.transfers] == [1, 0]


def test_post_a_form(plain: SidecarProcess) -> None:
    said = Said("--data", "a=1&b=2", f"{plain.url}/echo")
    seen = parse_echo(said.body)
    assert (seen["method"], seen["content-length"], seen["transfer-encoding"]) == ("POST", "7", "")


def test_what_the_service_sees(plain: SidecarProcess) -> None:
    said = Said("--header", "X-Marker: yes", "--user-agent", "me/1", f"{plain.url}/echo?q=%20")
    seen = parse_echo(said.body)
    assert (seen["target"], seen["x-marker"], seen["user-agent"]) == ("/echo?q=%20", "yes", "me/1")
    assert seen["host"] == plain.address
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["via"].startswith("1.1 test")
    assert seen["traceparent"].startswith("00-")


def test_upload_of_a_file(plain: SidecarProcess, nginx: Nginx, tmp_path: Path) -> None:
    body = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(body)
    said = Said("--upload-file", str(tmp_path / "file"), f"{plain.url}/store/curl-file")
    assert said.codes[0] in {201, 204}
    assert nginx.stored("curl-file").read_bytes() == body


def test_chunked_upload_from_a_pipe(plain: SidecarProcess, nginx: Nginx) -> None:
    body = os.urandom(3_000_000)
    said = Said("--upload-file", "-", f"{plain.url}/store/curl-pipe", given=body)
    assert "Transfer-Encoding: chunked" in said.told
    assert nginx.stored("curl-pipe").read_bytes() == body


@pytest.mark.parametrize("framing", ["Content-Length: 2000000", "Transfer-Encoding: chunked"])
def test_expect_100_continue(plain: SidecarProcess, nginx: Nginx, framing: str) -> None:
    body = os.urandom(2_000_000)
    waits = ["--header", "Expect: 100-continue", "--header", framing]
    patience = ["--expect100-timeout", "20", "--request", "PUT", "--data-binary", "@-"]
    said = Said(*waits, *patience, f"{plain.url}/store/expected", given=body)
    assert said.was_told("HTTP/1.1 100 Continue"), said.told
    assert said.transfers[0]["time_total"] < 15, "curl did not have to give up waiting"
    assert nginx.stored("expected").read_bytes() == body


def test_http_1_0(plain: SidecarProcess) -> None:
    said = Said("--http1.0", f"{plain.url}/small", f"{plain.url}/chunked")
    assert said.codes == [200, 200]
    assert said.body.startswith(SMALL_BODY + b"without a length\n")
    assert not said.was_told("transfer-encoding: chunked")


def test_connections_are_kept(plain: SidecarProcess) -> None:
    said = Said(*[f"{plain.url}{path}" for path in ("/small", "/chunked", "/status/404", "/small")])
    assert said.codes == [200, 200, 404, 200]
    assert [transfer["num_connects"] for transfer in said.transfers] == [1, 0, 0, 0]


def test_many_at_once(plain: SidecarProcess) -> None:
    said = Said("--parallel", "--parallel-max", "20", f"{plain.url}/small?[1-100]")
    assert said.codes == [200] * 100
    assert said.body == SMALL_BODY * 100


def test_ranges(plain: SidecarProcess) -> None:
    said = Said("--range", "100-199", f"{plain.url}/large")
    assert (said.codes, said.body) == ([206], bytes(100))
    assert said.was_told(f"content-range: bytes 100-199/{LARGE_BODY_BYTES}")


def test_not_modified(plain: SidecarProcess) -> None:
    first = Said("--head", f"{plain.url}/large")
    etag = next(line[8:] for line in first.told.splitlines() if line.startswith("< ETag: "))
    again = Said("--header", f"If-None-Match: {etag}", f"{plain.url}/large", f"{plain.url}/small")
    assert again.codes == [304, 200]
    assert again.body == SMALL_BODY
    assert again.transfers[1]["num_connects"] == 0


def test_a_large_body_at_a_bounded_rate(plain: SidecarProcess) -> None:
    said = Said("--limit-rate", "16M", f"{plain.url}/large")
    assert said.body == bytes(LARGE_BODY_BYTES)


def test_redirects_are_the_clients_business(plain: SidecarProcess) -> None:
    said = Said(f"{plain.url}/status/301")
    assert said.codes == [301]


def test_as_a_forward_proxy_is_asked(plain: SidecarProcess) -> None:
    """The absolute form that every server must accept (RFC 9112, 3.2.2)."""
    said = Said("--proxy", plain.url, "http://shop.example/echo")
    assert parse_echo(said.body)["host"] == "shop.example"


def test_a_tunnel_is_refused(plain: SidecarProcess) -> None:
    said = Said("--proxytunnel", "--proxy", plain.url, "http://shop.example/small", status=56)
    assert "CONNECT tunnel failed" in said.told


def test_an_offer_of_http_2_is_overlooked(plain: SidecarProcess) -> None:
    said = Said("--http2", f"{plain.url}/small")
    assert (said.codes, said.body) == ([200], SMALL_BODY)
    assert said.was_told("HTTP/1.1 200 OK")


def test_http_2_without_asking_is_refused(plain: SidecarProcess) -> None:
    refused = Said("--http2-prior-knowledge", f"{plain.url}/small", status=None)
    assert refused.codes == [0]
    assert Said(f"{plain.url}/small").codes == [200]


def test_a_websocket_handshake_that_nobody_answers(plain: SidecarProcess) -> None:
    asks = ["--header", "Connection: Upgrade", "--header", "Upgrade: websocket"]
    said = Said(*asks, f"{plain.url}/small")
    assert (said.codes, said.body) == ([200], SMALL_BODY)


def test_unix_sockets_on_both_sides(
    shared_start: SidecarStarter, nginx: Nginx, loop: Loop, tmp_path: Path
) -> None:
    path = tmp_path / "in.sock"
    sidecar = shared_start(rules(nginx.unix_address, bind=f"unix:{path}"), loop=loop)
    said = Said("--unix-socket", str(path), "http://shop.example/echo", "http://shop.example/large")
    assert said.codes == [200, 200]
    assert parse_echo(said.body.partition(b"\0")[0])["host"] == "shop.example"
    assert said.body.endswith(bytes(LARGE_BODY_BYTES))
    assert sidecar.stop() == 0
