from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.commands.invoking import invoked

ROOT = Path(__file__).parents[2]
SHOP = [str(path) for path in sorted((ROOT / "rules" / "shop").glob("*.rules.yaml"))]
STOREFRONT = str(ROOT / "rules" / "shop" / "storefront.rules.yaml")
BAD = str(ROOT / "tests" / "rules" / "limit-misspelled-unit.bad.yaml")
PAGER = "https://pager.example/secret"


def test_people_see_what_fires_when_and_which_line_says_so() -> None:
    status, output = invoked("alerts", STOREFRONT)
    assert status == 0
    lines = output.splitlines()
    breaker = next(line for line in lines if "SidecarBreakerOpen" in line)
    assert breaker.startswith("ticket  SidecarBreakerOpen  breakers/stock  ")
    assert "storefront.rules.yaml:" in breaker
    assert lines[-1].endswith(" pages")


def test_prometheus_gets_the_alerts_of_all_services() -> None:
    status, output = invoked("alerts", *SHOP, "--form", "prometheus", "--profile", "demo")
    assert status == 0
    tree = YAML(typ="safe", pure=True).load(output)
    rules = [rule for group in tree["groups"] for rule in group["rules"]]
    services = {rule["labels"]["service"] for rule in rules if "alert" in rule}
    assert services == {"inventory", "order", "storefront", "warehouse"}
    assert "--profile demo --form prometheus" in output.partition("groups:")[0]


def test_alerts_lead_to_the_runbook_and_to_the_dashboards_that_are_named() -> None:
    options = ("--runbook", "https://wiki/runbook", "--grafana", "https://grafana")
    _, output = invoked("alerts", STOREFRONT, "--form", "prometheus", *options)
    assert "https://wiki/runbook#sidecarbreakeropen" in output
    assert "https://grafana/d/sidecar-" in output


def test_a_program_gets_json() -> None:
    _, output = invoked("alerts", STOREFRONT, "--form", "json")
    assert json.loads(output)["profile"] == "production"


def test_a_file_is_written_once_and_known_to_be_right(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yml"
    asked = ("alerts", STOREFRONT, "--form", "prometheus", "--out", str(file))
    assert invoked(*asked, "--check")[0] == 1
    assert not file.exists()
    assert invoked(*asked) == (0, f"{file}: written\n")
    assert invoked(*asked) == (0, f"{file}: unchanged\n")
    assert invoked(*asked, "--check") == (0, "")
    file.write_text("groups: []\n")
    status, said = invoked(*asked, "--check")
    assert (status, file.read_text()) == (1, "groups: []\n")
    assert "is not what the rule files say" in said


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "alerts.yml"
    status, said = invoked("alerts", STOREFRONT, "--form", "prometheus", "--out", str(out))
    assert status == 1
    assert "No such file or directory" in said


def test_nothing_is_written_when_one_file_has_an_error(tmp_path: Path) -> None:
    out = tmp_path / "alerts.yml"
    status, said = invoked("alerts", STOREFRONT, BAD, "--form", "prometheus", "--out", str(out))
    assert status == 2
    assert "'5/sek' is not a rate" in said
    assert not out.exists()


def test_alertmanager_is_told_whom_to_tell() -> None:
    status, output = invoked("alerts", *SHOP, "--form", "alertmanager", "--page-to", PAGER)
    assert status == 0
    receivers = YAML(typ="safe", pure=True).load(output)["receivers"]
    assert PAGER in str(receivers)


@pytest.mark.parametrize(
    "options,said",
    [
        (("--profile", "dmeo"), "'dmeo' is no profile: production or demo"),
        (("--form", "alertmanager"), "say with --page-to who is woken"),
        (("--form", "prometheus", "--check"), "say with --out which"),
        (("--out", "x"), "say with --form who reads the file"),
        (("--ticket-to", PAGER), "--ticket-to alone is not enough"),
        (("--mail-from", "a@b.example"), "both --mail-through and --mail-from"),
        ((STOREFRONT,), "are all of the service storefront"),
    ],
)
def test_what_makes_no_sense_is_said(options: tuple[str, ...], said: str) -> None:
    status, output = invoked("alerts", STOREFRONT, *options)
    assert status == 2
    assert said in output
    assert "secret" not in output
