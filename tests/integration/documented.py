"""The examples of the documentation, started as they stand there in front of a scripted service."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.integration import scripted
from tests.integration.clients.asking import metric
from tests.integration.clients.connection import Answer, Connection, Fields
from tests.integration.rule_text import rules
from tests.servers.ports import Address
from tests.servers.sidecar import SidecarProcess, SidecarStarter

ROOT = Path(__file__).parents[2]
#: All pages about the rule file.
REFERENCE = "\n".join(
    page.read_text(encoding="utf-8")
    for page in (*sorted((ROOT / "docs" / "rules").glob("*.md")), ROOT / "docs" / "rules.md")
)

#: A section of a rule file, or several.
Part = dict[str, Any]

_YAML_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_DURATION = re.compile(r"(\d+)(ms|s|m|h)$")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def example(heading: str, number: int = 0) -> Part:
    """A rule file, or a part of one, below a heading of the pages about it."""
    below = REFERENCE.partition(f"# {heading}\n")[2]
    text = _YAML_BLOCK.findall(below)[number]
    read: Part = YAML(typ="safe", pure=True).load(text)
    return read


def rule(part: Part, kind: str, name: str) -> Part:
    """The one rule of an example that a test is about, to be started alone."""
    [found] = [one for one in part[kind] if one["name"] == name]
    kept = {section: value for section, value in part.items() if section != kind}
    return {**kept, kind: [found]}


def hastened(value: Any, times: int) -> Any:
    """The same, every duration in it so many times shorter: tests do not wait for minutes."""
    if isinstance(value, dict):
        return {name: hastened(inner, times) for name, inner in value.items()}
    if isinstance(value, list):
        return [hastened(inner, times) for inner in value]
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    milliseconds = Fraction(int(found[1]) * _MILLISECONDS[found[2]], times)
    return f"{max(1, int(milliseconds))}ms"


async def started(start: SidecarStarter, app: Address, part: Part, **more: Any) -> SidecarProcess:
    """A sidecar with the rules of an example; where it listens is the test's business."""
    part = {name: section for name, section in part.items() if name != "listeners"}
    upstreams = {**part.get("upstreams", {}), **more.pop("upstreams", {})}
    if upstreams:
        more["upstreams"] = {**upstreams, "app": {"targets": [app]}}
    return await asyncio.to_thread(start, rules(app, **{**part, **more}))


@dataclass
class Service:
    """A service that answers every request with the head that came, unless it is told otherwise."""

    status: str = "200 OK"
    seconds: float = 0.0
    fields: tuple[str, ...] = ()
    #: Breaks the connection instead of an answer.
    breaks: bool = False
    heads: list[bytes] = field(default_factory=list)
    address: Address = ""
    #: What it does with the next requests, one after another, before it is as it is again.
    then: list[str] = field(default_factory=list)

    async def __call__(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        self.heads.append(head)
        status = self.then.pop(0) if self.then else self.status
        await asyncio.sleep(self.seconds)
        if self.breaks:
            writer.transport.abort()
            return False
        writer.write(scripted.answer(head, *self.fields, status=status))
        return True

    @property
    def asked(self) -> int:
        """How many requests it has had."""
        return len(self.heads)


async def answers(
    sidecar: SidecarProcess,
    target: str,
    times: int = 1,
    *,
    method: str = "GET",
    fields: Fields = (),
) -> list[Answer]:
    """What a client gets who asks as fast as it can, one request after another."""
    body = b"{}" if method in {"POST", "PUT"} else b""
    async with await Connection.open(sidecar.address) as client:
        return [
            await client.ask(target, method=method, fields=fields, body=body) for _ in range(times)
        ]


async def statuses(
    sidecar: SidecarProcess,
    target: str,
    times: int,
    *,
    method: str = "GET",
    fields: Fields = (),
) -> Counter[int]:
    """How often a client who asks as fast as it can gets which status."""
    told = await answers(sidecar, target, times, method=method, fields=fields)
    return Counter(answer.status for answer in told)


async def together(
    sidecar: SidecarProcess, target: str, times: int, *, fields: Fields = ()
) -> list[Answer]:
    """What clients get who all ask at once."""

    async def one() -> Answer:
        [answer] = await answers(sidecar, target, fields=fields)
        return answer

    return list(await asyncio.gather(*(one() for _ in range(times))))


def decided(sidecar: SidecarProcess, name: str, outcome: str) -> int:
    """How many requests a rule has had this outcome for."""
    return int(metric(sidecar, "sidecar_decisions_total", rule=name, outcome=outcome))


def reason(answer: Answer) -> str:
    """The word for why a request was refused or failed."""
    said: str = json.loads(answer.body)["reason"]
    return said
