"""A SQLite database whose shape is brought up to date when it is opened."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

#: Statements that lead from one version of the database to the next.
Migration = Sequence[str]


class DatabaseTooNew(Exception):  # noqa: N818 - named after what is wrong
    """The database was written by a later version of the service."""


def open_database(path: Path | None, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """Open or create the database, and apply the migrations that it has not had.

    ``user_version`` counts those that it has had; each is applied whole or not at all. Without a
    path the database is in memory. Raises DatabaseTooNew, sqlite3.Error.
    """
    database = sqlite3.connect(path or ":memory:", isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA busy_timeout = 2000")
        _migrate(database, migrations)
    except BaseException:
        database.close()
        raise
    return database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Everything in the block or nothing; nobody else writes meanwhile."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def version_of(database: sqlite3.Connection) -> int:
    """How many migrations it has had."""
    [version] = database.execute("PRAGMA user_version").fetchone()
    return int(version)


def _migrate(database: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    had = version_of(database)
    if had > len(migrations):
        raise DatabaseTooNew(f"it has version {had}, this service knows {len(migrations)}")
    for version, statements in enumerate(migrations[had:], had + 1):
        with transaction(database):
            for statement in statements:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {version}")
