"""The servers that other tests lean on do what those tests take for granted."""

from __future__ import annotations

import http.client
import http.server
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer

from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.haproxy import Haproxy
from tests.servers.nginx import LARGE_BODY_BYTES, SMALL_BODY, STATUSES, Nginx, parse_echo
from tests.servers.patience import Waiting
from tests.servers.ports import free_port, is_listening, wait_until, wait_until_listening
from tests.servers.processes import Process, ProcessDiedError, run_process, start_on_free_port
from tests.servers.programs import need
from tests.servers.prometheus import Prometheus, check_metrics, promtool
from tests.servers.sharing import Scheduling
from tests.servers.sidecar import Loop, SidecarStarter, both_loops


def _ask(
    address: str, method: str, target: str, body: bytes = b"", **fields: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, target, body or None, fields)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


class TestNginx:
    def test_small_body(self, nginx: Nginx) -> None:
        assert len(SMALL_BODY) == 201
        status, body, _ = _ask(nginx.address, "GET", "/small")
        assert (status, body) == (200, SMALL_BODY)

    def test_large_body(self, nginx: Nginx) -> None:
        _, body, headers = _ask(nginx.address, "GET", "/large")
        assert len(body) == LARGE_BODY_BYTES
        assert headers["content-length"] == str(LARGE_BODY_BYTES)

    def test_file_of_the_size_asked_for(self, nginx: Nginx) -> None:
        nginx.add_file("thousand", 1000)
        assert len(_ask(nginx.address, "GET", "/files/thousand")[1]) == 1000

    def test_chunked_body(self, nginx: Nginx) -> None:
        _, body, headers = _ask(nginx.address, "GET", "/chunked")
        assert headers["transfer-encoding"] == "chunked"
        assert body.startswith(b"without a length\n")

    def test_echo_tells_what_arrived(self, nginx: Nginx) -> None:
        _, body, _ = _ask(nginx.address, "GET", "/echo?x=%41", Via="1.1 one", X_Marker="no")
        echoed = parse_echo(body)
        assert echoed["target"] == "/echo?x=%41"
        assert echoed["via"] == "1.1 one"
        assert echoed["forwarded"] == ""

    @pytest.mark.parametrize("code", STATUSES)
    def test_status(self, nginx: Nginx, code: int) -> None:
        assert _ask(nginx.address, "GET", f"/status/{code}")[0] == code

    def test_upload_is_kept(self, nginx: Nginx) -> None:
        body = os.urandom(100_000)
        assert _ask(nginx.address, "PUT", "/store/upload", body)[0] == 201
        assert nginx.stored("upload").read_bytes() == body

    def test_log_says_which_connection_a_request_came_by(self, private_nginx: Nginx) -> None:
        _ask(private_nginx.address, "GET", "/small")
        _ask(private_nginx.address, "GET", "/status/404")
        # It writes when it has answered.
        wait_until(lambda: len(private_nginx.access_log()) == 2, "two lines")
        one, other = (line.split() for line in private_nginx.access_log())
        assert one[:3] == ["GET", "/small", "200"]
        assert other[3] != one[3]

    def test_unix_socket(self, nginx: Nginx) -> None:
        assert is_listening(nginx.unix_address)

    def test_killed_leaves_nobody_listening(self, private_nginx: Nginx) -> None:
        private_nginx.process.kill()
        assert not is_listening(private_nginx.address)


def test_haproxy_passes_on_to_nginx(haproxy: Haproxy) -> None:
    status, body, headers = _ask(haproxy.address, "GET", "/small")
    assert (status, body, headers["x-front"]) == (200, SMALL_BODY, "haproxy")


TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
METRICS = f"""# HELP orders Orders.
# TYPE orders counter
orders_total{{shop="one"}} 42 # {{trace_id="{TRACE_ID}"}} 1.5
# EOF
"""


class _Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/openmetrics-text; version=1.0.0")
        self.end_headers()
        self.wfile.write(METRICS.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Silence."""


@pytest.fixture
def metrics_address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Metrics) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestPrometheus:
    def test_scrapes_and_answers_with_what_was_and_examples(
        self, metrics_address: str, prometheus_scraping: Callable[..., Prometheus]
    ) -> None:
        prometheus = prometheus_scraping(metrics_address)
        prometheus.wait_until_scraped()
        [(labels, value)] = prometheus.query("orders_total")
        assert labels["shop"] == "one"
        assert value == 42
        [(labels, values)] = prometheus.query_range("orders_total", step_seconds=0.1)
        assert labels["shop"] == "one"
        assert {value for _, value in values} == {42}
        [exemplar] = prometheus.query_exemplars('orders_total{shop="one"}')
        assert (exemplar.labels, exemplar.value) == ({"trace_id": TRACE_ID}, 1.5)
        assert exemplar.series["shop"] == "one"

    def test_a_query_that_is_no_vector_is_an_error(
        self, metrics_address: str, prometheus_scraping: Callable[..., Prometheus]
    ) -> None:
        prometheus = prometheus_scraping(metrics_address)
        with pytest.raises(ValueError, match="scalar"):
            prometheus.query("1")

    def test_promtool_accepts_good_metrics(self) -> None:
        check_metrics(b"# HELP a_total A.\n# TYPE a_total counter\na_total 1\n")

    def test_promtool_finds_fault(self) -> None:
        with pytest.raises(AssertionError, match="no help text"):
            check_metrics(b"# TYPE a_total counter\na_total 1\n")

    def test_promtool_says_what_it_found(self, tmp_path: Path) -> None:
        rules = tmp_path / "rules.yml"
        rules.write_text("groups: [{name: g, rules: [{record: a:b, expr: up}]}]")
        assert "1 rules found" in promtool("check", "rules", rules)


def _rules(upstream: str) -> str:
    return f"""
format: sidecar/v1
service: orders
listeners:
  inbound: {{bind: 127.0.0.1:0}}
upstreams:
  app: {{url: "http://{upstream}"}}
"""


class TestSidecar:
    @both_loops
    def test_serves_on_the_port_it_says_and_exits_cleanly(
        self, nginx: Nginx, sidecar_process: SidecarStarter, loop: Loop
    ) -> None:
        sidecar = sidecar_process(_rules(nginx.address), loop=loop)
        assert _ask(sidecar.address, "GET", "/small")[:2] == (200, SMALL_BODY)
        assert sidecar.stop() == 0
        assert not is_listening(f"127.0.0.1:{sidecar.port}")

    def test_two_beside_one_another(self, nginx: Nginx, sidecar_process: SidecarStarter) -> None:
        one = sidecar_process(_rules(nginx.address))
        two = sidecar_process(_rules(one.address))
        assert _ask(two.address, "GET", "/small")[:2] == (200, SMALL_BODY)
        assert one.port != two.port

    def test_a_rule_file_with_an_error_ends_the_start_with_its_message(
        self, sidecar_process: SidecarStarter
    ) -> None:
        with pytest.raises(ProcessDiedError, match="listners"):
            sidecar_process(_rules("127.0.0.1:1").replace("listeners", "listners"))


class TestProcesses:
    def test_output_is_kept_and_the_process_ended(self, tmp_path: Path) -> None:
        program = "import sys, time; print('hello', flush=True); time.sleep(60)"
        with run_process("talker", [sys.executable, "-c", program], tmp_path) as process:
            process.wait_until_ready(lambda: "hello" in process.log, "talking")
            assert process.exit_status is None
        assert process.exit_status == -signal.SIGTERM

    def test_one_that_ignores_sigterm_is_killed(self, tmp_path: Path) -> None:
        program = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "print('deaf', flush=True); time.sleep(60)"
        )
        with run_process("deaf", [sys.executable, "-c", program], tmp_path) as process:
            process.wait_until_ready(lambda: "deaf" in process.log, "talking")
            assert process.stop(timeout_seconds=0.2) == -signal.SIGKILL

    def test_dying_early_is_told_with_the_log(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", "raise SystemExit('no such rule file')"]
        with (
            run_process("short", command, tmp_path) as process,
            pytest.raises(ProcessDiedError, match="no such rule file"),
        ):
            process.wait_until_ready(lambda: False, "listening")

    def test_a_taken_port_is_tried_again(self, tmp_path: Path) -> None:
        attempts: list[int] = []

        def command_for(port: int) -> list[str]:
            attempts.append(port)
            if len(attempts) == 1:
                return [sys.executable, "-c", "raise SystemExit('address in use')"]
            return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]

        process, port = start_on_free_port("web", tmp_path, command_for)
        with process:
            assert attempts[1:] == [port]

    def test_not_listening_in_time(self) -> None:
        with pytest.raises(TimeoutError, match="listening at 127"):
            wait_until_listening(f"127.0.0.1:{free_port()}", timeout_seconds=0.1)

    def test_who_waits_looks_more_and_more_seldom(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        monkeypatch.setattr("tests.servers.patience.time.monotonic", lambda: now[0])
        waiting = Waiting("a wonder", within_seconds=20.0)
        pauses = []
        for now[0] in (100.0, 101.0, 110.0, 120.0):
            pauses.append(waiting.pause_seconds())
        assert pauses == [0.01, 0.1, 0.25, 0.25]
        now[0] = 120.1
        with pytest.raises(TimeoutError, match="after 20 s still not: a wonder"):
            waiting.pause_seconds()


class TestMissingProgram:
    def test_skips_with_the_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
            need("no-such-server")

    def test_fails_in_ci(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match="no-such-server is not installed"):
            need("no-such-server")


class TestSharing:
    def test_what_runs_in_one_worker(
        self, pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared = tmp_path / "shared.json"
        shared.write_text('{"tests/test_a.py::TestB::test_c": "elasticsearch_server"}')
        monkeypatch.setattr(pytestconfig.option, "tx", ["popen"], raising=False)
        scheduling = Scheduling(pytestconfig, Producer("test"), shared)
        scope_of = scheduling._split_scope
        assert scope_of("tests/test_a.py::TestB::test_c") == "elasticsearch_server"
        assert scope_of("tests/test_a.py::TestB::test_d[x]") == "tests/test_a.py::TestB"
        assert scope_of("tests/test_a.py::test_e") == "tests/test_a.py"

    def test_who_needs_a_costly_server_may_take_long(
        self, request: pytest.FixtureRequest, elasticsearch_server: ElasticsearchServer
    ) -> None:
        assert elasticsearch_server.is_healthy()
        assert request.node.get_closest_marker("timeout").args == (360,)


def test_logs_are_shown_beside_a_failure(tmp_path: Path) -> None:
    from tests.servers import processes  # noqa: PLC0415 - only here

    with run_process("crier", [sys.executable, "-c", "print('oh no')"], tmp_path) as process:
        Process.wait(process)
        shown = dict(processes.logs_beside_failure())
    assert shown[f"log of crier (pid {process.pid})"] == "oh no\n"
