"""``converz update`` and ``undo``: real processes against a real sandbox."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

import converz
from converz import _core
from support.processes import clean_environment

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
    def run(*arguments, data=None):
        environment = clean_environment() | {
            "CONVERZ_BASE_URL": sandbox.url,
            "CONVERZ_API_KEY": sandbox.api_key,
        }
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "converz", *arguments],
            env=environment,
            cwd=tmp_path,
            input=data,
            capture_output=True,
            check=False,
            timeout=60,
        )

    return run


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
        data=b"call_id,campaign\r\n1,x\r\n2,y\r\n",
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


def test_text_for_a_number_is_refused_until_it_is_said_what_it_is(run, sandbox):
    data = b"call_id,duration_s\n1,12\n"
    refused = run("update", "calls", "-", *RANGE, "--apply", data=data)
    assert refused.returncode == 3
    assert b"TYPE CHANGE" in refused.stdout
    assert b"--schema NAME=TYPE" in refused.stderr
    assert stored(sandbox, "duration_s")["duration_s"][0] != 12
    assert (
        run("update", "calls", "-", *RANGE, "--apply", "--schema", "duration_s=int64", data=data).returncode
        == 0
    )
    assert stored(sandbox, "duration_s")["duration_s"][0] == 12


def test_json_columns_and_nulls(run, sandbox):
    data = b'call_id,skills,campaign\n1,"[1, 2.50]",\n'
    ended = run(
        "update", "calls", "-", *RANGE, "--apply", "--json-column", "skills", "--nulls", "clear", data=data
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
        (["calls", "--format", "parquet", "--schema", "x=int64"], b"", 2, "types of its own"),
        (["reps", "--campaign", "x"], b"rep_id,x\na,1\n", 2, "--campaign does not filter reps"),
        (["calls", "--separator", ";;"], b"call_id,x\n", 1, "is not one character"),
    ],
)
def test_what_cannot_be_used_is_said(run, arguments, data, status, says):
    ended = run("update", arguments[0], "-", *arguments[1:], data=data)
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_and_options(run, shell):
    script = run("completion", shell).stdout.decode()
    for word in ("undo", "start-date", "allow-type-change", "parquet"):
        assert word in script
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_bash_completes(run):
    script = run("completion", "bash").stdout.decode()

    def completed(*words):
        typed = " ".join(f"'{word}'" for word in words)
        asked = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _converz; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        ended = subprocess.run(
            ["bash", "-c", f"{script}\n{asked}"], capture_output=True, check=True, env=dict(os.environ)
        )
        return ended.stdout.decode().split()

    assert completed("converz", "un") == ["undo"]
    assert completed("converz", "calls", "--start") == ["--start-date"]
    assert completed("converz", "calls", "--format", "parq") == ["parquet"]
    assert "reps" in completed("converz", "update", "")
    assert "reps" in completed("converz", "describe", "")
    assert completed("converz", "describe", "calls", "--start") == ["--start-date"]
