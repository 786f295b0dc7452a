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


def test_one_that_was_merely_found_is_looked_at_and_not_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here(monkeypatch, shop="/run/of-somebody/admin.sock")
    monkeypatch.setattr(reaching, "state_dirs", lambda _: [tmp_path])
    assert find(Reach()).service == "shop"
    with pytest.raises(Unreachable) as stranger:
        find(Reach(), steers=True)
    assert str(stranger.value).splitlines() == [
        "one runs here that may not be yours: to change it, name it",
        "  shop  --socket /run/of-somebody/admin.sock",
    ]
    assert find(Reach(service="shop"), steers=True).service == "shop"
    assert find(Reach(socket="/run/x"), steers=True).place == "/run/x"


def test_the_only_one_of_our_own_is_changed_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop").mkdir()
    own = tmp_path / "shop" / "admin.sock"
    own.touch()
    here(monkeypatch, shop=str(own))
    monkeypatch.setattr(reaching, "state_dirs", lambda _: [tmp_path])
    with reached(Reach(), steers=True) as running:
        assert running.place == str(own)
    assert capsys.readouterr().err == f"sidecar: this is about shop, at {own}\n"


def test_a_state_directory_without_a_sidecar_does_not_lead_to_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here(monkeypatch, other="/run/other/admin.sock")
    monkeypatch.setenv("SIDECAR_STATE_DIR", str(tmp_path))
    assert find(Reach()).place == str(tmp_path / "admin.sock")
    monkeypatch.setenv("SIDECAR_STATE_DIR", str(tmp_path / "never-made"))
    assert "never-made" in find(Reach()).place


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


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://127.0.0.1:99999", "ftp://x", "127.0.0.1:9901", "http://", "x"]
)
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(Unreachable, match="is no URL: write one such as"):
        find(Reach(url=url))
