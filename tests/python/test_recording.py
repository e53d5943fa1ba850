"""Recordings: whatever asks gets from the file what it got from the service, and the file tells nobody who is who."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

import converz
from converz import Fault, RecordingError
from support.cassettes import contents
from support.processes import clean_environment, started

pa = pytest.importorskip("pyarrow")

ROOT = Path(__file__).parents[2]
SECRET = "a secret of the tests"
DAY = "2025-07-15"


@pytest.fixture(autouse=True)
def _nothing_from_the_environment(monkeypatch):
    for name in ("CONVERZ_RECORDING_SECRET", "CONVERZ_BASE_URL", "CONVERZ_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sandbox():
    with converz.Sandbox(calls=300, reps=12, days=30, today=DAY) as sandbox:
        yield sandbox


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cassettes" / "monday.json"


@contextmanager
def recorded(sandbox, path, **options):
    with converz.Recording(path, sandbox.client(page_size=100), record="all", **options) as recording:
        yield recording.client


def test_every_door_is_answered_from_the_file_as_it_was_from_the_service(sandbox, path):
    def asked(client):
        reps = client.reps().to_pydict()
        some = client.calls(rep_id=reps["rep_id"][:3], metric="csat").to_pydict()
        with client.stream_calls(columns=["call_id", "summary"], limit=250) as stream:
            streamed = [batch.num_rows for batch in stream]
        lazy = client.scan_reps().collect().to_dict(as_series=False)
        report = client.report(groupby="rep_id", metric="csat", end_date=DAY).to_pydict()
        update = client.update_reps({"rep_id": reps["rep_id"][:2], "team": ["red", None]})
        with pytest.raises(converz.UpdateError) as failed:
            client.update_calls({"call_id": [10**9], "tier": ["gold"]})
        days = [table.to_pydict() for _, table in client.read_windows(client.windows(DAY, DAY))]
        return (
            reps,
            some,
            sum(streamed),
            lazy,
            report,
            (update.rows, update.cells),
            failed.value.__cause__.code,
            days,
        )

    with recorded(sandbox, path, secret=SECRET) as client:
        first = asked(client)
    sandbox.stop()
    with converz.Recording(path, secret=SECRET) as recording:
        assert recording.client.settings["page_size"] == 100
        assert asked(recording.client) == first
        reps = recording.client.reps()

        async def later():
            return (await recording.async_client.reps()).to_pydict()

        assert asyncio.run(later()) == reps.to_pydict()


def test_the_service_gets_what_pseudonyms_stand_for(sandbox, path):
    rep = sandbox.client().reps(limit=1).to_pydict()["rep_id"][0]
    with recorded(sandbox, path) as client:
        hidden = client.reps(limit=1).to_pydict()["rep_id"][0]
        assert hidden != rep
        rows = client.calls(rep_id=hidden).num_rows
        assert rows == sandbox.client().calls(rep_id=rep).num_rows > 0
        client.update_reps({"rep_id": [hidden], "team": ["red"]})
    assert sandbox.client().reps(rep_id=rep).to_pydict()["team"] == ["red"]
    with converz.Recording(path) as recording:
        assert recording.client.calls(rep_id=hidden).num_rows == rows


def test_a_pseudonym_of_another_run_is_never_written_to_the_service(sandbox, path):
    with recorded(sandbox, path, secret=SECRET) as client:
        hidden = client.reps(limit=1).to_pydict()["rep_id"][0]
    before = sandbox.client().calls().to_pydict()
    with recorded(sandbox, path, secret=SECRET) as client:
        with pytest.raises(converz.ConverzError, match="another run"):
            client.update_calls({"call_id": before["call_id"][:1], "rep_id": [hidden]})
        with pytest.raises(RecordingError, match="another run"):
            client.calls(rep_id=hidden)
    assert sandbox.client().calls().to_pydict() == before


def test_identifiers_themselves_are_found_with_the_secret_only(sandbox, path):
    rep = sandbox.client().reps(limit=1).to_pydict()["rep_id"][0]
    with recorded(sandbox, path, secret=SECRET) as client:
        rows = client.calls(rep_id=rep).num_rows
    assert rep not in contents(path)
    with converz.Recording(path, secret=SECRET) as recording:
        assert recording.client.calls(rep_id=rep).num_rows == rows
    for options in ({}, {"secret": "another secret of the tests"}):
        with (
            converz.Recording(path, **options) as recording,
            pytest.raises(RecordingError, match="only with the secret") as refused,
        ):
            recording.client.calls(rep_id=rep)
        assert rep not in str(refused.value)


def test_nobody_is_found_in_a_recording(sandbox, path):
    """As much as a program can read, and not one identifier, name or text of it."""
    client = sandbox.client()
    reps, calls = client.reps().to_pydict(), client.calls().to_pydict()
    with recorded(sandbox, path) as recorded_client:
        recorded_client.reps()
        recorded_client.calls(metric=["csat", "talk_ratio"])
        recorded_client.calls(rep_id=reps["rep_id"][:2], vendor_call_id=calls["vendor_call_id"][:2])
        recorded_client.report(groupby=["rep_id", "campaign"], metric="csat", end_date=DAY)
    text = contents(path)
    assert "csat" in text
    assert calls["campaign"][0] in text
    secrets = {*reps["rep_id"], *reps["name"], *calls["vendor_call_id"], *filter(None, calls["summary"])}
    secrets |= {word for name in reps["name"] for word in name.split() if len(word) > 3}
    assert len(secrets) > 400
    assert [secret for secret in secrets if secret in text] == []
    assert sandbox.api_key not in text
    # Whatever is a word of a summary and of nothing else of the API.
    words = {word.strip(".,") for summary in filter(None, calls["summary"]) for word in summary.split()}
    words -= {
        word
        for column in ("campaign", "subcampaign", "department")
        for told in filter(None, calls[column])
        for word in told.split()
    }
    assert len([word for word in words if len(word) > 5 and f" {word}" in text]) == 0


def test_joins_groups_numbers_and_dates_hold(sandbox, path):
    with recorded(sandbox, path) as client:
        reps, calls = client.reps().to_polars(), client.calls(metric=["csat", "resolved"]).to_polars()
    real = sandbox.client()
    real_reps = real.reps().to_polars()
    real_calls = real.calls(metric=["csat", "resolved"]).to_polars()
    assert calls.schema == real_calls.schema
    assert reps.schema == real_reps.schema

    def counts(calls, reps):
        joined = calls.join(reps, on="rep_id", how="left", validate="m:1")
        groups = joined.group_by("rep_id", "gender").len()["len"].sort().to_list()
        return groups, joined["name"].null_count(), joined["name"].n_unique()

    assert counts(calls, reps) == counts(real_calls, real_reps)
    hidden = {"rep_id", "vendor_call_id", "summary", "direction", "language"}
    for column in real_calls.columns:
        same = calls[column].to_list() == real_calls[column].to_list()
        assert same == (column not in hidden), column
        assert calls[column].n_unique() == real_calls[column].n_unique(), column
        assert calls[column].null_count() == real_calls[column].null_count(), column


def test_columns_are_named_as_safe_or_hidden(sandbox, path):
    with recorded(sandbox, path, safe="language", hide=["campaign", "duration_s"]) as client:
        calls = client.calls().to_pydict()
    real = sandbox.client().calls().to_pydict()
    assert calls["language"] == real["language"]
    assert calls["direction"] != real["direction"]
    assert all(value.startswith("p_") for value in calls["campaign"] + calls["duration_s"])
    with converz.Recording(path) as recording:
        assert recording.client.calls().to_pydict() == calls


def test_dates_are_moved_and_asked_for_as_they_are_seen(sandbox, path):
    with recorded(sandbox, path, shift_weeks=52) as client:
        calls = client.calls(start_date="2026-07-14", end_date="2026-07-14").to_pydict()
    real = sandbox.client().calls(start_date=DAY, end_date=DAY).to_pydict()
    assert calls["call_id"] == real["call_id"]
    assert {str(day) for day in calls["date"]} == {"2026-07-14"}
    assert [time.weekday() for time in calls["start_time"]] == [time.weekday() for time in real["start_time"]]
    assert [time.time() for time in calls["start_time"]] == [time.time() for time in real["start_time"]]
    assert DAY not in contents(path)


def test_what_was_not_recorded_is_refused_by_the_name_of_the_nearest(sandbox, path):
    with recorded(sandbox, path) as client:
        client.reps(department="sales")
        client.calls(start_date="2025-07-14", limit=10)
    asked = len(sandbox.requests)
    with converz.Recording(path, sandbox.client()) as recording:
        client = recording.client
        with pytest.raises(RecordingError) as refused:
            client.calls(start_date="2025-07-13", limit=10)
        message = str(refused.value)
        assert "start_date=2025-07-14 instead of start_date=2025-07-13" in message
        assert "line" in message
        assert str(path) in message
        with pytest.raises(converz.UpdateError, match=r"POST /reps was not recorded") as failed:
            client.update_reps({"rep_id": ["a"], "team": ["red"]})
        assert isinstance(failed.value.__cause__, RecordingError)
        assert failed.value.in_doubt == []
        with pytest.raises(RecordingError, match="GET /report"):
            client.report(groupby="week")
    assert len(sandbox.requests) == asked


@pytest.mark.parametrize(
    "faults",
    [
        [
            Fault(operation="reps", request=1, status=503, retry_after=0),
            Fault(operation="reps", request=2, cut=300),
        ],
        [Fault(operation="reps", request=1, status=429, retry_after="0")],
        [Fault(operation="reps", status=404)],
    ],
)
def test_errors_cuts_and_headers_come_as_they_came(path, faults):
    def asked(client):
        try:
            return client.reps().to_pydict()
        except converz.APIStatusError as error:
            return error.status_code, error.code, error.retry_after

    with converz.Sandbox(calls=5, reps=30, faults=faults) as flaky:
        with converz.Recording(path, flaky.client()) as recording:
            first = asked(recording.client)
        requests = len(flaky.requests)
    with converz.Recording(path) as recording:
        assert asked(recording.client) == first
        lines = path.read_text().splitlines()
        assert len(lines) == requests + 2
    if faults[0].retry_after is not None:
        assert json.loads(lines[1])["headers"][-1] == ["retry-after", "0"]


def test_new_adds_what_is_missing_and_all_begins_anew(sandbox, path):
    with converz.Recording(path, sandbox.client(), secret=SECRET) as recording:
        reps = recording.client.reps().to_pydict()
    asked = len(sandbox.requests)
    with converz.Recording(path, sandbox.client(), record="new", secret=SECRET) as recording:
        assert recording.client.reps().to_pydict() == reps
        assert len(sandbox.requests) == asked
        assert set(recording.client.calls().to_pydict()["rep_id"]) <= set(reps["rep_id"])
    with converz.Recording(path) as recording:
        assert recording.client.reps().to_pydict() == reps
        assert recording.client.calls().num_rows == 300
    with pytest.raises(RecordingError, match="secret"):
        converz.Recording(path, sandbox.client(), record="new")
    with converz.Recording(path, sandbox.client(), record="all") as recording:
        recording.client.calls()
    with converz.Recording(path) as recording, pytest.raises(RecordingError):
        recording.client.reps()


def test_a_block_that_fails_leaves_what_was_there(sandbox, path):
    def fails():
        with converz.Recording(path, sandbox.client()) as recording:
            recording.client.reps()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not path.exists()
    with pytest.raises(RecordingError, match="nothing may be recorded"):
        converz.Recording(path, record="none")


def test_without_a_service_nothing_can_be_recorded(path):
    with pytest.raises(converz.ConfigurationError, match="CONVERZ_BASE_URL"):
        converz.Recording(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"record": "some"}, "record="),
        ({"client": 7}, "client=7"),
        ({"shift_weeks": 1.5}, "shift_weeks=1.5"),
        ({"safe": 7}, "safe=7"),
        ({"hide": [None]}, "hide="),
    ],
)
def test_arguments_are_refused_by_name(path, options, words):
    with pytest.raises(converz.InvalidInputError, match=words):
        converz.Recording(path, **options)


def test_the_secret_is_never_shown(sandbox, path):
    with pytest.raises(converz.ConfigurationError, match="secret") as refused:
        converz.Recording(path, sandbox.client(), secret="too-short")
    assert "too-short" not in str(refused.value)
    with converz.Recording(path, sandbox.client(), secret=SECRET) as recording:
        recording.client.reps()
        shown = repr(recording) + repr(recording.client)
    assert SECRET not in contents(path) + shown


def test_everything_stays_where_it_is_asked_for_but_the_key(sandbox, path):
    with recorded(sandbox, path, anonymise=False) as client:
        assert client.reps().to_pydict() == sandbox.client().reps().to_pydict()
    assert sandbox.client().reps(limit=1).to_pydict()["name"][0] in contents(path)
    sandbox.load(reps={"rep_id": ["mila"], "note": [f"her key is {sandbox.api_key}"]})
    whole = path.read_bytes()
    with (
        pytest.raises(RecordingError, match="with the key"),
        recorded(sandbox, path, anonymise=False) as client,
    ):
        client.reps()
    assert path.read_bytes() == whole


def test_other_programs_are_answered_too(sandbox, path):
    with recorded(sandbox, path) as client:
        rows = client.reps().to_pydict()["rep_id"]
    command = ["converz", "sandbox", "--replay", str(path)]
    with started(command, clean_environment()) as process:
        url = process.stdout.readline().split()[1]
        key = process.stdout.readline().split()[2]
        question = f"{url}/api/v1/reps?page=1&n_per_page=100"
        request = urllib.request.Request(question, headers={"X-API-Key": key})
        with urllib.request.urlopen(request) as answer:
            assert [row["rep_id"] for row in json.load(answer)] == rows
        for headers, status in (({"X-API-Key": "another"}, 401), ({}, 401), ({"X-API-Key": key}, 404)):
            request = urllib.request.Request(question.replace("reps", "calls"), headers=headers)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert refused.value.code == status
            assert json.load(refused.value)["code"] == ("not_recorded" if status == 404 else "unauthorized")


def test_replay_goes_with_no_other_data(path):
    command = ["converz", "sandbox", "--replay", str(path), "--path", "x.db"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "--path" in run.stderr


def test_damage_is_refused_by_name(sandbox, path):
    with recorded(sandbox, path) as client:
        client.reps()
    for file in (path, Path(f"{path}.bodies")):
        whole = file.read_bytes()
        for size in (0, 1, len(whole) // 2, len(whole) - 1):
            file.write_bytes(whole[:size])
            with pytest.raises(RecordingError, match="monday.json"):
                converz.Recording(path, record="none")
        file.write_bytes(whole)
    converz.Recording(path, record="none").close()


QUICKSTART = """
import converz

def test_weekly(converz_recording):
    reps = converz_recording.client.reps()
    calls = converz.Client().calls(rep_id=reps.to_pydict()["rep_id"][0])
    assert calls.num_rows > 0

def test_fails(converz_recording):
    converz_recording.client.reps()
    assert False
"""


def test_a_fixture_records_once_and_replays(sandbox, tmp_path, monkeypatch):
    (tmp_path / "test_mail.py").write_text(QUICKSTART)
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mail.py"]

    def run(*options):
        return subprocess.run(
            [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
        ).stdout

    assert "2 errors" in run("--converz-record=none")
    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    assert "1 failed, 1 passed" in run()
    folder = tmp_path / "cassettes" / "test_mail"
    assert sorted(file.name for file in folder.iterdir()) == ["test_weekly.json", "test_weekly.json.bodies"]
    whole = (folder / "test_weekly.json").read_bytes()
    monkeypatch.delenv("CONVERZ_BASE_URL")
    monkeypatch.delenv("CONVERZ_API_KEY")
    assert "1 passed" in run("-k", "weekly", "--converz-record=none")
    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    assert "1 passed" in run("-k", "weekly", "--converz-record=all")
    # Another secret, so other pseudonyms.
    assert (folder / "test_weekly.json").read_bytes() != whole


NEW = """
import os

def test_more(converz_recording):
    client = converz_recording.client
    assert client.reps().num_rows == 12
    if os.environ.get("MORE"):
        assert client.calls(limit=7).num_rows == 7
"""


def test_new_asks_for_what_a_test_asks_in_addition(sandbox, tmp_path, monkeypatch):
    (tmp_path / "test_more.py").write_text(NEW)
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_more.py"]

    def run(*options):
        return subprocess.run(
            [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
        ).stdout

    def paths():
        lines = (tmp_path / "cassettes" / "test_more" / "test_more.json").read_text().splitlines()
        return [json.loads(line)["request"] for line in lines[1:-1]]

    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CONVERZ_RECORDING_SECRET", SECRET)
    assert "1 passed" in run("--converz-record=new")
    before, asked = paths(), len(sandbox.requests)
    monkeypatch.setenv("MORE", "1")
    assert "1 failed" in run()
    assert "was not recorded" in run("--converz-record=none")
    assert (paths(), len(sandbox.requests)) == (before, asked)
    assert "1 passed" in run("--converz-record=new")
    # What was there is not asked for again.
    assert {request["path"].rsplit("/")[-1] for request in sandbox.requests[asked:]} == {"calls"}
    assert paths()[: len(before)] == before
    assert len(paths()) > len(before)
    monkeypatch.delenv("CONVERZ_RECORDING_SECRET")
    assert "without it nothing can be added" in run("--converz-record=new")
    for name in ("CONVERZ_BASE_URL", "CONVERZ_API_KEY"):
        monkeypatch.delenv(name)
    assert "1 passed" in run("--converz-record=none")
