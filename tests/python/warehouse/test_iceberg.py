"""What only catalogues have: their configuration, secrets in it, tables of others, snapshots."""

from __future__ import annotations

import json
import traceback
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.utils.config import Config

import converz
from converz._warehouse.entry import DAY_COLUMN, Entry
from converz._warehouse.target import target_of
from converz._warehouse.targets.passwords import without_passwords
from support.targets import Iceberg

DAY = date(2025, 7, 15)
AT = datetime(2025, 7, 16, 13)
LINE = Entry(DAY, "f" * 32, 1, "d" * 32, "k" * 32, AT)


def decoded(rows):
    return converz.Table(converz._core.decode(json.dumps(rows).encode()))


@pytest.fixture
def kept(tmp_path):
    kept = Iceberg(tmp_path)
    yield kept
    kept.close()


def opened(kept):
    name = kept.name.removeprefix("iceberg:").partition(".")[0]
    return load_catalog(name, **Config().get_catalog_config(name))


def test_a_catalogue_that_is_not_configured():
    with pytest.raises(
        converz.TargetError, match=r"no catalogue 'nowhere' is configured.*PYICEBERG_CATALOG__NOWHERE__URI"
    ):
        target_of("iceberg:nowhere.sales", 1).ledger("calls")


@pytest.mark.parametrize("name", ["iceberg:", "iceberg:lake", "iceberg:.sales", "iceberg:lake."])
def test_a_name_without_a_namespace(name):
    with pytest.raises(converz.InvalidInputError, match="not a catalogue and a namespace"):
        target_of(name, 1)


def test_no_secret_of_a_catalogue_is_shown(monkeypatch):
    monkeypatch.setenv("PYICEBERG_CATALOG__SECRETIVE__URI", "nosuch://somebody:hunter2@127.0.0.1:9/lake")
    monkeypatch.setenv("PYICEBERG_CATALOG__SECRETIVE__TYPE", "sql")
    with pytest.raises(converz.TargetError) as raised:
        target_of("iceberg:secretive.sales", 1).ledger("calls")
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_secrets_are_left_out_wherever_they_are():
    settings = {
        "uri": "postgresql://a:p%40ss@h/d?sslpassword=inner",
        "s3.secret-access-key": "abc123",
        "warehouse": "file:///lake",
    }
    text = "a:p%40ss p@ss inner abc123 file:///lake"
    assert without_passwords(text, settings) == "a:… … … … file:///lake"
    assert without_passwords(text, {"uri": "http://[", "x": 5}) == text


def test_a_table_of_somebody_elses(kept):
    opened(kept).create_namespace("sales")
    opened(kept).create_table("sales.calls", pa.schema([("call_id", pa.int64())]))
    with pytest.raises(converz.TargetError, match="has a table calls that no sync has made"):
        kept.target().replace("calls", {DAY: decoded([{"call_id": 1}])}, [LINE])


def test_a_day_is_a_partition_and_a_widened_column_keeps_its_place(kept):
    later = Entry(DAY, "f" * 32, 1, "e" * 32, "k" * 32, AT + timedelta(1), AT + timedelta(1), AT)
    kept.target().replace("calls", {DAY: decoded([{"call_id": 1, "csat": 4, "mood": "x"}])}, [LINE])
    before = opened(kept).load_table("sales.calls")
    kept.target().replace("calls", {DAY: decoded([{"call_id": 1, "csat": 4.5, "mood": "x"}])}, [later])
    after = opened(kept).load_table("sales.calls")
    assert [field.name for field in after.schema().fields] == ["call_id", "csat", "mood", DAY_COLUMN]
    assert [str(field.field_type) for field in after.schema().fields][1] == "double"
    assert len(after.spec().fields) == 1
    # Whoever goes back in time reads what was there, as it was.
    old = after.scan(snapshot_id=before.current_snapshot().snapshot_id).to_arrow()
    assert old["csat"].to_pylist() == [4]
    assert after.scan().to_arrow()["csat"].to_pylist() == [4.5]
