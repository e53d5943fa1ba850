"""Which days a run means, whatever started it: each timetable of Airflow, with the interval that Airflow itself gives its runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.sdk import (
    DAG,
    Asset,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    CronPartitionTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    MultipleCronTriggerTimetable,
    PartitionedAssetTimetable,
)
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables import trigger
from airflow.timetables.base import TimeRestriction
from airflow.timetables.events import EventsTimetable
from dateutil.relativedelta import relativedelta

import converz
from converz.airflow.window import days_of

ASSET = Asset("tried")
AMSTERDAM = "Europe/Amsterdam"
NOON = datetime(2025, 7, 16, 12, 0, 0, 123456, UTC)
"""A Wednesday."""


def dag_of(schedule, zone: str = "UTC") -> DAG:
    return DAG("tried", schedule=schedule, start_date=datetime(2025, 1, 1, tzinfo=ZoneInfo(zone)))


def context_of(dag: DAG, interval=None, **more) -> dict:
    start, end = (interval.start, interval.end) if interval else (None, None)
    return {
        "dag": dag,
        "dag_run": SimpleNamespace(run_after=NOON),
        "data_interval_start": start,
        "data_interval_end": end,
    } | more


def scheduled(dag: DAG, after: datetime):
    """The interval of the first run by schedule from a moment on."""
    timetable = coerce_to_core_timetable(dag.timetable)
    earliest = pendulum.instance(after)
    between = TimeRestriction(earliest=earliest, latest=None, catchup=True)
    return timetable.next_dagrun_info(last_automated_data_interval=None, restriction=between).data_interval


def manual(dag: DAG):
    """The interval of a run that somebody starts at noon, with that as its logical date."""
    return coerce_to_core_timetable(dag.timetable).infer_manual_data_interval(
        run_after=pendulum.instance(NOON)
    )


def july(first: int, last: int | None = None) -> tuple[date, date]:
    return date(2025, 7, first), date(2025, 7, last or first)


# The schedule, the days of its first run from Monday the 14th on, and those of one that is started on Wednesday the 16th.
SCHEDULES = {
    "@daily": ("@daily", july(13), july(15)),
    "of every night": ("0 3 * * *", july(13), july(15)),
    "of every hour": ("@hourly", july(13), july(16)),
    "of every Monday": ("0 6 * * 1", july(7, 13), july(7, 13)),
    "@monthly": ("@monthly", july(1, 31), (date(2025, 6, 1), date(2025, 6, 30))),
    "every six hours": (timedelta(hours=6), july(13), july(16)),
    "every week": (timedelta(days=7), july(7, 13), july(9, 15)),
    "every month": (
        relativedelta(months=1),
        (date(2025, 6, 14), date(2025, 7, 13)),
        (date(2025, 6, 16), date(2025, 7, 15)),
    ),
    "by intervals": (CronDataIntervalTimetable("0 0 * * 1", timezone="UTC"), july(14, 20), july(7, 13)),
    "by delta intervals": (DeltaDataIntervalTimetable(timedelta(days=3)), july(14, 16), july(13, 15)),
    "by a delta's triggers": (DeltaTriggerTimetable(timedelta(days=3)), july(11, 13), july(13, 15)),
    "with an interval": (
        CronTriggerTimetable("0 3 * * *", timezone="UTC", interval=timedelta(days=3)),
        july(11, 13),
        july(13, 15),
    ),
    "several crons": (
        MultipleCronTriggerTimetable("0 4 * * 1", "0 4 * * 4", timezone="UTC"),
        july(10, 13),
        july(10, 13),
    ),
    "events": (
        EventsTimetable([pendulum.datetime(2025, 7, day) for day in (2, 9, 14, 20)]),
        july(9, 13),
        july(9, 13),
    ),
    "one event": (EventsTimetable([pendulum.datetime(2025, 7, 14)]), july(13), july(15)),
    "assets or every Monday": (
        AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 6 * * 1", timezone="UTC"), assets=[ASSET]),
        july(7, 13),
        july(7, 13),
    ),
    "every Monday, by the scheduler's class": (
        trigger.CronTriggerTimetable("0 6 * * 1", timezone="UTC"),
        july(7, 13),
        july(7, 13),
    ),
    "several crons, by the scheduler's class": (
        trigger.MultipleCronTriggerTimetable("0 4 * * 1", "0 4 * * 4", timezone="UTC"),
        july(10, 13),
        july(10, 13),
    ),
    "a delta, by the scheduler's class": (
        trigger.DeltaTriggerTimetable(timedelta(days=3)),
        july(11, 13),
        july(13, 15),
    ),
    "@once": ("@once", july(13), july(15)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_runs_of_a_schedule_and_by_hand(name):
    schedule, by_schedule, by_hand = SCHEDULES[name]
    dag = dag_of(schedule)
    assert days_of(context_of(dag, scheduled(dag, datetime(2025, 7, 14, tzinfo=UTC)))) == by_schedule
    assert days_of(context_of(dag, manual(dag))) == by_hand


@pytest.mark.parametrize(
    "schedule", [None, [ASSET], ASSET | Asset("other"), PartitionedAssetTimetable(assets=ASSET)], ids=str
)
def test_runs_without_an_interval_mean_the_day_before(schedule):
    dag = dag_of(schedule)
    assert days_of(context_of(dag)) == july(15)


def test_a_run_that_is_started_without_a_date_means_what_the_last_one_by_schedule_did():
    assert days_of(context_of(dag_of("0 6 * * 1"))) == july(7, 13)


def test_a_run_of_every_week_is_its_days_once():
    """Runs in a row leave no day out and have none twice, whatever the timetable."""
    for schedule in (
        "0 3 * * *",
        "0 6 * * 1",
        "0 4 1,15 * *",
        MultipleCronTriggerTimetable("0 4 * * 1", "0 4 * * 4", timezone="UTC"),
    ):
        dag = dag_of(schedule)
        timetable = coerce_to_core_timetable(dag.timetable)
        between = TimeRestriction(earliest=pendulum.datetime(2025, 2, 1), latest=None, catchup=True)
        days, last = [], None
        for _ in range(60):
            last = timetable.next_dagrun_info(
                last_automated_data_interval=last, restriction=between
            ).data_interval
            first, until = days_of(context_of(dag, last))
            days += [first + timedelta(days=number) for number in range((until - first).days + 1)]
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))]


def test_days_are_those_of_the_dag_and_ticks_those_of_the_cron():
    # Three o'clock in Amsterdam is still Sunday evening in New York.
    cron = CronTriggerTimetable("0 3 * * 1", timezone=AMSTERDAM)
    dag = dag_of(cron, "America/New_York")
    assert days_of(context_of(dag, scheduled(dag, datetime(2025, 7, 14, tzinfo=UTC)))) == july(6, 12)
    night = dag_of("30 0 * * *", AMSTERDAM)
    assert days_of(context_of(night, scheduled(night, datetime(2025, 7, 13, 22, tzinfo=UTC)))) == july(13)


@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 10, 26)], ids=str)
def test_days_of_23_and_of_25_hours(day):
    dag = dag_of("0 2 * * *", AMSTERDAM)
    for late in range(3):
        begin = datetime.combine(day + timedelta(days=late), datetime.min.time(), ZoneInfo(AMSTERDAM))
        expected = day + timedelta(days=late - 1)
        assert days_of(context_of(dag, scheduled(dag, begin.astimezone(UTC)))) == (expected, expected)


def test_a_run_of_a_partition_means_its_day():
    """What a day that was marked on an asset starts has its key and nothing else."""
    by_asset = dag_of(PartitionedAssetTimetable(assets=ASSET), "America/New_York")
    assert days_of(context_of(by_asset, partition_key="2025-07-10")) == july(10)
    # The start of a day elsewhere is not to be taken for the day before.
    moment = pendulum.datetime(2025, 7, 10)
    assert days_of(context_of(by_asset, partition_key="2025-07-10", partition_date=moment)) == july(10)
    by_cron = dag_of(
        CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%d.%m.%Y")
    )
    said = {"partition_key": "10.07.2025", "partition_date": moment}
    assert days_of(context_of(by_cron, **said)) == july(10)
    for key in ("2025-07-10T05:00:00", "2025-07-10 05:00", "2025-07-10T00:00:00+02:00"):
        assert days_of(context_of(dag_of(None), partition_key=key)) == july(10)


@pytest.mark.parametrize(
    "key",
    [
        "2025-07-07 (W28)",
        "2025-07",
        "eu",
        "eu|2025-07-10",
        "2025-W29",
        "2025-W29-1",
        "2025W291",
        "20250714",
        "20250714T00",
        "2025-07-10/12",
    ],
)
def test_a_partition_that_is_no_day_is_refused(key):
    said = {"partition_key": key, "partition_date": pendulum.datetime(2025, 7, 7)}
    with pytest.raises(converz.InvalidInputError, match="since= and"):
        days_of(context_of(dag_of(PartitionedAssetTimetable(assets=ASSET)), **said))
