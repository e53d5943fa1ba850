"""Tables as text in a terminal and as HTML in a notebook."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import converz
from converz._show.text import text_table
from support.markup import Markup

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def table_of(**columns) -> converz.Table:
    return converz.Table(pa.table(columns))


def terminal_columns(line: str) -> int:
    """As a terminal counts: wide characters twice, marks not at all."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in line
    )


def test_a_table():
    table = table_of(call_id=[1, 20], csat=[4.5, None], campaign=["sales", None], ok=[True, None])
    assert repr(table).splitlines() == [
        "Table: 2 rows, 4 columns",
        "call_id     csat  campaign  ok",
        "  int64  float64  string    bool",
        "      1      4.5  sales     true",
        "     20     null  null      null",
    ]
    assert str(table) == repr(table)


def test_one_row():
    assert repr(table_of(a=["x"])).splitlines() == ["Table: 1 row, 1 column", "a", "string", "x"]


def test_no_row():
    assert repr(table_of(a=pa.array([], pa.int64()))).splitlines() == [
        "Table: 0 rows, 1 column",
        "    a",
        "int64",
    ]


def test_no_column():
    assert repr(converz.Table(pa.table({}))) == "Table: 0 rows, 0 columns"
    assert "0 columns" in converz.Table(pa.table({}))._repr_html_()


def test_more_rows_than_are_shown():
    lines = repr(table_of(a=list(range(1234)))).splitlines()
    assert lines[0] == "Table: 1,234 rows, 1 column"
    assert lines[-1] == "…"
    assert len(lines) == 1 + 2 + 10 + 1
    assert repr(table_of(a=list(range(10)))).splitlines()[-1].strip() == "9"


def test_more_columns_than_fit(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = repr(table_of(**{f"column_{i}": ["some text"] for i in range(50)})).splitlines()
    assert all(terminal_columns(line) <= 80 for line in lines)
    assert lines[-1].startswith("and 43 more columns: column_7: string, column_8: string")
    assert lines[-1].endswith("…")


def test_the_width_is_the_terminals(monkeypatch):
    table = table_of(**{f"column_{i}": ["some text"] for i in range(50)})
    for width in (20, 40, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        assert max(terminal_columns(line) for line in repr(table).splitlines()[1:]) <= width


def test_long_text_is_shortened():
    line = repr(table_of(a=["word " * 1000])).splitlines()[-1]
    assert line.endswith("…")
    assert len(line) <= 24


def test_wide_characters_line_up():
    table = table_of(name=["日本語テキスト", "ab"], other=["x", "y"])
    first, second = repr(table).splitlines()[-2:]
    assert terminal_columns(first.partition("x")[0]) == terminal_columns(second.partition("y")[0])
    shortened = repr(table_of(name=["日" * 100])).splitlines()[-1]
    assert terminal_columns(shortened) <= 24


def test_marks_take_no_room():
    first, second = repr(table_of(a=["e\N{COMBINING ACUTE ACCENT}t", "abc"], b=["x", "y"])).splitlines()[-2:]
    assert terminal_columns(first.partition("x")[0]) == terminal_columns(second.partition("y")[0])


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\x07", "\x9b", "\u202e", "\u2028", "\x85", "\u200b"])
def test_control_characters_cannot_reach_the_terminal(character):
    for table in (table_of(a=[f"x{character}y"]), converz.Table(pa.table([["x"]], names=[f"x{character}y"]))):
        if character == "\x00" and table.column_names != ["a"]:
            continue  # Arrow's C interface ends names there.
        text = repr(table)
        assert character not in text
        assert "x\N{REPLACEMENT CHARACTER}y" in text


def test_lines_stay_lines():
    assert repr(table_of(a=["one\ntwo\r\n\tthree"])).splitlines()[-1] == "one two   three"


def test_times_and_days():
    rows = pa.table(
        {
            "day": pa.array([20000], pa.date32()),
            "time": pa.array([1_700_000_000_000_001], pa.timestamp("us")),
            "zoned": pa.array([1_700_000_000_000_000], pa.timestamp("us", "UTC")),
        }
    )
    line = repr(converz.Table(rows)).splitlines()[-1]
    assert line.split("  ") == [
        "2024-10-04",
        "2023-11-14 22:13:20.0000…",
        "2023-11-14 22:13:20+00:00"[:23] + "…",
    ] or ("2024-10-04" in line and "2023-11-14 22:13:20" in line)


def parsed(table: converz.Table) -> Markup:
    return Markup(table._repr_html_())


def test_html():
    found = parsed(table_of(call_id=[1, 2], campaign=["sales", None]))
    assert found.text[0] == "Table: 2 rows, 2 columns"
    assert found.text[1:] == ["call_id", "campaign", "int64", "string", "1", "sales", "2", "null"]
    assert found.tags.count("tr") == 4
    assert found.tags.count("i") == 1


def test_html_escapes():
    evil = "<script>alert('x')</script>&\"<b>"
    for table in (table_of(a=[evil]), converz.Table(pa.table([["x"]], names=[evil]))):
        found = parsed(table)
        assert "script" not in found.tags
        assert "b" not in found.tags
        assert evil in found.text


def test_html_of_a_null_and_of_the_text_null():
    assert parsed(table_of(a=["null", None])).tags.count("i") == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TEXT, min_size=1, max_size=8, unique=True),
    st.lists(TEXT | st.none(), min_size=1, max_size=3),
    st.integers(min_value=30, max_value=200),
)
def test_any_text_fits_and_lines_up(names, values, width):
    table = converz.Table(pa.table([values] * len(names), names=names))
    lines = text_table(table._core, width=width).split("\n")
    assert all(terminal_columns(line) <= width for line in lines)
    assert len(lines) - (len(values) + 3) in {0, 1}
    assert all(line.isprintable() for line in lines)
    assert parsed(table).tags.count("td") == len(names) * (len(values) + 1)


def test_html_keeps_a_cell_on_one_line_and_the_rest_of_it_at_hand():
    text = "a long story " * 20
    markup = table_of(a=[text], b=[1])._repr_html_()
    assert markup.count("white-space: nowrap") == 6
    assert f'title="{text}"' in markup
    assert markup.count(text) == 1
    assert "title=" not in table_of(a=["short"])._repr_html_()
