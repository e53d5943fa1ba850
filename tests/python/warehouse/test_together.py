"""Two writers of one target: one of them waits, or is refused, and what is stored is never of both."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import converz
from converz._warehouse.entry import Entry
from support.history import History
from support.processes import clean_environment, started
from support.targets import TARGETS

DAYS = [date(2025, 7, day) for day in range(10, 16)]
AT = datetime(2025, 7, 16, 13)


def decoded(*keys):
    return converz.Table(converz._core.decode(json.dumps([{"call_id": key} for key in keys]).encode()))


def line(day, at=AT, instead_of=None):
    return Entry(day, "f" * 15, 1, "d" * 15, "e" * 15, at, None, instead_of=instead_of)


@pytest.fixture(params=["delta", "iceberg"])
def lake(request, tmp_path):
    kept = TARGETS[request.param](tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def behind(lake, monkeypatch):
    """A target that at first sees a table as it was before another one wrote."""

    def behind(times):
        target = lake.target()
        stale, now = target._stored("calls"), target._stored
        seen = [stale] * times
        monkeypatch.setattr(target, "_stored", lambda table: seen.pop() if seen else now(table))
        return target

    return behind


def stored(kept):
    return sorted(row["call_id"] for row in kept.rows("calls"))


def test_a_commit_that_another_one_came_before_is_tried_once_more(lake, behind):
    other = lake.target()
    other.replace("calls", {DAYS[2]: decoded(2)}, [line(DAYS[2])])
    # Days on both sides, so that nobody forgets where the other one's begin or end.
    for mine, its in ((DAYS[3], DAYS[0]), (DAYS[1], DAYS[5])):
        late = behind(1)
        other.replace("calls", {its: decoded(its.day)}, [line(its)])
        late.replace("calls", {mine: decoded(mine.day)}, [line(mine)])
    assert stored(lake) == [2, 10, 11, 13, 15]
    assert sorted(lake.target().ledger("calls")) == [DAYS[0], DAYS[1], DAYS[2], DAYS[3], DAYS[5]]


def test_a_line_alone_is_not_put_over_rows_that_came_between(lake, behind):
    lake.target().replace("calls", {DAYS[0]: decoded(1)}, [line(DAYS[0])])
    late = behind(1)
    lake.target().replace("calls", {DAYS[0]: decoded(2)}, [line(DAYS[0], AT + timedelta(2), AT)])
    with pytest.raises(converz.TargetError, match="another sync has written 2025-07-10 meanwhile"):
        late.replace("calls", {}, [line(DAYS[0], AT + timedelta(1), AT)])
    late = behind(1)
    lake.target().replace("calls", {}, [line(DAYS[0], AT + timedelta(4), AT + timedelta(2))])
    with pytest.raises(converz.TargetError, match="another sync has written 2025-07-10 meanwhile"):
        late.replace("calls", {DAYS[0]: decoded(3)}, [line(DAYS[0], AT + timedelta(3), AT + timedelta(2))])
    assert stored(lake) == [2]
    assert lake.target().ledger("calls")[DAYS[0]].read_at == AT + timedelta(4)


def test_a_commit_that_is_lost_twice_is_an_error(lake, behind):
    lake.target().replace("calls", {DAYS[0]: decoded(1)}, [line(DAYS[0])])
    late = behind(10)
    lake.target().replace("calls", {DAYS[1]: decoded(2)}, [line(DAYS[1])])
    with pytest.raises(converz.TargetError):
        late.replace("calls", {DAYS[2]: decoded(3)}, [line(DAYS[2])])
    assert stored(lake) == [1, 2]
    assert sorted(lake.target().ledger("calls")) == DAYS[:2]


@pytest.mark.timeout(180)
def test_two_processes_at_once(kept):
    """Each day is an answer of some time, whoever wrote it, and one run alone then has the latest."""
    with converz.Sandbox(calls=200, reps=5, days=15, today="2025-07-15") as sandbox:
        client = sandbox.client()
        history = History(client, date(2025, 7, 1), date(2025, 7, 15))
        history.note()
        script = str(Path(__file__).with_name("together.py"))
        command = [sys.executable, script, sandbox.url, sandbox.api_key, kept.name]
        with started(command, clean_environment()) as one, started(command, clean_environment()) as other:
            assert [one.stdout.readline(), other.stdout.readline()] == ["ready\n"] * 2
            sandbox.withhold_summaries(range(1, 100))
            history.note()
            for process in (one, other):
                process.stdin.write("go\n")
                process.stdin.flush()
            ended = [process.communicate(timeout=120) for process in (one, other)]
            assert [process.returncode for process in (one, other)] == [0, 0], ended
        # At least one of them got in.
        assert any("new" in out for out, _ in ended), ended
        history.check(kept)
        client.sync(kept.name, since="2025-07-01", until="2025-07-15", lookback=10_000, max_delete_fraction=1)
        history.check(kept)
        assert history.is_reached(kept)
