"""The days of a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["days_of"]

DAY = timedelta(days=1)


def days_of(context: Mapping[str, Any]) -> tuple[date, date]:
    """Return the first and the last day of a run's interval, in the time zone of its Dag.

    They are the days from that of its start up to that before its end: a run of every night at three means the day that is over, and leaves the three hours
    of the next one to the next run. One of every hour means the day as far as it has come.

    A run of a plain cron has no interval, its start is its end: what is meant is the time from the tick before to the last
    one. A run without a logical date, such as one that an asset started, is taken as one at the time that it was due. A run
    of a partition means the day of that.
    """
    zone = context["dag"].timezone
    partition = context.get("partition_date")
    if partition is not None:
        day = partition.astimezone(zone).date()
        return day, day
    end = context.get("data_interval_end")
    start = context.get("data_interval_start")
    if end is None or start is None:
        start = end = context["dag_run"].run_after
    if start >= end:
        start, end = _between_ticks(context["dag"].timetable, end.astimezone(zone))
    first = start.astimezone(zone).date()
    return first, max(first, end.astimezone(zone).date() - DAY)


def _between_ticks(timetable: Any, moment: datetime) -> tuple[datetime, datetime]:
    """Return the last two ticks of a timetable, the later of them at or before a moment."""
    each = getattr(timetable, "timetables", [timetable])
    crons = [cron.expression for cron in each if hasattr(cron, "expression")]
    if crons:
        from croniter import croniter

        def before(cron: str, when: datetime) -> datetime:
            found: datetime = croniter(cron, when).get_prev(datetime)
            return found

        last = max(before(cron, moment + timedelta(seconds=1)) for cron in crons)
        return max(before(cron, last) for cron in crons), last
    delta = getattr(timetable, "delta", None) or DAY
    return moment - delta, moment
