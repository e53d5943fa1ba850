"""Streams: batches of one schema, whoever takes them, and what becomes of errors and of the pages ahead."""

from __future__ import annotations

import re
import time
import warnings

import pytest

import converz
from support.service import Answer, Asked, serving


@pytest.fixture
def many():
    with converz.Sandbox(calls=2_050, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


def rows(start: int, count: int, extra: str = "") -> str:
    return "[" + ",".join(f'{{"call_id":{i},"x":{i}{extra}}}' for i in range(start, start + count)) + "]"


def consumers():
    return {
        "iteration": lambda stream: sum(batch.num_rows for batch in stream),
        "converz": lambda stream: converz.Table(stream).num_rows,
        "pyarrow": lambda stream: pytest.importorskip("pyarrow").table(stream).num_rows,
        "pyarrow's reader": lambda stream: sum(
            batch.num_rows for batch in pytest.importorskip("pyarrow").RecordBatchReader.from_stream(stream)
        ),
        "polars": lambda stream: pytest.importorskip("polars").DataFrame(stream).height,
        "duckdb": lambda stream: (
            pytest.importorskip("duckdb").sql("select count(*) from stream").fetchall()[0][0]
        ),
        "nanoarrow": lambda stream: len(pytest.importorskip("nanoarrow").ArrayStream(stream).read_all()),
    }


CONSUMERS = consumers()


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_every_consumer_gets_every_row(consumer: str, many):
    with many.client(page_size=500).stream_calls() as stream:
        assert CONSUMERS[consumer](stream) == 2_050
        assert stream.error is None
        assert stream.receipt.rows == 2_050
        assert stream.receipt.pages >= 5
        # A second reading would look like a result without rows.
        with pytest.raises(converz.InvalidInputError, match="read once"):
            stream.__arrow_c_stream__()
        assert list(stream) == []


def test_the_rows_are_those_of_calls(many):
    client = many.client(page_size=300)
    with client.stream_calls(metric="csat") as stream:
        schema = stream.schema
        batches = list(stream)
    assert all(batch.schema == schema for batch in batches)
    whole = client.calls(metric="csat", schema=schema)
    keys = [key for batch in batches for key in converz.Table(batch).to_pydict()["call_id"]]
    assert keys == whole.to_pydict()["call_id"]
    assert client.stream_reps(limit=3).schema["rep_id"] == "string"


def test_a_capsule_of_a_stream_that_others_read(many):
    pa = pytest.importorskip("pyarrow")
    stream = many.client().stream_calls()
    late = pa.RecordBatchReader.from_stream(stream)
    assert sum(batch.num_rows for batch in stream) == 2_050
    with pytest.raises(pa.ArrowException, match=r"InvalidInputError: .*read once"):
        late.read_all()


def test_a_loop_and_a_capsule_share_the_rows(many):
    stream = many.client(page_size=500).stream_calls()
    first = next(stream).num_rows
    assert converz.Table(stream).num_rows == 2_050 - first


@pytest.mark.parametrize("how", ["close", "with", "drop"])
def test_who_stops_asks_for_no_more_pages(how: str, many):
    stream = many.client(page_size=10, max_concurrency=2).stream_calls()
    assert next(stream).num_rows == 10
    if how == "close":
        stream.close()
        stream.close()
    elif how == "with":
        with stream:
            pass
    if how != "drop":
        with pytest.raises(converz.InvalidInputError, match="read or closed"):
            next(stream)
        with pytest.raises(converz.InvalidInputError, match="read or closed"):
            stream.__arrow_c_stream__()
        assert stream.receipt.pages >= 1
    del stream
    asked = settled(many)
    assert 1 <= asked <= 8
    assert settled(many) == asked


def settled(sandbox) -> int:
    """The number of requests once none has come for a while."""
    count = -1
    while count != len(sandbox.requests):
        count = len(sandbox.requests)
        time.sleep(0.05)
    return count


def test_pages_ahead_are_bounded(many):
    client = many.client(page_size=10, max_concurrency=3)
    with client.stream_calls() as stream:
        next(stream)
        assert settled(many) <= 1 + 2 * 3
        next(stream)
        assert settled(many) <= 2 + 2 * 3


def test_a_limit(many):
    with many.client(page_size=500).stream_calls(limit=700) as stream:
        assert sum(batch.num_rows for batch in stream) == 700
    with many.client().stream_calls(limit=0, columns=["call_id"]) as stream:
        assert stream.schema.names == ["call_id"]
        assert list(stream) == []


def test_the_schema_of_the_first_page(service):
    first = '[{"call_id":1,"nothing":null,"x":1},{"call_id":2,"nothing":null,"x":2}]'
    client = service.client(first, '[{"call_id":3,"nothing":{"a":1.0},"x":null}]', page_size=2)
    with client.stream_calls(schema={"later": "float64"}) as stream:
        assert {name: stream.schema[name] for name in stream.schema} == {
            "call_id": "int64",
            "nothing": "string",
            "x": "int64",
            "later": "float64",
        }
        assert converz.Table(stream).to_pydict() == {
            "call_id": [1, 2, 3],
            "nothing": [None, None, '{"a":1.0}'],
            "x": [1, 2, None],
            "later": [None, None, None],
        }


DRIFTS = {
    "a float among integers": ("0.5", "float64", [0.0, 1.0, 0.5]),
    "text among integers": ('"a"', "string", ["0", "1", "a"]),
    "an integer that is too large": (str(2**63), "string", ["0", "1", str(2**63)]),
    "an object": ('{"a":1}', "string", ["0", "1", '{"a":1}']),
}


@pytest.mark.parametrize("case", DRIFTS)
def test_the_schema_of_a_drift_cures_it(case: str, service):
    value, kind, cured = DRIFTS[case]
    client = service.client(rows(0, 2), f'[{{"call_id":7,"x":{value}}}]', page_size=2)
    stream = client.stream_calls()
    assert next(stream).num_rows == 2
    with pytest.raises(converz.SchemaDriftError) as info:
        next(stream)
    error = info.value
    assert error.column == "x"
    assert error.schema["x"] == kind
    for part in ("call_id 7", "page 2", "int64", '"x"'):
        assert part in str(error)
    with client.stream_calls(schema=error.schema) as stream:
        assert converz.Table(stream).to_pydict()["x"] == cured
    # calls() widens by itself, and sees at once that no integer is negative.
    whole = [0, 1, 2**63] if case == "an integer that is too large" else cured
    assert client.calls().to_pydict()["x"] == whole


def test_new_columns(service):
    client = service.client(rows(0, 2), rows(2, 1, ',"new":"2025-07-15"'), page_size=2)
    with pytest.raises(converz.SchemaDriftError, match='"new".*on_new_column="ignore"') as info:
        list(client.stream_calls())
    assert info.value.schema["new"] == "date32"
    with client.stream_calls(on_new_column="ignore") as stream:
        assert converz.Table(stream).column_names == ["call_id", "x"]
    with client.stream_calls(schema=info.value.schema) as stream:
        assert [str(day) for day in converz.Table(stream).to_pydict()["new"]] == [
            "None",
            "None",
            "2025-07-15",
        ]
    with pytest.raises(converz.InvalidInputError, match="on_new_column='drop'"):
        client.stream_calls(on_new_column="drop")


@pytest.mark.parametrize("consumer", [name for name in CONSUMERS if name != "iteration"])
@pytest.mark.parametrize("failure", ["drift", "status"])
def test_engines_show_our_errors(consumer: str, failure: str, service):
    second = '[{"call_id":7,"x":"a"},{"call_id":8,"x":1}]' if failure == "drift" else 503
    name = "SchemaDriftError" if failure == "drift" else "ServerError"
    stream = service.client(rows(0, 2), second, page_size=2).stream_calls()
    if consumer != "converz":
        pytest.importorskip(consumer.partition("'")[0])
    # Older versions of polars panic, with what they were told.
    with pytest.raises(BaseException) as info:  # noqa: PT011
        CONSUMERS[consumer](stream)
    # A table of ours raises the exception itself.
    assert info.value is stream.error if consumer == "converz" else name in str(info.value)
    assert ("call_id 7" if failure == "drift" else "503") in str(info.value)
    assert type(stream.error).__name__ == name
    # It leads to the exception that has the data.
    assert info.value is stream.error or "the stream's attribute `error` has this exception" in str(
        info.value
    )
    if failure == "drift":
        assert stream.error.schema["x"] == "string"


def test_errors_of_the_first_page_come_at_once(service):
    with pytest.raises(converz.DecodeError):
        service.client("<html>").stream_calls()
    with pytest.raises(converz.ServerError):
        service.client(500).stream_reps()


def test_repeated_keys_warn_at_the_end(service):
    stream = service.client(rows(0, 2), rows(1, 2), rows(3, 1), page_size=2).stream_calls()
    with pytest.warns(converz.ConverzWarning):
        keys = [key for batch in stream for key in converz.Table(batch).to_pydict()["call_id"]]
    assert keys == [0, 1, 2, 3]
    assert stream.receipt.repeated_keys == 1


LATE = {
    "1": b'[{"call_id":1,"score":null},{"call_id":2,"score":null}]',
    "2": b'[{"call_id":3,"score":3},{"call_id":4,"score":4}]',
    "3": b'[{"call_id":5,"score":5}]',
}
SCORE = r'column "score" has 3 \(call_id 3\), but was null .* pass schema=\{"score": "int64"\}'


def late(asked: Asked) -> Answer:
    return Answer(LATE.get(asked.query.get("page", "1"), b"[]"))


def test_late_values_of_a_column_of_nulls_are_said_once_with_the_pin():
    with serving(late) as url:
        client = converz.Client(url, api_key="k", page_size=2)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            batches = list(client.stream_calls())
        assert [batch.num_rows for batch in batches] == [2, 2, 1]
        (warning,) = said
        assert warning.category is converz.ConverzWarning
        assert re.search(SCORE, str(warning.message))
        assert warning.filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pinned = converz.Table(client.stream_calls(schema={"score": "int64"}))
            assert pinned.schema == client.calls().schema
            # An error that is made of it comes out of the stream, which is over.
            stream = client.stream_calls()
            assert next(stream).num_rows == 2
            with pytest.raises(converz.ConverzWarning, match=SCORE):
                next(stream)


def test_late_values_are_said_by_a_scan_that_selects_their_column():
    pl = pytest.importorskip("polars")
    with serving(late) as url:
        lazy = converz.Client(url, api_key="k", page_size=2).scan_calls()
        assert lazy.collect_schema()["score"] == pl.String
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            lazy.select("score").collect()
        (warning,) = [each for each in said if each.category is converz.ConverzWarning]
        assert re.search(SCORE, str(warning.message)), warning
        with warnings.catch_warnings():
            warnings.simplefilter("error", converz.ConverzWarning)
            lazy.select("call_id").collect()
