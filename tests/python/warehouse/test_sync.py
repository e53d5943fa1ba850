"""`sync`: what is read, what is written, and what is not believed."""

from __future__ import annotations

import json
import logging
import pickle
from datetime import UTC, date, datetime
from urllib.parse import parse_qs

import pytest

import converz
from converz._warehouse.entry import DAY_COLUMN
from converz._warehouse.sync import sync
from support.service import Answer

TODAY = "2025-07-15"
REFUSED = converz.TargetError("no space")
ALL = {"since": "2025-07-01", "until": TODAY}


@pytest.fixture
def centre():
    with converz.Sandbox(calls=600, reps=8, days=15, today=TODAY) as sandbox:
        yield sandbox


def outcomes(result):
    days = result.days.to_pydict()
    lines = zip(days["day"], days["reason"], days["outcome"], strict=True)
    return {day and day.isoformat(): (reason, outcome) for day, reason, outcome in lines}


def stored(kept, table="calls"):
    return sorted(row["call_id"] for row in kept.rows(table))


def keys_of(client, day=None):
    return client.calls(start_date=day or "2025-07-01", end_date=day or TODAY).to_pydict()["call_id"]


def test_a_target_is_what_the_service_has(kept, centre, run):
    client = centre.client()
    result = run(client, kept.name, tables=("calls", "reps"), metric="csat", **ALL)
    assert (result.new, result.failed, result.rows_read) == (16, 0, 608)
    expected = client.calls(start_date="2025-07-01", end_date=TODAY, metric="csat").to_pydict()
    rows = {row["call_id"]: row for row in kept.rows("calls")}
    assert len(rows) == 600
    for number, key in enumerate(expected["call_id"]):
        row = rows[key]
        assert row[DAY_COLUMN] == expected["date"][number]
        assert {name: row[name] for name in expected} == {
            name: cells[number] for name, cells in expected.items()
        }
    assert sorted(row["rep_id"] for row in kept.rows("reps")) == sorted(client.reps().to_pydict()["rep_id"])
    columns = result.columns.to_pydict()
    assert set(columns["before"]) == {None}
    assert ("calls", "csat", "int64") in zip(
        columns["table"], columns["column"], columns["after"], strict=True
    )
    assert pickle.loads(pickle.dumps(result)) == result
    assert "new=16" in repr(result)


def test_late_rows_late_values_and_deletions_come(kept, centre, run, clock):
    client = centre.client()
    run(client, kept.name, **ALL)
    clock.forward(days=1)
    unchanged = run(client, kept.name, until=TODAY)
    # Eight days are young; of the others some have grown older.
    assert unchanged.changed == unchanged.rows_written == 0
    assert unchanged.unchanged == len(unchanged.days) < 15
    late = centre.insert_calls("2025-07-14", 2)
    centre.withhold_summaries(keys_of(client, "2025-07-13"))
    gone = keys_of(client, "2025-07-12")[:1]
    centre.delete_calls(gone)
    result = run(client, kept.name, until=TODAY)
    changed = {day for day, (_, outcome) in outcomes(result).items() if outcome == "changed"}
    assert changed == {"2025-07-14", "2025-07-13", "2025-07-12"}
    assert stored(kept) == sorted(keys_of(client))
    assert set(late) <= set(stored(kept))
    assert not set(gone) & set(stored(kept))
    assert result.settling["1.0"] > 0
    days = result.days.to_pydict()
    before = dict(zip(days["day"], days["rows_before"], strict=True))
    assert before[date(2025, 7, 14)] + 2 == len(keys_of(client, "2025-07-14"))


def test_what_changes_late_is_found_as_days_grow_older_and_warned_of(kept, centre, run, clock):
    client = centre.client()
    run(client, kept.name, **ALL)
    clock.forward(days=12)
    run(client, kept.name, until=TODAY)
    late = centre.insert_calls("2025-07-03", 1)
    clock.forward(days=7)
    with pytest.warns(converz.ConverzWarning, match=r"beyond lookback=7"):
        result = run(client, kept.name, until=TODAY)
    assert outcomes(result)["2025-07-03"] == ("grown older", "changed")
    assert set(late) <= set(stored(kept))
    assert result.settling["1.0"] > 15


def test_a_sweep_of_keys_finds_deletions_in_old_days(kept, centre, run, clock, asked):
    client = centre.client()
    run(client, kept.name, **ALL)
    clock.forward(days=40)
    run(client, kept.name, until=TODAY)
    gone = keys_of(client, "2025-07-02")[:1]
    centre.delete_calls(gone)
    centre.insert_calls("2025-07-02", 1)
    clock.forward(days=7)
    before = len(centre.requests)
    result = run(client, kept.name, until=TODAY, sweep=7, lookback=100)
    assert outcomes(result)["2025-07-02"][1] == "changed"
    clock.forward(days=2)
    centre.delete_calls(keys_of(client, "2025-07-02")[:1])
    clock.forward(days=5)
    before = len(centre.requests)
    with pytest.warns(converz.ConverzWarning):
        result = run(client, kept.name, until=TODAY, sweep=7)
    assert outcomes(result) == {"2025-07-02": ("keys", "changed")}
    assert stored(kept) == sorted(keys_of(client))
    # Of the others, the keys alone are read.
    days = [each["query"] for each in centre.requests[before:] if "start_date=2025-07-04" in each["query"]]
    assert days
    assert all("columns=call_id" in query for query in days)


def swept(requests):
    """The days of which the keys alone were asked for."""
    queries = [parse_qs(each["query"]) for each in requests]
    return [
        query["start_date"][0]
        for query in queries
        if query.get("columns") == ["call_id"] and query["page"] == ["1"]
    ]


def test_a_sweep_is_weekly_by_default_and_the_log_says_so(tmp_path, centre, clock, monkeypatch, caplog):
    monkeypatch.setitem(sync.__kwdefaults__, "clock", clock)
    client, target = centre.client(), str(tmp_path / "warehouse.duckdb")
    clock.forward(days=100)
    client.sync(target, tables="calls", **ALL)
    before = len(centre.requests)
    days = []
    for _ in range(7):
        clock.forward(days=1)
        with caplog.at_level(logging.INFO, "converz"):
            client.sync(target, tables="calls", until=TODAY)
        days.append(swept(centre.requests[before:]))
        before = len(centre.requests)
        assert not days[-1] or f"0 days are due, and of {len(days[-1])} the keys are compared" in caplog.text
        caplog.clear()
    # Each of them once, some of them every day.
    assert sorted(sum(days, [])) == [f"2025-07-{day:02}" for day in range(1, 16)]
    assert all(len(each) in {2, 3} for each in days)
    gone = keys_of(client, "2025-07-02")[:1]
    centre.delete_calls(gone)
    clock.forward(days=7)
    with pytest.warns(converz.ConverzWarning):
        result = client.sync(target, tables="calls", until=TODAY)
    assert outcomes(result) == {"2025-07-02": ("keys", "changed")}
    clock.forward(days=70)
    centre.delete_calls(keys_of(client, "2025-07-03")[:1])
    assert client.sync(target, tables="calls", until=TODAY, sweep=None, recheck=1e9).changed == 0


def test_runs_of_young_days_alone_do_not_take_the_turns_of_old_ones(kept, centre, run, clock):
    client = centre.client()
    clock.forward(days=100)
    run(client, kept.name, **ALL)
    centre.delete_calls(keys_of(client, "2025-07-02")[:1])
    for _ in range(8):
        clock.forward(days=1)
        run(client, kept.name, since="2025-07-14", until=TODAY, sweep=7, refresh=TODAY)
    with pytest.warns(converz.ConverzWarning):
        result = run(client, kept.name, until=TODAY, sweep=7)
    assert outcomes(result) == {"2025-07-02": ("keys", "changed")}
    assert stored(kept) == sorted(keys_of(client))


def test_a_sweep_that_failed_is_made_up_for_by_the_next_run(kept, service, odd, run, clock):
    rows = [{"call_id": number} for number in range(4)]
    service.days = {"2025-07-15": rows[:1], "2025-07-14": rows[1:]}
    run(odd, kept.name, **TWO)
    clock.forward(days=100)
    run(odd, kept.name, **TWO)
    clock.forward(days=8)
    service.days["2025-07-14"] = Answer(b"", 503)
    with pytest.raises(converz.SyncError, match="503"):
        run(odd, kept.name, sweep=7, refresh="2025-07-15", **TWO)
    service.days["2025-07-14"] = rows[2:]
    clock.forward(hours=1)
    with pytest.warns(converz.ConverzWarning):
        result = run(odd, kept.name, sweep=7, max_delete_fraction=1, **TWO)
    assert outcomes(result) == {"2025-07-14": ("keys", "changed")}


def test_the_plan_asks_for_nothing(kept, centre, run, plan, clock):
    client = centre.client()
    assert set(plan(client, kept.name, **ALL).to_pydict()["reason"]) == {"never read"}
    run(client, kept.name, since="2025-07-05", until=TODAY)
    before = len(centre.requests)
    clock.forward(days=5)
    due = plan(client, kept.name, since="2025-07-04", until=TODAY, refresh="2025-07-08")
    assert len(centre.requests) == before
    rows = list(zip(*due.to_pydict().values(), strict=True))
    reasons = {day.isoformat(): reason for _, day, reason, *_ in rows}
    assert reasons["2025-07-15"] == "young"
    assert reasons["2025-07-08"] == "refresh"
    assert reasons["2025-07-04"] == "never read"
    assert rows[0][1] == date(2025, 7, 15)
    assert rows[0][4] == datetime(2025, 7, 16, 13)


def test_a_day_that_was_not_over_is_read_again(kept, centre, run, clock):
    clock.now = datetime(2025, 7, 16, 11, tzinfo=UTC)
    run(centre.client(), kept.name, **ALL)
    clock.forward(days=300)
    result = run(centre.client(), kept.name, until=TODAY, recheck=1e6)
    assert outcomes(result) == {"2025-07-15": ("not over", "unchanged")}


def test_another_question_is_refused(kept, centre, run):
    client = centre.client()
    run(client, kept.name, metric=["csat", "talk_ratio"], campaign="sales", **ALL)
    run(client, kept.name, metric=["talk_ratio", "csat"], campaign=["sales"], **ALL)
    for other in ({}, {"metric": "csat", "campaign": "sales"}, {"metric": ["csat", "talk_ratio"]}):
        with pytest.raises(
            converz.TargetError, match=r"table calls of .* holds the answers to another question"
        ):
            run(client, kept.name, **other, **ALL)


def test_an_empty_answer_deletes_nothing_until_it_is_confirmed(kept, centre, run):
    client = centre.client()
    run(client, kept.name, **ALL)
    before = stored(kept)
    gone = keys_of(client, "2025-07-15")
    centre.delete_calls(gone)
    late = centre.insert_calls("2025-07-14", 1)
    with pytest.raises(
        converz.SyncError, match=r"2025-07-15: the answer is empty, where \d+ rows are stored"
    ) as raised:
        run(client, kept.name, until=TODAY)
    assert "refresh='2025-07-15', max_delete_fraction=1" in str(raised.value)
    result = raised.value.result
    # The other days are written all the same.
    assert (result.failed, result.changed) == (1, 1)
    assert stored(kept) == sorted([*before, *late])
    run(client, kept.name, until=TODAY, refresh="2025-07-15", max_delete_fraction=1)
    assert stored(kept) == sorted(keys_of(client))
    assert pickle.loads(pickle.dumps(raised.value)).result == result


def test_many_rows_gone_change_nothing_and_a_few_are_believed(kept, centre, run):
    client = centre.client()
    run(client, kept.name, **ALL)
    before = stored(kept)
    centre.delete_calls([key for key in before if key % 4 == 0])
    with pytest.raises(converz.SyncError, match=r"more than max_delete_fraction=0\.1") as raised:
        run(client, kept.name, until=TODAY)
    assert raised.value.result.changed == 0
    assert stored(kept) == before
    run(client, kept.name, until=TODAY, max_delete_fraction=0.5, refresh=True, lookback=100)
    assert stored(kept) == sorted(keys_of(client))


class Service:
    """A service with an answer a day, to whatever it is asked."""

    def __init__(self):
        self.days: dict[str, list] = {}
        self.asked = []

    def __call__(self, asked):
        self.asked.append(asked.query)
        answer = self.days.get(asked.query.get("start_date"), [])
        if isinstance(answer, Answer):
            return answer
        if asked.query["page"] != "1":
            return Answer()
        return Answer(json.dumps(answer() if callable(answer) else answer).encode())


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def odd(service, serve):
    return converz.Client(serve(service), api_key="k", max_retries=0)


TWO = {"since": "2025-07-14", "until": "2025-07-15"}


def test_a_truncated_answer_is_not_believed_by_one_reading(kept, service, odd, run):
    service.days = {
        "2025-07-15": [{"call_id": number} for number in range(100)],
        "2025-07-14": [{"call_id": 1000}],
    }
    run(odd, kept.name, **TWO)
    answers = [99, 98]
    service.days["2025-07-15"] = lambda: [{"call_id": number} for number in range(answers.pop(0))]
    with pytest.raises(converz.SyncError, match="two answers differ: 99 rows and then 98"):
        run(odd, kept.name, **TWO)
    assert len(stored(kept)) == 101
    service.days["2025-07-15"] = [{"call_id": number} for number in range(99)]
    assert run(odd, kept.name, **TWO).changed == 1
    assert len(stored(kept)) == 100


def test_a_day_that_lacks_a_column_keeps_what_it_had(kept, service, odd, run):
    service.days = {"2025-07-15": [{"call_id": 1, "csat": 5}], "2025-07-14": [{"call_id": 2, "csat": None}]}
    run(odd, kept.name, metric="csat", **TWO)
    service.days = {"2025-07-15": [{"call_id": 1}], "2025-07-14": [{"call_id": 2, "csat": 3}]}
    with pytest.raises(converz.SyncError, match=r"2025-07-15: the answer lacks columns .*'csat'"):
        run(odd, kept.name, metric="csat", **TWO)
    assert {(row["call_id"], row["csat"]) for row in kept.rows("calls")} == {(1, 5), (2, 3)}


def test_a_day_that_cannot_be_read_does_not_stop_the_others(kept, service, odd, run):
    service.days = {"2025-07-15": Answer(b'[{"call_id": NaN}]'), "2025-07-14": [{"call_id": 2}]}
    with pytest.raises(converz.SyncError, match=r"2025-07-15: .*NaN") as raised:
        run(odd, kept.name, **TWO)
    assert stored(kept) == [2]
    assert outcomes(raised.value.result) == {
        "2025-07-15": ("never read", "failed"),
        "2025-07-14": ("never read", "new"),
    }


def test_what_came_before_the_service_failed_is_committed(kept, service, odd, run):
    service.days = {"2025-07-15": [{"call_id": 1}], "2025-07-14": Answer(b"", 503)}
    with pytest.raises(converz.SyncError, match="503.*run it again to go on") as raised:
        run(odd, kept.name, **TWO)
    assert isinstance(raised.value.__cause__, converz.ServerError)
    assert raised.value.result.new == 1
    assert stored(kept) == [1]
    service.days["2025-07-14"] = [{"call_id": 2}]
    assert run(odd, kept.name, **TWO).new == 1
    assert stored(kept) == [1, 2]


def test_types_widen_and_the_result_says_so(kept, service, odd, run):
    service.days = {"2025-07-15": [{"call_id": 1, "csat": 4}], "2025-07-14": [{"call_id": 2}]}
    run(odd, kept.name, **TWO)
    service.days["2025-07-14"] = [{"call_id": 2, "csat": 4.5}]
    result = run(odd, kept.name, **TWO)
    assert list(zip(*result.columns.to_pydict().values(), strict=True)) == [
        ("calls", "csat", "int64", "float64")
    ]
    assert {(row["call_id"], row["csat"]) for row in kept.rows("calls")} == {(1, 4.0), (2, 4.5)}
    # A day of integers again writes nothing, and narrows nothing.
    assert run(odd, kept.name, **TWO).rows_written == 0
    service.days["2025-07-15"] = [{"call_id": 1, "csat": 3}]
    run(odd, kept.name, **TWO)
    assert {(row["call_id"], row["csat"]) for row in kept.rows("calls")} == {(1, 3.0), (2, 4.5)}


def test_pinned_types(kept, service, odd, run):
    service.days = {"2025-07-15": [{"call_id": 1, "csat": 4}], "2025-07-14": [{"call_id": 2, "csat": None}]}
    run(odd, kept.name, schema={"csat": "float64"}, **TWO)
    assert kept.target().schema("calls")["csat"] == "float64"


def test_commits_are_of_many_days(kept, centre, run, monkeypatch):
    from converz._warehouse import table_run

    monkeypatch.setattr(table_run, "COMMIT_ROWS", 200)
    target = kept.target()
    commits = []

    class Counting:
        ledger, schema = target.ledger, target.schema

        def replace(self, table, days, entries):
            commits.append(sum(rows.num_rows for rows in days.values()))
            target.replace(table, days, entries)

    run(centre.client(), Counting(), **ALL)
    assert sum(commits) == 600
    assert 1 < len(commits) <= 4
    assert all(rows >= 200 for rows in commits[:-1])


def test_a_commit_that_fails_is_said_to_be_none(kept, centre, run):
    target = kept.target()

    class Failing:
        ledger, schema = target.ledger, target.schema

        def replace(self, *_):
            raise REFUSED

    with pytest.raises(converz.SyncError, match="no space") as raised:
        run(centre.client(), Failing(), **ALL)
    assert isinstance(raised.value.__cause__, converz.TargetError)
    assert raised.value.result.new == len(raised.value.result.days) == 0


def test_the_log_has_counts_and_no_key(kept, centre, caplog):
    with caplog.at_level(logging.INFO, "converz"):
        centre.client().sync(kept.name, **ALL)
    said = [record.getMessage() for record in caplog.records if "sync of" in record.getMessage()]
    assert any("15 days are due" in line for line in said)
    assert any("15 days committed, 600 rows of 15 of them written" in line for line in said)
    assert centre.api_key not in caplog.text


def test_progress_has_a_total_and_so_a_share(kept, centre, capsys):
    centre.client().sync(kept.name, progress=True, **ALL)
    assert "100%" in capsys.readouterr().err.replace("100 %", "100%")


def test_progress_counts_days(kept, centre):
    seen = []
    centre.client().sync(kept.name, progress=lambda days, size: seen.append((days, size)), **ALL)
    assert [days for days, _ in seen] == list(range(1, 17))
    assert seen[-1][1] > 10_000


def test_an_interruption_says_what_is_committed(kept, centre, run, monkeypatch):
    from converz._warehouse import table_run

    monkeypatch.setattr(table_run, "COMMIT_ROWS", 1)
    target = kept.target()

    class Interrupted:
        ledger, schema = target.ledger, target.schema
        left = 3

        def replace(self, *arguments):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            target.replace(*arguments)

    with pytest.raises(KeyboardInterrupt) as raised:
        run(centre.client(), Interrupted(), **ALL)
    assert "new=2," in raised.value.__notes__[0]
    assert len(target.ledger("calls")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tables": "report"}, "tables='report' is none of calls, reps"),
        ({"since": "2025-02-30"}, "since='2025-02-30' is not a date"),
        ({"since": "2025-W29"}, "since='2025-W29' is not a date"),
        ({"since": "2025-07-01", "until": "20250714"}, "until='20250714' is not a date"),
        ({"since": None}, "since=None"),
        ({"since": "2025-07-16"}, "until=2025-07-15 is before since=2025-07-16"),
        ({"metric": 5}, "metric=5 is not a string or a sequence"),
        ({"lookback": -1}, "lookback=-1 is not a number of at least 0"),
        ({"recheck": None}, "recheck=None is not a number"),
        ({"sweep": 0}, "sweep=0 is not a number above 0"),
        (
            {"max_delete_fraction": 1.5},
            r"max_delete_fraction=1.5 is not a number of at least 0 and at most 1",
        ),
        ({"refresh": "May"}, "refresh='May'"),
    ],
)
def test_arguments_are_refused_before_anything_is_asked(kept, centre, run, arguments, message):
    with pytest.raises(converz.InvalidInputError, match=message):
        run(centre.client(), kept.name, **(ALL | arguments))
    assert centre.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "parquet:s3://bucket/lake",
        "parquet:file:///lake",
        "duckdb:gs://bucket/a.duckdb",
        "s3://bucket/a.duckdb",
    ],
)
def test_an_address_is_no_folder_of_this_machine(centre, target, tmp_path, monkeypatch):
    """It would be one that is called `s3:`, and lost with the container."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(converz.InvalidInputError, match=r"is an address.*delta:s3://"):
        centre.client().sync(target, **ALL)
    assert list(tmp_path.iterdir()) == []


def test_errors_of_an_object_store_colour_nothing(centre, tmp_path, monkeypatch):
    deltalake = pytest.importorskip("deltalake", reason="needs deltalake: pip install 'converz[delta]'")

    def fail(where):
        message = "no \x1b[31mcredentials\x1b[0m"
        raise OSError(message)

    monkeypatch.setattr(deltalake.DeltaTable, "is_deltatable", staticmethod(fail))
    with pytest.raises(converz.TargetError) as error:
        centre.client().sync(f"delta:{tmp_path}", **ALL)
    assert str(error.value) == f"delta:{tmp_path}: no credentials"


@pytest.mark.parametrize("target", ["warehouse", "ftp://here", 5, None])
def test_targets_that_are_none(centre, target):
    with pytest.raises(converz.InvalidInputError, match="target="):
        centre.client().sync(target, **ALL)
