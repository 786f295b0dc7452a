"""What a change of the rule file leads to; watching it is seen in the integration tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.reload import Watcher, needs_restart, read_rules

RULES = """\
format: sidecar/v1
service: shop
listeners:
  inbound: {bind: 127.0.0.1:8080}
upstreams:
  app: {url: http://127.0.0.1:9000}
telemetry: {logs: {file: none}}
"""


def checked(text: str) -> Checked:
    return check(text.encode(), "shop.rules.yaml")


class TestNeedsRestart:
    @pytest.mark.parametrize(
        "old,new,what",
        [
            ("service: shop", "service: other", "service"),
            ("127.0.0.1:8080", "127.0.0.1:8081", "listeners.inbound.bind"),
            ("{logs: {file: none}}", "{logs: {file: stdout}}", "telemetry"),
            (
                "{bind: 127.0.0.1:8080}",
                "{bind: 127.0.0.1:8080, tls: {cert: a.pem, key: b.pem}}",
                "listeners.inbound.tls",
            ),
        ],
    )
    def test_what_cannot_change_is_named_where_it_stands(
        self, old: str, new: str, what: str
    ) -> None:
        running = checked(RULES).file
        assert running is not None
        [found] = needs_restart(running, checked(RULES.replace(old, new)))
        assert found.code == "needs-restart"
        assert found.message == f"{what} cannot change while running"
        assert "sidecar run --take-over" in found.hint
        assert RULES.splitlines()[found.line - 1].lstrip().startswith(what.partition(".")[0]) or (
            "inbound" in RULES.splitlines()[found.line - 1]
        )

    @pytest.mark.parametrize(
        "old,new", [("9000", "9001"), ("8080}", "8080, keep_alive: 5s}"), ("service", "service")]
    )
    def test_everything_else_can(self, old: str, new: str) -> None:
        running = checked(RULES).file
        assert running is not None
        changed = checked(RULES.replace(old, new))
        assert changed.file is not None
        assert needs_restart(running, changed) == []

    def test_a_file_with_errors_has_enough_of_them(self) -> None:
        running = checked(RULES).file
        assert running is not None
        assert needs_restart(running, checked("service: 5")) == []


class Told:
    """Who a watcher tells."""

    def __init__(self, path: Path) -> None:
        path.write_text(RULES)
        self.path = path
        self.changed: list[Checked] = []
        self.troubles: list[str] = []
        self.watcher = Watcher(path, checked(RULES), self.changed.append, self.troubles.append)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path / "shop.rules.yaml")


class TestWatcher:
    async def test_the_same_again_is_no_change(self, told: Told) -> None:
        await told.watcher.look()
        await told.watcher.look()
        assert told.changed == []

    async def test_each_new_content_is_told_once(self, told: Told) -> None:
        told.path.write_text(RULES.replace("9000", "9001"))
        await told.watcher.look()
        await told.watcher.look()
        [one] = told.changed
        assert one.file is not None
        assert "9001" in "".join(one.document.lines)

    async def test_the_old_content_again_is_new_after_another(self, told: Told) -> None:
        for text in (RULES + "oops", RULES):
            told.path.write_text(text)
            await told.watcher.look()
        assert [one.file is None for one in told.changed] == [True, False]

    async def test_forced_it_tells_what_has_not_changed(self, told: Told) -> None:
        await told.watcher.look(forced=True)
        assert len(told.changed) == 1

    async def test_a_file_that_is_gone_is_told_once_and_so_is_its_return(self, told: Told) -> None:
        told.path.unlink()
        await told.watcher.look()
        await told.watcher.look()
        assert told.troubles == [f"cannot read {told.path}: No such file or directory"]
        told.path.write_text(RULES)
        await told.watcher.look()
        await told.watcher.look()
        assert len(told.changed) == 1, "so that it is known that all is well again"

    async def test_forced_it_tells_again_that_the_file_is_gone(self, told: Told) -> None:
        told.path.unlink()
        await told.watcher.look()
        await told.watcher.look(forced=True)
        assert len(told.troubles) == 2


def test_a_file_that_is_too_large_is_read_no_further(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    text = read_rules(path)
    assert len(text) < 64 << 20
    assert check(text, "large").file is None
