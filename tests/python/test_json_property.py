"""Whatever the service sends, in whatever pieces, is what Python's own `json` reads."""

from __future__ import annotations

import json
import random
import re
import warnings

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import converz
from support.json_model import NULL, Value, column, is_nearly_dates, same
from support.service import Answer, serving

UNICODE = st.characters(exclude_categories=["Cs"])
KNOWN = {
    "call_id",
    "rep_id",
    "vendor",
    "vendor_call_id",
    "campaign",
    "subcampaign",
    "department",
    "name",
    "gender",
    "start_time",
    "date",
}
NAMES = st.sampled_from(
    ["csat", "score", "note", "a b", 'qu"ote', "back\\slash", "é", "\U0001f600", ""]
) | st.text(UNICODE, max_size=8)

# The variants of a writer: escapes, blanks, order of keys.
DUMPS = st.sampled_from(
    [
        {},
        {"ensure_ascii": False},
        {"separators": (",", ":")},
        {"indent": 2},
        {"indent": "\t", "ensure_ascii": False, "sort_keys": True},
    ]
)
BLANKS = st.sampled_from(["", " ", "\n", "\t", "\r\n", "   "])

SMALL = st.integers(-100, 100)
BIG = st.integers(-(2**70), 2**70) | st.sampled_from(
    [sign * 2**power + more for sign in (1, -1) for power in (53, 63, 64) for more in (-1, 0, 1)]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0.0, -0.0, 1.0, 1e21, 1e-7, 5e-324]
)
TEXT = st.text(UNICODE, max_size=12) | st.sampled_from(
    ["null", "1", "true", "[]", "1.0", "NaN", "\x00", "\u2028"]
)
NESTED = st.recursive(
    st.none() | st.booleans() | SMALL | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
).filter(lambda value: isinstance(value, (list, dict)))
DAYS = st.dates().map(str) | st.sampled_from(
    ["2025-02-29", "0001-01-01", "9999-12-31", "2024-02-29", "2025-7-1"]
)
TIMES = st.builds(
    lambda time, separator, precision, zeros: (
        time.isoformat(separator, precision) + zeros * (precision == "microseconds")
    ),
    st.datetimes(),
    st.sampled_from(["T", " "]),
    st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
    st.sampled_from(["", "0", "000", "000000"]),
)
ZONED = st.builds(
    lambda time, blank, zone: time + blank + zone,
    TIMES,
    st.sampled_from(["", " "]),
    st.sampled_from(["Z", "+00:00", "-05:30", "+0200", "+14:00", "+02"]),
)
# What is nearly one: too fine, a blank too many, a blank and no zone.
NEARLY = st.builds(str.__add__, TIMES, st.sampled_from(["1", "0000001", "  Z", " ", " z", ".000", ""]))

# Kinds of columns, each a mixture of kinds of values.
KINDS = [
    [SMALL],
    [BIG],
    [st.integers(2**60, 2**64 - 1)],
    [SMALL, FLOATS],
    [FLOATS],
    [BIG, FLOATS],
    [st.booleans()],
    [TEXT],
    [NESTED],
    [DAYS],
    [TIMES],
    [ZONED],
    [DAYS, TIMES],
    [TIMES, NEARLY],
    [TIMES, ZONED],
    [DAYS, TEXT],
    [SMALL, TEXT, FLOATS, NESTED, st.booleans()],
    [SMALL, st.booleans()],
    [BIG, TEXT],
    [st.nothing()],
]


@st.composite
def values(draw, kind) -> Value:
    """A value as text, or null; the numbers also as `json` would not write them."""
    if kind is NULL or draw(st.integers(0, 4)) == 0:
        return NULL
    python = draw(st.one_of(kind))
    text = json.dumps(python, **draw(DUMPS))
    if isinstance(python, float) and draw(st.booleans()):
        text = draw(st.sampled_from([f"{python:.17e}", text.replace("e", "E"), text]))
    if python == 0 and type(python) is int and draw(st.integers(0, 9)) == 0:
        text = "-0"
    return Value(text)


@st.composite
def tables(draw) -> list[dict[str, Value]]:
    """Rows whose columns come and go."""
    names = draw(
        st.lists(
            NAMES.filter(lambda name: name not in KNOWN and "\0" not in name),
            min_size=2,
            max_size=6,
            unique=True,
        )
    )
    kinds = {name: draw(st.sampled_from(KINDS)) for name in names}
    kinds = {name: NULL if kind == [st.nothing()] else kind for name, kind in kinds.items()}
    rows = []
    for call_id in range(draw(st.integers(0, 25))):
        row = {"call_id": Value(str(call_id))}
        for name in names:
            if draw(st.integers(0, 5)):
                row[name] = draw(values(kinds[name]))
        rows.append(dict(draw(st.permutations(list(row.items())))))
    return rows


def written(rows: list[dict[str, Value]], blank: str, *, ensure_ascii: bool) -> bytes:
    members = [
        [
            f"{blank}{json.dumps(name, ensure_ascii=ensure_ascii)}{blank}:{blank}{value.text}{blank}"
            for name, value in row.items()
        ]
        for row in rows
    ]
    body = ",".join(f"{blank}{{{','.join(row)}}}{blank}" for row in members)
    return f"{blank}[{body}]{blank}".encode()


def in_pieces(body: bytes, seed: int) -> list[bytes]:
    """The body in pieces of any size, most of them small."""
    chance = random.Random(seed)
    pieces, start = [], 0
    while start < len(body):
        size = chance.choice([1, 2, 3, 7, 16, 64, 1024, 65536])
        pieces.append(body[start : start + size])
        start += size
    return pieces


class Service:
    """Pages of what an example wants."""

    def __init__(self):
        self.rows, self.blank, self.ensure_ascii, self.seed = [], "", True, 0

    def __call__(self, asked):
        page, size = int(asked.query["page"]), int(asked.query["n_per_page"])
        body = written(self.rows[(page - 1) * size : page * size], self.blank, ensure_ascii=self.ensure_ascii)
        return Answer(in_pieces(body, self.seed))


@pytest.fixture(scope="module")
def service():
    service = Service()
    with serving(service) as url:
        service.url = url
        yield service


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=tables(),
    blank=BLANKS,
    ensure_ascii=st.booleans(),
    seed=st.integers(0, 2**32),
    page_size=st.integers(1, 30),
    parse_dates=st.booleans(),
)
def test_reading_is_what_json_reads(service, rows, blank, ensure_ascii, seed, page_size, parse_dates):
    service.rows, service.blank, service.ensure_ascii, service.seed = rows, blank, ensure_ascii, seed
    # The page is one that Python reads as these values: the model is about what was sent.
    plain = json.loads(written(rows, blank, ensure_ascii=ensure_ascii))
    assert plain == [{name: json.loads(value.text) for name, value in row.items()} for row in rows]

    client = converz.Client(service.url, "key", page_size=page_size, max_retries=0)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        table = client.calls(parse_dates=parse_dates)
    assert table.num_rows == len(rows)
    if not rows:
        return
    names = dict.fromkeys(name for row in rows for name in row)
    assert sorted(table.column_names) == sorted(names)
    read = table.to_pydict()
    for name in names:
        kind, expected = column([row.get(name, NULL) for row in rows], parse_dates=parse_dates)
        event(kind)
        assert table.schema[name] == kind, name
        assert all(map(same, read[name], expected)), (name, read[name], expected)
    texts = [str(warning.message) for warning in warned]
    nearly = [name for name in names if is_nearly_dates([row.get(name, NULL) for row in rows])]
    event(f"{len(nearly)} columns of nearly dates")
    assert len(texts) == (len(nearly) if parse_dates else 0), texts
    assert all(
        re.match(r'column ".*" has .*: the whole column is string; ', text, re.DOTALL) for text in texts
    )


def test_the_model_itself():
    """A few cases by hand, so that a model that says nothing would be noticed."""

    def made(*texts: str) -> tuple[str, list[object]]:
        return column([Value(text) for text in texts], parse_dates=True)

    assert made("1", "null") == ("int64", [1, None])
    assert made("1", str(2**64 - 1)) == ("uint64", [1, 2**64 - 1])
    assert made("-1", str(2**64 - 1)) == ("string", ["-1", str(2**64 - 1)])
    assert made(str(2**64)) == ("string", [str(2**64)])
    assert made("1", "1.5") == ("float64", [1.0, 1.5])
    assert made(str(2**53), "1.5") == ("string", [str(2**53), "1.5"])
    assert made("1.0", '"a"', "true", '{"b": 1.0}', "null") == (
        "string",
        ["1", "a", "true", '{"b": 1.0}', None],
    )
    assert made("1e21", '"a"') == ("string", ["1e+21", "a"])
    assert made("1e-7", "123456789012345680000.0", '"a"')[1] == ["1e-7", "123456789012345680000", "a"]
    assert made('"2025-07-01"')[0] == "date32"
    assert made('"2025-07-01 12:00"', '"2025-07-01T12:00:00.5"')[0] == "timestamp[us]"
    assert made('"2025-07-01 12:00+02:00"', '"2025-07-01T12:00Z"')[0] == "timestamp[us, UTC]"
    assert made('"2025-07-01 12:00:00.1234560000"')[0] == "timestamp[us]"
    assert made('"2025-07-01 12:00:00.000000000 +02:00"', '"2025-07-01T12:00 Z"')[0] == "timestamp[us, UTC]"
    for text in ("12:00:00.1234567", "12:00:00.0000001", "12:00  Z", "12:00 ", "12:00:00."):
        assert made(f'"2025-07-01 {text}"')[0] == "string"
    assert made('"2025-07-01"', '"2025-07-01 12:00"')[0] == "string"
    assert made("null", "null") == ("null", [None, None])

    def nearly(*texts: str) -> bool:
        return is_nearly_dates([Value(text) for text in texts])

    assert nearly(*['"2025-07-01"'] * 99, '""', "null")
    assert nearly('"2025-07-01 12:00:00.123456789"')
    assert not nearly(*['"2025-07-01"'] * 98, '""')
    assert not nearly(*['"2025-07-01"'] * 99)
    assert not nearly("null")
    assert not nearly('"x"')
    assert in_pieces(b"abc" * 99, 1) != [b"abc" * 99]
