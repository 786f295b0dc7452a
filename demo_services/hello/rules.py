"""The committed rule file, made ready for one run: free ports, and the limit that it sets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sidecar.model.quantities import parse_rate

COMMITTED: Final = Path(__file__).parents[2] / "rules" / "hello.rules.yaml"
ACCESS_LOG: Final = "access.jsonl"


class ClientLimit(msgspec.Struct, frozen=True):
    """What one client may do."""

    rule: str
    per_second: float
    burst: float


class UnfitRules(Exception):  # noqa: N818 - named after what is wrong
    """The rule file lacks what the demo is about."""


def client_limit(rules: Path) -> ClientLimit:
    """The first enforced limit for each client. Raises UnfitRules when there is none."""
    with _fit(rules):
        for rule in _yaml().load(rules)["rate_limits"]:
            if rule.get("per") == "client" and rule.get("mode", "enforce") == "enforce":
                per_second = parse_rate(rule["limit"]).per_second
                return ClientLimit(rule["name"], per_second, rule.get("burst", per_second))
    raise UnfitRules(f"{rules.name}: no enforced rate limit `per: client`, so nothing to show")


def ready_for_run(rules: Path, upstream: str, directory: Path) -> Path:
    """A copy in ``directory`` that listens on free ports and forwards to ``upstream``.

    Comments and everything else stay as they are in the committed file.
    Raises UnfitRules when it has no inbound listener or no upstream ``app``.
    """
    yaml = _yaml()
    with _fit(rules):
        document = yaml.load(rules)
        document["listeners"]["inbound"]["bind"] = "127.0.0.1:0"
        document["upstreams"]["app"]["url"] = f"http://{upstream}"
        telemetry = document.setdefault("telemetry", {})
        telemetry["prometheus"] = {"bind": "127.0.0.1:0"}
        telemetry["logs"] = {"file": str(directory / ACCESS_LOG)}
    copy = directory / rules.name
    yaml.dump(document, copy)
    return copy


@contextlib.contextmanager
def _fit(rules: Path) -> Iterator[None]:
    """Whatever is wrong with the file, ``sidecar check`` says it better than we could."""
    try:
        yield
    except (YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnfitRules(f"{rules.name} is not what the demo needs; try: sidecar check") from error


def _yaml() -> Any:
    yaml = YAML(typ="rt")
    yaml.width = 4096
    return yaml
