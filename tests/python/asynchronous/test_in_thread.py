"""Verbs with a thread of their own: the loop goes on, and a cancelled one leaves the target as it was."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import converz

duckdb = pytest.importorskip("duckdb")

DAYS = {"since": "2025-06-16", "until": "2025-07-15"}


@pytest.fixture
def sandbox():
    with converz.Sandbox(calls=300, reps=12, days=30, today="2025-07-15") as sandbox:
        yield sandbox


def threads() -> list[str]:
    """Those that do not end: the task is over a moment before its thread is."""
    beside = [thread for thread in threading.enumerate() if thread.name == "converz-beside"]
    for thread in beside:
        thread.join(5)
    return [thread.name for thread in beside if thread.is_alive()]


def test_they_do_what_those_of_the_client_do(sandbox, tmp_path):
    client = sandbox.client()

    async def main():
        async with sandbox.async_client() as its:
            target = str(tmp_path / "its.duckdb")
            due = await its.explain_sync(target, **DAYS)
            synced = await its.sync(target, **DAYS)
            audited = await its.audit(target)
            return due, synced, audited, await its.describe_calls(metric="csat"), await its.describe_reps()

    due, synced, audited, calls, reps = asyncio.run(main())
    target = str(tmp_path / "ours.duckdb")
    assert due.to_pydict().keys() == client.explain_sync(target, **DAYS).to_pydict().keys()
    expected = client.sync(target, **DAYS)
    assert str(synced).splitlines()[0].split()[:2] == str(expected).splitlines()[0].split()[:2]
    assert type(audited) is converz.AuditResult
    for theirs, ours in ((calls, client.describe_calls(metric="csat")), (reps, client.describe_reps())):
        assert theirs.to_pydict() == ours.to_pydict()
    with duckdb.connect(str(tmp_path / "its.duckdb")) as db:
        assert db.sql("select count(*) from calls").fetchall() == [(300,)]
    assert threads() == []


def test_errors_and_warnings_are_theirs(sandbox):
    async def main():
        async with sandbox.async_client() as its:
            with pytest.raises(converz.InvalidInputError, match="limit"):
                await its.describe_calls(limit=-1)
            sandbox.fail_next("calls", status=403)
            with pytest.raises(converz.PermissionDeniedError):
                await its.describe_calls()

    asyncio.run(main())


def test_a_cancelled_one_leaves_the_target_as_it_was(tmp_path):
    path = str(tmp_path / "target.duckdb")
    with converz.Sandbox(calls=300, reps=12, days=30, today="2025-07-15") as sandbox:

        async def main():
            async with sandbox.async_client(max_concurrency=1) as its:
                await its.sync(path, tables="calls", since="2025-07-15", until="2025-07-15")
                sandbox.fail_next(delay=30, times=1_000)
                start = time.monotonic()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(1):
                        await its.sync(path, tables="calls", **DAYS)
                return time.monotonic() - start

        seconds = asyncio.run(main())
    assert seconds < 5
    assert threads() == []
    with duckdb.connect(path) as db:
        days = db.sql("select distinct date::date::varchar from calls").fetchall()
        assert days == [("2025-07-15",)]


def test_the_loop_goes_on(sandbox):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        async with sandbox.async_client() as its:
            await its.describe_calls()
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 20


def test_cancelling_while_a_target_is_written_leaves_whole_days(sandbox, tmp_path, monkeypatch):
    from converz._warehouse.targets import duckdb as target

    writing, go_on = threading.Event(), threading.Event()
    write = target.write_rows

    def held(*args, **kwargs):
        write(*args, **kwargs)
        # Within the transaction: nothing is committed yet.
        writing.set()
        assert go_on.wait(20)

    monkeypatch.setattr(target, "write_rows", held)
    path = str(tmp_path / "target.duckdb")

    async def main():
        async with sandbox.async_client() as its:
            task = asyncio.ensure_future(its.sync(path, tables="calls", **DAYS))
            await asyncio.to_thread(writing.wait, 20)
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert threads() == []
    client = sandbox.client()
    with duckdb.connect(path) as db:
        days = dict(db.sql("select date::date::varchar, count(*) from calls group by 1").fetchall())
    real = client.calls(start_date=min(days), end_date=max(days)).to_polars()
    expected = real.group_by("date").len().rows()
    assert days == {str(day): count for day, count in expected if str(day) in days}
    monkeypatch.undo()
    client.sync(path, tables="calls", **DAYS)
    with duckdb.connect(path) as db:
        assert db.sql("select count(*), count(distinct call_id) from calls").fetchall() == [(300, 300)]


def test_changes_are_those_of_the_client(sandbox, tmp_path):
    path = str(tmp_path / "cursor.duckdb")

    async def main():
        async with sandbox.async_client() as its:
            changes = await its.changes(path, cursor="crm", **DAYS)
            assert type(changes) is converz.AsyncChanges
            rows = 0
            async for table in changes:
                rows += table.num_rows
                await changes.done()
            assert (rows, changes.rows, changes.unchanged, changes.cursor) == (300, 300, 0, "crm")
            assert repr(changes) == "AsyncChanges(cursor='crm', rows=300, unchanged=0)"
            late = sandbox.insert_calls("2025-07-08", 3)
            again = await its.changes(path, cursor="crm", refresh=True, **DAYS)
            assert (await again.table()).to_pydict()["call_id"] == late
            with pytest.raises(converz.InvalidInputError, match="cursor="):
                await its.changes(path, cursor="No name", **DAYS)
            return late

    late = asyncio.run(main())
    # Nobody said that they had arrived.
    ours = sandbox.client().changes(path, cursor="crm", refresh=True, **DAYS)
    assert ours.table().to_pydict()["call_id"] == late
    assert threads() == []


def test_changes_may_be_left_early_and_by_one_task_at_a_time(sandbox, tmp_path):
    path = str(tmp_path / "cursor.duckdb")

    async def main():
        async with sandbox.async_client(max_concurrency=1) as its:
            changes = await its.changes(path, **DAYS)
            tables = aiter(changes)
            first = await anext(tables)
            await tables.aclose()
            assert first.num_rows > 0
            sandbox.fail_next(delay=30, times=1_000)
            again = await its.changes(path, **DAYS)
            task = asyncio.ensure_future(again.table())
            await asyncio.sleep(0)
            with pytest.raises(converz.InvalidInputError, match="another task"):
                await again.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await again.done()

    asyncio.run(main())
    assert threads() == []
