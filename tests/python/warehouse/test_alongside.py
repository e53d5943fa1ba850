"""What somebody adds to the tables of a database stays, whatever becomes of their columns."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import duckdb
import pytest

import converz
from converz._warehouse.entry import DAY_COLUMN, Entry
from converz._warehouse.target import target_of
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


@pytest.fixture(params=[DuckDBFile, PostgreSQL])
def database(request, tmp_path):
    return request.param(tmp_path)


def execute(kept, *commands):
    if isinstance(kept, DuckDBFile):
        with duckdb.connect(kept.name) as connection:
            for command in commands:
                connection.execute(command)
    else:
        with kept._connected(kept.name, autocommit=True) as cursor:
            for command in commands:
                cursor.execute(command)


def of(kept, *names):
    return sorted(tuple(row[name] for name in names) for row in kept.rows("calls"))


def test_a_column_that_somebody_added_has_its_default(database):
    write(database, DAYS[0], {"call_id": 1, "csat": 4})
    execute(
        database,
        "ALTER TABLE calls ADD COLUMN team VARCHAR DEFAULT 'sales'",
        "UPDATE calls SET team = 'service'",
        "ALTER TABLE calls ALTER team SET NOT NULL",
    )
    # It is as well there when another column widens, and one more comes.
    write(database, DAYS[1], {"call_id": 2, "csat": 4.5, "mood": "x"})
    assert of(database, "call_id", "team", "csat") == [(1, "service", 4.0), (2, "sales", 4.5)]
    write(database, DAYS[0], {"call_id": 1, "csat": 3}, AT + timedelta(1), AT)
    assert of(database, "call_id", "team", "csat") == [(1, "sales", 3.0), (2, "sales", 4.5)]


def test_a_column_of_a_type_that_no_sync_stores_is_left_alone(database):
    write(database, DAYS[0], {"call_id": 1})
    execute(database, "ALTER TABLE calls ADD COLUMN rank INTEGER DEFAULT 7")
    write(database, DAYS[1], {"call_id": 2, "mood": "x"})
    assert of(database, "call_id", "rank") == [(1, 7), (2, 7)]
    assert database.target().schema("calls") == {"call_id": "int64", "mood": "string"}
    with pytest.raises(converz.TargetError, match=r"column 'rank' .* is of (INTEGER|integer)"):
        write(database, DAYS[1], {"call_id": 2, "rank": 5}, AT + timedelta(1), AT)
    assert of(database, "call_id", "rank") == [(1, 7), (2, 7)]


def test_a_null_where_somebody_forbade_it_changes_nothing_and_is_named(database):
    write(database, DAYS[0], {"call_id": 1, "csat": 4})
    execute(database, "ALTER TABLE calls ALTER csat SET NOT NULL")
    for row in ({"call_id": 2, "csat": None, "mood": "x"}, {"call_id": 2}):
        with pytest.raises(converz.TargetError, match=r"(?i)csat.*not[- ]null|not[- ]null.*csat"):
            write(database, DAYS[1], row)
    assert of(database, "call_id", "csat") == [(1, 4)]
    assert list(database.target().ledger("calls")) == [DAYS[0]]
    assert "mood" not in database.target().schema("calls")
    write(database, DAYS[1], {"call_id": 2, "csat": 5})
    assert of(database, "call_id", "csat") == [(1, 4), (2, 5)]


def test_a_generated_column_follows_its_own(database):
    write(database, DAYS[0], {"call_id": 1, "csat": 4})
    if isinstance(database, DuckDBFile):
        # Which gives no generated column to a table that is there.
        execute(
            database,
            "ALTER TABLE calls RENAME TO old",
            f"CREATE TABLE calls (call_id BIGINT, csat BIGINT, twice BIGINT GENERATED ALWAYS AS (csat * 2), {DAY_COLUMN} DATE)",
            f"INSERT INTO calls (call_id, csat, {DAY_COLUMN}) SELECT call_id, csat, {DAY_COLUMN} FROM old",
            "DROP TABLE old",
        )
    else:
        execute(database, "ALTER TABLE calls ADD COLUMN twice bigint GENERATED ALWAYS AS (csat * 2) STORED")
    write(database, DAYS[1], {"call_id": 2, "csat": 5, "mood": "x"})
    assert of(database, "call_id", "twice") == [(1, 8), (2, 10)]
    # It cannot be of another type below it, nor come from the service.
    for row in ({"call_id": 2, "csat": "none"}, {"call_id": 2, "csat": 5, "twice": 1}):
        with pytest.raises(converz.TargetError, match="generated column|twice"):
            write(database, DAYS[1], row, AT + timedelta(1), AT)
    assert of(database, "call_id", "twice") == [(1, 8), (2, 10)]
    assert database.target().ledger("calls")[DAYS[1]].read_at == AT


def test_a_connection_that_is_handed_over_is_left_as_it_was_also_where_a_commit_failed():
    with duckdb.connect() as connection:
        target = target_of(connection, 1)
        target.replace("calls", {DAYS[0]: decoded([{"call_id": 1, "csat": 4}])}, [line(DAYS[0])])
        connection.execute("ALTER TABLE calls ALTER csat SET NOT NULL")
        with pytest.raises(converz.TargetError, match="NOT NULL"):
            target.replace("calls", {DAYS[1]: decoded([{"call_id": 2}])}, [line(DAYS[1])])
        with pytest.raises(duckdb.CatalogException):
            connection.execute("FROM _converz_rows")
        assert connection.execute("SELECT call_id FROM calls").fetchall() == [(1,)]
