"""The layout that CONTRIBUTING.md promises: a test file a module, small files, telling names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sidecar"
CODE = ("sidecar", "dashboards", "demo_services", "benchmarks", "tests")

#: Modules without a test file of their own, and why.
WITHOUT_TESTS: dict[str, str] = {
    "sidecar/__main__.py": "Two lines; every integration test starts the sidecar through it.",
    "sidecar/app.py": "Puts parts together; the integration tests run it as a process.",
}

MOST_LINES = 400

_DEFINED = re.compile(r"^ *(?:async )?(?:class|def) (\w+)", re.MULTILINE)

#: Words that say nothing about what a thing is for.
FORBIDDEN_WORDS = frozenset(
    {"base", "common", "helper", "helpers", "impl", "manager", "misc", "util", "utils"}
)

#: Names that others chose, and who.
DICTATED: dict[str, str] = {"base_exceptions": "The interface of the storages of limits."}


def _python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _has_code(module: Path) -> bool:
    """Whether there is more than a docstring, imports and assignments of names."""
    passive = ast.Expr | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
    return any(not isinstance(node, passive) for node in ast.parse(module.read_text()).body)


def _mirror(module: Path) -> Path:
    relative = module.relative_to(PACKAGE)
    name = relative.parent.name if module.name == "__init__.py" else relative.stem
    return ROOT / "tests" / relative.parent / f"test_{name}.py"


def _needs_test(module: Path) -> bool:
    return module.name != "__init__.py" or _has_code(module)


def _modules_without_tests() -> set[str]:
    modules = filter(_needs_test, _python_files("sidecar"))
    return {_relative(module) for module in modules if not _mirror(module).exists()}


def test_every_module_has_its_test_file() -> None:
    missing = _modules_without_tests() - WITHOUT_TESTS.keys()
    wanted = {name: _relative(_mirror(ROOT / name)) for name in sorted(missing)}
    assert not wanted, f"write these test files, or say in WITHOUT_TESTS why not: {wanted}"


def test_every_exclusion_is_still_needed_and_has_a_reason() -> None:
    assert WITHOUT_TESTS.keys() <= _modules_without_tests()
    assert all(reason.endswith(".") for reason in WITHOUT_TESTS.values())


def test_no_file_is_too_long() -> None:
    lengths = {
        _relative(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in _python_files(*CODE)
    }
    assert lengths, "nothing was found to measure"
    assert not {path: lines for path, lines in lengths.items() if lines > MOST_LINES}


def _words(name: str) -> set[str]:
    """``LocalReplyHelper`` and ``local_reply_helper`` into their lower-case words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return {word.lower() for word in apart.split("_") if word}


def _names(path: Path) -> Iterator[str]:
    yield path.stem
    yield path.parent.name
    yield from _DEFINED.findall(path.read_text(encoding="utf-8"))


def test_names_say_what_a_thing_is_for() -> None:
    found = {
        f"{_relative(path)}: {name}"
        for path in _python_files(*CODE)
        for name in {*_names(path)} - DICTATED.keys()
        if _words(name) & FORBIDDEN_WORDS
    }
    assert not found


@pytest.mark.parametrize(
    "name,words",
    [
        ("LocalReply", {"local", "reply"}),
        ("connection_manager", {"connection", "manager"}),
        ("_Util", {"util"}),
    ],
)
def test_words_of_a_name(name: str, words: set[str]) -> None:
    assert _words(name) == words
