"""The sandbox from Python: its options, its data, its faults, and that it is harmless."""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from datetime import date, datetime

import numpy as np
import pytest

import converz
from converz import Fault

OPTIONS = [
    ("calls", [-1, 1.5, "5", True, None, 2**40]),
    ("reps", [-1, 1.5, "5", True, None, 2**40]),
    ("days", [0, -1, 1.5, "5", True, None, 3661]),
    ("seed", [-1, 1.5, "5", True, None]),
    ("today", ["2025-02-30", "today", 5, True, b"2025-07-15", np.datetime64("2025-07-15"), "1800-01-01"]),
    ("path", [5, ["a"]]),
    ("port", [-1, 65536, 1.5, "80", True]),
    ("api_key", ["", "two words", "é", 5, b"key"]),
    ("faults", [5, Fault(), [5], ["status"], None, {"status": 500}]),
]

NO_FAULTS = [
    ("operation", ["update", 5, "GET"]),
    ("request", [0, -1, 1.5, "1", [0], [1, -1], ["1"]]),
    ("status", [99, 100, 600, "500", 5.5, True]),
    ("delay", [-1, "1", float("nan"), float("inf")]),
    ("cut", [-1, 1.5, "5", True]),
    ("cap", [0, -1, 1.5, "5", True]),
    ("stride", ["page", 5]),
    ("retry_after", ["a\nb"]),
]


def cases(table):
    return [(name, value) for name, values in table for value in values]


def fetch(sandbox, path="/api/v1/calls", **headers):
    request = urllib.request.Request(sandbox.url + path, headers={"X-API-Key": sandbox.api_key} | headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def data(**options):
    options = {"calls": 200, "reps": 10, "today": "2025-07-15"} | options
    with converz.Sandbox(**options) as sandbox:
        client = sandbox.client()
        report = client.report(groupby=["date", "rep_id"], metric=["csat", "logins"], start_date="2025-01-01")
        return client.calls(metric=["csat", "talk_ratio", "sentiment"]), client.reps(), report


@pytest.mark.parametrize(("name", "value"), cases(OPTIONS), ids=repr)
def test_options_that_cannot_work(name, value):
    with pytest.raises(converz.InvalidInputError) as caught:
        converz.Sandbox(**{name: value})
    assert name in str(caught.value)


@pytest.mark.parametrize(("name", "value"), cases(NO_FAULTS), ids=repr)
def test_faults_that_cannot_be(name, value):
    with pytest.raises(converz.InvalidInputError) as caught:
        converz.Sandbox(calls=1, reps=1, faults=[Fault(**{name: value})])
    assert name in str(caught.value) or "fault" in str(caught.value)


def test_unknown_options():
    with pytest.raises(TypeError, match="call_count"):
        converz.Sandbox(call_count=5)
    with pytest.raises(TypeError):
        Fault(503)


def test_the_same_for_the_same_seed_and_day():
    assert data() == data()
    assert data(seed=1) == data(seed=1)
    assert data(seed=1) != data()
    assert data(today="2025-07-14") != data()
    for today in (date(2025, 7, 15), datetime(2025, 7, 15, 23, 0)):
        assert data(today=today) == data()


def test_today_is_the_real_one():
    with converz.Sandbox(calls=200, reps=5) as sandbox:
        days = sandbox.client().calls(columns=["call_id", "date"]).to_pydict()["date"]
        assert sandbox.client().report(groupby="campaign").num_rows > 0
    assert max(days) <= date.today()


def test_as_many_as_were_asked_for():
    with converz.Sandbox(calls=0, reps=0) as sandbox:
        assert sandbox.client().calls().num_rows == sandbox.client().reps().num_rows == 0
    with converz.Sandbox(calls=1, reps=1, days=1, today="2025-07-15") as sandbox:
        assert str(sandbox.client().calls().to_pydict()["date"][0]) == "2025-07-15"
        assert sandbox.client().reps().num_rows == 1


def test_a_file_keeps_updates(tmp_path):
    path = tmp_path / "centre.db"
    with converz.Sandbox(calls=100, reps=5, path=path, today="2025-07-15") as sandbox:
        client = sandbox.client()
        client.update_calls({"call_id": [7], "campaign": ["kept"], "reviewed": [True]})
        client.update_reps({"rep_id": client.reps(limit=1).to_pydict()["rep_id"], "team": ["north"]})
        calls, reps = client.calls(), client.reps()
    assert calls.to_pydict()["campaign"][6] == "kept"
    # A database that is found is served as it is.
    with converz.Sandbox(calls=999, reps=9, seed=5, path=str(path)) as sandbox:
        assert sandbox.client().calls() == calls
        assert sandbox.client().reps() == reps
    with converz.Sandbox(calls=100, reps=5, today="2025-07-15") as sandbox:
        assert "reviewed" not in sandbox.client().calls().column_names


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer, " * 1000)
    with pytest.raises(converz.ConverzError, match=r"letter\.txt"):
        converz.Sandbox(calls=1, reps=1, path=path)
    assert path.read_text().startswith("Dear customer, ")
    with pytest.raises(converz.ConverzError, match="nowhere"):
        converz.Sandbox(calls=1, reps=1, path=tmp_path / "nowhere" / "a.db")


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(converz.ConverzError, match=str(port)):
            converz.Sandbox(calls=1, reps=1, port=port)


def test_a_port_of_ones_own_choice():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for _ in range(2):  # It is free again at once.
        with converz.Sandbox(calls=1, reps=1, port=port, api_key="chosen") as sandbox:
            assert (sandbox.url, sandbox.api_key) == (f"http://127.0.0.1:{port}", "chosen")
            assert sandbox.client().calls().num_rows == 1


def test_url_key_and_client(sandbox):
    assert sandbox.url.startswith("http://127.0.0.1:")
    assert repr(sandbox) == f"Sandbox(url={sandbox.url!r})"
    assert sandbox.client(page_size=7).settings["page_size"] == 7
    with converz.Sandbox(calls=1, reps=1) as one, converz.Sandbox(calls=1, reps=1) as other:
        assert one.api_key != other.api_key
        assert one.api_key.startswith("sandbox-")


def test_requests_are_told(sandbox, client):
    client.reps(department="sales", limit=3)
    client.update_calls({"call_id": [1], "a": ["b"]})
    with pytest.raises(converz.BadRequestError):
        client.report(groupby="nonsense")
    assert [(request["method"], request["path"], request["status"]) for request in sandbox.requests] == [
        ("GET", "/api/v1/reps", 200),
        ("POST", "/api/v1/calls", 200),
        ("GET", "/api/v1/report", 400),
    ]
    assert sandbox.requests[0]["query"] == "department=sales&n_per_page=3&page=1"
    assert set(sandbox.requests[0]) == {"method", "path", "query", "status"}


def test_the_api_itself(sandbox):
    assert len(json.loads(fetch(sandbox))) == 10
    description = json.loads(fetch(sandbox, "/openapi.json"))
    assert description["openapi"].startswith("3.")
    assert {path.rpartition("/")[2] for path in description["paths"]} == {"calls", "reps", "report"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.nip.io"])
def test_a_foreign_host_is_refused(sandbox, host):
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(sandbox, Host=host)
    assert 400 <= caught.value.code < 500
    caught.value.close()


def test_stopping(sandbox):
    client = sandbox.client(max_retries=0)
    assert client.reps().num_rows == 12
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(converz.APIConnectionError):
        client.reps()
    assert len(sandbox.requests) > 0


def test_the_end_of_a_with_block_stops_it():
    with converz.Sandbox(calls=1, reps=1) as sandbox:
        assert sandbox.client().calls().num_rows == 1
    with pytest.raises(converz.APIConnectionError):
        sandbox.client(max_retries=0).calls()


def test_a_with_block_stops_it_on_errors_too():
    with pytest.raises(LookupError), converz.Sandbox(calls=1, reps=1) as sandbox:
        raise LookupError
    with pytest.raises(converz.APIConnectionError):
        sandbox.client(max_retries=0).calls()


def test_fault_status():
    faults = [Fault(operation="reps", request=[1, 3], status=503, retry_after=0)]
    with converz.Sandbox(calls=5, reps=5, faults=faults) as sandbox:
        client = sandbox.client()
        assert [client.reps(limit=1).receipt.retries for _ in range(3)] == [1, 1, 0]
        assert client.calls(limit=1).receipt.retries == 0
        assert [request["status"] for request in sandbox.requests] == [503, 200, 503, 200, 200, 200]


@pytest.mark.parametrize("operation", ["calls", "reps", "report", "update_calls", "update_reps"])
def test_faults_belong_to_their_operation(operation):
    with converz.Sandbox(calls=5, reps=5, faults=[Fault(operation=operation, status=403)]) as sandbox:
        client = sandbox.client()
        rep_id = None if operation == "reps" else client.reps(limit=1).to_pydict()["rep_id"][0]
        verbs = {
            "calls": client.calls,
            "reps": client.reps,
            "report": client.report,
            "update_calls": lambda: client.update_calls({"call_id": [1], "a": ["b"]}),
            "update_reps": lambda: client.update_reps({"rep_id": [rep_id or "nobody"], "a": ["b"]}),
        }
        for name, verb in verbs.items():
            if name == operation:
                with pytest.raises((converz.PermissionDeniedError, converz.UpdateError)):
                    verb()
            elif operation != "reps" or name != "update_reps":
                verb()


def test_fault_retry_after():
    with converz.Sandbox(calls=5, reps=5, faults=[Fault(status=429, retry_after=123)]) as sandbox:
        with pytest.raises(converz.RateLimitError) as caught:
            sandbox.client(max_retries=0).calls()
    assert caught.value.retry_after == 123


def test_fault_delay():
    """The answer is held back longer than the client waits, so that it must give up."""
    with converz.Sandbox(calls=5, reps=5, faults=[Fault(request=1, delay=30)]) as sandbox:
        client = sandbox.client(first_byte_timeout=0.2, max_retries=0)
        with pytest.raises(converz.APITimeoutError):
            client.calls()
        assert client.calls().num_rows == 5


def test_fault_cut():
    with converz.Sandbox(
        calls=500, reps=5, faults=[Fault(operation="calls", request=1, cut=1000)]
    ) as sandbox:
        calls = sandbox.client(page_size=300).calls()
    assert calls.to_pydict()["call_id"] == list(range(1, 501))
    assert calls.receipt.retries == 1


@pytest.mark.parametrize("cut", [0, 1, 10**9])
def test_a_cut_is_never_taken_for_the_end(cut):
    with converz.Sandbox(calls=500, reps=5, faults=[Fault(cut=cut)]) as sandbox:
        with pytest.raises((converz.APIConnectionError, converz.DecodeError)):
            sandbox.client(max_retries=0).calls()


@pytest.mark.parametrize("stride", ["cap", "request"])
def test_fault_cap(stride):
    with converz.Sandbox(calls=95, reps=5, faults=[Fault(cap=10, stride=stride)]) as sandbox:
        page = json.loads(fetch(sandbox, "/api/v1/calls?n_per_page=50&page=2"))
    first = 11 if stride == "cap" else 51
    assert [row["call_id"] for row in page] == list(range(first, first + 10))


def test_several_faults():
    faults = [
        Fault(request=1, status=500, retry_after=0),
        Fault(request=2, cut=50),
        Fault(request=[3, 4], status=429, retry_after=0),
    ]
    with converz.Sandbox(calls=50, reps=5, faults=faults) as sandbox:
        calls = sandbox.client().calls(limit=50)
    assert (calls.num_rows, calls.receipt.retries) == (50, 4)


def test_a_fault_is_shown_and_compared():
    fault = Fault(operation="calls", request=[1, 2], status=503)
    assert fault == Fault(operation="calls", request=[1, 2], status=503)
    assert "status=503" in repr(fault)
    with pytest.raises(AttributeError):
        fault.status = 500


FORK = """
import os, sys, warnings
import converz

warnings.simplefilter("ignore", DeprecationWarning)  # Python >= 3.12 warns of fork beside threads.
sandbox = converz.Sandbox(calls=50, reps=5)
client = sandbox.client()
assert client.calls(limit=1).num_rows == 1
child = os.fork()
if child == 0:
    # The sandbox is the parent's: whatever is done with it here, the parent goes on.
    try:
        assert sandbox.requests == []
        sandbox.stop()
        assert client.calls(columns="call_id").num_rows == 50
        del sandbox
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
    print("child", flush=True)
    sys.exit(0)  # With everything that Python does at its end.
assert os.waitpid(child, 0)[1] == 0
assert client.calls(columns="call_id").num_rows == 50
with converz.Sandbox(calls=5, reps=5) as second:
    assert second.client().calls().num_rows == 5
sandbox.stop()
print("parent")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_harmless_in_a_forked_child(run_python):
    assert run_python(code=FORK).stdout.split() == ["child", "parent"]


def test_a_forgotten_sandbox_does_not_hold_up_the_end(run_python):
    run_python(code="import converz; sandbox = converz.Sandbox(calls=5, reps=5); sandbox.client().calls()")


def test_it_listens_on_this_machine_only(sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    if sys.platform != "linux":
        pytest.skip("other systems do not route all of 127.0.0.0/8 to themselves")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_its_data_change_as_a_services_do():
    with converz.Sandbox(calls=50, reps=5, today="2025-07-15") as sandbox:
        client = sandbox.client()
        late = sandbox.insert_calls(date(2025, 7, 1), 10, summaries=False)
        assert late == list(range(51, 61))
        rows = client.calls().to_pydict()
        assert set(rows["summary"][50:]) == {None}
        assert set(rows["date"][50:]) == {date(2025, 7, 1)}
        assert sandbox.release_summaries(late) == 10 - client.calls().to_pydict()["summary"][50:].count(None)
        assert sandbox.withhold_summaries(np.array([1, 2, 3])) > 0
        assert client.calls().to_pydict()["summary"][:3] == [None] * 3
        assert sandbox.delete_calls(client.calls(limit=7).to_pydict()["call_id"]) == 7
        assert client.calls().to_pydict()["call_id"] == list(range(8, 61))
    for change in (
        lambda: sandbox.delete_calls([1]),
        lambda: sandbox.insert_calls("2025-07-01"),
        lambda: sandbox.withhold_summaries([1]),
        sandbox.release_summaries,
    ):
        with pytest.raises(converz.InvalidInputError, match="has stopped"):
            change()


def test_changes_that_cannot_be_made_are_refused(sandbox):
    for message, change in {
        "call_ids=5 ": lambda: sandbox.delete_calls(5),
        "call_ids=.*'a'": lambda: sandbox.withhold_summaries(["a"]),
        "call_ids=": lambda: sandbox.release_summaries([1.5]),
        'date="2025-02-30"': lambda: sandbox.insert_calls("2025-02-30"),
        "count=-1": lambda: sandbox.insert_calls("2025-07-01", -1),
    }.items():
        with pytest.raises(converz.InvalidInputError, match=message):
            change()
