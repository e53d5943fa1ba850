"""What every target promises, each of them by the same tests."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

import converz
from converz._warehouse.conforming import widened
from converz._warehouse.entry import DAY_COLUMN, Entry

DAYS = [date(2025, 7, 14), date(2025, 7, 15)]
AT = datetime(2025, 7, 16, 13, 0, 0, 250)


def decoded(rows):
    return converz.Table(converz._core.decode(json.dumps(rows).encode()))


def line(day, at=AT, instead_of=None):
    """With digests as short as the shortest that a target keeps."""
    return Entry(day, "f" * 15, 1, "d" * 15, "e" * 15, at, None, instead_of=instead_of)


def days_of(rows):
    found: dict = {}
    for row in rows:
        found.setdefault(row[DAY_COLUMN], []).append(row["call_id"])
    return {day: sorted(keys) for day, keys in found.items()}


def test_nothing_is_there_before_the_first_commit(kept):
    target = kept.target()
    assert target.ledger("calls") == {}
    assert target.schema("calls") == {}


def test_days_and_lines_come_together(kept):
    target = kept.target()
    entries = [line(DAYS[0]), line(DAYS[1])]
    target.replace("calls", {day: decoded([{"call_id": number}]) for number, day in enumerate(DAYS)}, entries)
    assert target.ledger("calls") == dict(zip(DAYS, entries, strict=True))
    assert target.ledger("calls", [DAYS[1]]) == {DAYS[1]: entries[1]}
    assert target.ledger("reps") == {}
    assert days_of(kept.rows("calls")) == {DAYS[0]: [0], DAYS[1]: [1]}
    later = Entry(DAYS[1], "f" * 15, 2, "e" * 15, "", AT + timedelta(1), AT + timedelta(1), AT)
    target.replace("calls", {DAYS[1]: decoded([{"call_id": 5}, {"call_id": 6}])}, [later])
    assert days_of(kept.rows("calls")) == {DAYS[0]: [0], DAYS[1]: [5, 6]}
    assert kept.target().ledger("calls")[DAYS[1]].changed_at == AT + timedelta(1)


def test_a_line_alone_leaves_the_rows(kept):
    target = kept.target()
    target.replace("calls", {DAYS[0]: decoded([{"call_id": 1}])}, [line(DAYS[0])])
    target.replace("calls", {}, [line(DAYS[0], AT + timedelta(1), AT)])
    assert days_of(kept.rows("calls")) == {DAYS[0]: [1]}
    assert target.ledger("calls")[DAYS[0]].read_at == AT + timedelta(1)


def test_when_keys_were_compared_is_kept_until_the_day_is_read(kept):
    target = kept.target()
    first, second = AT + timedelta(1), AT + timedelta(2)
    target.replace("calls", {DAYS[0]: decoded([{"call_id": 1}])}, [line(DAYS[0])])
    assert target.ledger("calls")[DAYS[0]].swept_at is None
    target.replace("calls", {}, [replace(line(DAYS[0]), swept_at=first, instead_of=AT)])
    assert kept.target().ledger("calls") == {DAYS[0]: replace(line(DAYS[0]), swept_at=first)}
    target.replace("calls", {}, [line(DAYS[0], second, AT)])
    assert kept.target().ledger("calls") == {DAYS[0]: line(DAYS[0], second)}


def test_an_empty_day_is_emptied(kept):
    target = kept.target()
    target.replace("calls", {day: decoded([{"call_id": 1}]) for day in DAYS}, [line(day) for day in DAYS])
    target.replace("calls", {DAYS[0]: decoded([])}, [line(DAYS[0], AT + timedelta(1), AT)])
    assert days_of(kept.rows("calls")) == {DAYS[1]: [1]}


def test_a_table_without_days(kept):
    target = kept.target()
    target.replace("reps", {None: decoded([{"rep_id": "a"}, {"rep_id": "b"}])}, [line(None)])
    target.replace("reps", {None: decoded([{"rep_id": "c"}])}, [line(None, AT + timedelta(1), AT)])
    assert kept.rows("reps") == [{"rep_id": "c"}]
    assert list(target.ledger("reps")) == [None]
    assert target.ledger("calls") == {}


def test_what_another_run_has_written_is_not_written_over(kept):
    target = kept.target()
    target.replace("calls", {DAYS[0]: decoded([{"call_id": 1}])}, [line(DAYS[0])])
    for stale in (line(DAYS[0], AT + timedelta(2)), line(DAYS[0], AT + timedelta(2), AT - timedelta(1))):
        with pytest.raises(converz.TargetError, match=r"another sync has written 2025-07-14 meanwhile"):
            target.replace("calls", {DAYS[0]: decoded([{"call_id": 2}])}, [stale])
    assert days_of(kept.rows("calls")) == {DAYS[0]: [1]}
    assert target.ledger("calls")[DAYS[0]].read_at == AT


def test_columns_are_added_and_keep_their_names(kept):
    target = kept.target()
    names = ["call_id", 'a"b', "sélect", "select", "x y", "1", "%s", "{}", "a;b", "_"]
    target.replace("calls", {DAYS[0]: decoded([{"call_id": 1, "none": None}])}, [line(DAYS[0])])
    assert target.schema("calls") == {"call_id": "int64"}
    row = dict.fromkeys(names, 7) | {"none": "x"}
    target.replace("calls", {DAYS[1]: decoded([row])}, [line(DAYS[1])])
    assert target.schema("calls") == {"call_id": "int64", "none": "string"} | dict.fromkeys(
        names[1:], "int64"
    )
    rows = sorted(kept.rows("calls"), key=lambda row: row[DAY_COLUMN])
    assert rows[0] == dict.fromkeys(row) | {"call_id": 1, DAY_COLUMN: DAYS[0]}
    assert rows[1] == row | {DAY_COLUMN: DAYS[1]}
    # A day that lacks columns does not take them from the others.
    target.replace("calls", {DAYS[0]: decoded([{"call_id": 2}])}, [line(DAYS[0], AT + timedelta(1), AT)])
    rows = sorted(kept.rows("calls"), key=lambda row: row[DAY_COLUMN])
    assert rows[0]["call_id"] == 2
    assert rows[1]["select"] == 7


def test_names_that_differ_in_case_only(kept):
    target = kept.target()
    target.replace("calls", {DAYS[0]: decoded([{"call_id": 1, "Csat": 1}])}, [line(DAYS[0])])
    more = {DAYS[1]: decoded([{"call_id": 2, "csat": 2}])}
    if kept.tells_case_apart:
        target.replace("calls", more, [line(DAYS[1])])
        assert {(row["Csat"], row["csat"]) for row in kept.rows("calls")} == {(1, None), (None, 2)}
        return
    with pytest.raises(converz.TargetError, match=r"'Csat' and 'csat' of calls differ in case only"):
        target.replace("calls", more, [line(DAYS[1])])
    assert list(target.ledger("calls")) == [DAYS[0]]


def test_the_column_of_days_is_not_the_services(kept):
    rows = decoded([{"call_id": 1, DAY_COLUMN: "x"}])
    with pytest.raises(converz.TargetError, match=DAY_COLUMN):
        kept.target().replace("calls", {DAYS[0]: rows}, [line(DAYS[0])])
    assert kept.target().ledger("calls") == {}


VALUES = {
    "bool": st.booleans(),
    "int64": st.integers(-(2**53) + 1, 2**53 - 1),
    "large": st.integers(2**53, 2**63 - 1) | st.integers(-(2**63), -(2**53)),
    "uint64": st.integers(2**63, 2**64 - 1),
    "float64": st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    "string": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    "json": st.sampled_from([{"a": 1.0}, [1, 2], [], {"b": None}]),
    "date": st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(str),
    "time": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda value: value.isoformat(" ")),
    "zoned": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
        lambda value: value.isoformat() + "+00:00"
    ),
}
PAIRS = [(one, other) for one in sorted(VALUES) for other in sorted(VALUES)]
CELLS = st.fixed_dictionaries(
    {
        f"x{number}": st.tuples(
            *(st.lists(st.none() | VALUES[kind], min_size=2, max_size=2) for kind in pair)
        )
        for number, pair in enumerate(PAIRS)
    }
)
_numbers = iter(range(10**9))


@settings(deadline=None, max_examples=5, suppress_health_check=list(HealthCheck))
@given(columns=CELLS)
def test_every_pair_of_types_is_stored_without_loss(kept, columns):
    """What is stored is, cell by cell, what both days together are by the table of types: as text, for text is exact."""
    table = f"t{next(_numbers)}"
    target = kept.target()
    came = {}
    for number, day in enumerate(DAYS):
        cells = {name: pair[number] for name, pair in columns.items()}
        rows = [{"call_id": row} | {name: cell[row] for name, cell in cells.items()} for row in range(2)]
        came[day] = decoded(rows)
        target.replace(table, {day: came[day]}, [line(day)])
    schema = target.schema(table)
    for day in DAYS:
        stored = kept.table(table, day)
        for name in columns:
            if name not in schema:
                assert columns[name] == ([None, None], [None, None])
            else:
                # The digest is over the text of the values, and does not change when they widen.
                assert digest_of(stored, name) == digest_of(came[day], name), (name, schema[name])
    for name, pair in columns.items():
        kinds = {came[day].schema[name] for day in DAYS} - {"null"}
        if len(kinds) == 1:
            expected = {"string"} if kinds <= kept.kept_as_text else {*kinds, "json"}
            assert schema[name] in expected, (name, pair)


def digest_of(table, name):
    return widened(table, {"call_id": "int64", name: "string"}).digest()


def test_a_day_of_another_type_in_the_same_commit(kept):
    target = kept.target()
    days = {DAYS[0]: decoded([{"call_id": 1, "x": 1}]), DAYS[1]: decoded([{"call_id": 2, "x": 0.5}])}
    target.replace("calls", days, [line(day) for day in DAYS])
    assert target.schema("calls")["x"] == "float64"
    assert sorted(row["x"] for row in kept.rows("calls")) == [0.5, 1.0]
