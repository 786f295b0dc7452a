"""The committed rule files, made ready for one run, and edited as an admin would."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from demo_services.shop.story.layout import CALLS, SERVICES, Layout
from sidecar.model.quantities import parse_rate

_NO_RULES: Final = frozenset({"routes", "priorities", "switches", "slo", "alerts"})
COMMITTED: Final = Path(__file__).parents[3] / "rules" / "shop"


class UnfitRules(Exception):  # noqa: N818 - named after what is wrong
    """A rule file lacks what the story is about."""


class Limit(NamedTuple):
    """What a rule lets through."""

    rule: str
    per_second: float
    burst: float


class RuleFiles:
    """Copies of the committed files in ``directory``; comments and all else stay as they are."""

    def __init__(
        self,
        committed: Path,
        directory: Path,
        layout: Layout,
        sections: Mapping[str, Any] | None = None,
    ) -> None:
        """``sections`` is told under ``telemetry``, too."""
        self._directory = directory
        self._sections = dict(sections or {})
        for name in SERVICES:
            self._copy(name, committed / self.path(name).name, layout)
        self._first = {name: self.text(name) for name in SERVICES}

    def path(self, service: str) -> Path:
        """The file that the service's sidecar follows."""
        return self._directory / f"{service}.rules.yaml"

    def log(self, service: str) -> Path:
        """The file that its sidecar writes its log to."""
        return self._directory / f"{service}.log.jsonl"

    @property
    def documents(self) -> Path:
        """The folder that all sidecars write their traces, logs and metrics below."""
        return self._directory / "telemetry"

    def text(self, service: str) -> str:
        """What it says now."""
        return self.path(service).read_text(encoding="utf-8")

    def limit(self, service: str, rule: str) -> Limit:
        """What an enforced rate limit lets through. Raises UnfitRules."""
        with _fit(self.path(service).name):
            for entry in _yaml().load(self.path(service))["rate_limits"]:
                if entry["name"] == rule and entry.get("mode", "enforce") == "enforce":
                    rate = parse_rate(entry["limit"]).per_second
                    return Limit(rule, rate, float(entry.get("burst", rate)))
        raise UnfitRules(f"{self.path(service).name}: no enforced rate limit {rule!r}")

    def edit(self, service: str, before: str, after: str) -> None:
        """Replace the first ``before`` as a person at an editor would; saved as a whole.

        Raises UnfitRules when the file does not say that.
        """
        text = self.text(service)
        if before not in text:
            raise UnfitRules(f"{self.path(service).name} does not say {before!r}")
        self._save(service, text.replace(before, after, 1))

    def restore(self, service: str) -> None:
        """As it was when the run began."""
        self._save(service, self._first[service])

    def line_of(self, service: str, words: str) -> int:
        """The number of the first line that says this. Raises UnfitRules."""
        for number, line in enumerate(self.text(service).splitlines(), 1):
            if words in line:
                return number
        raise UnfitRules(f"{self.path(service).name} does not say {words!r}")

    def _save(self, service: str, text: str) -> None:
        # Whoever reads it meanwhile must never read half of it.
        unfinished = self._directory / f"{service}.unfinished"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(self.path(service))

    def _copy(self, service: str, committed: Path, layout: Layout) -> None:
        telemetry = {
            "prometheus": {"bind": layout[service].prometheus},
            "logs": {"file": str(self.log(service))},
            "files": {"folder": str(self.documents / service)},
            **self._sections,
        }
        self.path(service).write_text(
            placed(committed, service, layout, telemetry), encoding="utf-8"
        )


def placed(
    committed: Path,
    service: str,
    layout: Layout,
    telemetry: Mapping[str, Any],
    callers: Sequence[str] = (),
) -> str:
    """The text of a committed rule file, with the addresses of the layout; comments stay.

    ``callers`` are believed in place of those of the file. Raises UnfitRules.
    """
    place, yaml = layout[service], _yaml()
    with _fit(committed.name):
        document = yaml.load(committed)
        listeners, upstreams = document["listeners"], document["upstreams"]
        listeners["inbound"]["bind"] = place.inbound
        if "outbound" in listeners:
            listeners["outbound"]["bind"] = place.outbound
        upstreams["app"]["url"] = f"http://{place.app}"
        for peer in CALLS[service]:
            if peer in upstreams:
                upstreams[peer]["url"] = f"http://{layout[peer].reached}"
        if callers:
            document["trust"]["callers"][:] = callers
        document.setdefault("telemetry", {}).update(telemetry)
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def rule_names(path: Path) -> list[str]:
    """The names of a file's rules, section by section; routes, objectives and alerts are none.

    Raises UnfitRules.
    """
    with _fit(path.name):
        document = _yaml().load(path)
        return [
            f"{entry['name']} (shadow)" if entry.get("mode") == "shadow" else entry["name"]
            for section, entries in document.items()
            if isinstance(entries, list) and section not in _NO_RULES
            for entry in entries
        ]


@contextlib.contextmanager
def _fit(name: str) -> Iterator[None]:
    """Whatever is wrong with the file, ``sidecar check`` says it better than we could."""
    try:
        yield
    except (YAMLError, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        raise UnfitRules(f"{name} is not what the story needs; try: sidecar check") from error


def _yaml() -> Any:
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.preserve_quotes = True
    return yaml
