from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from demo_services.shop.service.database import (
    DatabaseTooNew,
    open_database,
    transaction,
    version_of,
)

FIRST = ("CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (1)")
SECOND = ("ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 2",)
BROKEN = ("INSERT INTO a VALUES (5, 6)", "INSERT INTO nowhere VALUES (1)")


def test_a_new_database_gets_every_migration_once(tmp_path: Path) -> None:
    for _ in range(2):
        database = open_database(tmp_path / "a.sqlite", [FIRST, SECOND])
        assert version_of(database) == 2
        assert database.execute("SELECT * FROM a").fetchall() == [(1, 2)]
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.close()


def test_an_older_one_gets_what_it_has_not_had(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a.sqlite", [FIRST])
    database.execute("INSERT INTO a VALUES (7)")
    database.close()
    database = open_database(tmp_path / "a.sqlite", [FIRST, SECOND])
    assert database.execute("SELECT * FROM a").fetchall() == [(1, 2), (7, 2)]
    database.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        open_database(tmp_path / "a.sqlite", [FIRST, SECOND, BROKEN])
    database = open_database(tmp_path / "a.sqlite", [FIRST, SECOND])
    assert database.execute("SELECT * FROM a").fetchall() == [(1, 2)]
    database.close()


def test_one_from_the_future_is_left_alone(tmp_path: Path) -> None:
    open_database(tmp_path / "a.sqlite", [FIRST, SECOND]).close()
    with pytest.raises(DatabaseTooNew, match="it has version 2, this service knows 1"):
        open_database(tmp_path / "a.sqlite", [FIRST])


def test_without_a_path_nothing_is_written() -> None:
    database = open_database(None, [FIRST])
    assert version_of(database) == 1
    database.close()


def test_a_transaction_is_whole_or_not_at_all() -> None:
    database = open_database(None, [FIRST])
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        _insert_twice(database, "a", "nowhere")
    with transaction(database):
        database.execute("INSERT INTO a VALUES (3)")
    assert database.execute("SELECT x FROM a").fetchall() == [(1,), (3,)]
    database.close()


def _insert_twice(database: sqlite3.Connection, *tables: str) -> None:
    with transaction(database):
        for table in tables:
            database.execute(f"INSERT INTO {table} VALUES (2)")  # noqa: S608 - names of the test
