from __future__ import annotations

from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML

from demo_services.shop.containers import LAYOUT, main
from demo_services.shop.story.layout import SERVICES
from demo_services.shop.story.rule_files import COMMITTED, placed


@pytest.mark.parametrize("service", SERVICES)
def test_only_addresses_callers_and_telemetry_are_others(tmp_path: Path, service: str) -> None:
    main(out=tmp_path, elasticsearch="http://elasticsearch:9200")
    yaml = YAML(typ="safe", pure=True)
    name = f"{service}.rules.yaml"
    before, made = yaml.load(COMMITTED / name), yaml.load(tmp_path / name)
    differ = {key for key in made if made[key] != before.get(key)}
    assert differ <= {"listeners", "trust", "upstreams", "telemetry"}
    assert made["trust"]["callers"] == ["127.0.0.1", "172.28.0.0/24"]
    assert made["listeners"]["inbound"]["bind"] == "0.0.0.0:8080"
    assert made["telemetry"]["elasticsearch"]["url"] == "http://elasticsearch:9200"


def test_others_are_reached_by_their_names() -> None:
    text = placed(COMMITTED / "storefront.rules.yaml", "storefront", LAYOUT, {})
    assert "http://inventory:8080" in text
    assert "http://order:8080" in text
    assert "callers: [127.0.0.1]" in text


def test_a_file_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "warehouse.rules.yaml").write_text("listeners: [")
    with pytest.raises(typer.Exit) as ended:
        main(out=tmp_path / "out", rules=tmp_path)
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.startswith("warehouse.rules.yaml is not what the story needs")
