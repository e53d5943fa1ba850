"""Without memory, threads or files there is an error in good time, and never the end of the process."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.script import PROGRAMS, environment
from support.server import Request, Server

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits are Linux's")

LONGEST = 20
"""Seconds, of which an answer of this size takes one or two on a busy machine."""
MIB = 1 << 20
ROWS, PAGE = 15_000, 5_000


def rows(start: int, stop: int) -> bytes:
    text = "a text of some length, as summaries are, and some more of it" * 16
    lines = [
        b'{"call_id":%d,"rep_id":"r%d","score":%d.5,"text":"%d %s"}' % (n, n % 9, n, n, text.encode())
        for n in range(start, stop)
    ]
    return b"[" + b",".join(lines) + b"]"


PAGES = [rows(start + 1, start + PAGE + 1) for start in range(0, ROWS, PAGE)]
ALL = b"[" + b",".join(page[1:-1] for page in PAGES) + b"]"
# A row whose values grow beyond what any step may ask for unasked.
LONG = b'[{"call_id":1,"text":"%s","more":"%s","list":["%s"]}]' % (
    b"x" * (40 << 20),
    b"\\n" * (4 << 20),
    b"y" * (8 << 20),
)
SPARSE = b"[" + b",".join(b'{"call_id":%d,"k%d":1}' % (n, n % 300) for n in range(ROWS)) + b"]"


def answer(request: Request) -> None:
    kind = request.query.get("campaign") or request.query.get("department")
    if "failing" in (kind or "") or b"fails" in request.body:
        request.answer(b'{"error":"no"}', "400 Bad Request")
    elif request.method == "POST":
        request.rows({})
    elif kind == "many" or request.operation == "report":
        request.answer(ALL.replace(b'"rep_id":"r', b'"rep":"r') if request.page == 1 else b"[]")
    elif request.operation == "reps":
        request.rows([{"rep_id": "a"}] if request.page == 1 else [])
    elif kind in ("long", "sparse"):
        request.answer({"long": LONG, "sparse": SPARSE}[kind] if request.page == 1 else b"[]")
    elif request.page > len(PAGES):
        request.answer(b"[]")
    elif kind == "compressed":
        request.answer(gzip.compress(PAGES[request.page - 1], 1), Content_Encoding="gzip")
    else:
        request.answer(PAGES[request.page - 1])


@pytest.fixture(scope="module")
def url():
    with Server(answer) as server:
        yield server.url


def work(url: str, do: str, what: str, numbers: list[int]) -> list[dict]:
    ended = subprocess.run(
        [
            sys.executable,
            "-X",
            "faulthandler",
            str(PROGRAMS / "limited.py"),
            url,
            do,
            what,
            *map(str, numbers),
        ],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, (do, what, ended.returncode, ended.stderr[-2000:])
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(answers) == len(numbers)
    for answer in answers:
        assert "status" not in answer, (do, what, answer, ended.stderr[:2000])
        assert answer["seconds"] < LONGEST, answer
    return answers


# From less than is needed to begin up to more than is needed to end.
ROOM = [1, 16, 36, 48, 64, 80, 100, 130, 160, 220, 300, 1600]
READS = [
    "read",
    "long_value",
    "sparse",
    "compressed",
    "reps",
    "report",
    "stream",
    "gathered",
    "update",
    "clear",
]
LESS_ROOM = [0, 0.2, 1, 4, 16, 32, 40, 48, 64, 96, 128, 1600]
OF_TABLES = [
    "plan",
    "update_table",
    "foreign",
    "pickled",
    "unpickled",
    "compared",
    "pydict",
    "pandas",
    "polars",
    "shown",
    "sandbox",
]
ENOUGH = ("shown", "pydict", "foreign", "polars")
"""Takes little, or only what Python gives by itself."""


@pytest.mark.parametrize("do", [*READS, *OF_TABLES])
def test_without_memory_there_is_a_memory_error(url, do):
    for library in {"pandas", "polars"} & {do}:
        pytest.importorskip(library)
    room = ROOM if do in READS else LESS_ROOM
    answers = work(url, do, "memory", [int(mebibytes * MIB) for mebibytes in room])
    for answer in answers:
        assert answer["rows"] == 1, answer
        if answer["raised"]:
            # An update that has begun says how far it came, and what from.
            is_account = answer["raised"] == "UpdateError" and "MemoryError" in answer["from"]
            is_of_sandbox = do == "sandbox" and "ConverzError" in answer["is"]
            assert "MemoryError" in answer["is"] or is_account or is_of_sandbox, answer
    assert not answers[-1]["raised"], answers[-1]
    assert answers[0]["raised"] or do in ENOUGH, "the least was enough"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user"
)
@pytest.mark.parametrize("do", ["read", "stream", "report", "compressed", "update", "plan"])
def test_without_threads_there_is_an_error_in_good_time(url, do):
    answers = work(url, do, "threads", list(range(1, 8)))
    for answer in answers:
        if answer["raised"]:
            assert answer["raised"] in ("OutOfMemoryError", "UpdateError"), answer
            assert "threads" in answer["text"], answer
    raised = [bool(answer["raised"]) for answer in answers]
    # One to serve the connections and one to decode are enough.
    assert raised[0]
    assert not any(raised[3:]), raised


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user"
)
def test_without_threads_there_is_no_sandbox(url):
    answers = work(url, "sandbox", "threads", list(range(1, 11)))
    # Those of the sandbox come first, and may be all that there are.
    refused = [answer for answer in answers if answer["raised"]]
    assert [answer["number"] for answer in refused][:4] == [1, 2, 3, 4]
    for answer in refused:
        assert answer["raised"] == "OutOfMemoryError", answer
        assert "no more threads" in answer["text"], answer
        assert "ulimit -u" in answer["text"], answer
    assert "for the sandbox: raise the limit" in refused[1]["text"]
    assert not answers[-1]["raised"], answers[-1]


@pytest.mark.parametrize(
    "do", ["read", "stream", "report", "update", "plan", "failing", "failing_update", "sandbox"]
)
def test_without_files_there_is_an_error_of_ours(url, do):
    answers = work(url, do, "files", list(range(1, 16)))
    for answer in answers:
        if answer["raised"]:
            assert "ConverzError" in answer["is"], answer
            ours = {
                "failing": ["BadRequestError"],
                "failing_update": ["UpdateError"],
                # SQLite does not say why, and its service waits for files to be closed.
                "sandbox": ["APITimeoutError", "ConfigurationError", "ServerError"],
            }
            ours = ours.get(do, [])
            assert answer["raised"] in ours or "Too many open files" in answer["text"], answer
    if "failing" in do:
        assert answers[-1]["raised"] in ("BadRequestError", "UpdateError")
    else:
        assert answers[0]["raised"]
        assert not answers[-1]["raised"], answers[-1]
