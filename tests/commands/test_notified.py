from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.alerting.notifying import Channel
from sidecar.commands.notified import notifying_of

PAGE = "https://hooks.shop.example/secret"


def test_nobody() -> None:
    assert notifying_of("", "", [], "", "production") is None


def test_everybody() -> None:
    who = notifying_of(PAGE, "mailto:t@shop.example", [f"trade={PAGE}"], "mon-fri", "demo")
    assert who is not None
    assert (who.page, who.ticket) == (Channel(url=PAGE), Channel(mail=("t@shop.example",)))
    assert who.owners == {"trade": Channel(url=PAGE)}
    assert (who.profile, who.office_hours is not None) == ("demo", True)


def test_what_is_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "hook"
    file.write_text(f"{PAGE}\n", encoding="utf-8")
    who = notifying_of(f"@{file}", "", [f"trade-team=@{file}"], "", "production")
    assert who is not None
    assert who.page.url == who.owners["trade-team"].url == PAGE


@pytest.mark.parametrize(
    "page,ticket,owners,hours,sentence",
    [
        ("", PAGE, [], "", "--ticket-to alone is not enough"),
        ("", "", [f"trade={PAGE}"], "", "--owner-to alone is not enough"),
        ("hooks/secret", "", [], "", "--page-to: it is neither"),
        (PAGE, "secret", [], "", "--ticket-to: it is neither"),
        (PAGE, "", ["secret"], "", "--owner-to: write OWNER=WHERE"),
        (PAGE, "", ["=secret"], "", "--owner-to: write OWNER=WHERE"),
        (PAGE, "", ["trade=secret"], "", "--owner-to trade: it is neither"),
        (PAGE, "", [], "nine to five", "are no office hours"),
        ("@/none/at/all", "", [], "", "--page-to: /none/at/all cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_said_without_what_is_secret(
    page: str, ticket: str, owners: list[str], hours: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as raised:
        notifying_of(page, ticket, owners, hours, "production")
    assert "secret" not in str(raised.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "hook"
    file.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="cannot be read: it is not UTF-8"):
        notifying_of(f"@{file}", "", [], "", "production")
