from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from sidecar.commands.written_file import write_whole
from sidecar.provision.grafana.files import PROVISIONING, file_texts
from sidecar.provision.grafana.filing import file_steps
from sidecar.provision.grafana.plan import Plan
from sidecar.provision.step import Step, What
from tests.provision.grafana.planned import PLAN, group, with_alerts

_ALL = len(file_texts(PLAN))


def _steps(folder: Path, plan: Plan = PLAN, *, dry_run: bool = False) -> list[Step]:
    return list(file_steps(folder, plan, write_whole, provisioning=PROVISIONING, dry_run=dry_run))


def _counted(steps: list[Step]) -> Counter[What]:
    return Counter(step.what for step in steps)


def test_a_second_time_no_file_is_written(tmp_path: Path) -> None:
    assert _counted(_steps(tmp_path, dry_run=True)) == {What.CREATED: _ALL}
    assert list(tmp_path.iterdir()) == []
    assert _counted(_steps(tmp_path)) == {What.CREATED: _ALL}
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert _counted(_steps(tmp_path)) == {What.UNCHANGED: _ALL}
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_what_differs_is_told_by_its_first_line(tmp_path: Path) -> None:
    _steps(tmp_path)
    plan = with_alerts(group("heavy", "light", interval=90), group("other", service="cart"))

    [changed] = [one for one in _steps(tmp_path, plan) if one.what is not What.UNCHANGED]

    assert (changed.what, changed.about) == (What.CHANGED, "file alerting/sidecar-rules.yaml")
    assert [(one.before, one.after) for one in changed.changed] == [
        ("interval: 20s", "interval: 1m30s")
    ]


def test_addresses_are_not_shown(tmp_path: Path) -> None:
    _steps(tmp_path)
    for path in tmp_path.rglob("*contact-points.yaml"):
        path.write_text(path.read_text().replace("canary", "another-canary"))

    assert "canary" not in repr(_steps(tmp_path))


def test_what_is_wanted_no_more_is_told_and_with_prune_deleted(tmp_path: Path) -> None:
    _steps(tmp_path)
    old = tmp_path / "dashboards" / "sidecar" / "sidecar-old.json"
    old.write_text("{}")
    theirs = tmp_path / "dashboards" / "theirs.yaml"
    theirs.write_text("x")
    nobody = msgspec.structs.replace(PLAN, notifying=None)

    told = [one.about for one in _steps(tmp_path, nobody) if one.what is What.NOTE]
    assert len(told) == 4
    pruning = msgspec.structs.replace(nobody, prune=True)
    dry = _counted(_steps(tmp_path, pruning, dry_run=True))
    assert dry == _counted(_steps(tmp_path, pruning)) == {What.UNCHANGED: _ALL - 3, What.DELETED: 4}
    assert not old.exists()
    assert theirs.exists()


def test_where_alerts_are_not_asked_about_their_files_stay(tmp_path: Path) -> None:
    _steps(tmp_path)

    steps = _steps(tmp_path, Plan(PLAN.places, prune=True))

    assert _counted(steps) == {What.UNCHANGED: _ALL - 4}
    assert len(list((tmp_path / "alerting").iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "alerting").write_text("in the way")

    counts = _counted(_steps(tmp_path))

    assert counts[What.REFUSED] == 4
    assert counts[What.CREATED] == _ALL - 4
