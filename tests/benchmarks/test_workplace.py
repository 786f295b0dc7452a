from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.targets import EXPORTING, NO_OTHER_RULES, OPEN_LIMITS, TARGETS, UPSTREAM
from benchmarks.workplace import TEMPLATES, MissingValueError, Workplace, fill, free_port


def test_fills_every_name() -> None:
    assert fill("listen @PORT@; # a@b.example", {"PORT": "80"}) == "listen 80; # a@b.example"


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(MissingValueError, match="@ADMIN_PORT@"):
        fill("@PORT@ @ADMIN_PORT@", {"PORT": "80"})


def test_a_free_port_can_be_asked_for_again_and_again() -> None:
    assert all(1024 < free_port() < 65536 for _ in range(20))


@pytest.mark.parametrize("template", [t.template for t in (UPSTREAM, *TARGETS) if t.template])
def test_every_configuration_is_complete(template: str, tmp_path: Path) -> None:
    values = {
        **OPEN_LIMITS,
        **NO_OTHER_RULES,
        **EXPORTING,
        "PORT": "1",
        "ADMIN_PORT": "2",
        "ACCESS_LOG": "access.log",
    }

    rendered = Workplace(tmp_path, 1024).render(template, tmp_path, values)

    assert not re.search(r"@[A-Z_]+@", rendered.read_text())


@pytest.mark.parametrize("values, port", [({}, "$UPSTREAM"), ({"COLLECTOR_PORT": "4318"}, "4318")])
def test_the_collector_is_the_upstream_unless_said(
    values: dict[str, str], port: str, tmp_path: Path
) -> None:
    place = Workplace(tmp_path, 1024)
    given = {
        **OPEN_LIMITS,
        **NO_OTHER_RULES,
        **EXPORTING,
        "PORT": "1",
        "ADMIN_PORT": "2",
        "ACCESS_LOG": "access.log",
        **values,
    }

    rendered = place.render("sidecar_governed.rules.yaml", tmp_path, given).read_text()

    wanted = port.replace("$UPSTREAM", str(place.upstream_port))
    assert f'otlp: {{endpoint: "http://127.0.0.1:{wanted}"}}' in rendered


def test_every_governed_configuration_denies_the_same_networks() -> None:
    network = re.compile(r"\b(?:\d+\.){3}\d+/\d+|[0-9a-f]+(?::[0-9a-f]*)+/\d+")
    principal = re.compile(r'address_prefix: "?([0-9a-f.:]+)"?, prefix_len: (\d+)')
    lists = {}
    for target in TARGETS:
        if target.governed:
            text = (TEMPLATES / target.template).read_text()
            found = network.findall(text) or ["/".join(pair) for pair in principal.findall(text)]
            lists[target.name] = sorted(found)

    assert len(lists) == 5
    assert len(set(map(tuple, lists.values()))) == 1, lists
    assert len(next(iter(lists.values()))) == 16
