"""Every error: which one is raised when, what it carries, and that it pickles."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import duckdb
import pytest

import converz
from converz import Fault, errors
from support.service import Answer, serving

KEY = "key-of-the-tests"


def refusing(status: int, **more) -> Callable[[ExitStack], object]:
    """Read from a sandbox that answers with a status, without a retry."""

    def scenario(stack: ExitStack) -> object:
        sandbox = stack.enter_context(converz.Sandbox(calls=5, reps=2, faults=[Fault(status=status, **more)]))
        return sandbox.client(max_retries=0).calls()

    return scenario


def answering(answer: Answer, **settings) -> Callable[[ExitStack], object]:
    """Read from a service that always answers the same."""

    def scenario(stack: ExitStack) -> object:
        url = stack.enter_context(serving(lambda _: answer))
        return converz.Client(url, KEY, max_retries=0, **settings).calls()

    return scenario


def rows(count: int) -> bytes:
    return json.dumps([{"call_id": call_id} for call_id in range(count)]).encode()


def nobody_listens(stack: ExitStack) -> object:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return converz.Client(f"http://127.0.0.1:{port}", KEY, max_retries=0).calls()


def answers_late(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=5, reps=2, faults=[Fault(delay=5)]))
    return sandbox.client(max_retries=0, first_byte_timeout=0.1).calls()


def wrong_key(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=5, reps=2))
    return converz.Client(sandbox.url, "wrong").calls()


def bad_request(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=5, reps=2))
    return sandbox.client().report(groupby="no such column")


def cut_body(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=50, reps=2, faults=[Fault(cut=100)]))
    return sandbox.client(max_retries=0).calls()


def drifts(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=5, reps=2))
    return sandbox.client().calls(schema={"campaign": "int64"})


def update_fails(stack: ExitStack) -> object:
    faults = [Fault(operation="update_calls", request=2, status=403)]
    sandbox = stack.enter_context(converz.Sandbox(calls=20, reps=2, faults=faults))
    # Two masks of validity are two requests.
    frame = {"call_id": [1, 2, 3, 4], "a": ["x", "y", None, None], "b": [None, None, "x", "y"]}
    return sandbox.client().update_calls(frame)


def somebody_else_writes(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=5, reps=2))
    client = sandbox.client()
    plan = client.plan_update_calls({"call_id": [1], "language": ["yy"]}, end_date="2100-01-01")
    client.update_calls({"call_id": [1], "language": ["xx"]})
    return plan.apply(check=True, on_conflict="error")


def sync_of_a_day_that_is_gone(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=50, days=2, today="2025-07-15"))
    client, target = sandbox.client(), duckdb.connect()
    client.sync(target, since="2025-07-14", until="2025-07-15", tables="calls")
    sandbox.delete_calls(client.calls(start_date="2025-07-15").to_pydict()["call_id"])
    return client.sync(target, until="2025-07-15", tables="calls", refresh=True)


def sync_of_another_question(stack: ExitStack) -> object:
    sandbox = stack.enter_context(converz.Sandbox(calls=50, days=2, today="2025-07-15"))
    client, target = sandbox.client(), duckdb.connect()
    client.sync(target, since="2025-07-15", until="2025-07-15", tables="calls")
    return client.sync(target, until="2025-07-15", tables="calls", campaign="sales")


class Scenario(NamedTuple):
    run: Callable[[ExitStack], object]
    kind: type[BaseException]
    data: dict[str, object]
    says: str


SCENARIOS = {
    "a setting that cannot work": Scenario(
        lambda _: converz.Client("https://a.b", KEY, page_size=0),
        errors.ConfigurationError,
        {},
        "page_size=0",
    ),
    "an argument that cannot be": Scenario(
        lambda _: converz.Client("https://a.b", KEY).calls(limit=-1),
        errors.InvalidInputError,
        {"request": None, "attempts": None},
        "limit=-1",
    ),
    "nobody listens": Scenario(
        nobody_listens,
        errors.APIConnectionError,
        {"attempts": 1, "request": "GET /calls?n_per_page=100000&page=1"},
        "GET /calls",
    ),
    "a cut body": Scenario(cut_body, errors.APIConnectionError, {"attempts": 1}, "GET /calls"),
    "no answer in time": Scenario(
        answers_late, errors.APITimeoutError, {"attempts": 1}, "first_byte_timeout"
    ),
    "400": Scenario(refusing(400), errors.BadRequestError, {"status_code": 400}, "400"),
    "400 of the service": Scenario(
        bad_request, errors.BadRequestError, {"status_code": 400, "attempts": 1}, "no such column"
    ),
    "401": Scenario(wrong_key, errors.AuthenticationError, {"status_code": 401, "retry_after": None}, "401"),
    "403": Scenario(refusing(403), errors.PermissionDeniedError, {"status_code": 403}, "403"),
    "404": Scenario(refusing(404), errors.NotFoundError, {"status_code": 404}, "404"),
    "409": Scenario(refusing(409), errors.ConflictError, {"status_code": 409}, "409"),
    "422": Scenario(refusing(422), errors.UnprocessableEntityError, {"status_code": 422}, "422"),
    "413": Scenario(refusing(413), errors.APIStatusError, {"status_code": 413}, "413"),
    "418": Scenario(refusing(418), errors.APIStatusError, {"status_code": 418}, "418"),
    "429": Scenario(
        refusing(429, retry_after=7), errors.RateLimitError, {"status_code": 429, "retry_after": 7.0}, "429"
    ),
    "500": Scenario(refusing(500), errors.ServerError, {"status_code": 500, "retry_after": None}, "500"),
    "503": Scenario(refusing(503, retry_after=1.5), errors.ServerError, {"status_code": 503}, "503"),
    "599": Scenario(refusing(599), errors.ServerError, {"status_code": 599}, "599"),
    "the API's own words": Scenario(
        answering(Answer(b'{"error": "no such table", "code": "bad_table"}', 400)),
        errors.BadRequestError,
        {"code": "bad_table", "message": "no such table"},
        "no such table",
    ),
    "a proxy's own words": Scenario(
        answering(Answer(b"<html><h1>Bad gateway</h1>", 502, {"Content-Type": "text/html"})),
        errors.ServerError,
        {"code": None, "status_code": 502},
        "Bad gateway",
    ),
    "a redirect": Scenario(
        answering(Answer(b"", 302, {"Location": "https://elsewhere.example/login"})),
        errors.RedirectError,
        {"location": "https://elsewhere.example/login"},
        "elsewhere.example",
    ),
    "no JSON": Scenario(answering(Answer(b"[{]")), errors.DecodeError, {"attempts": 1}, "GET /calls"),
    "no array": Scenario(answering(Answer(b'{"rows": []}')), errors.DecodeError, {}, "array"),
    "HTML": Scenario(
        answering(Answer(b"<html>", 200, {"Content-Type": "text/html"})), errors.DecodeError, {}, "html"
    ),
    "an encoding nobody asked for": Scenario(
        answering(Answer(b"[]", 200, {"Content-Encoding": "compress"})), errors.DecodeError, {}, "compress"
    ),
    "too deep": Scenario(
        answering(Answer(b'[{"call_id": 1, "x": ' + b"[" * 20 + b"]" * 20 + b"}]"), max_depth=10),
        errors.LimitExceededError,
        {},
        "max_depth",
    ),
    "too long": Scenario(
        answering(Answer(b'[{"call_id": 1, "x": "' + b"x" * 200 + b'"}]'), max_value_bytes=100),
        errors.LimitExceededError,
        {},
        "max_value_bytes",
    ),
    "too large": Scenario(
        answering(Answer(rows(100)), max_response_bytes=1000),
        errors.LimitExceededError,
        {},
        "max_response_bytes",
    ),
    "page is ignored": Scenario(
        answering(Answer(rows(10)), page_size=10), errors.PagingError, {}, "ignore the parameter page"
    ),
    "a pinned type does not fit": Scenario(
        drifts, errors.SchemaDriftError, {"column": "campaign"}, "campaign"
    ),
    "an update fails": Scenario(
        update_fails,
        errors.UpdateError,
        {"committed": [(0, 2)], "in_doubt": [], "unsent": [(2, 4)]},
        "403",
    ),
    "no recording": Scenario(
        lambda _: converz.Recording("no-such-recording.json", record="none"),
        errors.RecordingError,
        {"request": None, "attempts": None},
        "there is no recording no-such-recording.json",
    ),
    "a day that is gone": Scenario(
        sync_of_a_day_that_is_gone, errors.SyncError, {}, "2025-07-15: the answer is empty"
    ),
    "another question": Scenario(
        sync_of_another_question, errors.TargetError, {}, "holds the answers to another question"
    ),
    "somebody else writes": Scenario(
        somebody_else_writes, errors.UpdateConflictError, {}, "1 cell holds something else by now"
    ),
}

BASES = {errors.ConverzError, errors.ConverzWarning}


@pytest.fixture(scope="module")
def raised():
    """The errors of all scenarios, by their names. Each is run once."""
    caught: dict[str, BaseException] = {}
    for name, scenario in SCENARIOS.items():
        with ExitStack() as stack:
            try:
                scenario.run(stack)
            except errors.ConverzError as error:
                caught[name] = error
    return caught


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_error_and_its_data(raised, name):
    error, scenario = raised[name], SCENARIOS[name]
    assert type(error) is scenario.kind
    assert {field: getattr(error, field) for field in scenario.data} == scenario.data
    assert scenario.says in str(error)
    assert KEY not in str(error)


@pytest.mark.parametrize("name", SCENARIOS)
def test_errors_pickle(raised, name):
    error = raised[name]
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_public_error_is_raised_here(raised):
    public = {getattr(errors, name) for name in errors.__all__}
    # Limits end no test's own process: that error is raised in trust/test_limits.py.
    assert {type(error) for error in raised.values()} == public - BASES - {errors.OutOfMemoryError}
    for name in errors.__all__:
        assert getattr(converz, name) is getattr(errors, name)
    assert {name for name in dir(converz) if name.endswith(("Error", "Warning"))} == set(errors.__all__)


def test_what_errors_are():
    assert issubclass(errors.InvalidInputError, ValueError)
    assert issubclass(errors.APITimeoutError, TimeoutError)
    assert issubclass(errors.ConverzWarning, UserWarning)
    for kind in (
        errors.BadRequestError,
        errors.AuthenticationError,
        errors.PermissionDeniedError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.UnprocessableEntityError,
        errors.RateLimitError,
        errors.ServerError,
    ):
        assert kind.__bases__ == (errors.APIStatusError,)
    for name in set(errors.__all__) - {"ConverzWarning"}:
        assert issubclass(getattr(errors, name), errors.ConverzError)


def test_an_error_without_data_has_its_defaults():
    """Users raise them in tests of their own, with a message only."""
    assert errors.RateLimitError("wait").retry_after is None
    assert errors.UpdateError("no").committed == []
    assert errors.SchemaDriftError("no").schema is None
    for name in errors.__all__:
        error = getattr(errors, name)("a message")
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), vars(again)) == ("a message", vars(error))


def test_what_is_left_of_an_update(raised):
    error = raised["an update fails"]
    assert isinstance(error.__cause__, errors.PermissionDeniedError)
    assert error.remaining.to_pydict() == {"call_id": [3, 4], "a": [None, None], "b": ["x", "y"]}
    again = pickle.loads(pickle.dumps(error))
    assert again.remaining == error.remaining


def test_the_schema_that_fits(raised):
    error = raised["a pinned type does not fit"]
    assert error.schema["campaign"] == "string"
    assert pickle.loads(pickle.dumps(error)).schema == error.schema


def test_a_status_that_goes_away_is_no_error():
    for status in (429, 500, 502, 503, 504):
        faults = [Fault(operation="calls", request=1, status=status, retry_after=0)]
        with converz.Sandbox(calls=15, reps=2, faults=faults) as sandbox:
            calls = sandbox.client().calls(limit=15)
        assert (calls.num_rows, calls.receipt.retries) == (15, 1)


def test_what_cannot_go_away_is_not_tried_again():
    for status in (400, 401, 403, 404, 409, 413, 422):
        with converz.Sandbox(calls=5, reps=2, faults=[Fault(status=status)]) as sandbox:
            with pytest.raises(errors.APIStatusError) as caught:
                sandbox.client().calls()
            assert caught.value.attempts == 1
            assert len(sandbox.requests) == 1


def test_attempts_are_counted():
    with converz.Sandbox(calls=5, reps=2, faults=[Fault(status=503, retry_after=0)]) as sandbox:
        with pytest.raises(errors.ServerError, match="after 3 attempts") as caught:
            sandbox.client(max_retries=2).calls()
        assert caught.value.attempts == 3
        assert len(sandbox.requests) == 3


def test_errors_do_not_name_persons(sandbox):
    with pytest.raises(errors.BadRequestError) as caught:
        sandbox.client().report(rep_id="kees500", groupby="no such column")
    assert "kees500" not in str(caught.value)
    assert "rep_id=…" in caught.value.request


def test_rows_that_move_are_warned_of(serve):
    """A row that is inserted before page 1 moves the last one of it to page 2."""

    def answer(asked):
        page, size = int(asked.query["page"]), int(asked.query["n_per_page"])
        ids = list(range(1, 26)) if page == 1 else [0, *range(1, 26)]
        part = ids[(page - 1) * size : page * size]
        return Answer(json.dumps([{"call_id": call_id} for call_id in part]).encode())

    client = converz.Client(serve(answer), KEY, page_size=10, max_concurrency=1)
    with pytest.warns(converz.ConverzWarning, match="moved") as caught:
        calls = client.calls()
    assert calls.to_pydict()["call_id"] == list(range(1, 26))
    assert calls.receipt.repeated_keys == 1
    assert caught[0].filename == __file__


def test_a_key_is_not_sent_along_with_a_redirect(serve):
    stolen = []

    def thief(asked):
        stolen.append(asked.headers)
        return Answer(b"[]")

    elsewhere = serve(thief)
    url = serve(lambda _: Answer(b"", 307, {"Location": elsewhere}))
    client = converz.Client(url, KEY)
    for verb in (client.calls, lambda: client.update_calls({"call_id": [1], "a": ["b"]})):
        with pytest.raises((errors.RedirectError, errors.UpdateError)):
            verb()
    assert stolen == []
