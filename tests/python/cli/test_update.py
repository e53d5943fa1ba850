"""``converz update`` and ``undo``: real processes against a real sandbox."""

from __future__ import annotations

import contextlib
import json
from functools import partial

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

import converz
from converz import _core
from support.command import run_command

RANGE = ("--start-date", "2025-01-01")
FRAME = {
    "call_id": [1, 2, 3, 4],
    "topic": ['a, "b"\nc', "", None, "x"],
    "code": ["007", None, "1e3", "true"],
}


@pytest.fixture
def sandbox():
    with converz.Sandbox(calls=50, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox, tmp_path):
    return partial(run_command, sandbox=sandbox, cwd=tmp_path)


def stored(sandbox, *columns):
    rows = sandbox.client().calls().to_polars()
    return rows.filter(pl.col("call_id") <= 4).select("call_id", *columns).to_dict(as_series=False)


def write(path):
    table = converz.Table(pa.table(FRAME))
    match path.name.partition(".")[2]:
        case "csv" | "csv.gz" | "csv.zst":
            table.write_csv(path)
        case "ndjson" | "jsonl.gz":
            table.write_ndjson(path)
        case "parquet":
            parquet.write_table(pa.table(FRAME), path, compression="snappy")
        case "feather":
            feather.write_feather(pa.table(FRAME), path, compression="lz4")
        case "arrows":
            with pa.ipc.new_stream(path, pa.table(FRAME).schema) as stream:
                stream.write_table(pa.table(FRAME))


@pytest.mark.parametrize(
    "name", ["f.csv", "f.csv.gz", "f.csv.zst", "f.ndjson", "f.jsonl.gz", "f.parquet", "f.feather", "f.arrows"]
)
def test_every_format_is_sent_as_it_is_written(run, sandbox, tmp_path, name):
    write(tmp_path / name)
    ended = run("update", "calls", name, *RANGE, "--apply")
    assert ended.returncode == 0, ended.stderr
    # An empty cell keeps what is stored, and the empty string is one.
    assert stored(sandbox, "topic", "code") == FRAME


def test_without_apply_nothing_is_sent(run, sandbox, tmp_path):
    (tmp_path / "s.csv").write_text("call_id,topic\n1,a\n", encoding="utf-8")
    ended = run("update", "calls", "s.csv", *RANGE)
    assert ended.returncode == 0
    assert b"1 cell changes" in ended.stdout
    assert ended.stderr == b"nothing was sent; --apply sends it\n"
    assert "topic" not in sandbox.client().calls().schema
    for option in (["--journal", "j"], ["--check"], ["--allow-type-change"]):
        refused = run("update", "calls", "s.csv", *RANGE, *option)
        assert (refused.returncode, b"add --apply" in refused.stderr) == (2, True)


def test_a_journal_puts_it_back_once(run, sandbox, tmp_path):
    before = stored(sandbox, "campaign")
    ended = run(
        "update",
        "calls",
        "-",
        *RANGE,
        "--apply",
        "--journal",
        "j",
        input=b"call_id,campaign\r\n1,x\r\n2,y\r\n",
    )
    assert ended.returncode == 0, ended.stderr
    assert b"2 rows, 2 cells in 1 request" in ended.stderr
    assert b"converz undo j puts it back" in ended.stderr
    assert stored(sandbox, "campaign")["campaign"][:2] == ["x", "y"]
    sandbox.client().update_calls({"call_id": [2], "campaign": ["theirs"]})
    refused = run("undo", "j", "--on-conflict", "error")
    assert (refused.returncode, stored(sandbox, "campaign")["campaign"][0]) == (3, "x")
    undone = run("undo", "j")
    assert undone.returncode == 0, undone.stderr
    assert b"left out" in undone.stderr
    assert b"theirs" in undone.stderr
    assert stored(sandbox, "campaign")["campaign"] == [
        before["campaign"][0],
        "theirs",
        *before["campaign"][2:],
    ]
    assert b"0 rows, 0 cells" in run("undo", "j").stderr
    assert run("undo", "nothing").returncode == 1


def test_where_conversations_are(run, sandbox, tmp_path):
    """A range says it, or a column of the file."""
    day = sandbox.client().calls(limit=1, parse_dates=False).to_pydict()["date"][0]
    (tmp_path / "s.csv").write_text(f"call_id,date,topic\n1,{day},a\n", encoding="utf-8")
    (tmp_path / "t.csv").write_text("call_id,topic\n1,a\n", encoding="utf-8")
    asked = len(sandbox.requests)
    refused = run("update", "calls", "t.csv")
    assert (refused.returncode, len(sandbox.requests)) == (2, asked)
    assert b"t.csv" in refused.stderr
    assert b"--start-date" in refused.stderr
    for arguments in (["s.csv"], ["t.csv", "--end-date", "2025-07-15"]):
        ended = run("update", "calls", *arguments)
        assert (ended.returncode, b"1 cell changes" in ended.stdout) == (0, True), ended.stderr


def test_a_journal_that_cannot_be_one_is_known_before_anything_is_asked(run, sandbox, tmp_path):
    (tmp_path / "s.csv").write_text("call_id,topic\n1,a\n", encoding="utf-8")
    (tmp_path / "j").write_text("an older one")
    asked = len(sandbox.requests)
    for journal, status, says in (
        ("j", 2, b"exists"),
        ("none/j", 1, b"No such file"),
        (".", 1, b"directory"),
    ):
        ended = run("update", "calls", "s.csv", *RANGE, "--apply", "--journal", journal)
        assert (ended.returncode, ended.stdout, says in ended.stderr) == (status, b"", True), ended.stderr
    assert len(sandbox.requests) == asked
    assert (tmp_path / "j").read_text() == "an older one"


def test_text_for_a_number_is_refused_until_it_is_said_what_it_is(run, sandbox):
    data = b"call_id,duration_s\n1,12\n"
    refused = run("update", "calls", "-", *RANGE, "--apply", input=data)
    assert refused.returncode == 3
    assert b"TYPE CHANGE" in refused.stdout
    assert b"--schema NAME=TYPE" in refused.stderr
    assert stored(sandbox, "duration_s")["duration_s"][0] != 12
    assert (
        run("update", "calls", "-", *RANGE, "--apply", "--schema", "duration_s=int64", input=data).returncode
        == 0
    )
    assert stored(sandbox, "duration_s")["duration_s"][0] == 12


def test_json_columns_and_nulls(run, sandbox):
    data = b'call_id,skills,campaign\n1,"[1, 2.50]",\n'
    ended = run(
        "update", "calls", "-", *RANGE, "--apply", "--json-column", "skills", "--nulls", "clear", input=data
    )
    assert ended.returncode == 0, ended.stderr
    row = stored(sandbox, "skills", "campaign")
    assert (json.loads(row["skills"][0]), row["campaign"][0]) == ([1, 2.5], None)


@pytest.mark.parametrize(
    ("arguments", "data", "status", "says"),
    [
        (["calls"], b"rep_id,x\na,1\n", 1, "standard input has no column call_id"),
        (["reps"], b"call_id,x\n1,1\n", 1, "standard input has no column rep_id"),
        (["calls"], b"call_id,x\n1,2,3\n", 1, "line 2 has 3 cells, where the first line has 2"),
        (["calls"], b'call_id,x\n1,"2\n', 1, "the quotes that begin on line 2 do not end"),
        (["calls"], b'call_id,x\n1,"2"3\n', 1, "line 2 has more after the quotes"),
        (["calls"], b'call_id,x\n1,2"3\n', 1, "line 2 has a quote in the middle of a cell"),
        (["calls"], b"call_id,x,x\n", 1, "columns 2 and 3 have the same name"),
        (["calls"], b"call_id,x\n1,\xff\n", 1, "byte 12 is not UTF-8"),
        (["calls"], b"", 1, "no first line"),
        (["calls"], b"call_id,x\none,1\n", 1, 'row 0 is "one", which is no int64'),
        (["calls", "--schema", "y=int64"], b"call_id,x\n1,1\n", 1, 'no column "y"'),
        (["calls", "--format", "parquet"], b"PAR1", 1, "it is not a Parquet file that can be read"),
        (["calls", "--format", "arrow"], b"ARROW1", 1, "not an Arrow IPC file"),
        (["calls", "--format", "ndjson"], b'{"call_id":1}\n{"x":}\n', 1, "standard input"),
        (
            ["calls", "--format", "ndjson"],
            b'{"call_id":1,"x":NaN}\n',
            1,
            "it is not NDJSON, which has an object a line: JSON has no NaN and no infinity: write null instead (row 1",
        ),
        (["calls", "--format", "parquet", "--schema", "x=int64"], b"", 2, "types of its own"),
        (["reps", "--campaign", "x"], b"rep_id,x\na,1\n", 2, "--campaign does not filter reps"),
        (["calls"], b"call_id,x\n1,2\n", 2, "nothing says where the conversations of standard input are"),
        (["calls", "--separator", ";;"], b"call_id,x\n", 1, "is not one character"),
    ],
)
def test_what_cannot_be_used_is_said(run, arguments, data, status, says):
    ended = run("update", arguments[0], "-", *arguments[1:], input=data)
    assert (ended.returncode, says in ended.stderr.decode()) == (status, True), ended.stderr
    assert ended.stderr.count(b"\n") == 1
    assert ended.stdout == b""


def test_cells_are_what_other_readers_read(tmp_path):
    texts = ["", "a", "a,b", 'a"b', "a\nb", "a\r\nb", " ", "007", "é", "\N{GRINNING FACE}", '"', '""', ","]
    rows = {"a": [*texts, None], "b": [None, *reversed(texts)]}
    path = tmp_path / "f.csv"
    converz.Table(pa.table(rows)).write_csv(path)
    read = converz.Table._from_core(_core.read_file(path.read_bytes(), "csv", key="call_id"))
    assert read.to_pydict() == rows
    options = csv.ConvertOptions(column_types={"a": pa.string(), "b": pa.string()}, strings_can_be_null=True)
    options.quoted_strings_can_be_null = False
    options.null_values = [""]
    parsing = csv.ParseOptions(newlines_in_values=True)
    assert csv.read_csv(path, convert_options=options, parse_options=parsing).to_pydict() == rows


def test_a_damaged_file_is_an_error_and_no_end_of_the_process(tmp_path):
    table = pa.table(FRAME)
    for name, form in (("f.parquet", "parquet"), ("f.feather", "arrow"), ("f.csv.gz", "csv")):
        path = tmp_path / name
        write(path)
        data = path.read_bytes()
        for at in range(0, len(data), 7):
            damaged = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
            with contextlib.suppress(converz.ConverzError):
                _core.read_file(damaged, form, key="call_id")
        assert _core.read_file(data, form, key="call_id").num_rows == table.num_rows
