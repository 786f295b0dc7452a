from __future__ import annotations

from pathlib import Path

import pytest
import typer

from sidecar.admin.answers import Version
from sidecar.commands import reaching
from sidecar.commands.reaching import (
    Declined,
    Reach,
    Running,
    Unreachable,
    find,
    find_all,
    reached,
    running_here,
)
from tests.commands.beside import Beside


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDECAR_STATE_DIR", raising=False)


def here(monkeypatch: pytest.MonkeyPatch, **found: str) -> None:
    places = {place: name for name, place in found.items()}
    monkeypatch.setattr(reaching, "running_here", lambda: places)


def test_the_only_one_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, shop="/run/shop")
    assert find(Reach()).place == "/run/shop"
    assert find(Reach(service="shop")).service == "shop"


def test_of_several_one_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch, shop="/run/a", order="/run/b")
    assert find(Reach(service="order")).place == "/run/b"
    assert len(find_all(Reach())) == 2
    with pytest.raises(Unreachable) as several:
        find(Reach())
    assert str(several.value).splitlines() == [
        "several sidecars run here: name one of",
        "  shop   --socket /run/a",
        "  order  --socket /run/b",
    ]
    with pytest.raises(Unreachable, match="no sidecar of service 'pay' runs here; there are"):
        find(Reach(service="pay"))


def test_where_none_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    here(monkeypatch)
    with pytest.raises(Unreachable, match="no sidecar runs here: start one"):
        find(Reach())


def test_a_socket_or_its_folder_or_a_url(tmp_path: Path) -> None:
    assert find(Reach(socket=str(tmp_path))).place == str(tmp_path / "admin.sock")
    assert find(Reach(socket="/x/admin.sock")).place == "/x/admin.sock"
    assert find(Reach(url="http://10.0.0.7:9901")).place == "http://10.0.0.7:9901"


def test_a_running_one_is_found_by_what_the_kernel_knows(beside: Beside) -> None:
    assert running_here()[beside.socket] == "shop"


def test_the_state_directory_that_we_were_told(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_STATE_DIR", str(Path(beside.socket).parent))
    assert find(Reach()).ask("/version", Version).service == "shop"


def test_an_answer_that_says_no(beside: Beside) -> None:
    with pytest.raises(Declined, match="there is nothing at /v1/nothing"):
        Running(beside.socket).raw("GET", "/v1/nothing", {})


@pytest.mark.parametrize("path, status", [("/v1/nothing", 2), ("/v1/decisions/abc", 2)])
def test_what_goes_wrong_is_said_in_a_sentence(
    beside: Beside, path: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, reached(Reach(socket=beside.socket)) as running:
        running.raw("GET", path, {})
    assert ended.value.exit_code == status
    assert capsys.readouterr().err.startswith("sidecar: ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_a_port_where_nobody_listens(url: str) -> None:
    with pytest.raises(Unreachable, match="no sidecar answers at"):
        Running(url).raw("GET", "/version", {})
