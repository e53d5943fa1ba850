"""The public signatures as a type checker sees them. Checked by `mypy --strict` and pyright, never run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, assert_type

import converz

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

client = converz.Client("https://acme.converz.co", "key", timeout=5, page_size=10, ca_file=Path("ca.pem"))
converz.Client()
converz.Client(1)  # type: ignore[arg-type]
converz.Client("https://acme.converz.co", "key", 5)  # type: ignore[call-arg]
converz.Client(retries=5)  # type: ignore[call-arg]
assert_type(client.settings, dict[str, Any])

# Reading: dates of every kind, one string or several.
calls = client.calls(
    start_date="2025-07-01",
    end_date=date(2025, 7, 2),
    after=datetime(2025, 7, 1),
    metric="csat",
    campaign=["sales", "service"],
    rep_id=("a", "b"),
    vendor={"x"},
    department=(name for name in "ab"),
    limit=5,
    schema={"csat": "float64"},
    parse_dates=False,
    progress=lambda rows, size: print(rows / size),
)
assert_type(calls, converz.Table)
assert_type(client.reps(active=True), converz.Table)
assert_type(client.reps(active=1), converz.Table)
assert_type(client.report(groupby=["week", "campaign"], days=7), converz.Table)
assert_type(client.stream_calls(on_new_column="ignore"), converz.RecordBatchStream)
assert_type(client.stream_calls(types="whole").write_parquet("calls.parquet"), None)
assert_type(client.stream_reps(), converz.RecordBatchStream)
assert_type(client.describe_calls(metric="csat").pins, dict[str, str])
assert_type(client.describe_reps(active=True), converz.Description)
client.calls("2025-07-01")  # type: ignore[call-arg]
client.calls(start_date=5)  # type: ignore[arg-type]
client.calls(campaign=[1])  # type: ignore[list-item]
client.calls(campaign=5)  # type: ignore[arg-type]
client.calls(limit="5")  # type: ignore[arg-type]
client.calls(n_per_page=5)  # type: ignore[call-arg]
client.reps(active=2)  # type: ignore[arg-type]
client.stream_calls(on_new_column="warn")  # type: ignore[arg-type]
client.stream_calls(types="last_page")  # type: ignore[arg-type]

# The same as functions.
assert_type(converz.calls(campaign="sales", limit=5), converz.Table)
assert_type(converz.reps(rep_id=["a"]), converz.Table)
assert_type(converz.report(days=7), converz.Table)
assert_type(converz.stream_calls(columns="call_id"), converz.RecordBatchStream)
assert_type(converz.stream_reps(limit=5), converz.RecordBatchStream)
converz.calls("2025-07-01")  # type: ignore[call-arg]
converz.calls(campaigns="sales")  # type: ignore[call-arg]
converz.reps(active=2)  # type: ignore[arg-type]

# Updates: what comes back depends on dry_run.
frame = {"call_id": [1, 2], "campaign": ["A", None]}
assert_type(client.update_calls(frame), converz.UpdateResult)
assert_type(client.update_calls(frame, nulls="clear", dry_run=False), converz.UpdateResult)
assert_type(client.update_calls(frame, dry_run=True), list[converz.PlannedRequest])
assert_type(client.update_reps(frame), converz.UpdateResult)
assert_type(client.update_reps(frame, dry_run=True), list[converz.PlannedRequest])
assert_type(converz.update_calls(frame), converz.UpdateResult)
assert_type(converz.update_calls(frame, dry_run=True), list[converz.PlannedRequest])
assert_type(converz.update_reps(frame, nulls="keep"), converz.UpdateResult)
assert_type(converz.update_reps(frame, dry_run=True), list[converz.PlannedRequest])
client.update_calls(frame, nulls="drop")  # type: ignore[call-overload]
converz.update_calls(frame, "clear")  # type: ignore[call-overload]
converz.update_calls()  # type: ignore[call-overload]
assert_type(client.plan_update_calls(frame, start_date="2025-07-01"), converz.UpdatePlan)
assert_type(client.plan_update_reps(frame), converz.UpdatePlan)
assert_type(converz.plan_update_calls(frame, days=5), converz.UpdatePlan)
assert_type(converz.plan_update_calls(frame, day=5), converz.UpdatePlan)  # type: ignore[call-arg]
assert_type(converz.plan_update_reps(frame), converz.UpdatePlan)
assert_type(client.plan_update_reps(frame).apply(), converz.UpdateResult)
assert_type(client.plan_update_reps(frame).columns, list[converz.ColumnPlan])

result = client.update_calls(frame)
assert_type(result.rows, int)
assert_type(result.seconds, float)
(request,) = client.update_calls(frame, dry_run=True)
assert_type(request.body, bytes)
assert_type(request.columns, list[str])
assert_type(request.path, str)

# A warehouse.
synced = client.sync("warehouse.duckdb", since=date(2025, 1, 1), metric=["csat"], tables="calls", sweep=None)
assert_type(synced, converz.SyncResult)
assert_type(synced.days, converz.Table)
assert_type(synced.settling, dict[str, float])
assert_type(client.explain_sync("warehouse.duckdb", refresh="2025-03-01/2025-03-31"), converz.Table)
assert_type(converz.sync("warehouse.duckdb", recheck=0.5), converz.SyncResult)
assert_type(converz.explain_sync("warehouse.duckdb"), converz.Table)
assert_type(client.audit("warehouse.duckdb").equal, bool)
assert_type(client.changes("warehouse.duckdb", cursor="crm").table(), converz.Table)
assert_type(list(converz.changes("warehouse.duckdb", since="2025-01-01")), list[converz.Table])
assert_type(converz.audit("warehouse.duckdb", since="2025-01-01"), converz.AuditResult)
client.sync("warehouse.duckdb", start_date="2025-07-01")  # type: ignore[call-arg]

# Tables.
assert_type(calls.schema, converz.Schema)
assert_type(calls.schema["call_id"], str)
assert_type(dict(calls.schema), dict[str, str])
assert_type(calls.column_names, list[str])
assert_type(calls.shape, tuple[int, int])
assert_type(calls.num_columns, int)
assert_type(calls["csat"], converz.Column)
assert_type(calls["csat"].to_pylist(), list[Any])
assert_type(calls[:3], converz.Table)
assert_type(calls.tail(), converz.Table)
assert_type(calls.select(["csat"]), converz.Table)
assert_type(calls.rename({"csat": "score"}), converz.Table)
assert_type(calls.to_pylist(), list[dict[str, Any]])
assert_type(list(calls), list[dict[str, Any]])
assert_type(converz.Table.concat([calls, calls]), converz.Table)
assert_type(converz.Table({"a": [1]}), converz.Table)
calls[0]  # type: ignore[call-overload]
calls.rename(5)  # type: ignore[arg-type]
assert_type(calls.to_arrow(), Any)  # pyarrow has no types of its own.
assert_type(len(calls), int)
assert_type(calls.num_rows, int)
assert_type(calls.nbytes, int)
assert_type(calls.head(3), converz.Table)
assert_type(calls.slice(3, 5), converz.Table)
assert_type(calls.digest(), str)
assert_type(calls.serialize(), dict[str, Any])
assert_type(converz.Table.deserialize(calls.serialize(), 1), converz.Table)
assert_type(calls.to_batches(), list[converz.RecordBatch])
assert_type(calls.to_pydict(), dict[str, list[Any]])
assert_type(calls.receipt, converz.Receipt | None)
assert_type(calls == client.calls(), bool)
assert_type(converz.Table(frame), converz.Table)
calls.receipt = None  # type: ignore[misc]


def to_pandas() -> pd.DataFrame:
    assert_type(calls.to_pandas(dtype_backend="pyarrow"), "pd.DataFrame")
    calls.to_pandas(dtype_backend="numpy")  # type: ignore[arg-type]
    return calls.to_pandas()


def to_polars() -> pl.DataFrame:
    return calls.to_polars()


def lazily() -> pl.LazyFrame:
    assert_type(client.scan_reps(department="sales"), "pl.LazyFrame")
    assert_type(converz.scan_calls(columns=["call_id"]), "pl.LazyFrame")
    assert_type(converz.scan_reps(), "pl.LazyFrame")
    return client.scan_calls(start_date="2025-07-01")


# Streams.
with client.stream_calls() as stream:
    assert_type(stream.schema, converz.Schema)
    assert_type(stream.receipt, converz.Receipt | None)
    batches: Iterator[converz.RecordBatch] = iter(stream)
    for batch in stream:
        assert_type(batch, converz.RecordBatch)
        assert_type(batch.num_rows, int)

# The sandbox.
fault = converz.Fault(operation="calls", request=[1, 2], status=503, retry_after=0)
converz.Fault(operation="nonsense")  # type: ignore[arg-type]
converz.Fault("calls")  # type: ignore[call-arg]
with converz.Sandbox(
    calls=5, today=date(2025, 7, 15), story=False, path=Path("a.db"), faults=[fault]
) as sandbox:
    assert_type(sandbox, converz.Sandbox)
    assert_type(sandbox.client(page_size=5, last_page="short"), converz.Client)
    sandbox.client(pagesize=5)  # type: ignore[call-arg]
    sandbox.client(last_page="full")  # type: ignore[arg-type]
    assert_type(sandbox.url, str)
    assert_type(sandbox.api_key, str)
    assert_type(sandbox.client(page_size=5), converz.Client)
    assert_type(sandbox.requests, list[dict[str, Any]])


def errors(
    status: converz.APIStatusError, drift: converz.SchemaDriftError, update: converz.UpdateError
) -> None:
    assert_type(status.status_code, int)
    assert_type(status.code, str | None)
    assert_type(status.retry_after, float | None)
    assert_type(drift.schema, converz.Schema | None)
    assert_type(update.committed, list[tuple[int, int]])
    assert_type(update.remaining, converz.Table | None)
    base: converz.ConverzError = status
    assert_type(base.attempts, int | None)
    value: ValueError = converz.InvalidInputError()
    late: TimeoutError = converz.APITimeoutError()
    print(value, late)


Nulls = Literal["keep", "clear"]


def passes_on(nulls: Nulls, dry_run: bool) -> converz.UpdateResult | list[converz.PlannedRequest]:
    """A wrapper whose own argument is a bool."""
    return client.update_calls(frame, nulls=nulls, dry_run=dry_run)


# Statistics take any table.
assert_type(
    converz.anonymise(calls, secret="x", safe=["language"], hide="duration_s", shift_weeks=1), converz.Table
)
converz.anonymise({"rep_id": ["a"]})
converz.anonymise(calls, "x")  # type: ignore[call-arg]
assert_type(converz.compare(calls, calls, metric="csat"), converz.Table)
converz.compare(calls, calls, metric=("csat", "resolved"), by=["campaign", "department"], minimum=50)
converz.compare(calls, calls)  # type: ignore[call-arg]

# A page takes a client.
assert_type(converz.dashboard(client), converz.Dashboard)
page = converz.dashboard(client, end_date=date(2025, 7, 13), metric=["csat"], activity=None, alias=True)
assert_type(page.html, str)
page.write(Path("page.html"))
converz.dashboard()  # type: ignore[call-arg]
converz.dashboard(client, days="28")  # type: ignore[arg-type]

assert_type(converz.Client.from_profile("acme"), converz.Client)
assert_type(converz.Client.from_profile(), converz.Client)

# Windows and their tables.
assert_type(client.windows("2025-07-01", date(2025, 7, 2)), list[converz.Window])
for window, table in client.read_windows(client.windows("2025-07-01"), metric="csat"):
    assert_type(window, converz.Window)
    assert_type(table, converz.Table)
    assert_type(window.arguments, dict[str, Any])

# Undoing from a journal.
assert_type(client.undo_update("priority.journal"), converz.UpdateResult)
assert_type(client.undo_update(Path("priority.journal"), on_conflict="error"), converz.UpdateResult)
client.undo_update("priority.journal", on_conflict="overwrite")  # type: ignore[arg-type]


async def of_an_event_loop() -> None:
    async with converz.AsyncClient("https://acme.converz.co", "key", max_connections=3) as its:
        assert_type(await its.calls(rep_id="a", limit=10), converz.Table)
        async for batch in its.stream_calls():
            assert_type(batch, converz.RecordBatch)
        async for day, rows in its.read_windows(its.windows("2025-07-01", "2025-07-02")):
            assert_type(day, converz.Window)
            assert_type(rows, converz.Table)
        plan_of_calls = await its.plan_update_calls({"call_id": [1]})
        assert_type(plan_of_calls, converz.AsyncUpdatePlan)
        assert_type(await plan_of_calls.apply(), converz.AsyncUpdateResult)
        changes = await its.changes("warehouse.duckdb")
        assert_type(changes, converz.AsyncChanges)
        async for changed in changes:
            assert_type(changed, converz.Table)
            await changes.done()
        assert_type(await its.sync("warehouse.duckdb"), converz.SyncResult)
        await its.calls("2025-07-01")  # type: ignore[call-arg]
