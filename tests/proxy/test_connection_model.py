"""One client connection as a model: whatever is asked and answered, in whatever pieces.

The model says which answers come, in which order, and when the connection ends; bodies arrive
whole both ways, and the upstream hears exactly what was let through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.ruleset.routes import Chain, Step
from tests.proxy.client import Answer, BrokenAnswerError, Client
from tests.proxy.gates import REFUSAL, Told, step
from tests.proxy.harness import Proxy, serving
from tests.proxy.loops import LOOPS
from tests.proxy.recorder import Ear, Heard


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str = "GET"
    minor: int = 1
    #: none, length or chunks
    framing: str = "none"
    body: tuple[bytes, ...] = ()
    connection: str = ""
    refused: bool = False
    malformed: bool = False
    #: Whether all answers so far are read before it is sent.
    waits: bool = False
    cuts: tuple[int, ...] = ()

    @property
    def whole_body(self) -> bytes:
        return b"" if self.framing == "none" else b"".join(self.body)

    @property
    def keeps(self) -> bool:
        if "close" in self.connection:
            return False
        return bool(self.minor) or "keep-alive" in self.connection

    def bytes(self, number: int) -> bytes:
        lines = [f"{self.method} /{number} HTTP/1.{self.minor}", "Host: a"]
        if self.connection:
            lines.append(f"Connection: {self.connection}")
        if self.refused:
            lines.append("X-Refuse: 1")
        if self.malformed:
            lines.append("No colon")
        body = self.whole_body
        if self.framing == "length":
            lines.append(f"Content-Length: {len(body)}")
        elif self.framing == "chunks":
            lines.append("Transfer-Encoding: chunked")
            chunks = [b"%x\r\n%b\r\n" % (len(one), one) for one in self.body if one]
            body = b"".join([*chunks, b"0\r\nX-Trailer: 1\r\n\r\n"])
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Done:
    """What the upstream does with a request."""

    status: int = 200
    #: length, chunks, close, or length in HTTP/1.0
    framing: str = "length"
    body: tuple[bytes, ...] = ()
    interim: int = 0
    #: "" for nothing, "early" before the head, "late" in the middle of the body
    breaks: str = ""

    @property
    def whole_body(self) -> bytes:
        return b"".join(self.body)

    @property
    def has_content(self) -> bool:
        return self.status not in (204, 304)

    def head(self) -> bytes:
        minor = 0 if self.framing == "old" else 1
        lines = [f"HTTP/1.{minor} {self.status} So"]
        if self.framing == "chunks" and self.has_content:
            lines.append("Transfer-Encoding: chunked")
        elif self.framing in ("length", "old"):
            lines.append(f"Content-Length: {len(self.whole_body)}")
        elif self.framing == "close":
            lines.append("Connection: close")
        interim = b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" * self.interim
        return interim + "\r\n".join([*lines, "", ""]).encode()

    def pieces(self) -> list[bytes]:
        if self.framing != "chunks":
            return list(self.body)
        chunks = [b"%x\r\n%b\r\n" % (len(one), one) for one in self.body if one]
        return [*chunks, b"0\r\nX-Trailer: 2\r\n\r\n"]


Exchange = tuple[Asked, Done]


@dataclass
class Service:
    """The upstream: does with request number N what the plan says of it."""

    plan: list[Exchange]
    heard: list[Heard] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear = Ear()
        while data := await reader.read(1 << 16):
            if ear.hear(data):
                heard = ear.heard[-1]
                self.heard.append(heard)
                asked, told = self.plan[int(heard.target[1:])]
                if not await self._answer(asked, told, writer):
                    return

    async def _answer(self, asked: Asked, told: Done, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        if told.breaks == "early":
            return False
        writer.write(told.head())
        if asked.method != "HEAD" and told.has_content:
            pieces = told.pieces()
            for piece in pieces[: len(pieces) // 2] if told.breaks else pieces:
                await writer.drain()
                writer.write(piece)
        return not told.breaks and told.framing not in ("close", "old")


@dataclass(frozen=True)
class Expected:
    """What the client gets for one request."""

    status: int
    body: bytes | None = None
    interim: int = 0
    trailers: int = 0
    broken: bool = False
    ends: bool = False


def expect(asked: Asked, told: Done) -> Expected:
    if asked.malformed:
        return Expected(400, ends=True)
    if asked.refused:
        return Expected(429, ends=not asked.keeps)
    if told.breaks == "early":
        return Expected(502, ends=not asked.keeps)
    empty = asked.method == "HEAD" or not told.has_content
    if told.breaks and not empty:
        return Expected(told.status, broken=True, ends=True)
    unframed = not empty and told.framing in ("chunks", "close")
    return Expected(
        told.status,
        b"" if empty else told.whole_body,
        told.interim * asked.minor,
        int(told.framing == "chunks" and not empty) * asked.minor,
        ends=not asked.keeps or (unframed and not asked.minor),
    )


def predicted(plan: list[Exchange]) -> list[Expected]:
    """Every answer that comes before the connection ends, the last one included."""
    answers = []
    for asked, told in plan:
        answers.append(expect(asked, told))
        if answers[-1].ends:
            break
    return answers


def check(answer: Answer, expected: Expected) -> None:
    assert answer.status == expected.status
    assert answer.closes == expected.ends
    assert [status for status, _ in answer.interim] == [103] * expected.interim
    if expected.body is not None:
        assert answer.body == expected.body
        assert answer.trailers == [(b"x-trailer", b"2")] * expected.trailers


async def read_answer(client: Client, asked: Asked, expected: Expected) -> None:
    if expected.broken:
        with pytest.raises(BrokenAnswerError):
            await client.answer(asked.method)
    else:
        # Of a request that cannot be read it is not known that it is HEAD.
        method = "GET" if asked.malformed else asked.method
        check(await client.answer(method), expected)


async def send(client: Client, data: bytes, cuts: tuple[int, ...]) -> None:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for start, end in pairwise(places):
        await client.send(data[start:end])
        await asyncio.sleep(0)


async def converse(running: Proxy, plan: list[Exchange]) -> None:
    """Send all requests and read all answers; after the last one the connection ends."""
    client = await running.connect()
    answers = predicted(plan)
    read = 0
    for number, (asked, _) in enumerate(plan[: len(answers)]):
        if asked.waits:
            while read < number:
                await read_answer(client, plan[read][0], answers[read])
                read += 1
        await send(client, asked.bytes(number), asked.cuts)
    while read < len(answers):
        await read_answer(client, plan[read][0], answers[read])
        read += 1
    if answers and answers[-1].ends and not answers[-1].broken:
        assert await client.read_to_end() == b""
    elif answers and not answers[-1].ends:
        # It still goes on: the client ends it, and nothing more comes.
        client.send_end()
        assert await client.read_to_end() == b""


def chain() -> Chain:
    gate = step(Told(REFUSAL))
    refuses = Step(gate.rule, gate.gate, lambda head: b"x-refuse" in head.fields, gate.tally, 0)
    return Chain((refuses,))


async def play(plan: list[Exchange]) -> None:
    service = Service(plan)
    async with serving(service, chain=chain(), watched=frozenset({b"x-refuse"})) as running:
        await converse(running, plan)
        await running.hang_up()
        assert running.engine.meters.server("inbound", "other").in_flight == 0
    answers = predicted(plan)
    through = [
        (number, asked)
        for number, (asked, told) in enumerate(plan[: len(answers)])
        if not asked.refused and not asked.malformed
    ]
    # A request that broke early on a kept connection may have been sent again, whole.
    heard = {int(one.target[1:]): one for one in service.heard}
    assert list(heard) == [number for number, _ in through]
    for number, asked in through:
        one = heard[number]
        assert (one.method.decode(), one.body) == (asked.method, asked.whole_body)
        assert one.trailers == [(b"x-trailer", b"1")] * (asked.framing == "chunks")
    counts = [sum(one.target == b"/%d" % number for one in service.heard) for number, _ in through]
    assert all(
        count == 1 or (count == 2 and plan[number][1].breaks == "early" and asked.method != "POST")
        for count, (number, asked) in zip(counts, through, strict=True)
    )


_pieces = st.lists(
    st.one_of(st.binary(max_size=8), st.integers(0, 3000).map(lambda size: b"x" * size)), max_size=4
).map(tuple)


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    minor = draw(st.sampled_from([1, 1, 1, 0]))
    return Asked(
        draw(st.sampled_from(["GET", "GET", "POST", "PUT", "HEAD", "OPTIONS"])),
        minor,
        draw(st.sampled_from(["none", "length", "chunks"] if minor else ["none", "length"])),
        draw(_pieces),
        draw(st.sampled_from(["", "", "", "keep-alive", "keep-alive, x", "close"])),
        draw(st.sampled_from([False, False, False, True])),
        draw(st.sampled_from([False] * 9 + [True])),
        draw(st.booleans()),
        draw(st.lists(st.integers(0, 5000), max_size=3).map(tuple)),
    )


def is_seen_to_break(told: Done) -> bool:
    """A body that ends with its connection cannot be seen to be short, nor an empty one."""
    sent = b"".join(told.body[: len(told.body) // 2])
    short = told.framing in ("length", "old") and len(told.whole_body) > len(sent)
    return told.breaks != "late" or told.framing == "chunks" or short


told = st.builds(
    Done,
    st.sampled_from([200, 200, 201, 204, 304, 404, 500]),
    st.sampled_from(["length", "length", "chunks", "chunks", "close", "old"]),
    _pieces,
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from(["", "", "", "", "early", "late"]),
).filter(is_seen_to_break)


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_answers_come_in_order_and_whole_and_the_connection_ends_when_it_should(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:

        @given(st.lists(st.tuples(asked(), told), max_size=8))
        def go(plan: list[Exchange]) -> None:
            runner.run(play(plan))

        go()
