"""A table's columns, rows and parts, and tables one below the other."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import converz
from support.service import Answer, serving

VALUES = {"id": [1, 2, 3, 4], "name": ["a", None, "ü", "d"], "score": [0.5, 1.0, None, 2.25]}


@pytest.fixture
def table():
    return converz.Table(VALUES)


def test_a_dict_of_lists_is_a_table(table):
    assert dict(table.schema) == {"id": "int64", "name": "string", "score": "float64"}
    assert table.to_pydict() == VALUES
    assert table.receipt is None
    assert converz.Table({}).shape == (0, 0)
    assert converz.Table({"when": [date(2025, 7, 1)], "none": [None]}).schema["when"] == "date32"
    with pytest.raises(converz.InvalidInputError, match="data has columns of different lengths"):
        converz.Table({"a": [1], "b": [1, 2]})
    with pytest.raises(converz.InvalidInputError, match=r'data\["a"\].*of one type'):
        converz.Table({"a": [1, "x"]})
    with pytest.raises(converz.InvalidInputError, match="data has the column 5: names are strings"):
        converz.Table({5: [1]})


def test_a_column(table):
    column = table["score"]
    assert isinstance(column, converz.Column)
    assert (column.name, column.type, len(column)) == ("score", "float64", 4)
    assert column.to_pylist() == list(column) == VALUES["score"]
    assert pa.array(column).to_pylist() == VALUES["score"]
    assert pa.chunked_array(column).to_pylist() == VALUES["score"]
    assert pa.field(column).name == "score"
    assert pl.Series(column).to_list() == VALUES["score"]
    assert column == converz.Table(VALUES)["score"] != table["id"]
    assert pickle.loads(pickle.dumps(column)) == column
    assert repr(column) == "Column('score', float64, 4 values: [0.5, 1.0, null, 2.25])"
    assert repr(table["name"]) == "Column('name', string, 4 values: ['a', null, 'ü', 'd'])"
    assert repr(converz.Table({"n": list(range(12))})["n"]).endswith(
        "12 values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …])"
    )
    with pytest.raises(KeyError, match="'csat': the columns are id, name, score"):
        table["csat"]
    for key in (0, ["id"], slice(0, 4, 2), None):
        with pytest.raises(
            converz.InvalidInputError, match="neither the name of a column nor a range of rows"
        ):
            table[key]


def test_a_column_in_pieces_is_one_array():
    pieces = pa.table({"a": pa.chunked_array([[1, 2], [], [3]])})
    column = converz.Table(pieces)["a"]
    assert pa.array(column).to_pylist() == [1, 2, 3]
    assert pa.chunked_array(column).num_chunks == len(converz.Table(pieces).to_batches())
    empty = converz.Table(pieces.slice(0, 0))["a"]
    assert pa.array(empty).to_pylist() == pa.chunked_array(empty).to_pylist() == []
    assert pa.array(empty).type == pa.int64()


def test_ranges_of_rows(table):
    def ids(part: converz.Table) -> list[int]:
        return part["id"].to_pylist()

    for part in (slice(3), slice(1, 3), slice(-2, None), slice(3, 1), slice(2, 99), slice(None, None, 1)):
        assert ids(table[part]) == VALUES["id"][part]
    assert (ids(table.head(1)), ids(table.tail(1)), ids(table.tail(9)), ids(table.tail(0))) == (
        [1],
        [4],
        [1, 2, 3, 4],
        [],
    )
    with pytest.raises(converz.InvalidInputError, match="length=-1"):
        table.tail(-1)


def test_columns_are_chosen_and_named(table):
    assert table.select(["score", "id"]).to_pydict() == {name: VALUES[name] for name in ("score", "id")}
    assert table.select("id").column_names == ["id"]
    assert table.select([]).shape == (4, 0)
    assert table.rename({"id": "call_id", "name": "id"}).column_names == ["call_id", "id", "score"]
    assert table.rename({}) == table
    with pytest.raises(
        converz.InvalidInputError, match="columns has 'x', which is no column of the table: it has id"
    ):
        table.select(["id", "x"])
    with pytest.raises(converz.InvalidInputError, match="columns has 'x'"):
        table.rename({"x": "y"})
    with pytest.raises(converz.InvalidInputError, match=r"the same name: \['name'\]"):
        table.rename({"id": "name"})
    with pytest.raises(converz.InvalidInputError, match="names are strings"):
        table.rename({"id": 5})
    twice = converz.Table(pa.table([[1], [2]], names=["a", "a"]))
    with pytest.raises(converz.InvalidInputError, match="the name of several columns"):
        twice["a"]
    for read in (list, converz.Table.to_pylist):
        with pytest.raises(converz.InvalidInputError, match="several columns of the same name"):
            read(twice)


def test_rows_are_dicts(table):
    rows = [dict(zip(VALUES, row, strict=True)) for row in zip(*VALUES.values(), strict=True)]
    assert table.to_pylist() == list(table) == rows
    assert next(iter(table)) == rows[0]
    many = converz.Table({"n": list(range(25_001))})
    assert [row["n"] for row in many] == list(range(25_001))
    assert converz.Table(pa.table({"a": [1, 2]}).select([])).to_pylist() in ([], [{}, {}])
    # Whoever takes Arrow still takes it whole.
    assert pl.DataFrame(table).equals(table.to_polars())


def test_parts_keep_the_receipt_and_the_marks(client):
    calls = client.calls(metric="csat")
    parts = [
        calls[:3],
        calls.head(),
        calls.tail(),
        calls.slice(2, 4),
        calls.select(["csat"]),
        calls.rename({"csat": "c"}),
    ]
    assert all(part.receipt is calls.receipt for part in parts)
    with serving(
        lambda asked: Answer(b'[{"call_id":1,"tags":["x"]}]' if asked.query["page"] == "1" else b"[]")
    ) as url:
        marked = converz.Client(url, api_key="k").calls()
    assert marked.rename({"tags": "labels"}).schema.json_columns == ["labels"]
    assert marked.select(["tags"])[:1].schema.json_columns == ["tags"]


def test_tables_one_below_the_other():
    first, second = converz.Table({"id": [1, 2], "x": [1, None]}), converz.Table({"x": [2], "y": ["b"]})
    both = converz.Table.concat([first, second])
    assert both.to_pydict() == {"id": [1, 2, None], "x": [1, None, 2], "y": [None, None, "b"]}
    assert dict(both.schema) == {"id": "int64", "x": "int64", "y": "string"}
    assert converz.Table.concat(iter([first])) == first
    nothing = first[:0]
    assert converz.Table.concat([nothing, nothing]) == nothing
    for wrong in ([], first, None, [first, 5]):
        with pytest.raises(converz.InvalidInputError, match="tables"):
            converz.Table.concat(wrong)


WIDENED = {
    "integers and fractions": ([1, 2], [0.5], "float64", [1.0, 2.0, 0.5]),
    "large integers and fractions": ([2**53], [0.5], "string", ["9007199254740992", "0.5"]),
    "signed and unsigned": ([1], [2**64 - 1], "uint64", [1, 2**64 - 1]),
    "negative and unsigned": ([-1], [2**64 - 1], "string", ["-1", "18446744073709551615"]),
    "numbers and text": ([1.0, 2.5], ["x"], "string", ["1", "2.5", "x"]),
    "truth and numbers": ([True], [3], "string", ["true", "3"]),
    "dates and times": (
        [date(2025, 7, 1)],
        [datetime(2025, 7, 1, 9, 30)],
        "string",
        ["2025-07-01", "2025-07-01 09:30:00"],
    ),
    "zones and none": (
        [datetime(2025, 7, 1, 9, tzinfo=UTC)],
        [datetime(2025, 7, 1, 9)],
        "string",
        ["2025-07-01 09:00:00+00:00", "2025-07-01 09:00:00"],
    ),
    "nothing and something": ([None], [date(2025, 7, 1)], "date32", [None, date(2025, 7, 1)]),
}


@pytest.mark.parametrize("case", WIDENED)
def test_types_widen_as_in_one_read(case):
    first, second, kind, values = WIDENED[case]
    both = converz.Table.concat([converz.Table({"v": first}), converz.Table({"v": second})])
    assert (both.schema["v"], both["v"].to_pylist()) == (kind, values)
    turned = converz.Table.concat([converz.Table({"v": second}), converz.Table({"v": first})])
    assert turned.schema["v"] == kind
    assert turned.digest() == both.digest()


ROWS = [
    '[{"call_id":1,"v":1,"w":"a","t":["x"]}]',
    '[{"call_id":2,"v":0.5,"w":2,"t":null},{"call_id":3,"v":null,"w":true}]',
    '[{"call_id":4,"w":"b","t":{"k":1},"new":"2025-07-01"}]',
]


def test_pages_read_alone_and_put_together_are_those_read_together():
    def answer(asked):
        which, page = asked.query.get("campaign"), int(asked.query["page"])
        pages = ROWS if which is None else [ROWS[int(which)]]
        return Answer(pages[page - 1].encode() if page <= len(pages) else b"[]")

    with serving(answer) as url:
        client = converz.Client(url, api_key="k", page_size=2)
        alone = [client.calls(campaign=str(which)) for which in range(3)]
        together = client.calls()
    both = converz.Table.concat(alone)
    assert both == together
    assert both.schema.json_columns == together.schema.json_columns == ["t"]


def test_types_of_other_libraries_fit_together_or_are_refused():
    lists = converz.Table(pa.table({"l": [[1], [2]]}))
    with_null = converz.Table.concat([lists, converz.Table({"l": [None]})])
    assert pa.array(with_null["l"]).to_pylist() == [[1], [2], None]
    assert repr(with_null["l"]) == "Column('l', list<item: int64>, 3 values: [[1], [2], null])"
    with pytest.raises(converz.InvalidInputError, match="'l' is int64 and list<.*convert it in one of them"):
        converz.Table.concat([lists, converz.Table({"l": [3]})])
    text = converz.Table(pa.table({"s": pa.array(["a"], pa.large_string())}))
    assert converz.Table.concat([text, converz.Table({"s": ["b"]})]).to_pydict() == {"s": ["a", "b"]}
    small = converz.Table(pa.table({"n": pa.array([1], pa.int8())}))
    assert converz.Table.concat([small, converz.Table({"n": [300]})]).schema["n"] == "int64"
    nanoseconds = converz.Table(pa.table({"t": pa.array([1_000], pa.timestamp("ns"))}))
    other = converz.Table({"t": [datetime(1970, 1, 1)]})
    assert converz.Table.concat([nanoseconds, other]).schema["t"] == "timestamp[us]"
    assert pd.DataFrame(converz.Table.concat([small, small]).to_pandas())["n"].tolist() == [1, 1]


def test_columns_that_were_asked_for_come_first_in_displays(client):
    calls = client.calls(metric=["csat", "talk_ratio"], limit=3)
    assert calls.column_names[:2] != ["csat", "talk_ratio"]
    head = repr(calls).splitlines()[1].split()
    assert head[:3] == ["csat", "talk_ratio", "call_id"]
    markup = calls._repr_html_()
    assert markup.index(">csat<") < markup.index(">call_id<")
    # So do parts of it, and a report's groups before its metrics.
    assert repr(calls[:1]).splitlines()[1].split()[:2] == ["csat", "talk_ratio"]
    report = client.report(groupby=["campaign"], metric="csat", start_date="2025-06-20")
    assert repr(report).splitlines()[1].split()[:2] == ["campaign", "csat"]
    named = client.calls(columns=["vendor", "call_id"], limit=2)
    assert repr(named).splitlines()[1].split() == ["vendor", "call_id"]


def test_displays_say_how_many_columns_are_hidden():
    wide = converz.Table({f"column_{number}": [number] for number in range(80)})
    shown = len(repr(wide).splitlines()[1].split())
    assert f"and {80 - shown} more columns: column_{shown}" in repr(wide)
    assert "and 30 more columns: column_50" in wide._repr_html_()


def test_floats_are_rounded_for_the_eye():
    values = [1 / 3, 2.0, 1234.56789012, 123456789.125, 1e-9 / 3, 2e20 / 3, -0.1, 0.0, None]
    table = converz.Table({"v": values})
    shown = [line.strip() for line in repr(table).splitlines()[3:]]
    assert shown == [
        "0.333333",
        "2.0",
        "1234.57",
        "123456789.1",
        "3.33333e-10",
        "6.66667e+19",
        "-0.1",
        "0.0",
        "null",
    ]
    assert 'title="0.3333333333333333">0.333333<' in table._repr_html_()
    assert table["v"].to_pylist() == values
    # Text that looks like one is text.
    assert "0.3333333333" in repr(converz.Table({"v": ["0.3333333333"]}))


def test_receipts_schemas_and_results_have_an_html_form(client):
    calls = client.calls(rep_id=client.reps(limit=1)["rep_id"].to_pylist(), metric="csat")
    receipt = calls.receipt._repr_html_()
    for text in ("Receipt", f"{calls.num_rows:,}", "metric=csat", "rep_id=…", "requests"):
        assert text in receipt
    assert client.reps(limit=1)["rep_id"].to_pylist()[0] not in receipt
    schema = calls.schema._repr_html_()
    assert f"Schema: {calls.num_columns} columns" in schema
    assert "<th" in schema
    assert "timestamp[us]" in schema
    hostile = converz.Schema(
        {"<script>": "int64", **{f"c{number}": "string" for number in range(300)}}
    )._repr_html_()
    assert "&lt;script&gt;" in hostile
    assert "<script>" not in hostile
    assert "and 101 more" in hostile
    result = client.update_reps({"rep_id": client.reps().to_pydict()["rep_id"], "team": ["a"] * 12})
    assert "UpdateResult" in result._repr_html_()
    assert ">12<" in result._repr_html_()
