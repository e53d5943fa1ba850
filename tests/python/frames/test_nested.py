"""A library that reads or drops a stream inside of a call of ours, on the same thread, without the interpreter.

A mistake there ends the process, so each is tried in one of its own.
"""

from __future__ import annotations

import pytest

BEGIN = """
import gc
import converz
import duckdb, pyarrow

sandbox = converz.Sandbox(calls=1_001, reps=5)
client = sandbox.client(page_size=300, max_concurrency=1)
stream = client.stream_calls(columns=["call_id", "campaign"])
"""

NESTED = {
    "a relation becomes a table": """
table = converz.Table(duckdb.sql("select call_id from stream order by call_id desc"))
print(table.num_rows, table.to_pydict()["call_id"][0])
""",
    "a relation is an update": """
[request] = client.update_calls(duckdb.sql("select call_id, 'x' as note from stream"), dry_run=True)
print(request.rows, stream.receipt.rows)
""",
    "a function that is told of progress reads another stream": """
def read(rows, size):
    global stream
    unread, stream = stream, None
    if unread is not None:
        print(pyarrow.RecordBatchReader.from_stream(unread).read_all().num_rows, end=" ")

print(client.calls(progress=read).num_rows)
""",
}


@pytest.mark.parametrize("case", NESTED)
def test_a_stream_is_read_inside_of_a_call(case: str, run_python):
    for library in ("duckdb", "pyarrow"):
        pytest.importorskip(library)
    assert run_python(code=BEGIN + NESTED[case]).stdout == "1001 1001\n"


def test_a_stream_that_failed_is_dropped_inside_of_a_call(run_python):
    for library in ("duckdb", "pyarrow"):
        pytest.importorskip(library)
    code = """
gc.disable()

def leave():
    fault = converz.Fault(operation="calls", request=2, status=403)
    with converz.Sandbox(calls=1_001, reps=5, faults=[fault]) as sandbox:
        reader = pyarrow.RecordBatchReader.from_stream(sandbox.client(page_size=300, max_concurrency=1).stream_calls())
        try:
            reader.read_all()
        except pyarrow.ArrowException as error:
            print("PermissionDeniedError" in str(error), end=" ")
    cycle = [reader]
    cycle.append(cycle)

leave()
# pyarrow lets go of the interpreter to drop its reader, and with it our error.
collected = []
client.calls(progress=lambda rows, size: collected.append(gc.collect()))
print(sum(collected) > 0)
"""
    assert run_python(code=BEGIN + code).stdout == "True True\n"
