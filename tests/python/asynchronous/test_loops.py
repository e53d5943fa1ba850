"""Event loops of every kind, one after the other, in threads and after a fork."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import weakref
from pathlib import Path

import pytest

import converz

TASKS = Path("/proc/self/task")


def on_uvloop(main):
    return pytest.importorskip("uvloop").run(main)


def on_anyio(main):
    async def run():
        return await main

    return pytest.importorskip("anyio").run(run)


class WokenLoop(asyncio.SelectorEventLoop):
    """One that looks at no pipes of others, as that of Windows."""

    def add_reader(self, fd, callback, *args):
        raise NotImplementedError


def woken(main):
    with contextlib.closing(WokenLoop()) as loop:
        return loop.run_until_complete(main)


@pytest.mark.parametrize("run", [asyncio.run, on_uvloop, on_anyio, woken])
def test_one_client_in_several_loops(sandbox, run):
    client = sandbox.async_client()

    async def main() -> int:
        calls, reps = await asyncio.gather(client.calls(limit=10), client.reps())
        async with client.stream_calls() as stream:
            rows = sum([batch.num_rows async for batch in stream])
        return calls.num_rows + reps.num_rows + rows

    for _ in range(3):
        assert run(main()) == 10 + 12 + 300


def test_loops_in_several_threads(sandbox):
    client = sandbox.async_client()
    rows: list[int] = []

    async def main() -> None:
        tables = await asyncio.gather(*(client.calls(limit=7) for _ in range(10)))
        rows.extend(table.num_rows for table in tables)

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows == [7] * 40


def test_beside_a_client_of_threads(sandbox):
    client = sandbox.async_client()

    async def main() -> None:
        read = asyncio.ensure_future(client.calls())
        assert sandbox.client().reps().num_rows == 12
        assert (await read).num_rows == 300

    asyncio.run(main())


def test_no_thread_is_taken_for_a_call(sandbox):
    client = sandbox.async_client()

    def threads() -> int:
        # Those of the core; a sandbox has its own.
        names = [(task / "comm").read_text().strip() for task in TASKS.iterdir()]
        return sum(name in ("converz", "converz-wakes") for name in names)

    async def main() -> None:
        await client.calls(limit=1)
        # Threads that decoded for other tests stay for a while.
        before, of_python = threads(), threading.active_count()
        most = 0
        tasks = [asyncio.ensure_future(client.report()) for _ in range(50)]
        while not all(task.done() for task in tasks):
            most = max(most, threads())
            await asyncio.sleep(0.001)
        # Two serve connections, and those that decode are bounded by the pages in flight.
        assert most > 2
        assert most - before < 20
        assert threading.active_count() == of_python

    if not TASKS.is_dir():
        pytest.skip("counts threads as Linux does")
    asyncio.run(main())


def test_without_a_loop_there_is_a_clear_error(sandbox):
    reading = sandbox.async_client().calls()
    with pytest.raises(converz.InvalidInputError, match=r"none is running: use converz\.Client"):
        reading.send(None)


def test_trio_is_told_so(sandbox):
    trio = pytest.importorskip("trio")

    async def main() -> None:
        with pytest.raises(
            converz.InvalidInputError, match=r"this one is trio's: use .await trio\.to_thread"
        ):
            await sandbox.async_client().calls()

    trio.run(main)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts what is open as Linux does")
@pytest.mark.parametrize("run", [asyncio.run, on_uvloop, woken])
def test_loops_leave_nothing_open(sandbox, run):
    client = sandbox.async_client()

    def is_open() -> int:
        run(client.reps())
        gc.collect()
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    assert [is_open() for _ in range(5)] == [is_open()] * 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_after_a_fork(run_python, sandbox):
    code = f"""
import asyncio, os, warnings
import converz
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
client = converz.AsyncClient({sandbox.url!r}, {sandbox.api_key!r})
async def main():
    return sum(table.num_rows for table in await asyncio.gather(*(client.calls(limit=10) for _ in range(5))))
assert asyncio.run(main()) == 50
child = os.fork()
assert asyncio.run(main()) == 50
if child == 0:
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    run_python(code=code)


@pytest.mark.parametrize(
    "way", ["", "loop.add_reader = lambda *_: (_ for _ in ()).throw(NotImplementedError())"]
)
def test_the_interpreter_ends_while_something_is_on_its_way(run_python, sandbox, way):
    code = f"""
import asyncio
import converz
client = converz.AsyncClient({sandbox.url!r}, {sandbox.api_key!r})
loop = asyncio.new_event_loop()
{way}
tasks = [loop.create_task(client.calls()) for _ in range(20)]
loop.run_until_complete(asyncio.sleep(0.01))
"""
    finished = run_python(code=code, status=None)
    assert finished.returncode == 0, finished.stderr


def test_nothing_holds_a_loop_that_is_over(sandbox):
    client = sandbox.async_client()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.reps())
    loop.close()
    its = weakref.ref(loop)
    del loop
    gc.collect()
    assert its() is None


def test_nothing_holds_a_loop_that_was_closed_with_work_on_its_way(sandbox, caplog):
    client = sandbox.async_client()
    loops = []
    for _ in range(5):
        loop = asyncio.new_event_loop()
        task = loop.create_task(client.calls())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        loops.append(weakref.ref(loop))
        del loop, task
        gc.collect()
    assert [its() for its in loops] == [None] * 5
    # asyncio says what such a loop leaves.
    assert {record.name for record in caplog.records} == {"asyncio"}


def test_in_the_loop_of_a_notebook(sandbox, tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient: pip install nbclient")
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat: pip install nbformat")
    cells = [
        f"import converz\nclient = converz.AsyncClient({sandbox.url!r}, {sandbox.api_key!r})",
        "table = await client.calls(limit=10)\nprint(table.num_rows)",
        "async with client.stream_calls() as stream:\n    print(sum([batch.num_rows async for batch in stream]))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=100, kernel_name="python3", resources=resources).execute()
    assert [cell.outputs[0].text for cell in notebook.cells[1:]] == ["10\n", "300\n"]


def test_importing_the_package_imports_no_asyncio(run_python):
    run_python(code="import sys, converz; assert 'asyncio' not in sys.modules")
