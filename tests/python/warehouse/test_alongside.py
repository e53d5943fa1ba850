"""What somebody adds to the tables of a database stays, whatever becomes of their columns."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import duckdb
import pytest

import converz
from converz._warehouse.entry import DAY_COLUMN, Entry
from support.targets import DuckDBFile, PostgreSQL

DAYS = date(2025, 7, 14), date(2025, 7, 15)
AT = datetime(2025, 7, 16, 13)


def decoded(rows):
    return converz.Table(converz._core.decode(json.dumps(rows).encode()))


def line(day, at=AT, instead_of=None):
    return Entry(day, "f" * 32, 1, "d" * 32, "k" * 32, at, None, instead_of=instead_of)


def write(kept, day, row, *old):
    kept.target().replace("calls", {day: decoded([row])}, [line(day, *old)])


def test_a_column_of_duckdb_keeps_its_place_its_comment_and_its_views(tmp_path):
    kept = DuckDBFile(tmp_path)
    write(kept, DAYS[0], {"call_id": 1, "csat": 2e15, "mood": "x"})
    with duckdb.connect(kept.name) as connection:
        connection.execute("COMMENT ON COLUMN calls.csat IS 'of 5'")
        connection.execute("CREATE VIEW low AS SELECT csat FROM calls")
    write(kept, DAYS[1], {"call_id": 2, "csat": "none", "mood": "x"})
    with duckdb.connect(kept.name, read_only=True) as connection:
        columns = connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'calls'"
        ).fetchall()
        assert columns == [("call_id", None), ("csat", "of 5"), ("mood", None), (DAY_COLUMN, None)]
        assert sorted(connection.execute("FROM low").fetchall()) == [("2000000000000000",), ("none",)]


def test_a_column_of_postgresql_keeps_its_place_its_comment_and_its_grants(tmp_path):
    kept = PostgreSQL(tmp_path)
    write(kept, DAYS[0], {"call_id": 1, "csat": 1e16, "mood": "x"})
    with kept._connected(kept.name, autocommit=True) as cursor:
        cursor.execute("COMMENT ON COLUMN calls.csat IS 'of 5'")
        cursor.execute("GRANT SELECT (csat) ON calls TO PUBLIC")
    write(kept, DAYS[1], {"call_id": 2, "csat": "none", "mood": "x"})
    with kept._connected(kept.name) as cursor:
        cursor.execute(
            "SELECT attname::text, col_description(attrelid, attnum), attacl::text FROM pg_attribute "
            "WHERE attrelid = 'calls'::regclass AND attnum > 0 ORDER BY attnum"
        )
        found = cursor.fetchall()
    assert [name for name, *_ in found] == ["call_id", "csat", "mood", DAY_COLUMN]
    assert found[1][1] == "of 5"
    assert "=r/" in found[1][2]
    assert sorted(row["csat"] for row in kept.rows("calls")) == ["10000000000000000", "none"]


def test_a_view_that_has_a_column_of_postgresql_is_named_and_nothing_is_changed(tmp_path):
    kept = PostgreSQL(tmp_path)
    write(kept, DAYS[0], {"call_id": 1, "csat": 1.5})
    with kept._connected(kept.name, autocommit=True) as cursor:
        cursor.execute("CREATE VIEW low AS SELECT csat FROM calls")
    with pytest.raises(converz.TargetError, match="used by a view") as raised:
        write(kept, DAYS[1], {"call_id": 2, "csat": "none"})
    assert "drop the view" in str(raised.value)
    assert [row["csat"] for row in kept.rows("calls")] == [1.5]
    assert list(kept.target().ledger("calls")) == [DAYS[0]]
    # New columns and rows do not disturb it.
    write(kept, DAYS[0], {"call_id": 1, "csat": 2.5, "more": 1}, AT + timedelta(1), AT)
    with kept._connected(kept.name) as cursor:
        cursor.execute("SELECT csat FROM low")
        assert cursor.fetchall() == [(2.5,)]
