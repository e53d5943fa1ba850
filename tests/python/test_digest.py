"""`Table.digest()`: the same for the same rows in any library's layout, another one for any other rows."""

from __future__ import annotations

import pickle

import hypothesis.strategies as st
import polars as pl
import pyarrow as pa
from hypothesis import given, settings

import converz

CELLS = {
    "call_id": st.integers(-(2**53) + 1, 2**53 - 1),
    "csat": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "resolved": st.booleans(),
    "campaign": st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    "date": st.dates(),
    "start_time": st.datetimes().map(lambda time: time.replace(microsecond=0)),
}
TYPES = {
    "call_id": pa.int64(),
    "csat": pa.float64(),
    "resolved": pa.bool_(),
    "campaign": pa.string(),
    "date": pa.date32(),
    "start_time": pa.timestamp("us"),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | cells for name, cells in CELLS.items()}), min_size=1, max_size=8
)


def arrow(rows):
    return pa.Table.from_pylist(rows, schema=pa.schema(TYPES))


def digest(data):
    return converz.Table(data).digest()


def same(one, other):
    """Whether two cells are equal; a false is no zero, -0.0 is 0.0."""
    return one == other and (one is None) == (other is None)


@settings(deadline=None, max_examples=150)
@given(rows=ROWS, data=st.data())
def test_the_layout_does_not_count(rows, data):
    table = arrow(rows)
    expected = digest(table)
    assert len(expected) == 32
    assert int(expected, 16) >= 0
    order = data.draw(st.permutations(range(len(rows))))
    names = data.draw(st.permutations(list(TYPES)))
    shuffled = table.take(order).select(names)
    assert digest(shuffled) == expected
    cut = data.draw(st.integers(0, len(rows)))
    assert digest(pa.concat_tables([shuffled.slice(cut), shuffled.slice(0, cut)])) == expected
    assert digest(pl.from_arrow(shuffled)) == expected
    assert digest(pickle.loads(pickle.dumps(converz.Table(shuffled)))) == expected


@settings(deadline=None, max_examples=150)
@given(rows=ROWS)
def test_wider_types_do_not_count(rows):
    table = arrow(rows)
    expected = digest(table)
    assert digest(table.set_column(0, "call_id", table["call_id"].cast(pa.float64()))) == expected
    assert digest(table.set_column(0, "call_id", table["call_id"].cast(pa.string()))) == expected
    assert digest(table.set_column(2, "resolved", table["resolved"].cast(pa.string()))) == expected
    assert digest(table.set_column(3, "campaign", table["campaign"].cast(pa.large_string()))) == expected
    dates = pa.array([None if row["date"] is None else row["date"].isoformat() for row in rows], pa.string())
    assert digest(table.set_column(4, "date", dates)) == expected
    times = [None if row["start_time"] is None else row["start_time"].isoformat(" ") for row in rows]
    assert digest(table.set_column(5, "start_time", pa.array(times, pa.string()))) == expected


@settings(deadline=None, max_examples=150)
@given(rows=ROWS, data=st.data())
def test_one_change_counts(rows, data):
    table = arrow(rows)
    expected = digest(table)
    row = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(list(CELLS)))
    value = data.draw(st.none() | CELLS[name])
    changed = [dict(cells) for cells in rows]
    changed[row][name] = value
    assert (digest(arrow(changed)) == expected) == same(rows[row][name], value)
    assert digest(arrow([*rows, rows[row]])) != expected
    assert digest(arrow(rows[:row] + rows[row + 1 :])) != expected
    assert digest(table.rename_columns(["x" if it == name else it for it in TYPES])) != expected
    assert digest(table.drop_columns([name])) != expected


def test_pages_and_the_ways_of_reading_do_not_count(sandbox):
    digests = set()
    for page_size, concurrency in ((100_000, 1), (37, 4)):
        client = sandbox.client(page_size=page_size, max_concurrency=concurrency)
        digests.add(client.calls(metric=["csat"]).digest())
        digests.add(client.calls(metric=["csat"], parse_dates=False).digest())
        with client.stream_calls(metric=["csat"]) as stream:
            digests.add(digest(pa.RecordBatchReader.from_stream(stream).read_all()))
    assert len(digests) == 1


def test_an_update_counts(sandbox):
    client = sandbox.client()
    before = client.calls()
    client.update_calls({"call_id": [3], "summary": ["Late."]})
    after = client.calls()
    assert after.digest() != before.digest()
    assert after.digest() == client.calls().digest()
