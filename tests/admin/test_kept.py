from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.admin.kept import Unusable, keep, kept
from sidecar.ruleset.controls import Control, What

LONGEST = 86400.0
texts = st.text(st.characters(codec="utf-8"), max_size=20)
controls = st.one_of(
    st.builds(
        Control, st.just(What.OVERRIDE), texts, st.sampled_from(["enforce", "shadow", "disabled"]),
        st.integers(-100, 86_000).map(float), texts, texts,
    ),
    st.builds(
        Control, st.just(What.BREAKER), texts, st.sampled_from(["open", "closed"]),
        st.integers(-100, 86_000).map(float), texts, texts,
    ),
)  # fmt: skip


@given(held=st.lists(controls), boot=st.integers(1, 10**6))
def test_what_is_not_over_is_there_after_a_reboot(
    tmp_path_factory: pytest.TempPathFactory, held: list[Control], boot: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "controls.json"
    keep(path, held, 1_700_000_000.0)
    # The monotonic clock begins anew; the wall clock goes on.
    found = kept(path, 0.0 - boot, 1_700_000_000.0 + boot, LONGEST)
    assert [(one.what, one.target, one.setting, one.by, one.why) for one in found] == [
        (one.what, one.target, one.setting, one.by, one.why) for one in held if one.until > 0
    ]
    lasting = [one.until for one in held if one.until > 0]
    assert [one.until + boot for one in found] == pytest.approx(lasting, abs=0.001)


def test_when_nothing_holds_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "controls.json"
    keep(path, [Control(What.SWITCH, "a", "on", 5.0)], 0.0)
    assert path.exists()
    keep(path, [], 0.0)
    assert not path.exists()
    assert kept(path, 0.0, 0.0, LONGEST) == []


def test_a_clock_that_was_wrong_makes_nothing_hold_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "controls.json"
    keep(path, [Control(What.SWITCH, "a", "on", 5.0)], 4_000_000_000.0)
    (found,) = kept(path, 100.0, 1_700_000_000.0, LONGEST)
    assert found.until == 100.0 + LONGEST


GOOD = {
    "what": "switch", "target": "a", "setting": "on", "until": "2099-01-01T00:00:00Z",
    "by": "", "why": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "\x00" * 100, '{"format": "sidecar-controls/v2", "controls": []}',
        json.dumps({"format": "sidecar-controls/v1", "controls": [{**GOOD, "until": "soon"}]}),
        json.dumps({"format": "sidecar-controls/v1", "controls": [{**GOOD, "what": "rule"}]}),
        json.dumps({"format": "sidecar-controls/v1", "controls": [{**GOOD, "more": 1}]}),
    ],
)  # fmt: skip
def test_a_file_that_is_not_ours_is_not_used(tmp_path: Path, text: str) -> None:
    path = tmp_path / "controls.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unusable, match="controls"):
        kept(path, 0.0, 0.0, LONGEST)


def test_a_setting_that_there_is_not_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "controls.json"
    file = {"format": "sidecar-controls/v1", "controls": [{**GOOD, "setting": "off"}, GOOD]}
    path.write_text(json.dumps(file), encoding="utf-8")
    assert len(kept(path, 0.0, 0.0, LONGEST)) == 1


def test_a_file_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        keep(tmp_path / "none" / "c.json", [Control(What.SWITCH, "a", "on", 5.0)], 0.0)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "controls.json").mkdir()
    with pytest.raises(Unusable, match="cannot be read: Is a directory"):
        kept(tmp_path / "controls.json", 0.0, 0.0, LONGEST)
