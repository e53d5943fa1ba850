"""Scans with random conditions agree with filtering everything, however a service reads its parameters."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pl = pytest.importorskip("polars")

TEXTS = ["a", "A", " a", "a ", "a,b", "b", "B", "", "ü", "Ü", "null", "1", None]
START = datetime(2025, 6, 30, 12)
ROWS = [
    {
        "call_id": i,
        "campaign": TEXTS[i % len(TEXTS)],
        "department": TEXTS[i * 7 % len(TEXTS)],
        "start_time": None if i % 11 == 0 else str(START + timedelta(hours=i * 5 % 131, minutes=i % 60)),
        "date": None if i % 13 == 0 else str((START + timedelta(hours=i * 5 % 131)).date()),
        "duration_s": i * 37 % 100,
    }
    for i in range(1, 121)
]
ALL = pl.DataFrame(ROWS).with_columns(
    pl.col("start_time").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"), pl.col("date").str.to_date()
)


def exact(wanted: list[str], value: str | None) -> bool:
    return value in wanted


def trimming(wanted: list[str], value: str | None) -> bool:
    """Without the outer blanks of what is asked for."""
    return value in [text.strip() for text in wanted]


def loose(wanted: list[str], value: str | None) -> bool:
    """Without regard to case and outer blanks, and with commas between values."""
    parts = {part.strip().casefold() for text in wanted for part in text.split(",")}
    return value is not None and value.strip().casefold() in parts


TYPES = {
    "call_id": "int64",
    "campaign": "string",
    "department": "string",
    "start_time": "timestamp[us]",
    "date": "date32",
    "duration_s": "int64",
}


def scanned(service, reads, hours: int, own: list[str] | None, page_size: int = 100_000):
    """A scan of such a service, and all that it should be of."""
    client = service.client(serve(reads, hours), page_size=page_size)
    rows = ALL if own is None else ALL.filter(pl.Series([reads(own, value) for value in ALL["campaign"]]))
    return client.scan_calls(campaign=own, schema=TYPES, columns=list(TYPES)), rows


def serve(reads, hours: int):
    """A service that compares texts in its way, and whose days begin so many hours off."""

    def answer(query: dict[str, list[str]]) -> str:
        rows = []
        for row in ROWS:
            time = row["start_time"] or (row["date"] and row["date"] + " 12:00:00")
            day = time and str((datetime.fromisoformat(time) + timedelta(hours=hours)).date())
            if "start_date" in query and not (day and day >= query["start_date"][0]):
                continue
            if "end_date" in query and not (day and day <= query["end_date"][0]):
                continue
            if all(reads(query[name], row[name]) for name in ("campaign", "department") if name in query):
                names = query["columns"][0].split(",") if "columns" in query else list(row)
                rows.append({name: row[name] for name in names})
        size, page = int(query["n_per_page"][0]), int(query["page"][0])
        return json.dumps(rows[(page - 1) * size : page * size])

    return answer


def leaves():
    text, days = st.sampled_from(TEXTS[:-1]), st.integers(-2, 8)
    column = st.sampled_from(["campaign", "department"])
    compare = st.sampled_from(["eq", "eq", "eq", "ne", "lt", "le", "gt", "ge"])
    time = st.builds(lambda d, m: START + timedelta(days=d, minutes=m), days, st.integers(0, 1440))
    day = st.builds(lambda d: date(2025, 6, 30) + timedelta(days=d), days)

    def compared(name: str, operator: str, value: object, swapped: bool) -> pl.Expr:
        left, right = (pl.lit(value), pl.col(name)) if swapped else (pl.col(name), pl.lit(value))
        return getattr(left, operator)(right)

    return st.one_of(
        st.builds(compared, column, compare, text, st.booleans()),
        st.builds(lambda c, v: pl.col(c).eq_missing(v), column, text),
        st.builds(lambda c, v: pl.col(c).is_in(v), column, st.lists(st.sampled_from(TEXTS), min_size=1)),
        st.builds(lambda c: pl.col(c).is_null(), st.sampled_from(["campaign", "date", "start_time"])),
        st.builds(compared, st.just("start_time"), compare, time, st.booleans()),
        st.builds(compared, st.just("start_time"), compare, day, st.booleans()),
        st.builds(compared, st.just("date"), compare, day, st.booleans()),
        st.builds(lambda v, o: getattr(pl.col("start_time").dt.date(), o)(v), day, compare),
        st.builds(lambda a, b: pl.col("date").is_between(min(a, b), max(a, b)), day, day),
        st.builds(
            lambda a, b, k: pl.col("start_time").is_between(min(a, b), max(a, b), closed=k),
            time,
            time,
            st.sampled_from(["both", "left", "right", "none"]),
        ),
        st.builds(compared, st.just("duration_s"), compare, st.integers(0, 100), st.booleans()),
    )


CONDITIONS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=6,
)
# Only a condition that stands alone or beside others becomes a parameter.
CONDITIONS = st.one_of(leaves(), st.builds(lambda a, b: a & b, leaves(), leaves()), CONDITIONS)
COLUMNS = st.lists(st.sampled_from(ALL.columns), min_size=1, unique=True)


DAY = date(2025, 7, 3)
TRAPS = {
    "a comma": (None, pl.col("campaign") == "a,b"),
    "a comma in a list": (None, pl.col("campaign").is_in(["a,b", "ü"])),
    "a leading blank": (None, pl.col("campaign") == " a"),
    "a trailing blank": (None, pl.col("department").is_in(["a ", "b"])),
    "an empty text": (None, pl.col("campaign") == ""),
    "a null in a list": (None, pl.col("campaign").is_in(["a", None])),
    "another case": (["A"], pl.col("campaign") == "a"),
    "several of another case": (["A", "b"], pl.col("campaign").is_in(["a", "b", "B"])),
    "nothing of the user's own": (["b"], pl.col("campaign") == "a"),
    "a part of the user's own": (["b", "ü"], pl.col("campaign").is_in(["a", "b"])),
    "the user's own with a comma": (["a,b"], pl.col("campaign").is_in(["a", "a,b"])),
    "or": (None, (pl.col("campaign") == "a") | (pl.col("department") == "b")),
    "not": (None, ~(pl.col("campaign") == "a")),
    "one day": (None, pl.col("date") == DAY),
    "from a day": (None, pl.col("date") >= DAY),
    "after a day, the other way round": (None, pl.lit(DAY) < pl.col("date")),
    "until a day": (None, pl.col("date") <= DAY),
    "from a time": (None, pl.col("start_time") >= datetime(2025, 7, 3)),
    "until a time": (None, pl.col("start_time") <= datetime(2025, 7, 3, 23, 59)),
    "a day of times": (None, pl.col("start_time").dt.date() == DAY),
    "days": (None, pl.col("date").is_between(DAY, DAY)),
}


@pytest.mark.parametrize("hours", [-14, 0, 14])
@pytest.mark.parametrize("reads", [exact, trimming, loose])
@pytest.mark.parametrize("case", TRAPS)
def test_traps(case: str, reads, hours: int, service):
    own, condition = TRAPS[case]
    lazy, rows = scanned(service, reads, hours, own)
    assert lazy.filter(condition).collect().equals(rows.filter(condition)), service.queries


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    condition=CONDITIONS,
    columns=COLUMNS,
    reads=st.sampled_from([exact, trimming, loose]),
    hours=st.integers(-14, 14),
    own=st.none() | st.lists(st.sampled_from(["a", "A", "b", "ü", "a,b"]), min_size=1, unique=True),
    head=st.none() | st.integers(0, 40),
    head_first=st.booleans(),
    page_size=st.sampled_from([50, 100_000]),
)
def test_a_scan_agrees_with_filtering_everything(
    service, condition, columns, reads, hours, own, head, head_first, page_size
):
    lazy, rows = scanned(service, reads, hours, own, page_size)

    def query(frame):
        if head is not None and head_first:
            frame = frame.head(head)
        frame = frame.filter(condition).select(columns)
        return frame if head is None or head_first else frame.head(head)

    assert query(lazy).collect().equals(query(rows)), service.queries
