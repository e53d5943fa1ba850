"""A real scheduler with its executor: backfills, marks on assets, XComs, tasks that are killed, and where the key is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from adbc_driver_postgresql import dbapi

from conftest import CANARY, HERE, rows_of

DAGS = HERE / "dags"


@pytest.fixture(scope="module")
def running(airflow):
    with airflow.running(DAGS):
        airflow.wait(lambda: len(airflow.rows("SELECT dag_id FROM dag")) >= 7, 120, "all Dags are known")
        yield airflow


def fetched(url: str, sql: str) -> list[tuple]:
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def executed(url: str, *commands: str) -> None:
    with dbapi.connect(url) as connection:
        with connection.cursor() as cursor:
            for command in commands:
                cursor.execute(command)
        connection.commit()


def url_of(airflow, name: str) -> str:
    said = json.loads(airflow.environment[f"AIRFLOW_CONN_{name.upper()}"])
    return f"postgresql://{said['login']}@{said['host']}:{said['port']}/{said['schema']}"


def test_the_form_has_its_fields_and_the_test_button_works(running, service):
    [hook] = [
        each
        for each in running.ask("GET", "/ui/connections/hook_meta")
        if each["connection_type"] == "converz"
    ]
    assert hook["standard_fields"]["host"]["placeholder"] == "https://yourdomain.converz.co"
    assert hook["standard_fields"]["password"]["title"] == "API key"
    assert hook["standard_fields"]["login"]["hidden"]
    assert {"timeout", "max_retries", "page_size", "ca_file"} <= set(hook["extra_fields"])

    def tested(**said):
        body = {"connection_id": "tried", "conn_type": "converz", "host": service.url} | said
        return running.ask("POST", "/api/v2/connections/test", body)

    assert tested(password=CANARY)["status"] is True
    refused = tested(password="another-key-5a0c77")
    assert refused["status"] is False
    assert "401" in refused["message"]
    assert "another-key" not in refused["message"]


def test_a_backfill_of_thirty_days_twice_writes_nothing_the_second_time(running, service, warehouse):
    executed(warehouse, "DROP TABLE IF EXISTS calls, reps, _converz_ledger")

    def backfill() -> list[dict]:
        [(begun,)] = running.rows("SELECT now()::text")
        running.run(
            "backfill",
            "create",
            *("--dag-id", "backfilled", "--from-date", "2025-07-02", "--to-date", "2025-07-31"),
            *("--max-active-runs", "6", "--reprocess-behavior", "completed"),
            dags=DAGS,
        )
        # A backfill counts as completed before the runs of an earlier one begin again.
        ended = (
            "SELECT count(*) FROM dag_run WHERE dag_id = 'backfilled' AND state IN ('success', 'failed')"
            f" AND start_date >= '{begun}'"
        )
        running.wait(lambda: running.rows(ended) == [(30,)], 280, "the backfill has ended")
        # Which the scheduler only sees when it looks for it, and refuses another one until then.
        open_ones = "SELECT count(*) FROM backfill WHERE completed_at IS NULL"
        running.wait(lambda: running.rows(open_ones) == [(0,)], 120, "the scheduler has seen its end")
        states = dict(
            running.rows("SELECT state::text, count(*) FROM dag_run WHERE dag_id = 'backfilled' GROUP BY 1")
        )
        failed = running.rows("SELECT run_id FROM dag_run WHERE dag_id = 'backfilled' AND state = 'failed'")
        assert states == {"success": 30}, [running.log("backfilled", run) for (run,) in failed[:2]]
        values = running.rows(
            "SELECT value::text FROM xcom WHERE dag_id = 'backfilled' AND key = 'return_value'"
        )
        return [json.loads(value) for (value,) in values]

    first = backfill()
    assert (
        sum(each["rows_written"] for each in first)
        == service.client().calls(start_date="2025-07-01", end_date="2025-07-30").num_rows
    )
    # A day each, no two runs the same.
    assert sorted(sum((each["days"] for each in first), [])) == [f"2025-07-{day:02}" for day in range(1, 31)]
    states = fetched(warehouse, "SELECT xmin::text, call_id FROM calls ORDER BY call_id")
    second = backfill()
    assert [each["rows_written"] for each in second] == [0] * 30
    assert fetched(warehouse, "SELECT xmin::text, call_id FROM calls ORDER BY call_id") == states


def test_changed_days_are_marked_on_the_asset_and_its_partitions(running, service):
    run = running.trigger("marking")
    assert running.ended("marking", run) == "success", running.log("marking", run)
    days = ["2025-07-10", "2025-07-11", "2025-07-12"]
    assert running.xcom("marking", run, "sync")["days"] == days
    marked = "SELECT partition_key FROM asset_event WHERE source_dag_id = 'marking' ORDER BY partition_key"
    assert [key for (key,) in running.rows(marked)] == [*days, None]
    # What waits for the asset runs once, with a table as XCom; what waits for its days once for each.
    run = running.wait(
        lambda: running.rows("SELECT run_id FROM dag_run WHERE dag_id = 'whole' AND state = 'success'"),
        120,
        "whole",
    )
    [(run,)] = run
    assert running.xcom("whole", run, "count") > 0
    by_day = "SELECT count(*) FROM dag_run WHERE dag_id = 'by_day' AND state = 'success'"
    running.wait(lambda: running.rows(by_day) == [(3,)], 120, "each day had its run")
    for day in days:
        exported = Path(running.environment["CONVERZ_EXPORTS"]) / "by_day" / f"{day}.parquet"
        assert rows_of(exported) == service.client().calls(start_date=day, end_date=day).num_rows
    # Nothing changed: nothing is marked, and nothing started.
    run = running.trigger("marking")
    assert running.ended("marking", run) == "success"
    assert len(running.rows(marked)) == 4


@pytest.fixture
def stored(running, service):
    """A target that has three days, of which one has changed since: what the kills must leave as it is."""
    url = url_of(running, "killed")
    executed(url, "DROP TABLE IF EXISTS calls, reps, _converz_ledger")
    client = service.client()
    client.sync(url, since="2025-07-01", until="2025-07-03", tables="calls")
    before = (
        fetched(url, "SELECT * FROM calls ORDER BY call_id"),
        fetched(url, "SELECT * FROM _converz_ledger ORDER BY day"),
    )
    return url, before


def content(url: str):
    return fetched(url, "SELECT * FROM calls ORDER BY call_id"), fetched(
        url, "SELECT * FROM _converz_ledger ORDER BY day"
    )


def test_a_task_that_is_killed_in_mid_merge_leaves_the_target_as_it_was(running, service, stored):
    url, before = stored
    # The merge takes its time, after it has deleted, and in the middle of what it inserts. The server only sees that nobody is
    # there any more when it has slept.
    executed(
        url,
        "CREATE OR REPLACE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(25); RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER slow BEFORE INSERT ON calls FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    )
    run = running.trigger("killed")
    in_merge = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed' AND wait_event = 'PgSleep'"
    running.wait(lambda: fetched(url, in_merge)[0][0] > 0, 120, "the merge is under way")
    running.ask("PATCH", f"/api/v2/dags/killed/dagRuns/{run}/taskInstances/sync", {"new_state": "failed"})
    running.wait(lambda: fetched(url, in_merge)[0][0] == 0, 90, "the merge has ended")
    executed(url, "DROP TRIGGER slow ON calls")
    assert content(url) == before


def test_a_task_that_is_killed_ends_its_request_at_once(running, service, stored):
    url, before = stored
    asked = len(service.requests)
    service.fail_next("calls", delay=100)
    run = running.trigger("killed")
    running.wait(lambda: len(service.requests) > asked, 120, "the request is under way")
    running.ask("PATCH", f"/api/v2/dags/killed/dagRuns/{run}/taskInstances/sync", {"new_state": "failed"})
    # Heartbeats of a second or two tell the task; it is killed for good only five seconds later.
    running.wait(lambda: "TaskKilledError" in running.log("killed", run), 60, "the task ended by itself")
    assert content(url) == before


def test_a_task_that_is_cleared_ends_its_request_and_begins_anew(running, service, stored):
    url, before = stored
    asked = len(service.requests)
    service.fail_next("calls", delay=100)
    run = running.trigger("killed")
    running.wait(lambda: len(service.requests) > asked, 120, "the request is under way")
    assert content(url) == before
    body = {
        "dry_run": False,
        "dag_run_id": run,
        "task_ids": ["sync"],
        "only_failed": False,
        "only_running": True,
    }
    running.ask("POST", "/api/v2/dags/killed/clearTaskInstances", body)
    running.wait(lambda: "TaskKilledError" in running.log("killed", run), 60, "the task ended by itself")
    assert running.ended("killed", run) == "success", running.log("killed", run)
    assert service.client().audit(url, since="2025-07-01", until="2025-07-03", tables="calls").equal
    [(tries,)] = running.rows(f"SELECT try_number FROM task_instance WHERE run_id = '{run}'")
    assert tries == 2


def test_a_timeout_ends_the_request_at_once(running, service, stored):
    url, before = stored
    asked = len(service.requests)
    service.fail_next("calls", delay=100)
    run = running.trigger("timed_out")
    assert running.ended("timed_out", run) == "failed"
    assert len(service.requests) > asked
    assert "AirflowTaskTimeout" in running.log("timed_out", run)
    [(seconds,)] = running.rows("SELECT duration FROM task_instance WHERE dag_id = 'timed_out'")
    assert seconds < 30
    assert content(url) == before


def test_an_update_of_too_much_fails_shows_its_plan_and_sends_nothing(running, service):
    calls = service.client().calls(
        start_date="2025-07-01", end_date="2025-07-03", columns=["call_id"], limit=10
    )
    (running.home / "rows.csv").write_text(
        "call_id,topic\n" + "".join(f"{each},billing\n" for each in calls.to_pydict()["call_id"])
    )
    updates = [each for each in service.requests if each["method"] == "POST"]
    run = running.trigger("too_much")
    assert running.ended("too_much", run) == "failed"
    log = running.log("too_much", run)
    assert "10 cells would change, more than max_changes=3. Nothing was sent." in log
    assert "UpdatePlan: 10 cells change" in log
    assert [each for each in service.requests if each["method"] == "POST"] == updates


def test_the_key_is_in_no_log_no_template_and_no_row(running):
    """All that Airflow has written by now, byte by byte, and what it has of a connection that is kept in its database."""
    body = {
        "connection_id": "kept",
        "conn_type": "converz",
        "host": "https://a.converz.co",
        "password": CANARY,
    }
    running.ask("POST", "/api/v2/connections", body)
    written = [path for path in running.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" and "dag_id=backfilled" in str(path) for path in written)
    for path in written:
        assert CANARY.encode() not in path.read_bytes(), path
    tables = running.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    assert {("connection",), ("rendered_task_instance_fields",), ("xcom",), ("log",)} <= set(tables)
    for (table,) in tables:
        found = running.rows(
            f"SELECT count(*), coalesce(sum(position('{CANARY}' in t::text) + "
            f"position(encode('{CANARY}', 'hex') in t::text)), 0) FROM \"{table}\" t"
        )
        assert found[0][1] == 0, table
        if table == "rendered_task_instance_fields":
            assert found[0][0] > 30
