"""The tables of docs/types.md, row by row, against a service that answers with their values."""

from __future__ import annotations

import json
import pickle
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import converz

DOCUMENT = Path(__file__).parents[3] / "docs" / "types.md"
NAMES = {"date": date, "datetime": datetime, "UTC": UTC, "None": None}


def tables() -> dict[str, list[list[list[str]]]]:
    """The rows of the document's tables by heading: a list of code spans a cell."""
    found: dict[str, list[list[list[str]]]] = {}
    heading = ""
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        elif line.startswith("| "):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            spans = [re.findall(r"`([^`]+)`", cell) or ([cell] if cell == "error" else []) for cell in cells]
            if spans[0]:
                found.setdefault(heading, []).append(spans)
    return found


TABLES = tables()


def value(text: str) -> object:
    return eval(text, {"__builtins__": {}}, {**NAMES, "True": True, "False": False})


def exactly(values: list[object]) -> list[tuple[str, str]]:
    return [(type(v).__name__, repr(v)) for v in values]


def page(column: str, values: list[str]) -> str:
    return "[" + ",".join(f'{{"call_id": {i}, "{column}": {v}}}' for i, v in enumerate(values, 1)) + "]"


def test_the_document_has_its_tables():
    assert {name: len(rows) for name, rows in TABLES.items()} == {
        "Types": 22,
        "Known columns": 11,
        "Pinned columns": 43,
        "pandas": 8,
        "What was read": 2,
    }


def test_the_marks_of_text(service):
    marks = []
    for values in (["[1]", "18446744073709551616"], ["[1]", '"urgent"'], ['"[1]"', "null"]):
        metadata = service.client(page("x", values)).calls().to_arrow().schema.field("x").metadata or {}
        marks.append(metadata.get(b"converz:json"))
    assert marks == [*(name.encode() for (name,), *_ in TABLES["What was read"]), None]


@pytest.mark.parametrize("row", TABLES["Types"], ids=lambda row: "; ".join(row[0]))
def test_types(row, service):
    values, (kind,), shown = row
    client = service.client(page("x", values))
    table = client.calls()
    assert table.schema["x"] == kind
    assert exactly(table.to_pydict()["x"]) == exactly([value(text) for text in shown])
    # Beside nulls, in another order, and one row a page, nothing changes.
    client = service.client(page("x", ["null", *reversed(values), "null"]))
    table = client.calls()
    assert table.schema["x"] == kind
    assert exactly(table.to_pydict()["x"][1:-1]) == exactly([value(text) for text in reversed(shown)])
    pages = [f'[{{"call_id": {i}, "x": {v}}}]' for i, v in enumerate(values)]
    assert service.client(*pages, page_size=1).calls().to_pydict()["x"] == table.to_pydict()["x"][-2:0:-1]


@pytest.mark.parametrize("row", [r for r in TABLES["Types"] if r[1][0].startswith(("date", "time"))])
def test_dates_stay_strings(row, service):
    table = service.client(page("x", row[0])).calls(parse_dates=False)
    assert table.to_pydict()["x"] == [json.loads(text) for text in row[0]]


@pytest.mark.parametrize("row", TABLES["Known columns"], ids=lambda row: row[0][0])
def test_known_columns(row, service):
    (name,), (kind,) = row
    sample = {"int64": "7", "string": '"2025-07-15"', "date32": '"2025-07-15"'}.get(
        kind, '"2025-07-15 12:00"'
    )
    text = f'[{{"{name}": {sample}}}, {{"{name}": null}}]'
    for options in ({}, {"parse_dates": False}):
        assert service.client(text).reps(**options).schema[name] == kind
    other = {"int64": '"x"', "string": "12"}.get(kind, '"soon"')
    client = service.client(f'[{{"{name}": {other}}}]')
    if kind == "string":
        assert client.reps().to_pydict() == {name: ["12"]}
        return
    with pytest.warns(converz.ConverzWarning, match=name):
        table = client.reps()
    assert table.to_pydict() == {name: [json.loads(other)]}
    with pytest.raises(converz.SchemaDriftError, match=name):
        client.stream_reps()


def test_a_zone_of_a_known_time(service):
    table = service.client(page("start_time", ['"2025-07-15T12:00:00+02:00"'])).calls()
    assert table.schema["start_time"] == "timestamp[us, UTC]"


@pytest.mark.parametrize("row", TABLES["Pinned columns"], ids=lambda row: f"{row[0][0]} of {row[1][0]}")
def test_pinned_columns(row, service):
    (kind,), (text,), shown = row
    client = service.client(page("x", ["null", text]))
    for schema in ({"x": kind}, converz.Schema({"x": kind})):
        if shown == ["error"]:
            with pytest.raises(converz.SchemaDriftError) as info:
                client.calls(schema=schema)
            error = info.value
            assert error.column == "x"
            assert text in str(error)
            assert "call_id 2" in str(error)
            again = pickle.loads(pickle.dumps(error))
            assert (str(again), again.column, again.schema) == (str(error), error.column, error.schema)
            cured = client.calls(schema=error.schema)
            assert cured.to_pydict()["x"][1] in (json.loads(text), text) or kind.startswith(("date", "time"))
            assert cured.to_pydict()["x"][1] is not None
            with pytest.raises(converz.SchemaDriftError, match="call_id 2"):
                client.stream_calls(schema=schema)
        else:
            table = client.calls(schema=schema)
            assert table.schema["x"] == kind
            assert exactly(table.to_pydict()["x"]) == exactly([None, value(shown[0])])
            assert client.calls(schema=table.schema) == table
            with client.stream_calls(schema=schema) as stream:
                assert stream.schema == table.schema
                assert converz.Table(stream) == table


@pytest.mark.parametrize("row", TABLES["pandas"], ids=lambda row: row[0][0])
def test_pandas(row, service):
    pd = pytest.importorskip("pandas")
    (kind,), (full,), (with_nulls,) = row
    own = "str" if int(pd.__version__.split(".")[0]) >= 3 else "string"
    values = next(r[0] for r in TABLES["Types"] if r[1] == [kind])
    frame = service.client(page("x", values)).calls().to_pandas()
    assert str(frame["x"].dtype) == full.replace("str", own)
    frame = service.client(page("x", [*values, "null"])).calls().to_pandas()
    assert str(frame["x"].dtype) == with_nulls.replace("str", own)
    assert frame["x"].isna().tolist() == [False] * len(values) + [True]


def test_schemas_of_other_libraries(service):
    pa = pytest.importorskip("pyarrow")
    client = service.client(page("x", ["1"]))
    schema = pa.schema([pa.field("x", pa.float64(), nullable=False, metadata={"a": "b"})])
    for other in (schema, converz.Table(pa.table({"x": [0.5]}))):
        assert client.calls(schema=other).schema["x"] == "float64"


def test_schemas_of_polars(service):
    pl = pytest.importorskip("polars")
    if tuple(map(int, pl.__version__.split(".")[:2])) < (1, 34):
        pytest.skip("polars' schemas are Arrow schemas in 1.34, and were not in 1.31")
    schema = pl.Schema({"x": pl.Float64, "y": pl.String, "z": pl.Enum(["a"])})
    table = service.client('[{"x": 1, "y": 2, "z": "a"}]').calls(schema=schema)
    assert table.schema["x"] == "float64"
    assert table.schema["y"] == "string_view"
    assert table.to_pydict() == {"x": [1.0], "y": ["2"], "z": ["a"]}
    assert table.to_polars().schema["x"] == pl.Float64


REFUSED = {
    "another type": {"x": "decimal"},
    "a type that JSON has not": {"x": "time64[us]"},
    "a name that is no string": {1: "int64"},
    "no schema": "int64",
    "a list": [("x", "int64")],
}


@pytest.mark.parametrize("case", REFUSED)
def test_schemas_that_are_none(case, service):
    client = service.client("[]")
    with pytest.raises(converz.InvalidInputError, match="schema"):
        client.calls(schema=REFUSED[case])
    assert service.queries == []


def test_the_schema_of_an_empty_result(service):
    client = service.client("[]")
    table = client.calls(schema={"x": "float64", "start_time": "timestamp[us, UTC]"})
    assert (table.num_rows, table.schema["x"]) == (0, "float64")
    assert table.schema["start_time"] == "timestamp[us, UTC]"
    assert client.calls(columns=["x", "call_id"]).column_names == ["x", "call_id"]


def test_many_columns_drift_at_once(service):
    client = service.client(
        '[{"call_id": 1, "a": 1, "b": 2}]', '[{"call_id": 2, "a": 0.5, "b": "x", "c": 3}]', page_size=1
    )
    stream = client.stream_calls()
    with pytest.raises(converz.SchemaDriftError) as info:
        list(stream)
    with client.stream_calls(schema=info.value.schema) as stream:
        assert converz.Table(stream).to_pydict() == {
            "call_id": [1, 2],
            "a": [1.0, 0.5],
            "b": ["2", "x"],
            "c": [None, 3],
        }
