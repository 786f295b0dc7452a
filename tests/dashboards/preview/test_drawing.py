"""Every panel that there is can be drawn, with data and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dashboards.preview.command import GENERATED, moment
from dashboards.preview.drawing import draw
from dashboards.viewer.frames import TIME, VALUE, Field, Frame
from dashboards.viewer.prometheus import Prometheus
from dashboards.viewer.view import Sources, View
from dashboards.viewer.window import Window

LABELS = {"service": "shop", "rule": "stock", "le": "0.5"}


class Told(Prometheus):
    """Answers every question alike, or with nothing."""

    def __init__(self, *, knows: bool) -> None:
        super().__init__("http://nowhere")
        self._knows = knows

    def label_values(self, *_: Any) -> list[str]:
        return ["shop"]

    def answer(self, target: Any, *_: Any) -> list[Frame]:
        if not self._knows:
            return []
        ref = target["refId"]
        if target.get("format") == "table":
            columns = [Field(name, [value]) for name, value in LABELS.items()]
            return [Frame(ref, [Field(TIME, [20.0]), *columns, Field(VALUE, [0.25])])]
        values = Field(VALUE, [0.0, 1.0], LABELS, "shop stock")
        return [Frame(ref, [Field(TIME, [10.0, 20.0]), values])]


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.json")), ids=lambda path: str(path.stem))
def test_every_dashboard_can_be_drawn(path: Path, knows: bool, tmp_path: Path) -> None:
    view = View(json.loads(path.read_text()), Sources(Told(knows=knows)), Window(0, 30, 1.0, 30))
    for picture in draw(view, tmp_path / "part.png", most_rows=37):
        with Image.open(picture) as page:
            assert page.size[0] == 1600
            assert page.size[1] < 2000


@pytest.mark.parametrize(
    "text, seconds", [("now", 1000), ("now-5m", 700), ("now-30s", 970), ("12.5", 12.5)]
)
def test_moments_are_told_as_in_grafana(text: str, seconds: float) -> None:
    assert moment(text, 1000) == seconds
