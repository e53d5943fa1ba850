"""Works under limits, each in a process of its own, and says how that ended. See test_limits.py."""

import errno
import importlib
import json
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import converz

ROWS = 6_000 if sys.argv[3] == "memory" else 100
READ = {"page_size": 5_000, "max_retries": 0, "connect_timeout": 2}


def read(client, _):
    client.calls()


def long_value(client, _):
    client.calls(campaign="long")


def sparse(client, _):
    client.calls(campaign="sparse")


def compressed(client, _):
    client.calls(campaign="compressed")


def reps(client, _):
    client.reps(department="many")


def report(client, _):
    client.report()


def stream(client, _):
    with client.stream_calls() as batches:
        for _ in batches:
            pass


def gathered(client, _):
    with client.stream_calls() as batches:
        list(batches)


def update(client, _):
    client.update_calls({"call_id": list(range(1, ROWS + 1)), "note": ["n" * 2500] * ROWS})


def clear(client, _):
    client.update_calls({"call_id": list(range(1, ROWS + 1)), "note": ["n" * 2500] * ROWS}, nulls="clear")


def plan(client, table):
    client.plan_update_calls(table, start_date="2025-07-01", end_date="2025-07-02")


def update_table(client, table):
    client.update_calls(table)


def foreign(_, table):
    converz.Table(table)


def pickled(_, table):
    pickle.dumps(table)


def unpickled(_, table):
    again = pickle.loads(table)
    assert again.num_rows > 0


def compared(_, table):
    assert table == table.slice(0)


def pydict(_, table):
    table.to_pydict()


def pandas(_, table):
    table.to_pandas()


def polars(_, table):
    table.to_polars()


def shown(_, table):
    repr(table)
    table._repr_html_()


def sandbox(_, __):
    # The service is in the same process, and may be the one that lacks what it needs to answer.
    with converz.Sandbox(calls=2_000, reps=5) as sandbox:
        sandbox.client(first_byte_timeout=3, max_retries=0).calls(limit=100)


def failing(client, _):
    client.calls(campaign="failing")


def failing_update(client, _):
    client.update_calls({"call_id": [1], "fails": ["x"]})


DO = {name: value for name, value in globals().items() if callable(value) and value.__module__ == __name__}
TABLES = (plan, update_table, foreign, pickled, unpickled, compared, pydict, pandas, polars, shown)


class Foreign:
    """A table of a library that is none of ours, and does not fail by itself."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def prepared(do, client, what):
    """Return what the work is about, and import what it takes. Next to no memory was used and given back."""
    if DO[do] in (pandas, polars):
        importlib.import_module(do)
        importlib.import_module("converz._frames.to_pandas" if DO[do] is pandas else "converz")
    if DO[do] not in TABLES:
        return None
    with tempfile.NamedTemporaryFile() as file:
        child = os.fork()
        if child == 0:
            with Path(file.name).open("wb") as whole:
                pickle.dump(client.calls(), whole)
            os._exit(0)
        os.waitpid(child, 0)
        whole = file.read()
    if what != "memory":
        whole = pickle.dumps(pickle.loads(whole).slice(0, 500))
    if DO[do] is unpickled:
        return whole
    table = pickle.loads(whole)
    return Foreign(table) if DO[do] is foreign else table


def in_use():
    """Return the bytes of the address space that are taken."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()


def limit(what, number):
    match what:
        case "memory":
            resource.setrlimit(resource.RLIMIT_AS, (in_use() + number, resource.RLIM_INFINITY))
        case "threads":
            # Not the superuser's, who may start as many as there is room for.
            os.setuid(54321 + number)
            resource.setrlimit(resource.RLIMIT_NPROC, (number, number))
        case "files":
            most = max(map(int, os.listdir("/proc/self/fd"))) + number  # noqa: PTH208
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def described(error):
    """Say what an error is. It can be shown and pickled, too, whatever is lacking."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    traceback.format_exception(error)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    return {"raised": type(error).__name__, "is": kinds, "text": str(error)[:300], "repr": repr(error)[:300]}


def work(do, client, prepared, what, number):
    """Do it under the limit, and return what became of it."""
    answer = {"number": number, "raised": None}
    failed = None
    limit(what, number)
    start = time.monotonic()
    try:
        DO[do](client, prepared)
    except BaseException as error:
        answer["seconds"] = time.monotonic() - start
        failed = error
    answer.setdefault("seconds", time.monotonic() - start)
    if what == "memory":
        # There is room again, and everything works.
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        answer["rows"] = client.reps().num_rows
    if failed is not None:
        answer |= described(failed)
        answer["from"] = [kind.__name__ for kind in type(failed.__cause__ or failed.__context__).__mro__]
    return answer


def main():
    url, do, what, *numbers = sys.argv[1:]
    client = converz.Client(url, "key", **READ)
    about = prepared(do, client, what)
    # Warm, as another user cannot read every file.
    traceback.format_exception(OSError(errno.EMFILE, "warm"))
    for number in numbers:
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            print(json.dumps(work(do, client, about, what, int(number))), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            print(json.dumps({"number": int(number), "status": status}), flush=True)


main()
