from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.commands.trace_line import Listed, listed, trace_line
from sidecar.traces.files import FileStore
from tests.traces.documents import SHOP, TRACE, write


@pytest.fixture
def shop(tmp_path: Path) -> Listed:
    write(tmp_path, SHOP)
    trace = FileStore(tmp_path).trace(TRACE)
    assert trace is not None
    return listed(trace)


def test_a_trace_in_short(shop: Listed) -> None:
    assert (shop.service, shop.name, shop.status) == ("web", "POST checkout", "503")
    assert (shop.spans, shop.services, shop.failed) == (8, 3, True)
    assert shop.seconds == pytest.approx(0.152)


@pytest.mark.parametrize("width", [80, 119, 120, 200])
def test_no_line_is_too_wide(shop: Listed, width: int) -> None:
    line = trace_line(shop, width).plain
    assert len(line) == width
    assert "web POST" in line
    assert line.endswith(TRACE if width >= 120 else TRACE[:12])
