"""Tables as text in a terminal and as HTML in a notebook."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import converz
from converz._show.shorten import shorten
from converz._show.text import text_table
from support.markup import Markup
from support.unseen import unseen

HOSTILE = "\x00\x1b\x7f\x85\x9b\u00ad\u034f\u061c\u115f\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff"
MARKS = "\u0301\u0315\u0483\u0489\u05b8\u064b\u093f\u094d\u0e31\u20dd\ufe0f\U0001f3fd\U000e0101\U000e0041"
CHARACTERS = (
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(HOSTILE + MARKS)
    | st.sampled_from("aäא日👩🇩<&'\"")
)
TEXT = st.text(CHARACTERS, max_size=60) | st.builds(
    # Any part of it, many times over.
    lambda text, times: text * times,
    st.text(CHARACTERS, min_size=1, max_size=4),
    st.integers(1, 5_000),
)


def table_of(**columns) -> converz.Table:
    return converz.Table(pa.table(columns))


def terminal_columns(line: str) -> int:
    """As a terminal counts: wide characters twice, marks not at all, but the one that makes an emoji wide."""
    return sum(
        character == "\ufe0f"
        if unicodedata.category(character) in {"Mn", "Me"}
        else 1 + (unicodedata.east_asian_width(character) in "WF")
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


@pytest.mark.parametrize(
    "character",
    [
        "\x1b",
        "\x00",
        "\x07",
        "\x9b",
        "\u202e",
        "\u2028",
        "\x85",
        "\u200b",
        "\u034f",
        "\u115f",
        "\u3164",
        "\U000e0101",
    ],
)
def test_control_characters_cannot_reach_the_terminal(character):
    tables = [table_of(a=[f"x{character}y"])]
    if character != "\x00":  # No column has a name with one.
        tables.append(converz.Table(pa.table([["x"]], names=[f"x{character}y"])))
    for table in tables:
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
    st.lists(TEXT.map(lambda name: name.replace("\0", "\1")), min_size=1, max_size=8, unique=True),
    st.lists(TEXT | st.none(), min_size=1, max_size=3),
    st.integers(min_value=30, max_value=200),
)
def test_any_text_fits_and_lines_up(names, values, width):
    table = converz.Table(pa.table([values] * len(names), names=names))
    lines = text_table(table._core, width=width).split("\n")
    assert all(terminal_columns(line) <= width for line in lines)
    assert len(lines) - (len(values) + 3) in {0, 1}
    assert all(line.isprintable() for line in lines)
    assert all(len(line) <= 3 * width + 1 for line in lines)
    markup = table._repr_html_()
    assert Markup(markup).tags.count("td") == len(names) * (len(values) + 1)
    for shown in ["".join(lines), markup, repr(table.schema)]:
        assert unseen(shown) - {"\n"} == set()
    # Each as often as it is there, and a paragraph at hand: 6 is the longest spelling in HTML.
    assert len(markup) < 1_000 + len(names) * (len(values) + 2) * (200 + 3 * 6 * 60) + 6 * 3 * 1_000 + 200_000
    assert len(repr(table.schema)) < 100 + len(names) * 1_000


def test_html_keeps_a_cell_on_one_line_and_the_rest_of_it_at_hand():
    text = "a long story " * 20
    markup = table_of(a=[text], b=[1])._repr_html_()
    assert markup.count("white-space: nowrap") == 6
    assert f'title="{text}"' in markup
    assert markup.count(text) == 1
    assert "title=" not in table_of(a=["short"])._repr_html_()


WIDE = 16_000


def wide(name: str, cell: object, columns: int) -> converz.Table:
    column = pa.array([cell] * 10)
    return converz.Table(pa.table([column] * columns, names=[f"{name}_{i}" for i in range(columns)]))


def test_a_table_of_very_many_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = wide("column", 1, WIDE)
    assert len(repr(table)) < 2_000
    assert (
        repr(table).splitlines()[-1].startswith("and 15,992 more columns: column_8: int64, column_9: int64")
    )
    found = parsed(table)
    assert found.tags.count("th") == 50
    assert found.text[0] == "Table: 10 rows, 16000 columns"
    assert found.text[-1].startswith("and 15,950 more columns: column_50: int64, column_51: int64")
    assert len(table._repr_html_()) < 100_000
    assert repr(table.schema).startswith('Schema({"column_0": "int64", ')
    assert repr(table.schema).endswith('"column_99": "int64", … 15900 more})')


@pytest.mark.parametrize(
    "text", ["&'\"<" * 1_000, "\u05d0\u05b8" * 2_000, "\U0001f469" * 2_000, "\u202e" * 5_000, "\n" * 5_000]
)
def test_very_many_columns_of_long_texts(text):
    table = wide(text, text, 200)
    assert len(table._repr_html_().encode()) < 800_000
    assert len(repr(table)) < 10_000
    assert len(repr(table.schema)) < 200_000


def test_very_many_marks(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = table_of(a=["a" + "\u0301" * 1_000_000, "e\u0301" * 1_000_000], b=["\u0301" * 1_000_000] * 2)
    assert repr(table).splitlines()[-2:] == [
        f"a{chr(0x301) * 8}…{' ' * 24}\N{DOTTED CIRCLE}{chr(0x301) * 8}…",
        f"e{chr(0x301)}" * 23 + f"…  \N{DOTTED CIRCLE}{chr(0x301) * 8}…",
    ]
    assert len(table._repr_html_()) < 10_000


def test_only_what_is_shown_of_a_long_text_is_taken():
    """A cell may have 64 MB, and sixteen thousand of them may be in a row."""
    table = table_of(a=["ä" * 10_000] * 3, b=[1, 2, 3], c=["x"] * 3)
    assert table._core.cells(0, 2, 2, 5) == [["ä" * 5, "1"], ["ä" * 5, "2"]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("نمی\u200cشود", "نمیشود"),  # Joiners choose how neighbours look.
        ("👩\u200d💻 x", "👩💻 x"),
        ("ä" + "\u200d" * 100, "ä" + "\N{REPLACEMENT CHARACTER}" * 22 + "…"),
        ("sa\u200cles", "sa\N{REPLACEMENT CHARACTER}les"),  # It would look like another word.
        ("1\u00a0234,5\u202f€", "1 234,5 €"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("नमस्ते", "नमस्ते"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("🇩🇪" * 20, "🇩🇪" * 11 + "…"),  # No half of a flag,
        ("e\u0301" * 30, "e\u0301" * 23 + "…"),  # and no letter without its accent.
        ("👍🏽" * 20, "👍🏽" * 5 + "…"),
    ],
)
def test_what_languages_are_written_with_is_kept(text, shown):
    assert shorten(text, 24) == shown


def test_a_receipt_and_a_plan_of_very_much():
    names = [f"attribute_{i}" for i in range(WIDE)]
    receipt = converz.Receipt(
        1, 0, 1, 1, 0, "empty", 1, 1, 0.5, tuple(names), (("rep_id", "x" * 1_000_000),) * 500
    )
    assert repr(receipt).startswith(
        "Receipt(requests=1, retries=0, pages=1, rows=1, repeated_keys=0, end='empty', "
    )
    assert "columns=('attribute_0', 'attribute_1', " in repr(receipt)
    assert len(repr(receipt)) < 3_000
    column = converz.ColumnPlan("\u202e" + "e\u0301" * 1_000_000, 1, 2, 3, False, "x" * 1_000_000)
    assert len(repr(column)) < 400
    assert "changed=1, cleared=2, same=3, seen=False" in repr(column)
    assert unseen(repr(column) + repr(receipt)) - {"\n"} == set()
