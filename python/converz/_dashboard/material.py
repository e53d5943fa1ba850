"""What the page is made of: what was asked of the client, and what came."""

from __future__ import annotations

import datetime as dt
import random
import re
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from converz._dashboard.markup import label, plain

if TYPE_CHECKING:
    from converz._client.client import Client
    from converz._results.table import Table

__all__ = ["DIMENSIONS", "Asked", "Material", "Question", "read", "read_weeks"]

DIMENSIONS = ("campaign", "department", "subcampaign")
HISTORY = 13
"""Weeks of the charts with control limits."""


@dataclass
class Question:
    """What the page is about."""

    start: dt.date
    end: dt.date
    metrics: list[str]
    activity: str | None
    filters: dict[str, Any]
    alias: bool
    hear: int
    minimum: int
    unsettled_days: int

    @property
    def days(self) -> int:
        """Length of a period."""
        return (self.end - self.start).days + 1

    @property
    def before_start(self) -> dt.date:
        """First day of the period before."""
        return self.start - dt.timedelta(days=self.days)

    @property
    def before_end(self) -> dt.date:
        """Last day of the period before."""
        return self.start - dt.timedelta(days=1)

    @property
    def history_start(self) -> dt.date:
        """The Monday on which the charts of weeks begin; never after the period before."""
        monday = self.end - dt.timedelta(days=self.end.weekday())
        wanted = monday - dt.timedelta(weeks=HISTORY - 1)
        first = self.before_start - dt.timedelta(days=self.before_start.weekday())
        return min(wanted, first)


@dataclass(kw_only=True)
class Asked(ABC):
    """What every page has: the question, the weeks, and the receipts."""

    question: Question
    url: str
    weeks: pl.DataFrame
    receipts: list[tuple[str, Any]]
    shares: set[str] = field(default_factory=set)
    """Metrics that are true or false, so that their means are shares."""

    def is_share(self, metric: str) -> bool:
        """Whether a metric's mean is a share."""
        return metric in self.shares

    @abstractmethod
    def digits(self, metric: str) -> int:
        """How many digits after the point say something."""


@dataclass(kw_only=True)
class Material(Asked):
    """The tables, as polars frames."""

    after: pl.DataFrame
    before: pl.DataFrame
    activity: pl.DataFrame | None
    names: dict[str, str]
    spoken: dict[str, list[str]] = field(default_factory=dict)
    """By user, what an alias replaces in a summary."""
    _digits: dict[str, int] = field(default_factory=dict)

    def digits(self, metric: str) -> int:
        """How many digits after the point say something."""
        # Every figure of a page asks, and the answer needs every conversation.
        if metric not in self._digits:
            self._digits[metric] = self._count_digits(metric)
        return self._digits[metric]

    def _count_digits(self, metric: str) -> int:
        if self.is_share(metric):
            return 1
        values = pl.concat([self.before[metric], self.after[metric]]).drop_nulls().abs()
        largest = float(values.quantile(0.95) or 0) if len(values) else 0.0
        return 3 if largest <= 1 else 2 if largest < 10 else 1 if largest < 100 else 0

    def summary(self, rep: str | None, text: str) -> str:
        """A summary as the page may show it."""
        for word in self.spoken.get(rep or "", []):
            text = re.sub(rf"\b{re.escape(word)}\b", self.names.get(rep or "", ""), text, flags=re.IGNORECASE)
        return text


def read(client: Client, question: Question) -> Material:
    """Ask for everything."""
    receipts: list[tuple[str, Any]] = []

    def kept(what: str, table: Table) -> pl.DataFrame:
        receipts.append((what, table.receipt))
        return table.to_polars()

    q = question
    columns = ["call_id", "rep_id", "date", "start_time", *DIMENSIONS]
    columns += ["vendor_call_id", "summary"] if q.hear else []
    sides = [
        _whole(
            kept(
                "calls",
                client.calls(
                    start_date=start,
                    end_date=end,
                    metric=q.metrics,
                    columns=columns,
                    progress=False,
                    **q.filters,
                ),
            ),
            columns + q.metrics,
        )
        for start, end in ((q.start, q.end), (q.before_start, q.before_end))
    ]
    weeks = kept("report", read_weeks(client, q))
    activity = None
    if q.activity is not None:
        activity = kept(
            "report",
            client.report(
                start_date=q.start, end_date=q.end, groupby="rep_id", metric=q.activity, **q.filters
            ),
        )
    users = kept("reps", client.reps(progress=False))
    names, spoken = _names(users, sides, alias=q.alias)
    material = Material(
        question=q,
        url=str(client.settings["base_url"]),
        after=sides[0],
        before=sides[1],
        weeks=weeks,
        activity=activity,
        names=names,
        receipts=receipts,
        spoken=spoken,
    )
    for metric in q.metrics:
        kinds = {side.schema[metric] for side in sides}
        if pl.Boolean in kinds:
            material.shares.add(metric)
    cast = [pl.col(metric).cast(pl.Float64, strict=False) for metric in q.metrics]
    material.after, material.before = (side.with_columns(cast) for side in sides)
    return material


def read_weeks(client: Client, q: Question) -> Table:
    """Ask for the weeks that lead to the period, and one more: where that is empty, the data begin in the first."""
    return client.report(
        start_date=q.history_start - dt.timedelta(weeks=1),
        end_date=q.end,
        groupby="week",
        metric=q.metrics,
        **q.filters,
    )


def _whole(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """A column that a service leaves out is null throughout."""
    missing = [name for name in dict.fromkeys(columns) if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None).alias(name) for name in missing)
    return frame.with_columns(
        pl.col("rep_id", *DIMENSIONS).cast(pl.String), pl.col("date").cast(pl.Date, strict=False)
    )


def _names(
    users: pl.DataFrame, sides: list[pl.DataFrame], *, alias: bool
) -> tuple[dict[str, str], dict[str, list[str]]]:
    ids = sorted({rep for side in sides for rep in side["rep_id"].drop_nulls()})
    known: dict[str, Any] = {}
    if {"rep_id", "name"} <= set(users.columns):
        known = dict(zip(users["rep_id"].to_list(), users["name"].to_list(), strict=True))
    if not alias:
        shown = {rep: label(known.get(rep) or rep, 32) for rep in ids}
        often = Counter(shown.values())
        return {
            rep: name if often[name] == 1 else f"{name} ({label(rep, 24)})" for rep, name in shown.items()
        }, {}
    # By lot, so that an alias says nothing of its owner, not even the place in the alphabet.
    order = ids.copy()
    random.SystemRandom().shuffle(order)
    names = {rep: plain("alias", number=f"{place:02}") for place, rep in enumerate(order, 1)}
    spoken = {}
    for rep in ids:
        name = str(known.get(rep) or "")
        words = [name, rep, *(word for word in name.split() if len(word) > 2)]
        spoken[rep] = [word for word in words if word]
    return names, spoken
