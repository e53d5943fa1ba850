"""Which days may still change: the last ones, and those of which less has come than is usual."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from converz._frames.libraries import required

if TYPE_CHECKING:
    from converz._dashboard.material import Material

__all__ = ["days", "unsettled"]

SURE = 0.001


def days(material: Material) -> pl.DataFrame:
    """One row a day of both periods: conversations, and how many have each column that comes late."""
    q = material.question
    both = pl.concat([material.before, material.after], how="vertical_relaxed")
    late = [name for name in ("summary", *q.metrics) if name in both.columns]
    every = pl.DataFrame({"date": pl.date_range(q.before_start, q.end, eager=True)})
    counted = both.group_by("date").agg(
        pl.len().alias("conversations"), *(pl.col(name).count().alias(f"has {name}") for name in late)
    )
    return every.join(counted, on="date", how="left").fill_null(0).sort("date")


def unsettled(material: Material, today: dt.date) -> set[dt.date]:
    """The days that are younger than `unsettled_days`, and those with far fewer values than the others.

    Far fewer: a day like the others would have so few once in a thousand pages, and there are at most half as many.
    """
    frame = days(material)
    stats = required("scipy.stats", "dashboard", extra="dashboard")
    first = today - dt.timedelta(days=material.question.unsettled_days)
    found = {day for day in frame["date"] if day > first}
    counts = frame["conversations"].to_numpy()
    for name in frame.columns:
        if not name.startswith("has "):
            continue
        values = frame[name].to_numpy()
        if not values.sum():
            continue
        shares = [value / count for value, count in zip(values, counts, strict=True) if count]
        # Where most days have all, one is missing somewhere all the same: no day is sure to have every value.
        usual = min(
            float(pl.Series(shares).median() or 0),  # type: ignore[arg-type]
            float(values.sum()) / (float(counts.sum()) + 1),
        )
        for day, value, count in zip(frame["date"], values, counts, strict=True):
            if (
                count
                and value <= count * usual / 2
                and stats.binom.cdf(value, count, usual) < SURE / len(frame)
            ):
                found.add(day)
    return found
