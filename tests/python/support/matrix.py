"""The columns that matter, as plain Python values, and every kind of frame that holds them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

ROWS = 4
VALUES: dict[str, list[Any]] = {
    "call_id": [2**53 + 1, 2, -(2**53) - 3, 2**63 - 1],
    "big": [2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)],
    "big_null": [2**53 + 1, None, 2**63 - 1, -(2**63)],
    "unsigned": [2**63, 2**64 - 1, 0, 2**53 + 1],
    "unsigned_null": [None, 2**64 - 1, 0, 2**53 + 1],
    "ratio": [0.1, -0.0, 1e300, 5e-324],
    "ratio_null": [0.1, None, 1.0, 2.5],
    "flag": [True, False, True, False],
    "flag_null": [True, None, False, None],
    "text": ["", "null", 'quote " and \\ and \n', "naïve 🙂"],
    "text_null": [None, "12", "1.0", "2025-07-15"],
    "category": ["sales", "service", "sales", "sales"],
    "category_null": ["sales", None, "service", None],
    "day": [date(2025, 7, 15), date(1969, 12, 31), date(1700, 1, 1), date(2261, 1, 1)],
    "day_null": [None, date(2025, 7, 15), None, date(2024, 2, 29)],
    "naive": [
        datetime(2025, 7, 15, 12, 0, 0, 123456),
        datetime(1969, 12, 31, 23, 59, 59, 999999),
        datetime(2025, 3, 30, 2, 30),
        datetime(2025, 7, 15),
    ],
    "naive_null": [None, datetime(2025, 7, 15, 12), None, datetime(2025, 7, 15, 12, 0, 1)],
    "zoned": [
        datetime(2025, 7, 15, 12, 0, 0, 123456, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
        datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
    ],
    "zoned_null": [None, datetime(2025, 7, 15, 12, tzinfo=UTC), None, datetime(2025, 1, 1, tzinfo=UTC)],
    "json": ['{"a": [1, 2.0, null]}', "[]", '{"b": "ü"}', "{}"],
    "nothing": [None] * ROWS,
}

ARROW_TYPES = {
    "call_id": "int64",
    "big": "int64",
    "big_null": "int64",
    "unsigned": "uint64",
    "unsigned_null": "uint64",
    "ratio": "float64",
    "ratio_null": "float64",
    "flag": "bool",
    "flag_null": "bool",
    "text": "string",
    "text_null": "string",
    "category": "dictionary[int32, string]",
    "category_null": "dictionary[int32, string]",
    "day": "date32",
    "day_null": "date32",
    "naive": "timestamp[us]",
    "naive_null": "timestamp[us]",
    "zoned": "timestamp[us, UTC]",
    "zoned_null": "timestamp[us, UTC]",
    "json": "string",
    "nothing": "null",
}


def written(value: Any) -> Any:
    """The value as it stands in an update's JSON."""
    if isinstance(value, datetime):
        text = value.strftime("%Y-%m-%d %H:%M:%S") + (f".{value.microsecond:06}" if value.microsecond else "")
        return text if value.tzinfo is None else text + "+00:00"
    return value.isoformat() if isinstance(value, date) else value


def cells() -> dict[int, dict[str, Any]]:
    """What an update of the whole matrix sets: every cell that is not null, by key."""
    return {
        key: {
            name: written(values[row])
            for name, values in VALUES.items()
            if name != "call_id" and values[row] is not None
        }
        for row, key in enumerate(VALUES["call_id"])
    }


def arrow(rows: int = ROWS) -> Any:
    import pyarrow as pa

    kinds = {
        "int64": pa.int64(),
        "uint64": pa.uint64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "string": pa.string(),
        "dictionary[int32, string]": pa.dictionary(pa.int32(), pa.string()),
        "date32": pa.date32(),
        "timestamp[us]": pa.timestamp("us"),
        "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
        "null": pa.null(),
    }
    return pa.table(
        {name: pa.array(VALUES[name][:rows], kinds[ARROW_TYPES[name]]) for name in VALUES},
    )


class OnlyStream:
    """An object with nothing but ``__arrow_c_stream__``."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class OnlyArray:
    """An object with nothing but ``__arrow_c_array__``."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self._batch.__arrow_c_array__(requested_schema)


def _batch(rows: int) -> Any:
    table = arrow(rows)
    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=table.schema)


def _pandas(rows: int) -> Any:
    """A frame of the types that pandas itself would choose."""
    import numpy as np
    import pandas as pd

    def series(name: str) -> Any:
        values = VALUES[name][:rows]
        kind = ARROW_TYPES[name]
        if kind in ("int64", "uint64", "bool") and None not in VALUES[name]:
            return np.array(values, dtype=kind)
        if kind in ("int64", "uint64", "bool"):
            nullable = {"int64": "Int64", "uint64": "UInt64", "bool": "boolean"}[kind]
            return pd.array(values, dtype=nullable)
        if kind == "float64":
            return np.array([np.nan if value is None else value for value in values], dtype="float64")
        if kind.startswith("dictionary"):
            return pd.Categorical(values, categories=["sales", "service", "never used"])
        if kind in ("date32", "timestamp[us]"):
            return np.array(values, dtype="datetime64[us]") if kind != "date32" else np.array(values, object)
        if kind == "timestamp[us, UTC]":
            naive = [None if value is None else value.replace(tzinfo=None) for value in values]
            utc = pd.Series(np.array(naive, dtype="datetime64[us]")).dt.tz_localize("UTC")
            return utc.dt.tz_convert("Europe/Amsterdam")
        if kind == "null":
            return np.full(rows, None, dtype=object)
        return pd.Series(values, dtype="str" if int(pd.__version__[0]) >= 3 else "string")

    return pd.DataFrame({name: series(name) for name in VALUES})


def _pandas_indexed(rows: int) -> Any:
    return _pandas(rows).set_index("call_id")


def _pandas_anonymous_index(rows: int) -> Any:
    frame = _pandas(rows)
    frame.index = frame.index + 1_000
    return frame


def _pandas_objects(rows: int) -> Any:
    import pandas as pd

    return pd.DataFrame({name: pd.Series(VALUES[name][:rows], dtype=object) for name in VALUES})


def _pandas_of_arrow(rows: int) -> Any:
    import pandas as pd

    return arrow(rows).to_pandas(types_mapper=pd.ArrowDtype)


def _polars(rows: int) -> Any:
    import polars as pl

    return pl.DataFrame(arrow(rows))


def _polars_enum(rows: int) -> Any:
    import polars as pl

    enum = pl.Enum(["sales", "service"])
    return _polars(rows).with_columns(pl.col("category", "category_null").cast(pl.String).cast(enum))


def _duckdb(rows: int) -> Any:
    import duckdb

    return duckdb.from_arrow(arrow(rows))


def _nanoarrow_array(rows: int) -> Any:
    import nanoarrow

    return nanoarrow.Array(_batch(rows))


def _nanoarrow_stream(rows: int) -> Any:
    import nanoarrow

    return nanoarrow.ArrayStream(arrow(rows))


def _table(rows: int) -> Any:
    import converz

    return converz.Table(arrow(rows))


def _dict_of_lists(rows: int) -> Any:
    return {name: values[:rows] for name, values in VALUES.items()}


def _dict_of_series(rows: int) -> Any:
    frame = _pandas(rows)
    return {name: frame[name] for name in frame}


def _dict_of_polars(rows: int) -> Any:
    frame = _polars(rows)
    return {name: frame[name] for name in frame.columns}


def _list_of_dicts(rows: int) -> Any:
    return [{name: values[row] for name, values in VALUES.items()} for row in range(rows)]


SOURCES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "pandas": (_pandas, ("pandas",)),
    "pandas, indexed by the key": (_pandas_indexed, ("pandas",)),
    "pandas, anonymous index": (_pandas_anonymous_index, ("pandas",)),
    "pandas, objects": (_pandas_objects, ("pandas",)),
    "pandas, Arrow types": (_pandas_of_arrow, ("pandas", "pyarrow")),
    "polars": (_polars, ("polars", "pyarrow")),
    "polars, enums": (_polars_enum, ("polars", "pyarrow")),
    "pyarrow.Table": (arrow, ("pyarrow",)),
    "pyarrow.RecordBatch": (_batch, ("pyarrow",)),
    "pyarrow.RecordBatchReader": (lambda rows: arrow(rows).to_reader(max_chunksize=3), ("pyarrow",)),
    "duckdb": (_duckdb, ("duckdb", "pyarrow")),
    "nanoarrow.Array": (_nanoarrow_array, ("nanoarrow", "pyarrow")),
    "nanoarrow.ArrayStream": (_nanoarrow_stream, ("nanoarrow", "pyarrow")),
    "converz.Table": (_table, ("pyarrow",)),
    "__arrow_c_stream__": (lambda rows: OnlyStream(arrow(rows)), ("pyarrow",)),
    "__arrow_c_array__": (lambda rows: OnlyArray(_batch(rows)), ("pyarrow",)),
    "dict of lists": (_dict_of_lists, ()),
    "dict of pandas series": (_dict_of_series, ("pandas",)),
    "dict of polars series": (_dict_of_polars, ("polars", "pyarrow")),
    "list of dicts": (_list_of_dicts, ()),
}
