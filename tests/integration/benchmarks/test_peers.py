from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import process_tree, programs, proof
from benchmarks.crowd import Crowd
from benchmarks.load import Generator, LoadError
from benchmarks.running import SETTLE_WITHIN_SECONDS, Running, StartError
from benchmarks.targets import UPSTREAM, by_name
from benchmarks.workplace import Workplace

EVERYWHERE = frozenset(os.sched_getaffinity(0))
TRACES = {"trace_continued", "trace_started", "spans"}


BUSY_SECONDS = 1.0
#: Answers at once, and works on for a while.
BUSY_SERVER = f"""
import http.server, sys, threading, time

def work():
    end = time.monotonic() + {BUSY_SECONDS}
    while time.monotonic() < end:
        pass

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

threading.Thread(target=work).start()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def require(*names: str) -> None:
    for name in names:
        try:
            programs.find(name)
        except programs.NotInstalledError as absent:
            pytest.skip(str(absent))


@pytest.fixture
def place(folder: Path) -> Iterator[Workplace]:
    require("nginx")
    workplace = Workplace(folder, 1024)
    with Running(UPSTREAM, workplace, EVERYWHERE):
        yield workplace


@pytest.mark.parametrize(
    "name, lacks",
    [
        ("sidecar", set()),
        ("sidecar-silent", {"spans"}),
        ("envoy-governed", set()),
        ("haproxy-governed", TRACES),
        ("nginx-governed", TRACES),
    ],
)
def test_governed_proxies_do_what_the_table_says(
    place: Workplace, name: str, lacks: set[str]
) -> None:
    target = by_name(name)
    require(target.program)

    proved = proof.prove(target, place, EVERYWHERE)

    assert {claim for claim, there in proved.items() if not there} == lacks


def test_a_proxy_that_does_nothing_proves_nothing(place: Workplace) -> None:
    proved = proof.prove(by_name("nginx"), place, EVERYWHERE)

    # The bare configuration still sets a request id and keeps connections.
    assert {claim for claim, there in proved.items() if there} == {"request_id", "reuse"}


def test_a_program_that_ends_says_why(place: Workplace) -> None:
    broken = dataclasses.replace(
        by_name("nginx"),
        command=("{program:python}", "-c", "raise SystemExit('no such thing: {home}')"),
    )

    with pytest.raises(StartError, match="nginx, plain ended at once: no such thing: …"):
        Running(broken, place, EVERYWHERE).__enter__()


@pytest.mark.alone
def test_settling_waits_for_the_end_of_the_work(place: Workplace) -> None:
    command = ("{program:python}", "-c", BUSY_SERVER, "{port}")
    busy = dataclasses.replace(by_name("nginx"), name="busy", command=command)
    began = time.monotonic()

    with Running(busy, place, EVERYWHERE) as running:
        running.settle()

    assert time.monotonic() - began > BUSY_SECONDS + 0.4


@pytest.mark.alone
def test_settling_with_nothing_to_do_is_short(place: Workplace) -> None:
    with Running(by_name("nginx"), place, EVERYWHERE) as running:
        began = time.monotonic()
        running.settle()

    assert time.monotonic() - began < SETTLE_WITHIN_SECONDS


def test_stopping_leaves_no_process_behind(place: Workplace) -> None:
    with Running(by_name("nginx"), place, EVERYWHERE) as running:
        family = process_tree.members(running.pid)
        assert len(family) == 2

    assert not any(Path(f"/proc/{pid}").exists() for pid in family)


@pytest.mark.parametrize("path", ["/api/small", "/api/large"])
def test_wrk_counts_what_it_did(place: Workplace, path: str) -> None:
    require("wrk")
    generator = Generator(EVERYWHERE, place.root)

    load = generator.closed(place.upstream_port, path, connections=4, seconds=1, mode=("get",))

    assert load.requests > 100
    assert 0.0 < load.p50_us <= load.p99_us


def test_a_missing_page_spoils_a_run(place: Workplace) -> None:
    require("wrk")
    generator = Generator(EVERYWHERE, place.root)

    with pytest.raises(LoadError, match="status"):
        generator.closed(place.upstream_port, "/nowhere", connections=4, seconds=1, mode=("get",))


@pytest.mark.alone
def test_h2load_sends_by_the_clock(place: Workplace) -> None:
    require("h2load")
    generator = Generator(EVERYWHERE, place.root)

    load = generator.paced(place.upstream_port, "/api/small", rate=200, seconds=1, connections=10)

    assert load.requests == 200
    assert load.seconds == pytest.approx(1.0, rel=0.2)


def test_a_crowd_stays(place: Workplace) -> None:
    with Running(by_name("nginx"), place, EVERYWHERE) as running, Crowd(running.port, 150) as crowd:
        assert crowd.still_there() == 150


def test_a_crowd_that_was_sent_away_is_missed(place: Workplace) -> None:
    with Running(by_name("nginx"), place, EVERYWHERE) as running:
        crowd = Crowd(running.port, 10).__enter__()
    try:
        assert crowd.still_there() == 0
    finally:
        crowd.__exit__()
