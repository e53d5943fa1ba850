"""Exports that are ended in the middle: what is left, and what the shell is told.

The service of these tests answers a first page and holds the second one back, so that the middle is a moment that is known.
"""

from __future__ import annotations

import csv
import json
import random
import signal
import sys
import threading
from contextlib import contextmanager

import pyarrow.feather
import pyarrow.parquet
import pytest

from support.command import COMMAND, settings
from support.processes import started
from support.service import Answer, serving

PATIENCE = 60
ROWS = [{"call_id": number, "text": "x" * 50} for number in range(1, 2_001)]
FORMATS = ("parquet", "csv", "ndjson", "arrow")
READ = {
    "parquet": lambda path: pyarrow.parquet.read_table(path).to_pylist(),
    "arrow": lambda path: pyarrow.feather.read_table(path).to_pylist(),
    "ndjson": lambda path: [json.loads(line) for line in path.read_text().splitlines()],
    "csv": lambda path: [
        row | {"call_id": int(row["call_id"])} for row in csv.DictReader(path.read_text().splitlines())
    ],
}


class Held:
    """A service whose second page waits until it is let go."""

    def __init__(self) -> None:
        self.is_in_the_middle = threading.Event()
        self.goes_on = threading.Event()
        self.url = ""

    def answer(self, asked):
        page = int(asked.query["page"])
        if page == 1:
            return Answer(json.dumps(ROWS[:1_000]).encode())
        self.is_in_the_middle.set()
        self.goes_on.wait(PATIENCE)
        return Answer(json.dumps(ROWS[1_000:] if page == 2 else []).encode())


@pytest.fixture
def held():
    service = Held()
    with serving(service.answer) as service.url:
        yield service
        service.goes_on.set()


@pytest.fixture
def export(held, tmp_path):
    """Start a command with a folder of its own for what is temporary."""
    spool = tmp_path / "spool"
    spool.mkdir()
    environment = settings(
        None, {"CONVERZ_BASE_URL": held.url, "CONVERZ_API_KEY": "key", "TMPDIR": str(spool)}
    )

    @contextmanager
    def export(*arguments):
        with started([*COMMAND, *arguments], environment) as process:
            yield process
        assert list(spool.iterdir()) == []

    return export


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a killed process leaves hidden files")
@pytest.mark.parametrize("old", [None, b"an older file"], ids=["new", "old"])
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("form", FORMATS)
def test_what_an_end_in_the_middle_leaves(held, export, tmp_path, form, ended_by, old):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / f"calls.{form}"
    if old is not None:
        path.write_bytes(old)
    with export("calls", "-o", str(path)) as process:
        assert held.is_in_the_middle.wait(PATIENCE)
        process.send_signal(ended_by)
        out, err = process.communicate(timeout=PATIENCE)
    # A shell calls the others 143 and 137.
    assert process.returncode == (130 if ended_by == signal.SIGINT else -ended_by)
    assert (out, err) == ("", "")
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == (
        [(path.name, old)] if old is not None else []
    )
    # And the next run does what it always does.
    held.goes_on.set()
    with export("calls", "-o", str(path)) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert READ[form](path) == ROWS
    assert [each.name for each in folder.iterdir()] == [path.name]


@pytest.mark.parametrize("form", ["csv", "ndjson", "ndjson.gz", "parquet"])
def test_a_reader_that_goes_away_in_the_middle(held, export, form):
    with export("calls", "-o", "-", "--format", form) as process:
        assert held.is_in_the_middle.wait(PATIENCE)
        process.stdout.close()
        held.goes_on.set()
        assert (process.wait(PATIENCE), process.stderr.read()) == (141, "")
        process.stdout = None


KILLED_BY_A_WRITE = """
import resource, signal, sys
from converz.__main__ import main

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
sys.exit(main())
"""
"""The system itself kills it, as abruptly as by kill -9, in the very write that would make a file larger than that."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a killed process leaves hidden files")
@pytest.mark.parametrize("old", [None, b"an older file"], ids=["new", "old"])
@pytest.mark.parametrize("form", FORMATS)
def test_what_a_kill_while_the_file_is_written_leaves(tmp_path, form, old):
    path = tmp_path / f"report.{form}"
    if old is not None:
        path.write_bytes(old)
    # Nothing repeats, so that no format makes it small; and a report waits in no temporary file before.
    rows = [{"campaign": f"{random.Random(number).getrandbits(800):x}"} for number in range(1_000)]
    command = ["report", "--groupby", "campaign", "-o", str(path)]
    with serving(lambda _asked: Answer(json.dumps(rows).encode())) as url:
        environment = settings(None, {"CONVERZ_BASE_URL": url, "CONVERZ_API_KEY": "key"})
        with started([sys.executable, "-c", KILLED_BY_A_WRITE, *command], environment) as process:
            assert process.communicate(timeout=PATIENCE) == ("", "")
        assert process.returncode == -signal.SIGXFSZ
        left = [(each.name, each.read_bytes()) for each in tmp_path.iterdir()]
        assert left == ([(path.name, old)] if old is not None else [])
        # And without the limit, it is there.
        with started([*COMMAND, *command], environment) as process:
            process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert path.stat().st_size > 50_000
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "command", [["calls"], ["calls", "-o", "-", "--format", "ndjson"], ["describe", "calls"]]
)
def test_ctrl_c_without_a_file(held, export, command):
    with export(*command) as process:
        assert held.is_in_the_middle.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 130
