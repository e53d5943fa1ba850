"""A client in forked processes, in threads, inside an event loop, and when the interpreter exits."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import converz
from support.script import output, run

READS = """
    import json, os, signal, sys, threading, time, warnings
    import converz

    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of fork beside threads.

    def ids(client, campaign):
        return client.calls(campaign=campaign, columns=["call_id", "campaign"]).to_pydict()

    def in_child(body):
        # What a child writes tells its parent that its body was right.
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(30)
            try:
                os.write(writer, json.dumps(body()).encode())
                os._exit(0)
            except BaseException as error:
                os.write(writer, repr(error).encode())
                os._exit(1)
        os.close(writer)
        with os.fdopen(reader) as file:
            text = file.read()
        _, status = os.waitpid(pid, 0)
        assert status == 0, (status, text)
        return json.loads(text)
"""


def test_a_forked_child_of_an_idle_client_reads_for_itself(tmp_path):
    code = (
        READS
        + """
    with converz.Sandbox(calls=2_000, reps=10) as sandbox:
        client = sandbox.client(page_size=300)
        expected = client.calls().to_pydict()["call_id"]

        def body():
            rows = [client.calls().to_pydict()["call_id"] == expected for _ in range(2)]
            return rows + [client.update_calls({"call_id": [1], "seen": [True]}).rows]

        answers = [in_child(body) for _ in range(5)]
        mine = client.calls().to_pydict()["call_id"] == expected
        print(json.dumps([answers, mine]))
    """
    )
    answers, mine = output(tmp_path, code)
    assert answers == [[True, True, 1]] * 5
    assert mine


def test_answers_go_to_the_process_that_asked(tmp_path):
    code = (
        READS
        + """
    with converz.Sandbox(calls=2_000, reps=10) as sandbox:
        client = sandbox.client(page_size=100)
        campaigns = sorted({row for row in client.calls().to_pydict()["campaign"] if row})
        truth = {name: ids(client, name) for name in campaigns}
        stop = threading.Event()
        wrong, rounds = [], [0]

        def read_on():
            while not stop.is_set():
                rounds[0] += 1
                name = campaigns[rounds[0] % len(campaigns)]
                if ids(client, name) != truth[name]:
                    wrong.append(name)

        threads = [threading.Thread(target=read_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for turn in range(12):
            name = campaigns[turn % len(campaigns)]
            children.append(in_child(lambda: ids(client, name) == truth[name]))
        stop.set()
        for thread in threads:
            thread.join()
        print(json.dumps([children, wrong, rounds[0] > 0]))
    """
    )
    assert output(tmp_path, code) == [[True] * 12, [], True]


def test_dropping_what_was_forked_hangs_nowhere(tmp_path):
    code = (
        READS
        + """
    import gc
    with converz.Sandbox(calls=2_000, reps=10) as sandbox:
        client = sandbox.client(page_size=100, max_concurrency=2)
        stream = client.stream_calls()
        next(stream)
        busy = threading.Thread(target=lambda: [client.calls() for _ in range(5)])
        busy.start()

        def body():
            global client, stream
            error = None
            for use in (lambda: next(stream), lambda: stream.__arrow_c_stream__() and next(stream)):
                try:
                    use()
                except converz.InvalidInputError as refusal:
                    error = str(refusal)
            stream.close()
            sandbox.stop()
            del client, stream
            gc.collect()
            return error

        errors = [in_child(body) for _ in range(5)]
        rest = sum(batch.num_rows for batch in stream)
        busy.join()
        del client, stream
        gc.collect()
        print(json.dumps([errors, rest]))
    """
    )
    errors, rest = output(tmp_path, code)
    assert all("belongs to the process" in error for error in errors)
    assert rest == 1900


def test_a_fork_in_the_middle_of_a_read_ends_the_read_in_the_child(tmp_path):
    code = (
        READS
        + """
    with converz.Sandbox(calls=2_000, reps=10, faults=[converz.Fault(operation="calls", delay=0.1)]) as sandbox:
        client = sandbox.client(page_size=500, max_concurrency=1)
        parent, refused = os.getpid(), []

        def fork(rows, size):
            if os.getpid() == parent and not refused:
                pid = os.fork()
                if pid == 0:
                    signal.alarm(20)
                    return
                refused.append(os.waitpid(pid, 0)[1])

        try:
            rows = client.calls(progress=fork).num_rows
        except converz.InvalidInputError as error:
            assert os.getpid() != parent
            os._exit(7 if client.reps().num_rows == 10 else 8)
        print(json.dumps([rows, os.waitstatus_to_exitcode(refused[0])]))
    """
    )
    assert output(tmp_path, code) == [2000, 7]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(tmp_path, method):
    code = f"""
    import json, multiprocessing, os, warnings
    import converz

    warnings.simplefilter("ignore", DeprecationWarning)

    def read(client, campaign):
        return client.calls(campaign=campaign).to_pydict()["call_id"]

    if __name__ == "__main__":
        with converz.Sandbox(calls=1_000, reps=10, api_key=os.environ["CONVERZ_API_KEY"]) as sandbox:
            client = converz.Client(sandbox.url, page_size=200)
            calls = client.calls().to_pydict()
            campaigns = sorted(set(calls["campaign"]))
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                found = pool.starmap(read, [(client, campaign) for campaign in campaigns])
            print(json.dumps([found == [read(client, campaign) for campaign in campaigns],
                              sum(map(len, found))]))
    """
    assert output(tmp_path, code, CONVERZ_API_KEY="from-the-environment") == [True, 1000]


@pytest.fixture(scope="module")
def sandbox():
    with converz.Sandbox(calls=2_000, reps=10) as sandbox:
        yield sandbox


def test_many_threads_share_a_client(sandbox):
    client = sandbox.client(page_size=300)
    calls = client.calls().to_pydict()
    campaigns = sorted(set(calls["campaign"]))
    truth = {
        name: [
            row for row, campaign in zip(calls["call_id"], calls["campaign"], strict=True) if campaign == name
        ]
        for name in campaigns
    }

    def read(turn):
        name = campaigns[turn % len(campaigns)]
        if turn % 3 == 0:
            with client.stream_calls(campaign=name) as stream:
                return name, [row for batch in stream for row in converz.Table(batch).to_pydict()["call_id"]]
        return name, client.calls(campaign=name).to_pydict()["call_id"]

    with ThreadPoolExecutor(16) as pool:
        for name, rows in pool.map(read, range(48)):
            assert rows == truth[name]


def test_a_running_event_loop_does_no_harm(sandbox):
    client = sandbox.client(page_size=500)

    async def main():
        inside = client.calls().num_rows
        beside = await asyncio.gather(
            *(asyncio.to_thread(client.calls, limit=limit) for limit in (5, 700, 2000))
        )
        with client.stream_calls() as stream:
            streamed = sum(batch.num_rows for batch in stream)
        return inside, [table.num_rows for table in beside], streamed

    assert asyncio.run(main()) == (2000, [5, 700, 2000], 2000)


def test_the_event_loop_goes_on_while_a_thread_reads():
    with converz.Sandbox(calls=10, reps=1, faults=[converz.Fault(delay=0.5)]) as sandbox:
        client = sandbox.client()

        async def main():
            task = asyncio.create_task(asyncio.to_thread(client.calls))
            turns = 0
            while not task.done():
                await asyncio.sleep(0.01)
                turns += 1
            return (await task).num_rows, turns

        rows, turns = asyncio.run(main())
    assert rows == 10
    # The lock of the interpreter is free while the answer is waited for.
    assert turns >= 5


def test_a_stream_is_closed_by_another_thread():
    with converz.Sandbox(calls=100, reps=1, faults=[converz.Fault(request=3, delay=20)]) as sandbox:
        stream = sandbox.client(page_size=10, max_concurrency=1).stream_calls()
        taken = threading.Event()
        errors = []

        def take():
            try:
                for _ in stream:
                    taken.set()
            except converz.InvalidInputError as error:
                errors.append(str(error))

        thread = threading.Thread(target=take)
        thread.start()
        assert taken.wait(20)
        stream.close()
        thread.join(10)
        assert not thread.is_alive()
    assert "closed" in errors[0]


EXITS = {
    "main ends": "",
    "an exception": "raise SystemExit(0)",
    "a thread that exits": "threading.Thread(target=client.calls).start()",
    "in a handler at exit": "import atexit; atexit.register(lambda: print(client.reps().num_rows))",
}


@pytest.mark.parametrize("end", EXITS)
def test_the_interpreter_exits_in_the_middle_of_reads(tmp_path, end):
    code = f"""
    import sys, threading, time
    import converz

    sandbox = converz.Sandbox(calls=3_000, reps=7)
    client = sandbox.client(page_size=100)
    opened = client.stream_calls()
    next(opened)

    def read():
        while True:
            client.calls()

    def stream():
        while True:
            for _ in client.stream_calls():
                pass

    def update():
        while True:
            client.update_calls({{"call_id": [1, 2], "campaign": ["a", "b"]}})

    for target in (read, stream, update, read):
        threading.Thread(target=target, daemon=True).start()
    time.sleep(float(sys.argv[1]))
    {EXITS[end]}
    """
    for delay in ("0", "0.03", "0.11"):
        ended = run(tmp_path, code, delay)
        assert (ended.returncode, ended.stderr) == (0, ""), delay
        assert ended.stdout == ("7\n" if end == "in a handler at exit" else "")
