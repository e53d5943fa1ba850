"""What a page is made of that reads no conversation: reports of both periods."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from converz._dashboard.material import DIMENSIONS, Asked, Question, read_weeks

if TYPE_CHECKING:
    from converz._client.client import Client
    from converz._results.table import Table

__all__ = ["Reports", "read_reports"]


@dataclass(kw_only=True)
class Reports(Asked):
    """Reports of both periods, as polars frames."""

    totals: tuple[pl.DataFrame, pl.DataFrame]
    """The period before, and this one."""
    days: pl.DataFrame
    groups: dict[str, tuple[pl.DataFrame, pl.DataFrame]]
    """By dimension, the period before and this one."""

    def digits(self, metric: str) -> int:
        """How many digits after the point say something."""
        values = [abs(each) for side in (0, 1) if (each := self.total(side, metric)) is not None]
        largest = max(values, default=0.0)
        # A report does not say what is a share, of which two digits are few.
        return 3 if largest <= 1 else 2 if largest < 10 else 1 if largest < 100 else 0

    def total(self, side: int, name: str) -> float | None:
        """A figure of a whole period."""
        frame = self.totals[side]
        value = frame[name][0] if name in frame.columns and len(frame) else None
        return None if value is None else float(value)

    def conversations(self, side: int) -> int:
        """How many there were in a whole period."""
        return int(self.total(side, "conversations") or 0)


def read_reports(client: Client, question: Question) -> Reports:
    """Ask for everything."""
    receipts: list[tuple[str, Any]] = []
    q = question

    def kept(table: Table) -> pl.DataFrame:
        receipts.append(("report", table.receipt))
        return table.to_polars()

    def both(groupby: str | None, metrics: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        before, after = (
            kept(client.report(start_date=start, end_date=end, groupby=groupby, metric=metrics, **q.filters))
            for start, end in ((q.before_start, q.before_end), (q.start, q.end))
        )
        return before, after

    weeks = kept(read_weeks(client, q))
    totals = both(None, [*q.metrics, *([] if q.activity in (None, *q.metrics) else [str(q.activity)])])
    counted = kept(client.report(start_date=q.before_start, end_date=q.end, groupby="date", **q.filters))
    return Reports(
        question=q,
        url=str(client.settings["base_url"]),
        weeks=weeks,
        totals=totals,
        days=_every_day(q, counted),
        groups={name: both(name, q.metrics) for name in DIMENSIONS},
        receipts=receipts,
    )


def _every_day(q: Question, counted: pl.DataFrame) -> pl.DataFrame:
    every = pl.DataFrame({"date": pl.date_range(q.before_start, q.end, dt.timedelta(days=1), eager=True)})
    counted = counted.select(pl.col("date").cast(pl.Date, strict=False), "conversations")
    return every.join(counted, on="date", how="left").fill_null(0).sort("date")
