"""`changes`: what differs from what was handed on, by a cursor that moves only when it is told to."""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

import converz
from converz._warehouse.changes import changes as changes_at
from support.processes import clean_environment, started
from support.service import Answer

from .conftest import settings

KILLS = int(os.environ.get("CONVERZ_KILLS", "3"))
WHERE = {"since": "2025-07-01", "until": "2025-07-15", "columns": ["vendor_call_id", "summary"]}


@pytest.fixture
def service():
    with converz.Sandbox(calls=200, reps=5, days=15, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture
def handed(service, kept, clock):
    """`Client.changes` on each target, at the time of the clock."""

    def handed(**arguments):
        asked = settings(**(WHERE | {"tables": "calls"} | arguments))
        return changes_at(service.client(), kept.name, "crm", asked, lock_timeout=10, clock=clock)

    return handed


def keys(table):
    return sorted(table.to_pydict()["call_id"])


def test_everything_then_nothing_then_what_changed(handed, service, clock):
    first = handed()
    assert keys(first.table()) == list(range(1, 201))
    first.done()
    clock.now += timedelta(hours=1)
    again = handed(lookback=1000)
    assert again.table().num_rows == 0
    assert again.table().column_names == ["vendor_call_id", "summary", "call_id"]
    assert again.unchanged == 400
    again.done()
    late = service.insert_calls("2025-07-08", 2)
    service.client().update_calls({"call_id": [7, 8], "summary": ["new", "other"]})
    clock.now += timedelta(hours=1)
    changed = handed(lookback=1000)
    table = changed.table()
    assert keys(table) == [7, 8, *late]
    assert dict(zip(table.to_pydict()["call_id"], table.to_pydict()["summary"], strict=True))[7] == "new"
    assert changed.rows == 4


def test_a_cursor_that_was_not_told_stays_where_it_was(handed):
    days = iter(handed())
    assert next(days).num_rows
    days.close()
    # A crash: the same rows again.
    assert keys(handed().table()) == list(range(1, 201))


def test_it_moves_past_what_was_handed_on_and_no_further(handed, clock):
    changes = handed()
    days = iter(changes)
    first = keys(next(days))
    changes.done()
    second = keys(next(days))
    days.close()
    clock.now += timedelta(hours=1)
    rest = keys(handed(lookback=1000).table())
    assert set(second) <= set(rest)
    assert sorted([*first, *rest]) == list(range(1, 201))


def test_what_changes_back_is_handed_on_again(handed, service, clock):
    def pushed():
        clock.now += timedelta(hours=1)
        changes = handed(lookback=1000)
        table = changes.table()
        changes.done()
        return table.to_pydict()

    pushed()
    client = service.client()
    old = client.calls(columns=["call_id", "summary"]).to_pydict()["summary"][0]
    seen = []
    for text in ("one", "two", "one", old):
        client.update_calls({"call_id": [1], "summary": [text]}, nulls="clear")
        seen.append(pushed()["summary"])
    assert seen == [["one"], ["two"], ["one"], [old]]


def test_what_others_change_is_not_handed_on(handed, service, clock):
    changes = handed()
    changes.table()
    changes.done()
    service.client().update_calls({"call_id": [1], "language": ["xx"]})
    clock.now += timedelta(hours=1)
    assert handed(lookback=1000).table().num_rows == 0


def test_rows_that_vanish_and_come_back_are_not_handed_on_again(handed, serve, kept, clock):
    """A service in a bad hour, whole or in part."""
    rows = [{"call_id": number, "summary": str(number)} for number in range(5)]
    there = list(rows)
    url = serve(lambda asked: Answer(json.dumps(there if asked.query["page"] == "1" else []).encode()))
    client = converz.Client(url, "key")

    def pushed():
        clock.now += timedelta(hours=1)
        asked = settings(tables="calls", since="2025-07-15", until="2025-07-15", columns=["summary"])
        changes = changes_at(client, kept.name, "crm", asked, lock_timeout=10, clock=clock)
        table = changes.table()
        changes.done()
        return table.num_rows

    found = [pushed()]
    for now in ([], rows[:2], rows, rows):
        there[:] = now
        found.append(pushed())
    assert found == [5, 0, 0, 0, 0]


def test_old_days_are_found_by_their_keys(handed, service, clock):
    changes = handed()
    changes.table()
    changes.done()
    clock.now += timedelta(days=300)
    late = service.insert_calls("2025-07-02", 1)
    found = handed(sweep=0.001, recheck=10_000)
    assert keys(found.table()) == late


def test_two_at_a_time_do_not_both_move(handed, clock):
    one, other = handed(), handed()
    one.table(), other.table()
    one.done()
    clock.now += timedelta(hours=1)
    with pytest.raises(converz.TargetError, match="meanwhile"):
        other.done()


def test_cursors_stand_beside_each_other_and_beside_a_sync(service, kept):
    client = service.client()
    client.sync(kept.name, since="2025-07-01", until="2025-07-15")
    for cursor in ("one", "other"):
        changes = client.changes(kept.name, cursor=cursor, **WHERE)
        assert changes.table().num_rows == 200
        changes.done()
    assert client.audit(kept.name, until="2025-07-15").equal
    with pytest.raises(converz.TargetError, match="another question"):
        client.changes(kept.name, cursor="one", since="2025-07-01", until="2025-07-15", columns="campaign")


@pytest.mark.parametrize("name", ["", "A", "1", "a b", "a" * 41, "a;b", None])
def test_what_is_no_name_of_a_cursor(service, tmp_path, name):
    with pytest.raises(converz.InvalidInputError, match="cursor="):
        service.client().changes(f"parquet:{tmp_path}", cursor=name, since="2025-07-01")


@pytest.mark.timeout(60 + 30 * KILLS)
def test_killed_at_any_point_nothing_is_lost(service, kept, tmp_path):
    """`CONVERZ_KILLS=100` has it survive as many. A day may come twice, the last of each run; none is left out."""
    file = tmp_path / "handed"
    script = str(Path(__file__).with_name("handed.py"))
    command = [sys.executable, script, service.url, service.api_key, kept.name, str(file)]
    client = service.client()
    for number in range(KILLS):
        with started(command, clean_environment()) as process:
            assert process.stdout.readline() == "0\n", process.stderr.read()
            client.update_calls({"call_id": [number + 1], "summary": [f"changed {number}"]})
            threading.Event().wait(0.1 + 0.4 * number % 1.0)
    last = client.changes(kept.name, cursor="crm", since="2025-07-01", until="2025-07-15", lookback=10_000)
    rest = last.table().to_pydict()
    arrived: dict = {}
    for line in file.read_text().splitlines():
        arrived |= dict(json.loads(line)) if line.endswith("]") else {}
    arrived |= dict(zip(rest["call_id"], rest["summary"], strict=True)) if last.rows else {}
    stored = client.calls(columns=["call_id", "summary"]).to_pydict()
    assert arrived == dict(zip(stored["call_id"], stored["summary"], strict=True))
