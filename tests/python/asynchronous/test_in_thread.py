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
    return [thread.name for thread in threading.enumerate() if thread.name == "converz-beside"]


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
