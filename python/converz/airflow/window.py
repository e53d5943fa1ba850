"""The days of a run."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from converz import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["days_of"]

DAY = timedelta(days=1)

WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)")
"""How the key of a partition of a day begins: with the day, and with its time behind it if there is one."""


def days_of(context: Mapping[str, Any]) -> tuple[date, date]:
    """Return the first and the last day of a run's interval, in the time zone of its Dag.

    They are the days from that of its start up to that before its end: a run of every night at three means the day that is over, and leaves the three hours
    of the next one to the next run. One of every hour means the day as far as it has come.

    A run of a plain cron has no interval, its start is its end: what is meant is the time from the tick before to the last
    one. A run without a logical date, such as one that an asset started, is taken as one at the time that it was due. A run
    of a partition means the day that its key names.
    """
    zone = context["dag"].timezone
    partition = _partition(context, zone)
    if partition is not None:
        return partition, partition
    end = context.get("data_interval_end")
    start = context.get("data_interval_start")
    if end is None or start is None:
        start = end = context["dag_run"].run_after
    if start >= end:
        start, end = _between_ticks(context["dag"].timetable, end.astimezone(zone))
    first = start.astimezone(zone).date()
    return first, max(first, end.astimezone(zone).date() - DAY)


def _partition(context: Mapping[str, Any], zone: tzinfo) -> date | None:
    key, moment = context.get("partition_key"), context.get("partition_date")
    if key is None and moment is None:
        return None
    if moment is not None and (key is None or hasattr(context["dag"].timetable, "key_format")):
        # Of a cron, whose key is written as the Dag says.
        day: date = moment.astimezone(zone).date()
        return day
    try:
        # The key alone is what a day that was marked on an asset comes with.
        return datetime.fromisoformat(_written(str(key))).date()
    except ValueError:
        message = (
            f"partition_key={key!r:.80} of the run is no day such as '2025-07-15': say which days are meant with since= and "
            "until=, which are templates"
        )
        raise InvalidInputError(message) from None


def _written(key: str) -> str:
    # Python by itself takes '2025-W29' for a Monday, and '2025-07-10/12' for a day at twelve o'clock.
    if not WRITTEN.match(key):
        raise ValueError(key)
    return key


def _said(timetable: Any, name: str, otherwise: Any = None) -> Any:
    """Return what a timetable has: those of Airflow's SDK in public, those of its scheduler, which Dags may have as well, not."""
    return getattr(timetable, name, getattr(timetable, f"_{name}", otherwise))


def _between_ticks(timetable: Any, moment: datetime) -> tuple[datetime, datetime]:
    """Return the last two ticks of a timetable, the later of them at or before a moment."""
    # The part by time of what is started by assets as well.
    timetable = _said(timetable, "timetable", timetable)
    several = _said(timetable, "timetables", [timetable])
    crons = [each for each in several if _said(each, "expression")]
    if crons:
        last = max(_tick_before(each, moment + timedelta(seconds=1)) for each in crons)
        return max(_tick_before(each, last) for each in crons), last
    events = sorted(each for each in _said(timetable, "event_dates", ()) if each <= moment)
    if len(events) > 1:
        return events[-2], events[-1]
    return moment - (_said(timetable, "delta") or DAY), moment


def _tick_before(cron: Any, moment: datetime) -> datetime:
    """Return the last tick before a moment, in the zone of the cron, which may be another one than the Dag's."""
    from croniter import croniter

    zone = _said(cron, "timezone")
    if isinstance(zone, str):
        zone = ZoneInfo(zone)
    # By the clock on the wall, which is what a cron means where days have 23 or 25 hours.
    there = moment.astimezone(zone).replace(tzinfo=None)
    tick: datetime = croniter(_said(cron, "expression"), there).get_prev(datetime)
    return tick.replace(tzinfo=zone)
