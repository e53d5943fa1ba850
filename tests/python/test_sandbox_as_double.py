"""The sandbox as a double of the service in other people's tests: data, faults and fixtures of their own."""

from __future__ import annotations

import itertools
import sys
import time

import pytest

import converz
from support.processes import started

CALLS = [
    {"call_id": 7, "rep_id": "mila", "start_time": "2025-07-14 09:30:00", "csat": 4, "tier": "gold"},
    {"call_id": 3, "rep_id": "liam", "start_time": "2025-07-15 10:00:00", "csat": None, "tier": None},
]


def test_loaded_rows_take_the_place_of_all_others(sandbox, client):
    sandbox.load(calls=CALLS, reps={"rep_id": ["mila", "liam"], "name": ["Mila", "Liam"]})
    calls = client.calls(columns=["call_id", "rep_id", "tier", "date"], metric="csat").to_pydict()
    assert calls["call_id"] == [3, 7]
    assert calls["csat"] == [None, 4]
    assert calls["tier"] == [None, "gold"]
    assert [str(day) for day in calls["date"]] == ["2025-07-15", "2025-07-14"]
    assert client.reps().to_pydict()["name"] == ["Liam", "Mila"]
    assert client.calls(start_date="2025-07-15").num_rows == 1
    assert client.report(groupby="rep_id", metric="csat").to_pydict()["csat"] == [None, 4.0]


def test_loading_one_leaves_the_other_and_frames_of_any_kind_go(sandbox, client):
    pl = pytest.importorskip("polars")
    sandbox.load(calls=pl.DataFrame(CALLS))
    assert (client.calls().num_rows, client.reps().num_rows) == (2, 12)
    sandbox.load(calls=client.calls())
    assert client.calls().num_rows == 2
    sandbox.load(calls=pl.DataFrame(CALLS).clear(), reps=client.reps(limit=2))
    assert (client.calls().num_rows, client.reps().num_rows) == (0, 2)


def test_more_rows_than_a_request_takes_are_loaded(sandbox, client):
    count = 100_001
    sandbox.load(calls={"call_id": list(range(1, count + 1)), "campaign": ["sales"] * count})
    assert client.calls(columns=["call_id"]).num_rows == count


def test_numbers_may_be_any(sandbox):
    ids = [-5, 0, 3, 7, 10**12]
    sandbox.load(calls={"call_id": ids, "tier": list("abcde")})
    assert sandbox.client(page_size=2).calls(columns=["call_id"]).to_pydict()["call_id"] == ids
    assert sandbox.insert_calls("2025-07-01", 1) == [10**12 + 1]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"call_id": [1, 1], "tier": ["a", "b"]}, "call_id"),
        ({"call_id": [1, 2]}, "no column beside"),
        ({"tier": ["a"]}, "call_id"),
        ({"call_id": [1], "no; name": ["a"]}, "no; name"),
    ],
)
def test_what_cannot_be_loaded_changes_nothing(sandbox, client, frame, words):
    with pytest.raises(converz.InvalidInputError, match=words):
        sandbox.load(calls=frame)
    assert client.calls(columns=["call_id"]).num_rows == 300


def test_the_next_requests_fail_and_those_after_them_do_not(sandbox):
    client = sandbox.client(max_retries=0)
    sandbox.fail_next(times=2)
    sandbox.fail_next("report", status=429, retry_after=0)
    for read in (client.reps, client.calls):
        with pytest.raises(converz.ServerError) as failed:
            read()
        assert failed.value.status_code == 503
    assert client.reps().num_rows == 12
    with pytest.raises(converz.RateLimitError):
        client.report()
    assert client.report().num_rows == 1


def test_a_cut_answer_is_asked_for_again(sandbox, client):
    sandbox.fail_next("reps", cut=10)
    assert client.reps().receipt.retries == 1


@pytest.mark.parametrize("arguments", [{"status": 99}, {"status": "503"}, {"times": -1}, {"delay": -1}])
def test_faults_that_cannot_be_are_refused(sandbox, arguments):
    with pytest.raises(converz.InvalidInputError):
        sandbox.fail_next(**arguments)


def failures(seed: int, probability: float = 0.3) -> list[bool]:
    """Which of forty requests fail."""
    fault = converz.Fault(operation="reps", status=500, probability=probability, seed=seed)
    found = []
    with converz.Sandbox(calls=10, reps=2, faults=[fault]) as sandbox:
        client = sandbox.client(max_retries=0)
        for _ in range(40):
            try:
                client.reps(limit=1)
            except converz.ServerError:
                found.append(True)
            else:
                found.append(False)
    return found


def test_chance_is_chosen_by_the_seed():
    assert failures(1) == failures(1)
    assert failures(1) != failures(2)
    assert 4 <= sum(failures(1)) <= 20
    assert not any(failures(1, probability=0))
    assert all(failures(1, probability=1))


@pytest.mark.parametrize(
    "fault",
    [
        {"probability": 1.5},
        {"probability": "often"},
        {"seed": -1},
        {"delay": (0.2, 0.1)},
        {"delay": "long"},
        {"delay": (0.1, 0.2, 0.3)},
    ],
)
def test_chances_that_cannot_be_are_refused(fault):
    with pytest.raises(converz.InvalidInputError):
        converz.Sandbox(calls=10, reps=2, faults=[converz.Fault(**fault)])


def test_delays_differ_within_their_bounds():
    fault = converz.Fault(operation="reps", delay=(0.01, 0.08), seed=3)
    with converz.Sandbox(calls=10, reps=2, faults=[fault]) as sandbox:
        client = sandbox.client()
        client.report()
        moments = [time.monotonic()]
        for _ in range(10):
            client.reps(limit=1)
            moments.append(time.monotonic())
    seconds = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert min(seconds) >= 0.01
    # Not all of one length; a busy machine only makes them longer.
    assert max(seconds) > min(seconds) + 0.01


def test_the_fixtures_of_the_plugin(run_python, tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        """
import os
import converz
import pytest

SEEN = []

def test_a_sandbox_and_its_client(converz_sandbox, converz_client):
    assert converz_client.calls().num_rows == 300
    assert [request["path"] for request in converz_sandbox.requests][0] == "/api/v1/calls"
    converz_client.update_reps({"rep_id": converz_client.reps().to_pydict()["rep_id"], "team": ["A"] * 12})
    assert converz.Client().reps().num_rows == 12
    SEEN.append(converz_client.calls().to_pydict())

def test_each_test_has_data_of_its_own(converz_client):
    assert "team" not in converz_client.reps().column_names
    assert converz_client.calls().to_pydict() == SEEN[0]

@pytest.mark.converz(calls=20, reps=3, today="2025-07-15", faults=[converz.Fault(operation="calls", request=1, status=503)])
def test_what_a_test_says_of_it(converz_sandbox, converz_client):
    table = converz_client.calls()
    assert (table.num_rows, table.receipt.retries) == (20, 1)

def test_nothing_is_left(tmp_path):
    assert "CONVERZ_BASE_URL" not in os.environ
""",
        encoding="utf-8",
    )
    finished = run_python(
        "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider", "test_theirs.py"
    )
    assert "4 passed" in finished.stdout


@pytest.mark.parametrize("kind", ["json", "parquet", "csv", "ndjson"])
def test_the_command_serves_files(tmp_path, kind):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(CALLS)
    path = tmp_path / f"calls.{kind}"
    getattr(frame, f"write_{kind}")(path)
    command = [sys.executable, "-m", "converz", "sandbox", "--calls-from", str(path), "--api-key", "k"]
    with started(command, {"PATH": ""}) as process:
        url = process.stdout.readline().split()[-1]
        calls = converz.Client(url, "k").calls(metric="csat").to_pydict()
    assert (calls["call_id"], calls["csat"]) == ([3, 7], [None, 4])


def test_the_command_names_files_that_it_cannot_read(run_python, tmp_path):
    (tmp_path / "calls.txt").write_text("1")
    finished = run_python("-m", "converz", "sandbox", "--calls-from", "calls.txt", status=None)
    assert finished.returncode != 0
    assert "'calls.txt' is of no known kind" in finished.stderr
