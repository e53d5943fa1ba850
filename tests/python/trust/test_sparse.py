"""Rows whose keys are all different are few bytes of JSON, and rows times columns of memory."""

import gzip
import json

import pytest

from support.script import output
from support.server import Request, Server

READ = """
    import json, sys
    import converz

    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))

    client = converz.Client(sys.argv[1], "key", max_retries=0, page_size=int(sys.argv[2]))
    client.reps()
    before = peak()
    found = []

    def stream():
        with client.stream_calls(on_new_column="ignore") as stream:
            return converz.Table(stream)

    def plan():
        return client.plan_update_calls({"call_id": [1], "k1": [2]}, start_date="2025-07-01")

    reads = {"calls": client.calls, "report": client.report, "stream": stream, "plan": plan}
    for name in sys.argv[3:]:
        try:
            result = reads[name]()
            if name != "plan":
                result = list(result.shape)
        except converz.LimitExceededError as error:
            result = str(error)
        found.append(result if isinstance(result, (str, list)) else None)
    print(json.dumps([found, peak() - before]))
"""


def different(start: int, rows: int) -> list[dict[str, int]]:
    return [{f"k{number}": number} for number in range(start, start + rows)]


def test_a_page_of_different_keys_is_refused_in_bounded_memory(tmp_path):
    body = gzip.compress(json.dumps(different(0, 16_000)).encode())
    assert len(body) < 100_000

    def handle(request: Request) -> None:
        if request.operation == "reps":
            request.rows([])
        else:
            request.answer(body, Content_Encoding="gzip")

    with Server(handle) as server:
        errors, megabytes = output(tmp_path, READ, server.url, "100000", "calls", "report", "stream")
    for error in errors:
        assert "rows x " in error
        assert "columns=" in error
    assert megabytes < 200


def test_pages_of_different_keys_are_refused_in_bounded_memory(tmp_path):
    """Each is small, and without an end."""

    def handle(request: Request) -> None:
        if request.operation == "reps":
            request.rows([])
        else:
            start = 1000 * int(request.query["page"])
            request.rows([{"call_id": start + i, **row} for i, row in enumerate(different(start, 1000))])

    with Server(handle) as server:
        (error,), megabytes = output(tmp_path, READ, server.url, "1000", "calls")
    assert "6000 rows x 6001 columns" in error
    assert megabytes < 200


def test_what_is_asked_for_is_read(tmp_path):
    """An update reads only its own columns, even where the service answers with all."""
    rows = [{"call_id": number, **row} for number, row in enumerate(different(0, 6000))]

    def handle(request: Request) -> None:
        request.rows([] if request.operation == "reps" or request.query["page"] != "1" else rows)

    with Server(handle) as server:
        (plan,), megabytes = output(tmp_path, READ, server.url, "100000", "plan")
    assert plan is None
    assert megabytes < 300


@pytest.mark.parametrize(
    ("rows", "columns", "step", "read"),
    [(300, 5000, 1, "calls"), (100_000, 200, 199, "calls"), (100_000, 200, 199, "stream")],
    ids=["filled", "sparse", "sparse stream"],
)
def test_what_is_wide_or_sparse_is_read(tmp_path, rows, columns, step, read):
    full = [f'"k{number}":{number}' for number in range(columns)]
    texts = [full if step == 1 else [full[row * step % columns]] for row in range(columns if step > 1 else 1)]
    body = (
        "[" + ",".join("{" + ",".join(texts[row % len(texts)]) + "}" for row in range(rows)) + "]"
    ).encode()

    def handle(request: Request) -> None:
        if request.operation == "reps" or request.query.get("page", "1") != "1":
            request.rows([])
        else:
            request.answer(body)

    with Server(handle) as server:
        (shape,), megabytes = output(tmp_path, READ, server.url, "100000", read)
    assert shape == [rows, columns]
    assert megabytes < 700
