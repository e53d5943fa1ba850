"""What only a server has: passwords, locks between processes, readers that do not wait, names that it would cut."""

from __future__ import annotations

import json
from datetime import date, datetime

import adbc_driver_postgresql.dbapi
import pytest

import converz
from converz._warehouse.entry import Entry
from converz._warehouse.target import target_of
from converz._warehouse.targets.postgresql import LOCK, shown
from support.targets import PostgreSQL

DAY = date(2025, 7, 15)
LINE = Entry(DAY, "f" * 32, 1, "d" * 32, "k" * 32, datetime(2025, 7, 16, 13))


def decoded(rows):
    return converz.Table(converz._core.decode(json.dumps(rows).encode()))


@pytest.fixture
def kept(tmp_path):
    return PostgreSQL(tmp_path)


def test_a_second_writer_waits_and_then_says_so_while_readers_go_on(kept):
    kept.target().replace("calls", {DAY: decoded([{"call_id": 1}])}, [LINE])
    with adbc_driver_postgresql.dbapi.connect(kept.name) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK})::text")
        cursor.fetchall()
        with pytest.raises(
            converz.TargetError, match=r"another sync did not end within lock_timeout=0\.2 seconds"
        ):
            target_of(kept.name, 0.2).replace("calls", {}, [LINE])
        assert len(kept.rows("calls")) == 1
        assert list(kept.target().ledger("calls")) == [DAY]
        other.rollback()


def test_names_that_the_server_would_cut(kept):
    with pytest.raises(converz.TargetError, match="more than the 63 bytes"):
        kept.target().replace("calls", {DAY: decoded([{"call_id": 1, "ö" * 32: 1}])}, [LINE])
    assert kept.target().ledger("calls") == {}
    kept.target().replace("calls", {DAY: decoded([{"call_id": 1, "x" * 63: 1}])}, [LINE])


def test_text_that_the_server_does_not_hold_changes_nothing(kept):
    with pytest.raises(converz.TargetError):
        kept.target().replace("calls", {DAY: decoded([{"call_id": 1, "x": "a\0b"}])}, [LINE])
    assert kept.target().ledger("calls") == {}


def test_no_password_is_shown():
    url = "postgresql://somebody:hunter2@127.0.0.1:9/warehouse"
    assert shown(url) == "postgresql://127.0.0.1:9/warehouse"
    with pytest.raises(converz.TargetError) as raised:
        target_of(url, 1).ledger("calls")
    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(target_of(url, 1))
    assert raised.value.__cause__ is None


def test_a_table_of_somebody_elses(kept):
    with adbc_driver_postgresql.dbapi.connect(kept.name, autocommit=True) as other, other.cursor() as cursor:
        cursor.execute("CREATE TABLE calls (call_id bigint)")
    with pytest.raises(converz.TargetError, match="has a table calls that no sync has made"):
        kept.target().replace("calls", {DAY: decoded([{"call_id": 1}])}, [LINE])
