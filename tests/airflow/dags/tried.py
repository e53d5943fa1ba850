"""What the tests have Airflow run."""

import os
from datetime import datetime, timedelta

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, task

from converz.airflow import ConverzExportOperator, ConverzHook, ConverzSyncOperator, ConverzUpdateOperator

calls = Asset("tried_calls")
default_args = {"retries": 0}

# No run by itself, since the end is over; only what a test asks for.
with DAG(
    "backfilled",
    schedule="@daily",
    start_date=datetime(2025, 7, 1),
    end_date=datetime(2025, 8, 1),
    catchup=False,
    default_args=default_args,
    is_paused_upon_creation=False,
):
    ConverzSyncOperator(task_id="sync", target="warehouse", tables="calls", options={"metric": "csat"})

with DAG("marking", schedule=None, default_args=default_args, is_paused_upon_creation=False):
    ConverzSyncOperator(
        task_id="sync",
        target="marked",
        tables="calls",
        since="2025-07-10",
        until="2025-07-12",
        outlets=[calls],
    )

with DAG("whole", schedule=[calls], default_args=default_args, is_paused_upon_creation=False):

    @task
    def pass_on():
        return ConverzHook().get_conn().calls(start_date="2025-07-10", end_date="2025-07-10")

    @task
    def count(table):
        return table.num_rows

    count(pass_on())

with DAG(
    "by_day",
    schedule=PartitionedAssetTimetable(assets=calls),
    default_args=default_args,
    is_paused_upon_creation=False,
):
    ConverzExportOperator(
        task_id="export",
        path=os.environ.get("CONVERZ_EXPORTS", "exports") + "/by_day/{{ partition_key }}.parquet",
    )

with DAG("killed", schedule=None, default_args=default_args, is_paused_upon_creation=False):
    ConverzSyncOperator(
        task_id="sync",
        target="killed",
        tables="calls",
        since="2025-07-01",
        until="2025-07-03",
        options={"refresh": "2025-07-01/2025-07-03"},
    )

with DAG("timed_out", schedule=None, default_args=default_args, is_paused_upon_creation=False):
    ConverzSyncOperator(
        task_id="sync",
        target="killed",
        tables="calls",
        since="2025-07-01",
        until="2025-07-03",
        options={"refresh": "2025-07-01/2025-07-03"},
        execution_timeout=timedelta(seconds=2),
    )

with DAG("too_much", schedule=None, default_args=default_args, is_paused_upon_creation=False):
    ConverzUpdateOperator(
        task_id="update",
        path=os.environ.get("CONVERZ_ROWS", "rows.csv"),
        schema={"call_id": "int64"},
        since="2025-07-01",
        until="2025-07-31",
        max_changes=3,
    )
