"""Whatever sequence of exchanges there is, the counters agree with who counts naively."""

from __future__ import annotations

import asyncio
from collections import Counter
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.model.http import RequestHead
from sidecar.model.verdict import ADMIT, Verdict
from sidecar.ruleset.routes import Chain, Objective
from sidecar.telemetry.cells import ObjectiveCell
from sidecar.telemetry.families import family_parts
from tests.proxy.gates import REFUSAL, Told
from tests.proxy.harness import Proxy, request, serving, until
from tests.proxy.recorder import Ear
from tests.proxy.scripts import head
from tests.proxy.test_judgement import refusing

#: What a client may meet, and what is counted: status and error type of the answer; the same of
#: the try; and what an objective says of it. None for nothing.
_Told = tuple[str, str] | None
_KINDS: dict[str, tuple[_Told, _Told, str]] = {
    "ok": (("200", ""), ("200", ""), "good"),
    "missing": (("404", ""), ("404", "404"), "good"),
    "failing": (("500", "500"), ("500", "500"), "bad"),
    "reset": (("502", "upstream_reset"), ("", "upstream_reset"), "bad"),
    "short": (("200", "upstream_truncated"), ("", "upstream_truncated"), "bad"),
    "refused": (("429", ""), None, "shed"),
    "unreadable": (None, None, ""),
}
_METHODS = ("GET", "POST", "BREW")
_STEPS = st.lists(st.tuples(st.sampled_from([*_KINDS]), st.sampled_from(_METHODS)), max_size=12)
_ANSWERS = {
    b"/ok": head("Connection: close", "Content-Length: 2") + b"ok",
    b"/missing": head("Connection: close", "Content-Length: 0", status="404 Not Found"),
    b"/failing": head("Connection: close", "Content-Length: 0", status="500 Oh"),
    b"/short": head("Connection: close", "Content-Length: 9") + b"sho",
    b"/reset": b"",
}


async def obliging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers as the path says, once: a connection that is used again may have gone stale."""
    ear = Ear()
    while not ear.hear(await reader.read(1 << 16)):
        pass
    writer.write(_ANSWERS[ear.heard[0].target])


class Picky(Told):
    """Refuses what asks to be refused."""

    def peek(self, request: RequestHead, now: float) -> Verdict:  # noqa: ARG002 - the contract
        return REFUSAL if request.path == b"/refused" else ADMIT


def raw(kind: str, method: str) -> bytes:
    if kind == "unreadable":
        return request("/", "Host: another.example")
    return request(f"/{kind}", method=method)


Seen = Counter[tuple[str, ...]]


def counted(running: Proxy, cell: ObjectiveCell) -> tuple[Seen, Seen, Seen, int]:
    """What is exposed: of the server, of the client, of the objective, and what was rejected."""
    server, client, rejected = Counter[tuple[str, ...]](), Counter[tuple[str, ...]](), 0
    for part in family_parts(running.engine.meters, 1_000_000):
        for one in part.samples:
            at = tuple(
                one.labels.get(name, "")
                for name in ("http_request_method", "http_response_status_code", "error_type")
            )
            if one.name == "http_server_request_duration_seconds_count":
                server[at] += int(one.value)
            elif one.name == "http_client_request_duration_seconds_count":
                client[at] += int(one.value)
            elif one.name == "sidecar_requests_rejected_total":
                rejected += int(one.value)
    judged: Seen = Counter({("good",): cell.good, ("bad",): cell.bad, ("shed",): cell.shed})
    return server, client, +judged, rejected


def expected(steps: list[tuple[str, str]]) -> tuple[Seen, Seen, Seen, int]:
    server, client, judged = (Counter[tuple[str, ...]]() for _ in range(3))
    for kind, method in steps:
        label = "_OTHER" if method == "BREW" else method
        answer, tried, outcome = _KINDS[kind]
        if answer is not None:
            server[label, *answer] += 1
            judged[outcome,] += 1
        if tried is not None:
            client[label, *tried] += 1
    return server, client, judged, sum(kind == "unreadable" for kind, _ in steps)


async def went(steps: list[tuple[str, str]]) -> tuple[Seen, Seen, Seen, int]:
    gate = refusing("rate_limits")
    gate.peek = Picky().peek
    async with serving(obliging, chain=Chain(enforced=(gate,))) as running:
        cell = ObjectiveCell()
        route = running.engine.rules.routes["other"]
        route.objectives = (Objective(cell, None, 500, inf),)
        for kind, method in steps:
            await running.ask(raw(kind, method))
        await until(lambda: not running.engine.exchanges)
        return counted(running, cell)


@given(_STEPS)
@settings(max_examples=25)
def test_any_sequence_of_exchanges_is_counted_as_it_was(steps: list[tuple[str, str]]) -> None:
    assert asyncio.run(went(steps)) == expected(steps)
