"""Attributes that any program may have stored: JSON in its own words, of several kinds in one column."""

import json
import re

from hypothesis import strategies as st

INTEGERS = st.integers(-99, 99) | st.integers(-(2**70), 2**70)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-99, 99).map(float)
LONG_NUMBERS = st.from_regex(
    re.compile(r"-?(0|[1-9][0-9]{0,20})\.[0-9]{1,25}([eE][+-]?[0-9])?", re.ASCII), fullmatch=True
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TIMES = st.datetimes().map(lambda time: time.replace(microsecond=0)) | st.datetimes()
ISO = (
    TIMES.map(lambda time: time.isoformat("T"))
    | TIMES.map(lambda time: time.isoformat(" ", "minutes"))
    | TIMES.map(lambda time: time.isoformat("T", "seconds") + "+02:00")
    | TIMES.map(lambda time: time.date().isoformat())
)
LOOKALIKES = st.sampled_from(["5", "1.0", "true", "null", "[1, 2]", '{"a": 1}'])
NESTED = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
).filter(lambda value: isinstance(value, (list, dict)))

WORDS = (
    LONG_NUMBERS
    | st.sampled_from(["-0", "-0.0", "1.0", "1.10", "1E5", "1e-7", "9007199254740993"])
    | (st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS | ISO | LOOKALIKES).map(json.dumps)
    | NESTED.map(json.dumps)
    | NESTED.map(lambda value: json.dumps(value, indent=1, ensure_ascii=False))
)


@st.composite
def drawn_columns(draw, names: list[str], rows: int) -> dict[str, list[str]]:
    """Draw columns of JSON text, some with values of few kinds and some of many."""
    columns = {}
    for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True)):
        few = draw(st.lists(WORDS, min_size=1, max_size=3))
        values = st.sampled_from(few) if draw(st.booleans()) else WORDS
        columns[name] = draw(st.lists(values, min_size=rows, max_size=rows))
    return columns
