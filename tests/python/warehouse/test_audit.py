"""`audit`: what differs, why, and that what it says mends it."""

from __future__ import annotations

import shlex
from datetime import date

import duckdb
import pytest

import converz
from converz._cli.main import main
from support.targets import DuckDBFile

TODAY = "2025-07-15"
RANGE = {"since": "2025-07-01", "until": TODAY}


@pytest.fixture
def centre(monkeypatch):
    with converz.Sandbox(calls=600, reps=8, days=15, today=TODAY) as sandbox:
        monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
        monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
        yield sandbox


def lines(audit):
    columns = audit.differences.to_pydict()
    names = ("day", "missing", "surplus", "cause")
    return sorted(zip(*(columns[name] for name in names), strict=True), key=str)


@pytest.mark.filterwarnings("ignore:days went on to change")
def test_each_difference_has_its_cause_and_its_remedy(kept, centre):
    client = centre.client()
    client.sync(kept.name, since="2025-07-02", until=TODAY, metric="csat")
    assert client.audit(kept.name, metric="csat", until=TODAY).equal
    centre.insert_calls("2025-07-14", 2)
    gone = client.calls(start_date="2025-07-13", end_date="2025-07-13").to_pydict()["call_id"][:1]
    centre.delete_calls(gone)
    other = client.calls(start_date="2025-07-12", end_date="2025-07-12").to_pydict()["call_id"][:1]
    centre.delete_calls(other)
    centre.insert_calls("2025-07-12", 1)
    audit = client.audit(kept.name, metric="csat", **RANGE)
    never = client.calls(start_date="2025-07-01", end_date="2025-07-01").num_rows
    assert lines(audit) == [
        (date(2025, 7, 1), never, 0, "never read"),
        (date(2025, 7, 12), 1, 1, "late and deleted"),
        (date(2025, 7, 13), 0, 1, "deleted"),
        (date(2025, 7, 14), 2, 0, "late"),
    ]
    assert not audit.equal
    assert "differences=4" in repr(audit)
    for command in audit.differences.to_pydict()["command"]:
        assert main(shlex.split(command)[1:]) == 0
    assert client.audit(kept.name, metric="csat", **RANGE).equal


@pytest.mark.filterwarnings("ignore:days went on to change")
def test_rows_that_somebody_changed_in_the_target(tmp_path, centre):
    kept = DuckDBFile(tmp_path)
    client = centre.client()
    client.sync(kept.name, **RANGE)
    with duckdb.connect(kept.name) as connection:
        connection.execute("DELETE FROM calls WHERE _converz_date = '2025-07-10'")
    [line] = lines(client.audit(kept.name, **RANGE))
    assert (line[0], line[3]) == (date(2025, 7, 10), "changed in the target")
    client.sync(kept.name, refresh="2025-07-10", until=TODAY)
    assert client.audit(kept.name, **RANGE).equal


def test_the_target_is_asked_for_the_keys_of_many_days_at_once(kept, centre, monkeypatch):
    client = centre.client()
    client.sync(kept.name, tables="calls", since="2025-07-03", until=TODAY)
    target = kept.target()
    asked = []

    class Counting:
        ledger, schema, replace = target.ledger, target.schema, target.replace

        def keys(self, table, key, days):
            asked.append(len(days))
            return target.keys(table, key, days)

    # Two days at the end were never read.
    assert client.audit(Counting(), tables="calls", **RANGE).differences.num_rows == 2
    assert asked == [13]
    asked.clear()
    monkeypatch.setattr("converz._warehouse.audit.KEYS", 100)
    assert client.audit(Counting(), tables="calls", **RANGE).differences.num_rows == 2
    assert sum(asked) == 13
    assert len(asked) > 3


def test_what_filters_leave_out_is_counted(kept, centre):
    client = centre.client()
    client.sync(kept.name, campaign="sales", tables="calls", **RANGE)
    audit = client.audit(kept.name, campaign="sales", tables="calls", **RANGE)
    assert audit.equal
    assert audit.filtered == 600 - client.calls(campaign="sales").num_rows > 0


def test_without_keys_counts_are_compared(kept, centre):
    client = centre.client()
    client.sync(kept.name, columns="campaign", tables="calls", **RANGE)
    centre.insert_calls("2025-07-14", 2)
    audit = client.audit(kept.name, columns="campaign", tables="calls", **RANGE)
    assert lines(audit) == [(date(2025, 7, 14), 2, 0, "late")]


def test_the_commands(tmp_path, centre, capsys):
    target = str(tmp_path / "warehouse.duckdb")
    assert main(["sync", target, "--since", "2025-07-01", "--until", TODAY, "--metric", "csat"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 16
    assert shown.out.splitlines()[0].split("\t")[:4] == ["calls", "2025-07-15", "never read", "new"]
    assert "16 days new, 0 changed, 0 unchanged: 608 of 608 rows written" in shown.err
    audit = ["audit", target, "--until", TODAY, "--metric", "csat"]
    assert main(audit) == 0
    assert capsys.readouterr() == ("", "16 days, 608 rows: equal\n")
    centre.insert_calls(TODAY, 1)
    assert main([*audit, "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert "late" in out
    assert err == ""
    centre.delete_calls(range(1, 1000))
    assert main(["sync", target, "--until", TODAY, "--metric", "csat", "--refresh", TODAY]) == 1
    out, err = capsys.readouterr()
    assert "failed" in out
    assert "the answer is empty" in err
    assert main(["sync", target]) == 1
    assert "another question" in capsys.readouterr().err
    assert main(["sync", "nowhere"]) == 2
