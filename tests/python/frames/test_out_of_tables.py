"""A table into every library, as often as wanted: no value changes, and the types are those of this list."""

from __future__ import annotations

import math
import pickle
from array import array
from datetime import UTC, date, datetime
from typing import Any

import pytest

import converz
from support.matrix import ARROW_TYPES, VALUES, arrow

PANDAS_3 = False
try:
    import pandas as pd
except ImportError:
    pd = None  # type: ignore[assignment]
else:
    PANDAS_3 = int(pd.__version__.split(".")[0]) >= 3

OWN_STRING = "str" if PANDAS_3 else "string"

# What each consumer must show: pandas (default, numpy_nullable, pyarrow), polars, pyarrow, duckdb, nanoarrow.
SHOWN: dict[str, tuple[str, str, str, str, str, str, str]] = {
    "big": ("int64", "Int64", "int64[pyarrow]", "Int64", "int64", "BIGINT", "int64"),
    "big_null": ("Int64", "Int64", "int64[pyarrow]", "Int64", "int64", "BIGINT", "int64"),
    "unsigned": ("uint64", "UInt64", "uint64[pyarrow]", "UInt64", "uint64", "UBIGINT", "uint64"),
    "unsigned_null": ("UInt64", "UInt64", "uint64[pyarrow]", "UInt64", "uint64", "UBIGINT", "uint64"),
    "ratio": ("float64", "Float64", "double[pyarrow]", "Float64", "double", "DOUBLE", "double"),
    "ratio_null": ("float64", "Float64", "double[pyarrow]", "Float64", "double", "DOUBLE", "double"),
    "flag": ("bool", "boolean", "bool[pyarrow]", "Boolean", "bool", "BOOLEAN", "bool"),
    "flag_null": ("boolean", "boolean", "bool[pyarrow]", "Boolean", "bool", "BOOLEAN", "bool"),
    "text": (OWN_STRING, "string", "string[pyarrow]", "String", "string", "VARCHAR", "string"),
    "text_null": (OWN_STRING, "string", "string[pyarrow]", "String", "string", "VARCHAR", "string"),
    "category": (
        "category",
        "category",
        "dictionary<values=string, indices=int32, ordered=0>[pyarrow]",
        "Categorical",
        "dictionary<values=string, indices=int32, ordered=0>",
        "VARCHAR",
        "dictionary(int32)<string>",
    ),
    "day": (
        "datetime64[us]",
        "datetime64[us]",
        "date32[day][pyarrow]",
        "Date",
        "date32[day]",
        "DATE",
        "date32",
    ),
    "day_null": (
        "datetime64[us]",
        "datetime64[us]",
        "date32[day][pyarrow]",
        "Date",
        "date32[day]",
        "DATE",
        "date32",
    ),
    "naive": (
        "datetime64[us]",
        "datetime64[us]",
        "timestamp[us][pyarrow]",
        "Datetime(time_unit='us', time_zone=None)",
        "timestamp[us]",
        "TIMESTAMP",
        "timestamp('us', '')",
    ),
    "naive_null": (
        "datetime64[us]",
        "datetime64[us]",
        "timestamp[us][pyarrow]",
        "Datetime(time_unit='us', time_zone=None)",
        "timestamp[us]",
        "TIMESTAMP",
        "timestamp('us', '')",
    ),
    "zoned": (
        "datetime64[us, UTC]",
        "datetime64[us, UTC]",
        "timestamp[us, tz=UTC][pyarrow]",
        "Datetime(time_unit='us', time_zone='UTC')",
        "timestamp[us, tz=UTC]",
        "TIMESTAMP WITH TIME ZONE",
        "timestamp('us', 'UTC')",
    ),
    "zoned_null": (
        "datetime64[us, UTC]",
        "datetime64[us, UTC]",
        "timestamp[us, tz=UTC][pyarrow]",
        "Datetime(time_unit='us', time_zone='UTC')",
        "timestamp[us, tz=UTC]",
        "TIMESTAMP WITH TIME ZONE",
        "timestamp('us', 'UTC')",
    ),
    "json": (OWN_STRING, "string", "string[pyarrow]", "String", "string", "VARCHAR", "string"),
    "nothing": ("object", "object", "null[pyarrow]", "Null", "null", '"NULL"', "na"),
}


@pytest.fixture(scope="module")
def table() -> converz.Table:
    pytest.importorskip("pyarrow")
    return converz.Table(arrow().select(list(SHOWN)))


def plain(value: Any) -> Any:
    """The value as Python's own, with its sign and type, null as None."""
    if pd is not None and (value is pd.NaT or value is pd.NA):
        return None
    if isinstance(value, datetime):
        value = value.astimezone(UTC) if value.tzinfo else value
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else value.hex()
    return (type(value).__name__, value)


def wanted(name: str, *, days_are_times: bool) -> list[Any]:
    return [
        plain(datetime(v.year, v.month, v.day) if days_are_times and type(v) is date else v)
        for v in VALUES[name]
    ]


def none(values: list[Any]) -> list[Any]:
    return [None if value == ("NoneType", None) else value for value in values]


@pytest.mark.parametrize(("place", "backend"), [(0, None), (1, "numpy_nullable"), (2, "pyarrow")])
@pytest.mark.parametrize("name", SHOWN)
def test_pandas(name: str, place: int, backend: str | None, table):
    pytest.importorskip("pandas")
    for _ in range(2):
        frame = table.to_pandas(dtype_backend=backend)
        assert str(frame[name].dtype) == SHOWN[name][place]
        assert none([plain(v) for v in frame[name]]) == none(
            wanted(name, days_are_times=backend != "pyarrow")
        )
        assert isinstance(frame.index, pd.RangeIndex)


def test_pandas_may_be_changed_without_changing_the_table(table):
    pytest.importorskip("pandas")
    frame = table.to_pandas()
    frame["big"] = 0
    frame.loc[0, "ratio"] = 5.0
    frame.loc[1, "flag_null"] = True
    assert table.to_pydict()["ratio"] == VALUES["ratio"]
    assert table.to_pandas()["ratio"].tolist() == VALUES["ratio"]


def test_pandas_from_arrow(table):
    pytest.importorskip("pyarrow")
    if int(pytest.importorskip("pandas").__version__.partition(".")[0]) < 3:
        pytest.skip("pandas has from_arrow since 3.0")
    frame = pd.DataFrame.from_arrow(table)
    assert list(frame.columns) == list(SHOWN)
    assert frame["text"].tolist() == VALUES["text"]


def test_pandas_refuses_other_backends(table):
    pytest.importorskip("pandas")
    with pytest.raises(converz.InvalidInputError, match="dtype_backend='arrow'"):
        table.to_pandas(dtype_backend="arrow")


@pytest.mark.parametrize("name", SHOWN)
def test_polars(name: str, table):
    pl = pytest.importorskip("polars")
    for frame in (table.to_polars(), pl.DataFrame(table), pl.DataFrame(table)):
        # Older versions say how categories are ordered.
        assert str(frame.schema[name]).removesuffix("(ordering='physical')") == SHOWN[name][3]
        assert none([plain(v) for v in frame[name].to_list()]) == none(wanted(name, days_are_times=False))


def strings(pa, offsets: list[int], text: bytes, valid: bytes | None = None):
    """An array as other libraries may hand it over: pyarrow does not check it."""
    buffers = [pa.py_buffer(array("i", offsets)), pa.py_buffer(text), valid and pa.py_buffer(valid)]
    return pa.table({"text": pa.StringArray.from_buffers(len(offsets) - 1, *buffers)})


def test_polars_sees_nothing_of_what_is_below_a_null():
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("polars")
    table = converz.Table(strings(pa, [0, 2, 5], b"\xff\xfeabc", b"\x02"))
    assert table.to_polars()["text"].to_list() == [None, "abc"]


@pytest.mark.parametrize("offsets", [[0, 3, 1, 3], [0, 1, 1_000_000, 3]])
def test_polars_gets_no_broken_strings(offsets: list[int]):
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("polars")
    with pytest.raises(converz.InvalidInputError, match='column "text" is not valid Arrow data'):
        converz.Table(strings(pa, offsets, b"abc")).to_polars()


@pytest.mark.parametrize("name", SHOWN)
def test_pyarrow(name: str, table):
    pa = pytest.importorskip("pyarrow")
    for result in (table.to_arrow(), pa.table(table), pa.RecordBatchReader.from_stream(table).read_all()):
        assert isinstance(result, pa.Table)
        assert str(result.schema.field(name).type) == SHOWN[name][4]
        assert none([plain(v) for v in result[name].to_pylist()]) == none(wanted(name, days_are_times=False))
    assert pa.record_batch(table.to_batches()[0]).num_rows == 4


@pytest.mark.parametrize("name", SHOWN)
def test_duckdb(name: str, table):
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    # Without pytz, duckdb gives no times with a zone to Python: they are compared in UTC.
    connection.execute("set timezone = 'UTC'")
    cast = "::timestamp" if name.startswith("zoned") else ""
    expected = [plain(v.replace(tzinfo=None)) if v and cast else plain(v) for v in VALUES[name]]
    shown = {SHOWN[name][5]}
    if name == "nothing" and duckdb.__version__ < "2":
        shown.add("INTEGER")
    for _ in range(2):
        assert str(connection.sql(f'select "{name}" from "table"').types[0]) in shown
        rows = connection.sql(f'select "{name}"{cast} from "table"').fetchall()
        assert none([plain(row[0]) for row in rows]) == none(expected)
    assert connection.from_arrow(table).aggregate("count(*)").fetchall() == [(4,)]


@pytest.mark.parametrize("name", SHOWN)
def test_nanoarrow(name: str, table):
    na = pytest.importorskip("nanoarrow")
    stream = na.ArrayStream(table)
    place = table.column_names.index(name)
    kind = stream.schema.field(place)
    assert SHOWN[name][6] in str(kind).replace("<Schema> ", "")
    values = [row[name] for row in na.ArrayStream(table).read_all().to_pylist()]
    assert none([plain(v) for v in values]) == none(wanted(name, days_are_times=False))


def test_python(table):
    assert table.to_pydict() == {name: VALUES[name] for name in SHOWN}


@pytest.mark.parametrize("rows", [0, 4])
def test_every_library_shows_the_same_shape(rows: int, table):
    part = table.slice(0, rows)
    assert part.shape == (rows, len(SHOWN))
    for library, method in (("pandas", "to_pandas"), ("polars", "to_polars"), ("pyarrow", "to_arrow")):
        pytest.importorskip(library)
        assert getattr(part, method)().shape == (rows, len(SHOWN))
    if rows == 0:
        empty = part.to_pandas()
        assert str(empty["big"].dtype) == "int64"
        assert str(empty["zoned"].dtype) == "datetime64[us, UTC]"
        assert str(empty["text"].dtype) == OWN_STRING


def test_tables_schemas_and_batches_pickle(table):
    again = pickle.loads(pickle.dumps(table))
    assert again == table
    assert again.to_pydict() == table.to_pydict()
    assert pickle.loads(pickle.dumps(table.schema)) == table.schema
    (batch,) = table.to_batches()
    copied = converz.Table(pickle.loads(pickle.dumps(batch)))
    assert copied == table
    assert {name: table.schema[name] for name in table.schema} == {name: ARROW_TYPES[name] for name in SHOWN}


def test_sliced_tables_show_their_rows(table):
    pytest.importorskip("pandas")
    part = table.slice(1, 2)
    for name in SHOWN:
        assert none([plain(v) for v in part.to_pandas()[name]]) == none(
            wanted(name, days_are_times=True)[1:3]
        )
    assert part.to_pydict()["big"] == VALUES["big"][1:3]


def test_columns_of_one_name_stay_apart():
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    table = converz.Table(pa.table([pa.array([1]), pa.array(["x"])], names=["a", "a"]))
    frame = table.to_pandas()
    assert list(frame.columns) == ["a", "a"]
    assert frame.iloc[0].tolist() == [1, "x"]


@pytest.mark.skipif(pd is None, reason="needs pandas")
def test_many_columns_of_text_go_to_pandas_in_one_conversion(monkeypatch):
    pytest.importorskip("pyarrow")
    from converz._frames import to_pandas

    conversions = []

    def to_pyarrow(table):
        conversions.append(table)
        return converz_to_pyarrow(table)

    converz_to_pyarrow = to_pandas.to_pyarrow
    monkeypatch.setattr(to_pandas, "to_pyarrow", to_pyarrow)
    rows = {f"text_{column}": ["a", None, f"{column}"] for column in range(66)}
    frame = converz.Table(rows).to_pandas()
    assert frame["text_65"].iloc[2] == "65"
    assert frame["text_65"].isna().tolist() == [False, True, False]
    assert len(conversions) == 1
