"""`describe_calls` and `describe_reps`: what is in each column, held against the rows themselves."""

from __future__ import annotations

import json
import pickle
import random
import sys
from datetime import datetime

import pytest

import converz
from support.script import output
from support.server import Request, Server
from support.service import Answer, serving

NAMES = [
    "column",
    "type",
    "rows",
    "nulls",
    "distinct",
    "minimum",
    "maximum",
    "examples",
    "first_date",
    "last_date",
]


def described(table: converz.Table) -> dict[str, dict[str, object]]:
    columns = table.to_pydict()
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return {row.pop("column"): row for row in rows}


def shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, float):
        return json.dumps(value)
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def expected(table: converz.Table, day_column: str | None) -> dict[str, dict[str, object]]:
    """The same, by Python."""
    columns = table.to_pydict()
    days = columns.get(day_column, [None] * table.num_rows)
    days = [day.date() if isinstance(day, datetime) else day for day in days]
    # Lists, objects, and mixtures.
    marked = {field.name for field in table.to_arrow().schema if b"converz:json" in (field.metadata or {})}
    wanted = {}
    for name, values in columns.items():
        there = [value for value in values if value is not None]
        on = [day for day, value in zip(days, values, strict=True) if value is not None and day is not None]
        distinct = list(dict.fromkeys(there))
        ordered = there if name not in marked else []
        plain = (int, float)
        wanted[name] = {
            "type": table.schema[name],
            "rows": len(values),
            "nulls": len(values) - len(there),
            "distinct": len(distinct) if len(distinct) <= 10_000 else None,
            "minimum": shown(min(ordered)) if ordered else None,
            "maximum": shown(max(ordered)) if ordered else None,
            "examples": json.dumps(
                [value if isinstance(value, plain) else shown(value) for value in distinct[:3]]
            ),
            "first_date": min(on, default=None),
            "last_date": max(on, default=None),
        }
    return wanted


def same(table: converz.Table, rows: converz.Table, day_column: str | None) -> None:
    found, wanted = described(table), expected(rows, day_column)
    assert list(found) == list(wanted)
    for name, row in found.items():
        assert json.loads(row.pop("examples")) == json.loads(wanted[name].pop("examples")), name
        assert row == wanted[name], name


@pytest.fixture(scope="module")
def sandbox():
    with converz.Sandbox(calls=12_000, reps=40, today="2025-07-15") as sandbox:
        yield sandbox


def test_columns_of_conversations(sandbox):
    client = sandbox.client(page_size=1_000)
    metrics = ["csat", "talk_ratio", "resolved", "sentiment"]
    table = client.describe_calls(metric=metrics)
    assert table.column_names == NAMES
    assert isinstance(table, converz.Table)
    rows = client.calls(metric=metrics)
    same(table, rows, "date")
    assert described(table)["call_id"]["distinct"] is None
    assert table.receipt.rows == 12_000
    assert table.schema.json_columns == ["examples"]


def test_filters_columns_and_limits(sandbox):
    client = sandbox.client(page_size=1_000)
    for arguments, day in (
        ({"campaign": "sales", "start_date": "2025-07-01"}, "date"),
        ({"columns": ["call_id", "start_time", "summary"], "limit": 500}, "start_time"),
        ({"columns": ["call_id", "summary"], "limit": 500}, None),
        ({"parse_dates": False, "schema": {"call_id": "string", "date": "date32"}, "limit": 300}, "date"),
    ):
        same(client.describe_calls(**arguments), client.calls(**arguments), day)
    same(client.describe_reps(), client.reps(), None)
    same(
        client.describe_reps(department="support", active=True),
        client.reps(department="support", active=1),
        None,
    )


VALUES = {
    "int64": lambda draw: draw.randrange(-5, 2**60),
    "uint64": lambda draw: draw.randrange(2**63, 2**64),
    "float64": lambda draw: draw.randrange(-1000, 1000) / 8 + 0.125,
    "bool": lambda draw: draw.random() < 0.5,
    "string": lambda draw: draw.choice('aäzÄ ß😀"\\') * draw.randrange(0, 100),
    "date32": lambda draw: f"20{draw.randrange(10, 30)}-0{draw.randrange(1, 10)}-11",
    "timestamp[us]": lambda draw: (
        f"20{draw.randrange(10, 30)}-0{draw.randrange(1, 10)}-11 10:0{draw.randrange(10)}"
    ),
    "lists": lambda draw: [draw.randrange(3)],
    "mixed": lambda draw: draw.choice([1, "a", [2], None, True]),
    "null": lambda draw: None,
}


@pytest.mark.parametrize("seed", range(8))
def test_values_of_every_kind(seed):
    draw = random.Random(seed)
    count = draw.choice([1, 3, 40])
    rows = [
        {"call_id": i}
        | {name: make(draw) for name, make in VALUES.items() if draw.random() < 0.8}
        | ({"start_time": f"2025-07-{draw.randrange(1, 29):02} 23:59:59"} if draw.random() < 0.9 else {})
        for i in range(count)
    ]
    with serving(
        lambda asked: Answer(json.dumps(rows).encode() if asked.query["page"] == "1" else b"[]")
    ) as url:
        client = converz.Client(url, "key")
        same(client.describe_calls(), client.calls(), "start_time")


def test_types_are_those_of_every_row():
    pages = {"1": b'[{"call_id":1,"score":null}]', "2": b'[{"call_id":2,"score":7,"new":"2025-07-01"}]'}
    with serving(lambda asked: Answer(pages.get(asked.query["page"], b"[]"))) as url:
        client = converz.Client(url, "key", page_size=1)
        table = client.describe_calls()
        assert table.pins == {"call_id": "int64", "score": "int64", "new": "date32"}
        with client.stream_calls(schema=table.pins) as stream:
            assert converz.Table(stream).to_pydict()["score"] == [None, 7]
        assert client.calls(schema=table.pins).schema == client.calls().schema


def test_a_result_without_rows(sandbox):
    table = sandbox.client().describe_calls(campaign="none such")
    found = described(table)
    assert found["call_id"] == {
        "type": "int64",
        "rows": 0,
        "nulls": 0,
        "distinct": 0,
        "minimum": None,
        "maximum": None,
        "examples": "[]",
        "first_date": None,
        "last_date": None,
    }
    assert table.pins["start_time"] == "timestamp[us]"


def test_a_description_pickles_and_keeps_its_pins(sandbox):
    table = sandbox.client().describe_reps()
    again = pickle.loads(pickle.dumps(table))
    assert (again, again.pins, again.receipt) == (table, table.pins, table.receipt)
    assert isinstance(again, converz.Description)


def test_errors_point_to_it(sandbox):
    client = sandbox.client()
    for arguments in ({"columns": "nope"}, {"metric": "nope"}):
        for read in (client.calls, client.stream_calls, client.describe_calls):
            with pytest.raises(converz.BadRequestError, match=r"describe_calls\(\) says what columns"):
                read(**arguments)
    with pytest.raises(converz.BadRequestError, match="describe_calls"):
        client.report(metric="nope", groupby="campaign")
    # What is wrong about something else says nothing of it.
    answer = Answer(b'{"error":"start_date is too old","code":"range"}', 400)
    with serving(lambda asked: answer) as url:
        with pytest.raises(converz.BadRequestError) as info:
            converz.Client(url, "key").calls(columns="call_id", metric="csat")
    assert "describe" not in str(info.value)
    with serving(
        lambda asked: Answer(b'[{"call_id":1,"other":2}]' if asked.query["page"] == "1" else b"[]")
    ) as url:
        with pytest.warns(converz.ConverzWarning, match=r"describe_calls\(\) says what there is"):
            converz.Client(url, "key").calls(columns="mood")


MEMORY = """
    import json, sys
    import converz

    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))

    client = converz.Client(sys.argv[1], "key", page_size=4_000, max_concurrency=2)
    client.describe_calls(limit=4_000)
    before = peak()
    table = client.describe_calls()
    print(json.dumps([table.receipt.rows, table.to_pydict()["distinct"], peak() - before]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_memory_is_bounded(tmp_path):
    pages, size, text = 40, 4_000, "x" * 1_000

    def handle(request: Request) -> None:
        start = (request.page - 1) * size
        rows = range(start, start + size if request.page <= pages else start)
        request.answer(("[" + ",".join(f'{{"call_id":{i},"text":"{i}{text}"}}' for i in rows) + "]").encode())

    with Server(handle) as server:
        rows, distinct, megabytes = output(tmp_path, MEMORY, server.url)
    # 160 MB of text.
    assert (rows, distinct) == (pages * size, [None, None])
    assert megabytes < 90
