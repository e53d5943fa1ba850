"""``converz calls``, ``reps`` and ``report``: real processes against a real sandbox."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys

import pyarrow.feather
import pyarrow.parquet
import pytest

import converz
from converz._cli.commands import COMMANDS
from converz._cli.options import HELP
from converz._parameters import PARAMETERS
from support.command import COMMAND, settings
from support.service import Answer, serving


def lines(path):
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()


@pytest.fixture(scope="module")
def sandbox():
    with converz.Sandbox(calls=500, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


def test_csv_where_nobody_is_looking(run, sandbox):
    ended = run("calls", "--campaign", "sales", "--campaign", "service", "--columns", "call_id", "campaign")
    assert ended.returncode == 0
    wanted = sandbox.client().calls(campaign=["sales", "service"], columns=["call_id", "campaign"])
    file = io.BytesIO()
    wanted.write_csv(file)
    assert ended.stdout == file.getvalue()
    assert f"{wanted.num_rows} rows in " in ended.stderr.decode()
    assert run("reps", "--quiet").stderr == b""


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.parquet", lambda path: pyarrow.parquet.read_table(path)["call_id"].to_pylist()),
        ("a.arrow", lambda path: pyarrow.feather.read_table(path)["call_id"].to_pylist()),
        ("a.feather", lambda path: pyarrow.feather.read_table(path)["call_id"].to_pylist()),
        ("a.CSV", lambda path: [int(row["call_id"]) for row in csv.DictReader(lines(path))]),
        ("a.csv.gz", lambda path: [int(row["call_id"]) for row in csv.DictReader(lines(path))]),
        ("a.ndjson", lambda path: [json.loads(line)["call_id"] for line in lines(path)]),
        ("a.b.jsonl.gz", lambda path: [json.loads(line)["call_id"] for line in lines(path)]),
    ],
)
def test_the_ending_names_the_format(run, tmp_path, name, read):
    path = tmp_path / name
    ended = run("calls", "--limit", "7", "-o", str(path))
    assert (ended.returncode, ended.stdout) == (0, b"")
    assert f"7 rows to {path} in 1 request, " in ended.stderr.decode()
    assert read(path) == list(range(1, 8))
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_format_for_standard_output(run):
    ended = run("reps", "-o", "-", "--format", "ndjson.gz")
    rows = [json.loads(line) for line in gzip.decompress(ended.stdout).splitlines()]
    assert len(rows) == 5
    report = run("report", "--groupby", "campaign", "--days", "60", "--metric", "csat", "--format", "csv")
    assert report.stdout.startswith(b"campaign,conversations,csat\r\n")


def test_types_and_dates_as_said(run, tmp_path):
    path = tmp_path / "a.parquet"
    options = ["--schema", "call_id=string", "--no-parse-dates", "--limit", "1", "-o", str(path)]
    assert run("reps", "--no-parse-dates", "--limit", "1").returncode == 0
    assert run("calls", *options).returncode == 0
    schema = pyarrow.parquet.read_schema(path)
    assert str(schema.field("call_id").type) == "string"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["calls", "-o", "calls.foo"], "'calls.foo' names no format"),
        (["calls", "-o", "parquet"], "'parquet' names no format"),
        (["calls", "--start-date", "nope"], 'start_date="nope"'),
        (["calls", "--schema", "csat"], "'csat' is not NAME=TYPE"),
        (["calls", "--camp", "sales"], "there is no option --camp: did you mean --campaign?"),
        (["calls", "--start_date", "2025-07-01"], "did you mean --start-date?"),
        (["calls", "sales"], "'sales' is one argument too many"),
        (["call"], "there is no command 'call'"),
        (["describe", "calls", "--groupby", "week"], "there is no option --groupby ("),
        (["calls", "-o", "calls.arrows"], "'calls.arrows' names no format"),
        (["reps", "--active", "2"], "--active"),
        (["reps", "--escape-formulas", "--format", "ndjson"], "--escape-formulas is for CSV"),
        (["reps", "--base-url", "ftp://example.org"], "ftp"),
    ],
)
def test_wrong_usage(run, arguments, says):
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, b"")
    [line] = ended.stderr.decode().splitlines()
    assert line.startswith("converz: ")
    assert says in line


@pytest.mark.parametrize("key", [["--api-key", "the-secret-key"], ["--api-key=the-secret-key"]])
@pytest.mark.parametrize(
    "command", [["calls"], ["describe", "reps"], ["update", "calls", "a.csv"], ["doctor"]]
)
def test_a_key_as_an_argument_is_not_shown(run, command, key):
    ended = run(*command, *key)
    assert (ended.returncode, ended.stdout) == (2, b"")
    [line] = ended.stderr.decode().splitlines()
    assert "the key is never an argument" in line
    assert "CONVERZ_API_KEY, --api-key-file or --profile" in line
    assert "the-secret-key" not in line


def test_a_format_that_is_given_goes_before_the_ending(run, tmp_path):
    for form, ending, beginning in (
        ("csv", "csv.gz", b"rep_id,"),
        ("csv.gz", "csv", b"\x1f\x8b"),
        ("ndjson", "ndjson.zst", b'{"rep_id":'),
        ("parquet", "txt", b"PAR1"),
    ):
        path = tmp_path / f"reps.{ending}"
        assert run("reps", "-o", str(path), "--format", form).returncode == 0
        assert path.read_bytes().startswith(beginning)


def test_errors_of_the_service(run, sandbox, tmp_path):
    path = tmp_path / "calls.csv"
    ended = run("calls", "-o", str(path), env={"CONVERZ_API_KEY": "wrong-key"})
    assert ended.returncode == 1
    lines = ended.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("converz: ")
    assert "401" in lines[0]
    assert "wrong-key" not in lines[0]
    assert list(tmp_path.iterdir()) == []
    more = run("calls", "--traceback", env={"CONVERZ_API_KEY": "wrong-key"}).stderr.decode()
    assert "Traceback (most recent call last)" in more
    assert more.splitlines()[-1] == lines[0]
    requests = len(sandbox.requests)
    nowhere = run("reps", "-o", str(tmp_path / "no" / "a.csv"))
    assert nowhere.returncode == 1
    assert str(tmp_path / "no" / "a.csv") in nowhere.stderr.decode()
    assert len(sandbox.requests) == requests


@pytest.mark.parametrize("output", ["late.csv", "-"])
def test_files_have_the_types_of_every_row(run, tmp_path, output):
    pages = {"1": b'[{"call_id":1,"score":null}]', "2": b'[{"call_id":2,"score":7,"new":true}]'}
    where = output if output == "-" else str(tmp_path / output)
    with serving(lambda asked: Answer(pages.get(asked.query["page"], b"[]"))) as url:
        ended = run("calls", "-o", where, "--format", "ndjson", env={"CONVERZ_BASE_URL": url})
    assert ended.returncode == 0, ended.stderr
    written = ended.stdout if output == "-" else (tmp_path / output).read_bytes()
    assert [json.loads(line) for line in written.splitlines()] == [
        {"call_id": 1, "score": None, "new": None},
        {"call_id": 2, "score": 7, "new": True},
    ]


def test_a_key_in_a_file(run, sandbox, tmp_path):
    path = tmp_path / "key"
    path.write_text(sandbox.api_key + "\n")
    path.chmod(0o600)
    assert run("reps", "--api-key-file", str(path), env={"CONVERZ_API_KEY": "wrong-key"}).returncode == 0
    path.chmod(0o644)
    ended = run("reps", "--api-key-file", str(path))
    assert ended.returncode == 2
    assert f"chmod 600 {path}" in ended.stderr.decode()
    assert run("reps", "--api-key-file", str(tmp_path / "none")).returncode == 1


def test_head_ends_quietly(sandbox):
    ended = subprocess.run(
        ["bash", "-c", '"$0" -m converz calls -q | head -n 2; echo ${PIPESTATUS[0]}', sys.executable],
        env=settings(sandbox),
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, status = ended.stdout.splitlines()
    assert first.startswith("call_id,")
    assert second.startswith("1,")
    assert status in ("0", "141")
    assert ended.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_table_on_a_terminal(sandbox):
    import pty

    parent, child = pty.openpty()
    for arguments, status, says in (
        (["calls", "--columns", "call_id", "date"], 0, "500 rows in"),
        (["calls", "--format", "parquet"], 2, "parquet is not for a terminal"),
        (["calls", "-o", "-", "--limit", "1"], 0, "1 row in"),
    ):
        ended = subprocess.run(
            [*COMMAND, *arguments],
            env=settings(sandbox),
            stdout=child,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert ended.returncode == status
        assert says in ended.stderr
    os.close(child)
    shown = b""
    try:
        while part := os.read(parent, 65536):
            shown += part
    except OSError:
        pass
    os.close(parent)
    lines = shown.decode().splitlines()
    assert lines[0] == "Table: 500 rows, 2 columns"
    assert lines[42].split()[0] == "40"
    assert lines[43] == "…"
    assert any(line.startswith("call_id,rep_id") for line in lines[44:])


def test_every_parameter_is_an_option_and_every_command_has_examples(run):
    named = {each.name for parameters in PARAMETERS.values() for each in parameters}
    assert set(HELP) == named
    for command in COMMANDS:
        told = run(command, "--help").stdout.decode()
        assert f"examples:\n  converz {command}" in told
        assert max(map(len, told.partition("\nexamples:")[0].splitlines())) <= 80
        for parameter in PARAMETERS.get(command, ()):
            assert "--" + parameter.name.replace("_", "-") in told


def test_alone_it_says_what_it_can_do(run):
    ended = run()
    assert (ended.returncode, ended.stderr) == (0, b"")
    for command in COMMANDS:
        assert f"\n  {command} " in ended.stdout.decode()


def test_faults_of_the_sandbox(run):
    from converz._cli.fault_option import fault

    assert fault("operation=calls,request=1+2,status=503,retry_after=0") == converz.Fault(
        operation="calls", request=[1, 2], status=503, retry_after=0.0
    )
    for text, says in (
        ("status=many", "status='many' is not a number"),
        ("statsu=503", "did you mean status?"),
        ("status", "status needs one value"),
        ("status=500,status=503", "status needs one value"),
    ):
        ended = run("sandbox", "--fault", text)
        assert ended.returncode == 2
        assert says in ended.stderr.decode()
    with subprocess.Popen(
        [*COMMAND, "sandbox", "--calls", "3", "--fault", "operation=calls,request=1,status=404"],
        env=settings(None),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        url, key = (process.stdout.readline().split()[-1] for _ in range(2))
        client = converz.Client(url, key)
        with pytest.raises(converz.NotFoundError):
            client.calls()
        assert client.calls().num_rows == 3
        process.kill()


@pytest.mark.parametrize("kind", ["calls", "reps"])
def test_what_columns_there_are(run, sandbox, kind):
    client = sandbox.client()
    ended = run("describe", kind, "--format", "ndjson")
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    table = getattr(client, f"describe_{kind}")()
    assert [row["column"] for row in rows] == table.to_pydict()["column"]
    assert f"{table.num_rows} rows in " in ended.stderr.decode()
    assert run("describe", kind, "-q").stderr == b""
    assert run("describe", "-q", kind).stderr == b""
    told = run("describe", kind, "--help").stdout.decode()
    assert f"examples:\n  converz describe {kind}" in told
    for parameter in PARAMETERS[kind]:
        assert "--" + parameter.name.replace("_", "-") in told
    for arguments in (["describe"], ["describe", "report"], ["describe", kind, "--groupby", "date"]):
        assert run(*arguments).returncode == 2
