"""`converz.dlt`: whatever happens, a destination of dlt has what the service has after the next run."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
from datetime import date
from operator import itemgetter
from pathlib import Path

import pytest

import converz
from support.processes import clean_environment, started
from support.service import Answer

pytest.importorskip("dlt", reason="needs dlt: pip install 'converz[dlt]'")

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.pipeline.exceptions import PipelineStepFailed

import converz.dlt
from converz._dlt.destination import scope
from converz._warehouse.entry import KEPT
from support.dlt_destinations import DESTINATIONS, DuckDB

KILLS = int(os.environ.get("CONVERZ_KILLS", "2"))
ASKED = {"since": "2025-07-01", "until": "2025-07-15"}
EVERY_DAY = {"lookback": 10_000, "max_delete_fraction": 1}


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """dlt tells nobody, reads no settings of the machine's, and forgets the test's pipeline."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    yield
    context = Container()[PipelineContext]
    if context.is_active():
        context.pipeline().deactivate()
    gc.collect()


@pytest.fixture(params=DESTINATIONS)
def kind(request):
    return request.param


@pytest.fixture
def destination(kind, tmp_path):
    return DESTINATIONS[kind](tmp_path)


@pytest.fixture
def sandbox():
    with converz.Sandbox(calls=150, reps=5, days=15, today="2025-07-15", story=False) as sandbox:
        yield sandbox


def load(destination, client, **arguments):
    """A run as a process of its own would make it, and the tables that it loaded."""
    pipeline = destination.pipeline()
    info = pipeline.run(converz.dlt.source(client, **ASKED | EVERY_DAY | arguments))
    info.raise_on_failed_jobs()
    jobs = [job for package in info.load_packages for job in package.jobs["completed_jobs"]]
    return {job.job_file_info.table_name for job in jobs} & {"calls", "reps"}


def has_what_the_service_has(destination, client, **arguments) -> bool:
    def values(rows, key):
        # A column of nulls comes with its first value, and stays.
        found = [{name: value for name, value in row.items() if value is not None} for row in rows]
        return sorted(found, key=lambda row: row[key])

    calls, reps = client.calls(start_date="2025-07-01", **arguments), client.reps()
    return all(
        values(destination.rows(table), key) == values(read.to_pylist(), key)
        for table, key, read in (("calls", "call_id", calls), ("reps", "rep_id", reps))
    )


def keys_of(client, day: str) -> list[int]:
    return client.calls(start_date=day, end_date=day).to_pydict()["call_id"]


def test_a_destination_follows_the_service(destination, sandbox):
    """Late rows, deletions, emptied days, new columns, and nothing where nothing changed."""
    client, asked = sandbox.client(), {"metric": ["csat", "talk_ratio"]}
    assert load(destination, client, **asked) == {"calls", "reps"}
    assert has_what_the_service_has(destination, client, **asked)

    assert load(destination, client, **asked) == set()

    sandbox.insert_calls("2025-07-12", 3)
    sandbox.delete_calls(keys_of(client, "2025-07-09")[:1])
    sandbox.delete_calls(keys_of(client, "2025-07-13"))
    assert load(destination, client, **asked) == {"calls"}
    assert has_what_the_service_has(destination, client, **asked)
    assert keys_of(client, "2025-07-13") == []

    # Nothing but an emptied day, and a column that only some rows have.
    sandbox.delete_calls(keys_of(client, "2025-07-14"))
    assert load(destination, client, **asked) == {"calls"}
    assert has_what_the_service_has(destination, client, **asked)
    client.update_calls(
        {"call_id": keys_of(client, "2025-07-11"), "score": [1.5] * len(keys_of(client, "2025-07-11"))}
    )
    client.update_reps({"rep_id": client.reps().to_pydict()["rep_id"][:1], "department": ["new"]})
    assert load(destination, client, **asked) == {"calls", "reps"}
    assert has_what_the_service_has(destination, client, **asked)
    assert any(row["score"] == 1.5 for row in destination.rows("calls"))


def test_a_day_is_asked_for_again_where_state_and_destination_differ(destination, sandbox):
    """A, then B whose state is lost with the working directory, then A again: dlt's state alone would say that A is there."""
    client = sandbox.client()
    load(destination, client)
    sandbox.withhold_summaries(list(range(1, 151)))
    load(destination, client)
    assert all(row["summary"] is None for row in destination.rows("calls"))
    destination.lose_state()
    destination.lose_folder()
    sandbox.release_summaries()
    assert load(destination, client) == {"calls"}
    assert has_what_the_service_has(destination, client)


@pytest.mark.parametrize("line", [KEPT[:-1], [*KEPT, "instead_of"]], ids=["before", "after"])
def test_the_state_of_another_version_is_gone_on_with(tmp_path, sandbox, monkeypatch, line):
    """Of one that noted less of a day, and of one that notes more."""
    client, destination = sandbox.client(), DuckDB(tmp_path)
    with monkeypatch.context() as other:
        other.setattr("converz._dlt.resource.KEPT", line)
        load(destination, client)
    assert load(destination, client) == set()
    late = sandbox.insert_calls("2025-07-12", 1)
    # Of days that are known, none is asked for but the young ones.
    assert load(destination, client, lookback=0, sweep=None, recheck=1e9) == set()
    assert load(destination, client, refresh="2025-07-12") == {"calls"}
    assert late[0] in {row["call_id"] for row in destination.rows("calls")}
    assert has_what_the_service_has(destination, client)


def test_what_somebody_deleted_comes_again(tmp_path, sandbox):
    client, destination = sandbox.client(), DuckDB(tmp_path)
    load(destination, client)
    with destination.pipeline().sql_client() as sql:
        sql.execute_sql("DELETE FROM calls WHERE _converz_date = '2025-07-08'")
        sql.execute_sql("DELETE FROM reps WHERE rep_id = (SELECT MIN(rep_id) FROM reps)")
    # Also by runs for which that day is not due.
    assert load(destination, client, lookback=0, sweep=None) == {"calls", "reps"}
    assert has_what_the_service_has(destination, client)
    with destination.pipeline().sql_client() as sql:
        sql.execute_sql("DROP TABLE calls")
    destination.pipeline().run(converz.dlt.source(client, **ASKED), refresh="drop_resources")
    assert has_what_the_service_has(destination, client)


def test_a_fraction_never_becomes_an_integer(destination, sandbox):
    client = sandbox.client()
    first, second = keys_of(client, "2025-07-11"), keys_of(client, "2025-07-12")
    client.update_calls({"call_id": first, "score": [4] * len(first)})
    load(destination, client)
    client.update_calls({"call_id": second, "score": [4.5] * len(second)})
    with pytest.raises(PipelineStepFailed, match="column 'score' of calls is int64 in the destination"):
        load(destination, client)
    assert {row["score"] for row in destination.rows("calls")} == {None, 4}

    # What the message says.
    source = converz.dlt.source(client, **ASKED, **EVERY_DAY, schema={"score": "float64"})
    destination.pipeline().run(source, refresh="drop_resources")
    assert has_what_the_service_has(destination, client)
    assert {row["score"] for row in destination.rows("calls")} == {None, 4, 4.5}


def test_a_number_that_a_fraction_cannot_hold_is_refused(tmp_path, sandbox):
    client, destination = sandbox.client(), DuckDB(tmp_path)
    first, second = keys_of(client, "2025-07-11"), keys_of(client, "2025-07-12")
    client.update_calls({"call_id": first, "score": [4.5] * len(first)})
    load(destination, client)
    client.update_calls({"call_id": second, "score": [4] * len(second)})
    load(destination, client)
    client.update_calls({"call_id": second, "score": [2**53 + 1] * len(second)})
    with pytest.raises(
        PipelineStepFailed, match=r'calls: column "score" .* float64 does not hold.*drop_resources'
    ):
        load(destination, client)
    assert {row["score"] for row in destination.rows("calls")} == {None, 4.5, 4}


def test_dlt_itself_refuses_another_type(tmp_path, sandbox, monkeypatch):
    """The second lock, should the first one ever fail."""
    client, destination = sandbox.client(), DuckDB(tmp_path)
    first, second = keys_of(client, "2025-07-11"), keys_of(client, "2025-07-12")
    client.update_calls({"call_id": first, "score": [4] * len(first)})
    load(destination, client)
    client.update_calls({"call_id": second, "score": [4.5] * len(second)})
    monkeypatch.setattr("converz._dlt.resource.stored_kind", lambda *arguments: None)
    with pytest.raises(PipelineStepFailed, match="`data_types` are frozen"):
        load(destination, client, refresh=True)


def test_types_of_the_first_load_are_those_of_all_its_days(tmp_path, sandbox, monkeypatch):
    """Also where days come in several parts."""
    monkeypatch.setattr("converz._warehouse.table_run.COMMIT_ROWS", 20)
    client, destination = sandbox.client(), DuckDB(tmp_path)
    values = {"2025-07-15": 1, "2025-07-05": 2.5, "2025-07-02": 3}
    for day, value in values.items():
        rows = keys_of(client, day)
        client.update_calls({"call_id": rows, "score": [value] * len(rows)})
    for day, value in {"2025-07-15": 1, "2025-07-05": "text", "2025-07-02": 2.5}.items():
        rows = keys_of(client, day)
        client.update_calls({"call_id": rows, "mixed": [value] * len(rows), "huge": [2**64 - 1] * len(rows)})
    load(destination, client)
    rows = destination.rows("calls")
    assert {row["score"] for row in rows} == {None, 1.0, 2.5, 3.0}
    assert {row["mixed"] for row in rows} == {None, "1", "text", "2.5"}
    assert {row["huge"] for row in rows} == {None, str(2**64 - 1)}


def test_times_have_no_zone_that_the_service_did_not_give(tmp_path, sandbox):
    client, destination = sandbox.client(), DuckDB(tmp_path)
    load(destination, client)
    kinds = dict(
        destination.read(
            "SELECT column_name, data_type FROM (DESCRIBE calls) AS d(column_name, data_type, a, b, c, e)"
        )
    )
    assert kinds["start_time"] == "TIMESTAMP"
    assert kinds["date"] == kinds["_converz_date"] == "DATE"


def test_days_that_are_not_believed_are_kept(tmp_path, sandbox):
    client, destination = sandbox.client(), DuckDB(tmp_path)
    load(destination, client)
    before = len(destination.rows("calls"))
    gone = keys_of(client, "2025-07-13")
    sandbox.delete_calls(gone)
    late = sandbox.insert_calls("2025-07-12", 2)
    with pytest.warns(converz.ConverzWarning, match="2025-07-13: the answer is empty, where"):
        load(destination, client, max_delete_fraction=0.1)
    assert len(destination.rows("calls")) == before + len(late)
    # As the message says.
    load(destination, client, max_delete_fraction=1, lookback=0, refresh="2025-07-13")
    assert len(destination.rows("calls")) == before + len(late) - len(gone)


def test_another_question_is_refused(tmp_path, sandbox):
    client, destination = sandbox.client(), DuckDB(tmp_path)
    load(destination, client)
    with pytest.raises(PipelineStepFailed, match="answers to another question than campaign"):
        load(destination, client, campaign="sales")
    with pytest.raises(TypeError, match="no argument 'campain'"):
        converz.dlt.source(client, campain="sales")
    with pytest.raises(converz.InvalidInputError, match="lookback='a week'"):
        converz.dlt.source(client, lookback="a week")


def test_columns_bring_the_key(tmp_path, sandbox):
    client, destination = sandbox.client(), DuckDB(tmp_path)
    load(destination, client, columns=["campaign"])
    assert {*destination.rows("calls")[0]} == {"call_id", "campaign"}
    assert load(destination, client, columns=["campaign"]) == set()


def test_a_destination_that_cannot_replace_days(tmp_path, sandbox):
    pipeline = dlt.pipeline(
        "nowhere",
        destination=dlt.destinations.destination(lambda items, table: None),
        pipelines_dir=str(tmp_path),
    )
    with pytest.raises(PipelineStepFailed, match="cannot replace days"):
        pipeline.run(converz.dlt.source(sandbox.client(), **ASKED))


@pytest.mark.parametrize("kind", ["duckdb", "postgres"], indirect=True)
def test_a_load_that_ends_between_delete_and_insert_leaves_what_was_there(destination, sandbox, monkeypatch):
    client = sandbox.client()
    load(destination, client)
    before = destination.rows("calls")
    sandbox.withhold_summaries(list(range(1, 151)))
    pipeline = destination.pipeline()
    source = converz.dlt.source(client, **ASKED, **EVERY_DAY)
    kind = type(pipeline.sql_client())
    whole = kind.execute_many

    def cut_short(self, statements, *arguments, **keywords):
        statements = list(statements)
        ends = [
            position
            for position, each in enumerate(statements)
            if each.startswith("DELETE FROM") and "calls" in each
        ]
        if ends and "_converz_date" in statements[ends[0]]:
            statements.insert(ends[0] + 1, "SELECT CAST('the process ends here' AS BIGINT);")
        return whole(self, statements, *arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "execute_many", cut_short)
        with pytest.raises(PipelineStepFailed, match="the process ends here"):
            pipeline.run(source)
    key = itemgetter("call_id")
    assert sorted(destination.rows("calls"), key=key) == sorted(before, key=key)
    destination.lose_folder()
    load(destination, client)
    assert has_what_the_service_has(destination, client)


@pytest.mark.parametrize("kind", ["delta"], indirect=True)
def test_a_key_in_two_days_is_no_key_to_merge_by(destination, serve):
    def answer(asked):
        first = asked.path.endswith("/calls") and asked.query.get("page") == "1"
        return Answer(b'[{"call_id": 1, "campaign": "sales"}]' if first else b"[]")

    client = converz.Client(serve(answer), "key")
    with pytest.raises(PipelineStepFailed, match="values of call_id came more than once"):
        load(destination, client, until="2025-07-02")


def test_the_key_is_in_no_file(tmp_path, sandbox):
    canary = "canary-4f1c9e"
    with converz.Sandbox(calls=50, reps=3, days=5, today="2025-07-15", api_key=canary) as own:
        load(DuckDB(tmp_path), own.client())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if canary.encode() in path.read_bytes()]


def test_ranges_of_days():
    days = [date(2025, 7, day) for day in (3, 1, 2, 9)] + [date(2025, 8, 1), date(2025, 7, 31)]
    text = scope(days, qualified=False)
    assert text.count("BETWEEN") == 3
    assert "BETWEEN CAST('2025-07-31' AS DATE) AND CAST('2025-08-01' AS DATE)" in text
    assert scope([None], qualified=True) == "(1 = 1)"


@pytest.mark.timeout(120 + 60 * KILLS)
def test_a_destination_survives_kills(kind, destination, sandbox):
    """Killed at any point, with and without its working directory: the next runs have it all, and no day is ever lost."""
    rng = random.Random(KILLS)
    client = sandbox.client()
    load(destination, client)
    days = destination.read("SELECT _converz_date, COUNT(*) FROM calls GROUP BY _converz_date")
    script = str(Path(__file__).with_name("dlt_killed.py"))
    command = [
        *(sys.executable, script, sandbox.url, sandbox.api_key, kind),
        *(str(destination.folder), destination.dataset, getattr(destination, "url", "")),
    ]
    environment = clean_environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
    for number in range(KILLS):
        with started(command, environment) as process:
            assert process.stdout.readline() == "0\n", process.stderr.read()
            if number % 2:
                sandbox.release_summaries()
            else:
                sandbox.withhold_summaries(rng.sample(range(1, 151), 75))
            threading.Event().wait(rng.uniform(0.5, 3))
        found = destination.read("SELECT _converz_date, COUNT(*) FROM calls GROUP BY _converz_date")
        assert sorted(found) == sorted(days)
        if number % 2:
            destination.lose_folder()
    pipeline = destination.pipeline()
    if pipeline.has_pending_data:
        # dlt loads what it has begun, and extracts nothing in that run.
        pipeline.run()
    load(destination, client)
    assert has_what_the_service_has(destination, client)
    assert load(destination, client) == set()
