"""What the containers are made of, as far as it can be tried without any."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.servers.alertmanager import amtool
from tests.servers.programs import need_built, versions
from tests.servers.prometheus import promtool

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
OURS = "governed-shop"


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@cache
def image_versions() -> dict[str, str]:
    lines = (DEPLOY / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


#: ``${NAME}`` and ``${NAME:?what is wrong}``.
VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]+)?\}")


def test_the_compose_file_is_one(tmp_path: Path) -> None:
    loader = need_built("compose-go", versions()["COMPOSE_GO"])
    # The loader's own command fills in no variables; `docker compose` does, from the same file.
    chosen = {**image_versions(), "GRAFANA_PASSWORD": "x"}
    filled = VARIABLE.sub(lambda found: chosen[found[1]], COMPOSE.read_text(encoding="utf-8"))
    (tmp_path / "compose.yaml").write_text(filled, encoding="utf-8")
    said = subprocess.run(
        [loader, "-no-path-resolution", "compose.yaml"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (0, "")
    services = YAML(typ="safe", pure=True).load(said.stdout)["services"]
    assert {"elasticsearch", "prometheus", "alertmanager", "grafana", "redis"} <= services.keys()
    assert services["storefront"]["image"] == OURS
    for name, service in services.items():
        assert service["image"] == OURS or re.search(r":v?\d", service["image"]), name


def test_nobody_gets_a_password_that_everybody_knows() -> None:
    needed = VARIABLE.findall(COMPOSE.read_text(encoding="utf-8"))
    assert {name for name, problem in needed if problem} == {"GRAFANA_PASSWORD"}
    assert {name for name, problem in needed if not problem} == image_versions().keys()


def test_every_command_of_the_page_has_what_the_compose_file_needs() -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (.*docker compose .*)$", page, re.MULTILINE)
    assert len(commands) > 5
    # Each of them reads the compose file, which is none without the password.
    exported = page.index("    export GRAFANA_PASSWORD=")
    assert all(page.index(command) > exported for command in commands)
    # A service that was stopped to see what happens is not to be started by the next line.
    assert all("--no-deps" in one for one in commands if " run --rm customers" in one)


def test_a_compose_file_with_a_mistake_is_refused(tmp_path: Path) -> None:
    loader = need_built("compose-go", versions()["COMPOSE_GO"])
    text = COMPOSE.read_text(encoding="utf-8").replace("depends_on:", "depend_on:")
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    said = subprocess.run(
        [loader, "-no-interpolation", "compose.yaml"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert said.returncode != 0
    assert "depend_on" in said.stderr


def test_what_the_image_is_copied_from_is_there_and_let_in() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    copied = [
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert len(copied) > 5
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == one or source.startswith(f"{one}/") for one in let_in), source


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prepare` makes, with the environment that the compose file gives it."""
    folder = tmp_path_factory.mktemp("made")
    environment = read(COMPOSE)["services"]["prepare"]["environment"]
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["sh", DEPLOY / "prepare.sh", ROOT / "rules" / "shop", folder],
        env={**os.environ, **environment, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return folder


def test_prometheus_takes_what_is_made_for_it(made: Path) -> None:
    said = promtool("check", "config", made / "prometheus" / "prometheus.yml")
    assert re.search(r"\d\d rules found", said), said


def test_alertmanager_takes_what_is_made_for_it(made: Path) -> None:
    said = amtool("check-config", made / "alertmanager" / "alertmanager.yml")
    assert "SUCCESS" in said


def test_grafana_gets_its_data_sources_and_all_dashboards(made: Path) -> None:
    sources = read(made / "grafana" / "datasources" / "sidecar.yaml")["datasources"]
    assert {one["url"] for one in sources} == {
        "http://prometheus:9090", "http://elasticsearch:9200", "http://traces:16686",
    }  # fmt: skip
    boards = list((made / "grafana" / "dashboards" / "sidecar").glob("*.json"))
    generated = list((ROOT / "dashboards" / "generated").glob("*.json"))
    assert len(boards) == len(generated) > 4


def test_grafana_looks_where_its_files_are(made: Path) -> None:
    grafana = read(COMPOSE)["services"]["grafana"]
    # No folder of a volume, which would have to be there before the container is.
    assert "made:/made:ro" in grafana["volumes"]
    assert grafana["environment"]["GF_PATHS_PROVISIONING"] == "/made/grafana"
    [provider] = read(made / "grafana" / "dashboards" / "sidecar.yaml")["providers"]
    assert provider["options"]["path"] == f"{made}/grafana/dashboards/sidecar"
    for kind in ("datasources", "dashboards", "plugins", "alerting"):
        assert (made / "grafana" / kind).is_dir()


def test_services_find_each_other_by_name(made: Path) -> None:
    services = read(COMPOSE)["services"]
    storefront = read(made / "rules" / "storefront.rules.yaml")
    for peer in ("order", "inventory"):
        assert storefront["upstreams"][peer]["url"] == f"http://{peer}:8080"
        assert peer in services
    assert storefront["listeners"]["inbound"]["bind"] == "0.0.0.0:8080"
    assert storefront["alerts"] == read(ROOT / "rules" / "shop" / "storefront.rules.yaml")["alerts"]


def ours() -> list[tuple[str, list[str]]]:
    """The commands of the services that run our image, but for those that need its folders."""
    found = []
    for name, service in read(COMPOSE)["services"].items():
        if service.get("image", OURS) != OURS or name == "prepare":
            continue
        found.append((name, [*service.get("entrypoint", ["sidecar"]), *service["command"]]))
    return found


@pytest.mark.parametrize("name,command", ours())
def test_every_command_is_one_of_ours(name: str, command: list[str], made: Path) -> None:
    program, *rest = [part.replace("/made/", f"{made}/") for part in command]
    if program == "sidecar" and rest[0] == "run":
        rest, around = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
        assert Path(rest[1]).is_file(), name
        assert around[:2] == ["python", "-m"], name
        rest = ["run"]
        assert asked([*shlex.split(sys.executable), "-c", f"import {around[2]}.__main__"]) == 0
    first = [sys.executable, "-m", "sidecar"] if program == "sidecar" else [sys.executable]
    # What comes before the help has to be known, or it is not shown.
    assert asked([*first, *rest, "--help"]) == 0, name


def asked(command: list[str]) -> int:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=30)
    return done.returncode
