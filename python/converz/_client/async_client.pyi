"""Generated of `Client` by `tests/python/support/async_stubs.py`; do not edit."""

import os
from collections.abc import AsyncGenerator, Callable, Iterable
from types import TracebackType
from typing import Any, Literal, overload

import polars as pl

from converz._client.client import Client, Date, Progress, Strings, Time
from converz._core import Client as CoreClient
from converz._core import PlannedRequest
from converz._results.async_record_batch_stream import AsyncRecordBatchStream
from converz._results.async_update_plan import AsyncUpdatePlan
from converz._results.async_update_result import AsyncUpdateResult
from converz._results.description import Description
from converz._results.table import Table
from converz._results.window import Window
from converz._warehouse.async_changes import AsyncChanges
from converz._warehouse.audit_result import AuditResult
from converz._warehouse.result import SyncResult

__all__ = ["AWAITED", "PLAIN", "THREADS", "AsyncClient"]

AWAITED: tuple[str, ...]
PLAIN: tuple[str, ...]
THREADS: tuple[str, ...]

class AsyncClient:
    _core: CoreClient
    _service: object
    @classmethod
    def _of(cls, client: Client) -> AsyncClient: ...
    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | Callable[[], str] | None = None,
        *,
        timeout: float = 900,
        connect_timeout: float = 10,
        first_byte_timeout: float = 300,
        stall_timeout: float = 60,
        max_retries: int = 5,
        page_size: int = 100000,
        max_concurrency: int = 4,
        max_connections: int = 100,
        max_update_bytes: int = ...,
        max_response_bytes: int = ...,
        max_depth: int = 128,
        max_value_bytes: int = ...,
        allow_http: bool = False,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
        lossy: bool = False,
        last_page: Literal["empty", "short"] = "empty",
    ) -> None: ...
    @classmethod
    def from_profile(cls, name: str | None = None) -> AsyncClient: ...
    @property
    def settings(self) -> dict[str, Any]: ...
    async def calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Table: ...
    async def reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Table: ...
    async def report(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        vendor: Strings | None = None,
        rep_id: Strings | None = None,
        campaign: Strings | None = None,
        department: Strings | None = None,
        subcampaign: Strings | None = None,
        metric: Strings | None = None,
        groupby: Strings | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> Table: ...
    def stream_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        types: Literal["first_page", "whole"] = "first_page",
        on_new_column: Literal["error", "ignore"] = "error",
        by_day: bool = False,
        progress: Progress = None,
    ) -> AsyncRecordBatchStream: ...
    def stream_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        types: Literal["first_page", "whole"] = "first_page",
        on_new_column: Literal["error", "ignore"] = "error",
        progress: Progress = None,
    ) -> AsyncRecordBatchStream: ...
    async def scan_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> pl.LazyFrame: ...
    async def scan_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> pl.LazyFrame: ...
    async def describe_calls(
        self,
        *,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        after: Time | None = None,
        before: Time | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Description: ...
    async def describe_reps(
        self,
        *,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        limit: int | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
        progress: Progress = None,
    ) -> Description: ...
    def windows(self, since: Date, until: Date | None = None) -> list[Window]: ...
    def read_windows(
        self,
        windows: Iterable[Window],
        *,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        parse_dates: bool = True,
    ) -> AsyncGenerator[tuple[Window, Table]]: ...
    async def sync(
        self,
        target: object,
        *,
        tables: Strings | None = None,
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        lookback: float = 7,
        recheck: float = 0.25,
        sweep: float | None = 7,
        refresh: object | None = None,
        max_delete_fraction: float = 0.1,
        lock_timeout: float = 60,
        progress: Progress = None,
    ) -> SyncResult: ...
    async def explain_sync(
        self,
        target: object,
        *,
        tables: Strings | None = None,
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        lookback: float = 7,
        recheck: float = 0.25,
        sweep: float | None = 7,
        refresh: object | None = None,
    ) -> Table: ...
    async def audit(
        self,
        target: object,
        *,
        tables: Strings | None = None,
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        lock_timeout: float = 60,
        progress: Progress = None,
    ) -> AuditResult: ...
    async def changes(
        self,
        target: object,
        *,
        cursor: str = "changes",
        since: Date | None = None,
        until: Date | None = None,
        metric: Strings | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        columns: Strings | None = None,
        schema: object | None = None,
        lookback: float = 7,
        recheck: float = 0.25,
        sweep: float | None = 7,
        refresh: object | None = None,
        lock_timeout: float = 60,
        progress: Progress = None,
    ) -> AsyncChanges: ...
    @overload
    async def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[False] = ...,
        progress: Progress = ...,
    ) -> AsyncUpdateResult: ...
    @overload
    async def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[True],
        progress: Progress = ...,
    ) -> list[PlannedRequest]: ...
    @overload
    async def update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: bool,
        progress: Progress = ...,
    ) -> AsyncUpdateResult | list[PlannedRequest]: ...
    @overload
    async def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[False] = ...,
        progress: Progress = ...,
    ) -> AsyncUpdateResult: ...
    @overload
    async def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: Literal[True],
        progress: Progress = ...,
    ) -> list[PlannedRequest]: ...
    @overload
    async def update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = ...,
        json_columns: Strings | None = ...,
        dry_run: bool,
        progress: Progress = ...,
    ) -> AsyncUpdateResult | list[PlannedRequest]: ...
    async def plan_update_calls(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        json_columns: Strings | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        days: int | None = None,
        after: Time | None = None,
        before: Time | None = None,
        rep_id: Strings | None = None,
        vendor: Strings | None = None,
        campaign: Strings | None = None,
        subcampaign: Strings | None = None,
        department: Strings | None = None,
        vendor_call_id: Strings | None = None,
        progress: Progress = None,
    ) -> AsyncUpdatePlan: ...
    async def plan_update_reps(
        self,
        frame: object,
        *,
        nulls: Literal["keep", "clear"] = "keep",
        json_columns: Strings | None = None,
        department: Strings | None = None,
        rep_id: Strings | None = None,
        active: bool | Literal[0, 1] | None = None,
        progress: Progress = None,
    ) -> AsyncUpdatePlan: ...
    async def undo_update(
        self,
        journal: str | os.PathLike[str],
        *,
        on_conflict: Literal["skip", "error"] = "skip",
        progress: Progress = None,
    ) -> AsyncUpdateResult: ...
    async def __aenter__(self) -> AsyncClient: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    async def aclose(self) -> None: ...
