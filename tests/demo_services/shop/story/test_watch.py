from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import pytest

from demo_services.processes import NotReady, Processes
from demo_services.shop.story.elsewhere import Unusable
from demo_services.shop.story.watch import Programs, Watch, programs


def _only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def which(name: str, path: str) -> str | None:
        assert "/usr/sbin" in path
        return f"/bin/{name}" if name in names else None

    monkeypatch.setattr(shutil, "which", which)


@pytest.mark.parametrize("name", ["alertmanager", "prometheus-alertmanager"])
def test_programs_are_found_by_either_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _only(monkeypatch, "prometheus", name)
    assert programs({"PATH": "/bin"}) == Programs("/bin/prometheus", f"/bin/{name}")


@pytest.mark.parametrize(
    "there,missing",
    [
        ((), "Prometheus and Alertmanager"),
        (("prometheus",), "Alertmanager"),
        (("alertmanager",), "Prometheus"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], missing: str
) -> None:
    _only(monkeypatch, *there)
    with pytest.raises(Unusable, match=f"^--watch needs {missing} on this machine; .*apt") as told:
        programs({})
    assert "\n" not in str(told.value)


def test_a_rule_file_with_an_error_is_told_before_anything_is_started(tmp_path: Path) -> None:
    rules = tmp_path / "x.rules.yaml"
    rules.write_text("format: sidecar/v1\n")
    watch = Watch(Programs("no", "no"), Processes(tmp_path), tmp_path, count(20000))
    with (
        pytest.raises(NotReady, match=r"x\.rules\.yaml"),
        watch.watching([rules], ["127.0.0.1:1"]),
    ):
        raise AssertionError("began")
    assert not list(tmp_path.glob("*.log"))


def test_where_people_find_them() -> None:
    watch = Watch(Programs("p", "a"), Processes(Path()), Path(), count(20000))
    assert watch.addresses() == {
        "prometheus": "http://127.0.0.1:20000",
        "alertmanager": "http://127.0.0.1:20001",
    }
