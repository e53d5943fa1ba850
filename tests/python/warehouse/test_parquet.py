"""A folder of Parquet files of which an interrupted run has written a part: whole days, and the next run goes on."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pyarrow.parquet as pq
import pytest

import converz
from converz._warehouse.entry import DAY_COLUMN
from converz._warehouse.targets.parquet import ParquetTarget
from support.targets import ParquetFolder

UNTIL = date(2025, 7, 15)
DAYS = [UNTIL - timedelta(days=back) for back in range(5)]
"""In the order in which they are read and written."""

RANGE = {"since": DAYS[-1], "until": UNTIL}


class EndError(BaseException):
    """The process ends."""


@pytest.fixture
def folder(tmp_path):
    return ParquetFolder(tmp_path)


@pytest.fixture
def centre():
    with converz.Sandbox(calls=100, days=5, today=UNTIL) as sandbox:
        yield sandbox


@pytest.fixture
def dying(monkeypatch):
    """Have the process end at a file that is written: before it is there, or after."""

    def dying(number, *, after):
        left, write = number, ParquetTarget._write

        def ends(*arguments):
            nonlocal left
            left -= 1
            if left == -1 and not after:
                raise EndError
            write(*arguments)
            if left == -1:
                raise EndError

        monkeypatch.setattr(ParquetTarget, "_write", ends)

    yield dying
    monkeypatch.undo()


def by_day(rows):
    found = {}
    for row in rows:
        found.setdefault(row[DAY_COLUMN], set()).add((row["call_id"], row["summary"]))
    return found


def of_service(client, days=DAYS):
    found = {}
    for window, table in client.read_windows(client.windows(days[-1], days[0])):
        rows = table.to_pydict()
        found[window.start_date] = set(zip(rows["call_id"], rows["summary"], strict=True))
    return found


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(5))
def test_a_part_of_the_days_is_whole_days_and_the_next_run_goes_on(
    folder, centre, run, dying, monkeypatch, number, after
):
    client = centre.client()
    dying(number, after=after)
    with pytest.raises(EndError):
        run(client, folder.name, **RANGE)
    monkeypatch.undo()
    written = DAYS[: number + after]
    service = of_service(client)
    assert by_day(folder.rows("calls")) == {day: service[day] for day in written}
    assert set(folder.target().ledger("calls")) == set(written)
    # As another reader sees it, which takes whatever has the name of a Parquet file.
    if written:
        query = f"SELECT {DAY_COLUMN}, count(*) FROM '{folder.folder}/**/*.parquet' GROUP BY ALL"
        assert dict(duckdb.sql(query).fetchall()) == {day: len(service[day]) for day in written}
    result = run(client, folder.name, lookback=0, **RANGE)
    assert (result.new, result.changed, result.unchanged) == (len(DAYS) - len(written), 0, 0)
    assert by_day(folder.rows("calls")) == service
    assert client.audit(folder.name, tables="calls", **RANGE).equal


@pytest.mark.parametrize("number", range(5))
def test_days_that_change_are_each_as_they_were_or_as_they_are(
    folder, centre, run, dying, monkeypatch, number, clock
):
    client = centre.client()
    run(client, folder.name, **RANGE)
    before = of_service(client)
    centre.withhold_summaries(range(1, 101))
    for day in DAYS:
        centre.insert_calls(day, 2)
    now = of_service(client)
    clock.forward(hours=1)
    dying(number, after=False)
    with pytest.raises(EndError):
        run(client, folder.name, **RANGE)
    monkeypatch.undo()
    expected = {day: now[day] if place < number else before[day] for place, day in enumerate(DAYS)}
    assert by_day(folder.rows("calls")) == expected
    clock.forward(hours=1)
    result = run(client, folder.name, **RANGE)
    assert (result.changed, result.unchanged) == (len(DAYS) - number, number)
    assert by_day(folder.rows("calls")) == now


@pytest.mark.parametrize("number", range(4))
def test_a_column_that_was_widening_loses_nothing(folder, centre, run, dying, monkeypatch, number, clock):
    """Files of both types are there, each whole; the next run makes all of them the wider one."""
    client = centre.client()
    run(client, folder.name, metric="csat", schema={"csat": "int64"}, **RANGE)
    before = of_service(client)
    assert folder.target().schema("calls")["csat"] == "int64"
    clock.forward(hours=1)
    late = centre.insert_calls(DAYS[0], 1)
    asked = {"metric": "csat", "schema": {"csat": "float64"}}
    dying(number, after=True)
    with pytest.raises(EndError):
        run(client, folder.name, **asked, **RANGE)
    monkeypatch.undo()
    files = sorted((folder.folder / "calls").glob("*/*.parquet"))
    kinds = [str(pq.read_schema(file).field("csat").type) for file in files]
    assert (kinds.count("double"), kinds.count("int64")) == (number + 1, 4 - number)
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    assert by_day(rows) == before
    assert folder.target().schema("calls")["csat"] == "float64"
    clock.forward(hours=1)
    run(client, folder.name, **asked, **RANGE)
    assert {str(pq.read_schema(file).field("csat").type) for file in files} == {"double"}
    assert by_day(folder.rows("calls")) == of_service(client)
    assert late[0] in {row["call_id"] for row in folder.rows("calls")}
