from __future__ import annotations

from pathlib import Path

from sidecar.telemetry.last_page import LAST_PAGE, leave_last_page
from sidecar.telemetry.metrics import Meters


async def test_the_last_page_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    meters = Meters("order")
    for count in (1, 2):
        meters.listener("inbound").connections_total = count
        await leave_last_page(meters, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [LAST_PAGE]
        series = 'sidecar_downstream_connections_total{listener="inbound",service="order"}'
        assert f"{series} {count}.0" in (tmp_path / LAST_PAGE).read_text().splitlines()


async def test_without_room_there_is_none(tmp_path: Path) -> None:
    await leave_last_page(Meters("order"), tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []
