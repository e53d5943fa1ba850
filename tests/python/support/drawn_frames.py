"""Frames that hypothesis draws, in the shape of every library, and what an update of them has to do."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "null", "2025-07-15", "1", '"\\', "é" * 150, "x" * 300]
)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)) | st.datetimes(
    datetime(2025, 1, 1), datetime(2025, 12, 31)
).map(lambda time: time.replace(microsecond=0))
ZONES = [UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5, minutes=-30))]
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)

VALUES = {
    "int": INTEGERS,
    "float": FLOATS,
    "bool": st.booleans(),
    "str": TEXTS,
    "date": st.dates(date(1700, 1, 1), date(2300, 1, 1)),
    "timestamp": TIMES,
    # As pandas has dates.
    "midnight": st.dates(date(1700, 1, 1), date(2300, 1, 1)).map(lambda day: datetime.combine(day, time())),
    "clock": st.times(),
    "decimal": st.decimals(-(10**12), 10**12, places=4),
    "uuid": st.uuids(),
    "zoned": st.builds(lambda time, zone: time.replace(tzinfo=zone), TIMES, st.sampled_from(ZONES)),
    "nested": st.fixed_dictionaries(
        {
            "labels": st.none() | st.lists(st.none() | TEXTS, max_size=3),
            "score": st.none() | FLOATS,
        }
    ),
}
SCALARS = [kind for kind in VALUES if kind != "nested"]

ARROW = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "str": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "midnight": pa.timestamp("us"),
    "clock": pa.time64("us"),
    "decimal": pa.decimal128(20, 4),
    "uuid": pa.string(),
    "zoned": pa.timestamp("us", "Europe/Amsterdam"),
    "nested": pa.struct({"labels": pa.list_(pa.string()), "score": pa.float64()}),
}

# The ways in which pandas can hold a column; whole numbers in floats are not among them, since digits may be lost.
# "packed" is a category of what pandas makes of the values by itself, "runs" is run-end encoded.
PANDAS = {
    "int": ["Int64", "int64[pyarrow]", "object", "packed", "runs"],
    "float": ["float64", "Float64", "float64[pyarrow]", "object", "packed", "runs"],
    "bool": ["boolean", "bool[pyarrow]", "object", "packed"],
    "str": ["str", "string", "string[pyarrow]", "category", "object", "runs"],
    "date": ["date32[pyarrow]", "object", "packed", "runs"],
    "timestamp": ["datetime64[us]", "timestamp[us][pyarrow]", "object", "packed", "runs"],
    "midnight": ["datetime64[us]", "timestamp[us][pyarrow]", "object", "packed", "runs"],
    "clock": ["time64[us][pyarrow]", "object", "packed"],
    "decimal": ["arrow", "object", "packed", "runs"],
    "uuid": ["object", "packed"],
    "zoned": ["datetime64[us, UTC]", "datetime64[us, Asia/Tokyo]", "object"],
    "nested": ["arrow"],
}

NAMES = ["note", "campaign", "grade", "größe", "a b"]


@dataclass
class Drawn:
    """A frame, column by column."""

    key: str
    keys: list[object]
    kinds: dict[str, str]
    columns: dict[str, list[object]]
    cut: int
    dtypes: list[str]

    def to_arrow(self) -> pa.Table:
        types = {self.key: pa.int64() if self.key == "call_id" else pa.string()}
        types |= {name: ARROW[kind] for name, kind in self.kinds.items()}
        columns = self.to_dict() | {
            name: [None if value is None else str(value) for value in self.columns[name]]
            for name, kind in self.kinds.items()
            if kind == "uuid"
        }
        table = pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})
        # Two batches, of which one may be empty.
        return pa.concat_tables([table.slice(0, self.cut), table.slice(self.cut)])

    def to_packed(self) -> pa.Table:
        """Dictionaries and runs of every type that can be such."""
        table = self.to_arrow().combine_chunks()
        for place, (name, kind) in enumerate(self.kinds.items(), start=1):
            if kind != "nested":
                pack = pc.run_end_encode if len(self.dtypes[place - 1]) % 2 else pc.dictionary_encode
                table = table.set_column(place, name, pack(table[name]))
        return pa.concat_tables([table.slice(0, self.cut), table.slice(self.cut)])

    def to_polars(self) -> pl.DataFrame:
        return pl.DataFrame(self.to_arrow())

    def to_duckdb(self) -> duckdb.DuckDBPyRelation:
        return duckdb.from_arrow(self.to_arrow())

    def to_pandas(self) -> pd.DataFrame:
        frame = pd.DataFrame({self.key: self.keys})
        for place, (name, values) in enumerate(self.columns.items()):
            dtypes = PANDAS[self.kinds[name]]
            dtype = dtypes[len(self.dtypes[place]) % len(dtypes)]
            kind = ARROW[self.kinds[name]]
            if dtype == "arrow":
                column = pd.array(pa.array(values, kind), dtype=pd.ArrowDtype(kind))
            elif dtype == "runs":
                runs = pc.run_end_encode(pa.array(values, kind))
                column = pd.array(runs, dtype=pd.ArrowDtype(runs.type))
            elif dtype == "packed":
                column = pd.Series(values, dtype=object).astype("category")
            elif dtype == "category":
                column = pd.Series(values, dtype="str").astype("category")
            else:
                column = pd.Series(values, dtype=dtype)
            frame[name] = column
        return frame

    def to_dict(self) -> dict[str, list[object]]:
        return {self.key: self.keys} | self.columns

    def to_dicts(self) -> list[dict[str, object]]:
        columns = self.to_dict()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def apply(self, rows: dict[object, dict[str, object]], nulls: str) -> int:
        """Do to a model what the documentation says; the value is how many cells that sets."""
        cells = 0
        # An attribute that any row has, every row has.
        for name, values in self.columns.items():
            if nulls == "clear" or any(value is not None for value in values):
                for row in rows.values():
                    row.setdefault(name, None)
            for key, value in zip(self.keys, values, strict=True):
                if value is not None or nulls == "clear":
                    rows[key][name] = as_json(value)
                    cells += 1
        return cells

    @property
    def masks(self) -> int:
        """How many distinct masks its columns have, but the empty one."""
        masks = {tuple(value is None for value in values) for values in self.columns.values()}
        return len(masks - {(True,) * len(self.keys)})


def as_json(value: object) -> object:
    """The value as the API reads it."""
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC)
        return value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    return value


@st.composite
def drawn_frames(
    draw,
    keys: list[object],
    key: str = "call_id",
    kinds=tuple(VALUES),
    max_rows: int = 12,
):
    """Draw a frame."""
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=max_rows, unique=True))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    of_columns = {name: draw(st.sampled_from(kinds)) for name in names}
    masks: list[list[bool]] = []
    columns = {}
    for name, kind in of_columns.items():
        # Columns of which the same cells are null are common, and are what requests are made of.
        if not masks or draw(st.booleans()):
            masks.append(draw(st.lists(st.booleans(), min_size=len(chosen), max_size=len(chosen))))
        mask = draw(st.sampled_from(masks)) if draw(st.booleans()) else [False] * len(chosen)
        columns[name] = [None if null else draw(VALUES[kind]) for null in mask]
    return Drawn(
        key=key,
        keys=chosen,
        kinds=of_columns,
        columns=columns,
        cut=draw(st.integers(0, len(chosen))),
        dtypes=[draw(st.text("x", max_size=4)) for _ in names],
    )


def same_json(left: object, right: object) -> bool:
    """Whether both are the same JSON, a true not being a 1."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
