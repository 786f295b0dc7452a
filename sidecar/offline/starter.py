"""The rule file that ``sidecar init`` writes: it works as it is, and refuses nobody yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.offline.openapi import Operation
from sidecar.ruleset.nodes import resolve_plain

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60

_HEAD = """\
# yaml-language-server: $schema=./rules.schema.json
# Written by `sidecar init`. Every limit starts in shadow: it counts and refuses nobody.
# After editing: `sidecar check {file}`. A running sidecar takes changes at once.
format: sidecar/v1
service: {service}

listeners:
  # Clients come here. The service itself listens where `upstreams.app` says.
  inbound: {{bind: {bind}, to: app}}

upstreams:
  app: {{url: {app}}}

keys:
  client: {{from: client.address}}
"""
_ROUTES = """
# Names for metrics and for `match: {route: …}`; the first that matches wins.
routes:
"""
_RULES = """
rate_limits:
  # Look at sidecar_decisions_total for what these would have refused; then leave `mode` out.
  - {name: everyone-together, limit: 1000/s, mode: shadow}
  - {name: each-client, per: client, limit: 50/s, burst: 100, mode: shadow}

breakers:
  - name: app
    upstream: app
    open_when: {error_ratio: 50%, over: 10s, at_least: 20 requests}
    mode: shadow
"""


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of a service on its first day."""

    service: str
    #: ``http://127.0.0.1:9000``.
    app: str
    bind: str = "127.0.0.1:8080"
    operations: Sequence[Operation] = ()


def rule_file(start: Start, name: str) -> str:
    """The text of a rule file called ``name``."""
    head = _HEAD.format(file=name, service=_scalar(start.service), bind=start.bind, app=start.app)
    return head + _routes(start.operations) + _RULES


def service_name(text: str) -> str:
    """A name as rule files have them, made of any text; ``app`` when nothing is left of it."""
    return _NOT_IN_NAMES.sub("-", text.lower())[:_LONGEST_NAME].strip("-") or "app"


def _routes(operations: Sequence[Operation]) -> str:
    if not operations:
        return ""
    names: set[str] = set()
    lines = [_route(one, names) for one in sorted(operations, key=_most_specific_first)]
    return _ROUTES + "".join(lines)


def _route(operation: Operation, names: set[str]) -> str:
    name = _unused(service_name(operation.name), names)
    path = f'"{operation.path}"' if operation.path.startswith(("*", "/*")) else operation.path
    return f"  - {{name: {_scalar(name)}, match: {{path: {path}, method: {operation.method}}}}}\n"


def _scalar(name: str) -> str:
    """``name`` as YAML reads it as a name: in quotes when it looks like something else."""
    return name if isinstance(resolve_plain(name), str) else f'"{name}"'


def _unused(name: str, names: set[str]) -> str:
    """``name``, with a number if it is taken; ``other`` always is."""
    number, found = 2, name
    while found in names or found == "other":
        found = f"{name}-{number}"
        number += 1
    names.add(found)
    return found


def _most_specific_first(operation: Operation) -> tuple[int, int]:
    """Paths without stars go before those with, longer ones before shorter."""
    return operation.path.count("*"), -operation.path.count("/")
