"""`AsyncClient` is `Client` for event loops: the same verbs, arguments, documentation and results."""

from __future__ import annotations

import asyncio
import inspect
import pickle

import pytest

import converz
from converz._client.async_client import AWAITED, PLAIN, THREADS
from support.async_stubs import stubs

FRAME = {"call_id": [1, 2], "priority": ["high", None]}


def public(kind) -> dict[str, object]:
    return {name: value for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"}


def test_every_verb_of_the_client_is_there():
    assert sorted((*AWAITED, *PLAIN, *THREADS)) == sorted(public(converz.Client))
    # What closes a client is the only verb that threads do not need.
    assert sorted(public(converz.AsyncClient)) == sorted({*public(converz.Client)} | {"aclose"})
    for name in (*AWAITED, *THREADS):
        assert inspect.iscoroutinefunction(getattr(converz.AsyncClient, name)), name


@pytest.mark.parametrize("name", ["__init__", *AWAITED, *PLAIN, *THREADS])
def test_signatures_and_documentation_are_those_of_the_client(name):
    ours, its = getattr(converz.AsyncClient, name), getattr(converz.Client, name)
    assert inspect.signature(ours).parameters == inspect.signature(its).parameters
    assert ours.__doc__ == its.__doc__


@pytest.mark.parametrize("path", stubs(), ids=lambda path: path.name)
def test_the_stubs_are_those_of_the_classes(path):
    text = stubs()[path]
    assert path.read_text(encoding="utf-8") == text, "run `python tests/python/support/async_stubs.py`"


READS = {
    "calls": lambda client: client.calls(metric="csat", limit=120),
    "reps": lambda client: client.reps(active=True),
    "report": lambda client: client.report(groupby="campaign", days=20),
    "pinned": lambda client: client.calls(columns=["call_id", "csat"], schema={"csat": "float64"}),
}


@pytest.mark.parametrize("read", READS)
def test_tables_and_receipts_are_the_same(sandbox, client, read):
    async def main() -> converz.Table:
        async with sandbox.async_client() as its:
            return await READS[read](its)

    expected = READS[read](client)
    table = asyncio.run(main())
    assert type(table) is converz.Table
    assert table.to_pydict() == expected.to_pydict()
    assert table.schema == expected.schema
    assert table.receipt.query == expected.receipt.query
    assert table.receipt.rows == expected.receipt.rows


def test_streams_are_the_same(sandbox):
    settings = {"page_size": 70}

    async def main() -> tuple[list[int], object, object]:
        stream = sandbox.async_client(**settings).stream_calls(columns="call_id")
        with pytest.raises(converz.InvalidInputError, match="not open yet"):
            _ = stream.schema
        assert stream.receipt is None
        async with stream:
            assert "call_id" in stream.schema
            rows = [batch.num_rows async for batch in stream]
            assert await anext(stream, None) is None
        return rows, stream.schema, stream.receipt

    with sandbox.client(**settings).stream_calls(columns="call_id") as expected:
        rows = [batch.num_rows for batch in expected]
    its_rows, its_schema, its_receipt = asyncio.run(main())
    assert its_rows == rows == [70, 70, 70, 70, 20]
    assert its_schema == expected.schema
    assert its_receipt.rows == expected.receipt.rows


def test_a_stream_is_opened_by_its_first_batch(sandbox):
    async def main() -> int:
        return sum([batch.num_rows async for batch in sandbox.async_client().stream_reps()])

    assert asyncio.run(main()) == 12


def test_a_stream_that_is_closed_says_so(sandbox):
    async def main() -> None:
        stream = sandbox.async_client(page_size=50).stream_calls()
        assert (await anext(stream)).num_rows == 50
        await stream.aclose()
        await stream.aclose()
        with pytest.raises(converz.InvalidInputError, match="read or closed"):
            await anext(stream)
        unopened = sandbox.async_client().stream_calls()
        await unopened.aclose()
        with pytest.raises(converz.InvalidInputError, match="closed"):
            await anext(unopened)

    asyncio.run(main())


def test_windows_are_the_same(sandbox, client):
    days = client.windows("2025-07-01", "2025-07-15")

    async def main() -> list[tuple[converz.Window, int]]:
        its = sandbox.async_client()
        assert its.windows("2025-07-01", "2025-07-15") == days
        return [(day, table.num_rows) async for day, table in its.read_windows(days)]

    assert asyncio.run(main()) == [(day, table.num_rows) for day, table in client.read_windows(days)]


def test_windows_may_be_left_early(sandbox, client):
    days = client.windows("2025-07-01", "2025-07-15")

    async def main() -> None:
        reads = sandbox.async_client().read_windows(days)
        await anext(reads)
        await reads.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(reads)

    asyncio.run(main())


def test_scans_are_the_same(sandbox, client):
    pl = pytest.importorskip("polars")

    async def main() -> object:
        scan = await sandbox.async_client().scan_calls()
        return scan.filter(pl.col("campaign") == "sales").select("call_id").collect()

    expected = client.scan_calls().filter(pl.col("campaign") == "sales").select("call_id").collect()
    assert asyncio.run(main()).equals(expected)


def test_updates_plans_and_undoing(sandbox, client, tmp_path):
    async def main() -> None:
        its = sandbox.async_client()
        [request] = await its.update_calls(FRAME, dry_run=True)
        assert (request.rows, request.cells) == (1, 1)
        written = await its.update_calls(FRAME)
        assert (type(written), written.rows, written.cells) == (converz.AsyncUpdateResult, 1, 1)
        with pytest.raises(converz.InvalidInputError, match="did not come from a plan"):
            await written.undo()

        ids = client.reps().to_pydict()["rep_id"]
        plan = await its.plan_update_reps({"rep_id": ids, "team": ["A"] * len(ids)})
        assert (type(plan), plan.num_changes) == (converz.AsyncUpdatePlan, len(ids))
        result = await plan.apply(check=True, journal=tmp_path / "journal")
        assert (result.cells, result.conflicts.num_rows) == (len(ids), 0)
        assert set(client.reps().to_pydict()["team"]) == {"A"}
        undone = await result.undo()
        assert (type(undone), undone.cells) == (converz.AsyncUpdateResult, len(ids))
        assert set(client.reps().to_pydict()["team"]) == {None}

        again = pickle.loads(pickle.dumps(plan))
        assert type(again) is converz.AsyncUpdatePlan
        assert (await again.apply(client=its)).cells == len(ids)
        assert (await plan.undo()).cells == len(ids)
        assert (await its.undo_update(tmp_path / "journal")).cells == 0

    asyncio.run(main())


def test_errors_are_the_same(sandbox):
    async def main() -> None:
        client = sandbox.async_client()
        with pytest.raises(converz.InvalidInputError, match="days"):
            await client.report(days=5, start_date="2025-07-01", end_date="2025-07-02")
        with pytest.raises(converz.BadRequestError) as refused:
            await client.report(groupby="nonsense")
        assert refused.value.status_code == 400
        with pytest.raises(TypeError, match="campaigns"):
            await client.calls(campaigns="sales")
        other = converz.AsyncClient(sandbox.url, "another-key")
        with pytest.raises(converz.AuthenticationError):
            async with other.stream_calls():
                pass

    asyncio.run(main())


def test_settings_pickles_and_display(sandbox, monkeypatch):
    client = sandbox.async_client(page_size=7)
    assert client.settings["page_size"] == 7
    assert repr(client) == f"AsyncClient('{sandbox.url}/api/v1')"
    with pytest.raises(converz.ConfigurationError, match="cannot be pickled"):
        pickle.dumps(client)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    again = pickle.loads(pickle.dumps(converz.AsyncClient(page_size=9)))
    assert type(again) is converz.AsyncClient
    assert again.settings["page_size"] == 9
    assert asyncio.run(again.reps()).num_rows == 12


def test_a_client_that_is_closed_connects_anew(sandbox):
    async def main() -> None:
        async with sandbox.async_client() as client:
            assert (await client.calls(limit=5)).num_rows == 5
        assert (await client.calls(limit=5)).num_rows == 5

    asyncio.run(main())


def test_a_warning_is_shown_where_the_verb_was_awaited(serve):
    from support.service import Answer

    url = serve(lambda asked: Answer(b'[{"call_id":1,"start_time":"not a time"}]'))

    async def main() -> None:
        with pytest.warns(converz.ConverzWarning, match="start_time") as caught:
            await converz.AsyncClient(url, "key").calls(limit=1)
        assert [warning.filename for warning in caught] == [__file__]

    asyncio.run(main())


def test_progress_is_told_in_the_loop_and_may_end_the_read(sandbox):
    import threading

    told: list[tuple[int, int]] = []
    threads = set()

    def progress(rows: int, size: int) -> None:
        told.append((rows, size))
        threads.add(threading.current_thread())

    def stop(rows: int, size: int) -> None:
        raise KeyError

    async def main() -> None:
        client = sandbox.async_client(page_size=100)
        await client.calls(progress=progress)
        with pytest.raises(KeyError):
            await client.calls(progress=stop)

    asyncio.run(main())
    assert told[-1][0] == 300
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("kind", [StopAsyncIteration, StopIteration])
def test_an_end_that_a_function_raises_is_not_that_of_the_stream(sandbox, kind):
    def told(rows: int, size: int) -> None:
        # Not of the first page, which is read when the stream is opened.
        if rows > 50:
            raise kind

    async def main() -> None:
        async with (
            sandbox.async_client(page_size=50, max_concurrency=1) as client,
            client.stream_calls(progress=told) as stream,
        ):
            async for _ in stream:
                pass

    with pytest.raises(RuntimeError, match=f"raised {kind.__name__}") as raised:
        asyncio.run(main())
    assert isinstance(raised.value.__cause__, kind)


def test_requests_are_logged(sandbox, caplog):
    caplog.set_level("DEBUG", "converz")
    asyncio.run(sandbox.async_client().reps())
    assert any("GET /reps" in message for message in caplog.messages)
