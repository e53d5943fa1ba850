"""Every night: conversations and users into PostgreSQL, and what changed marked on an asset and its days.

Connections: `converz_default` (type Converz) and `warehouse` (type Postgres).
"""

from datetime import datetime, timedelta

from airflow.sdk import DAG, Asset

from converz.airflow import ConverzSyncOperator

calls = Asset("converz_calls")

with DAG(
    "converz_nightly_sync",
    schedule="0 3 * * *",
    start_date=datetime(2025, 7, 1),
    catchup=False,
    # Two runs at a time would write the same days: the second is refused, and retried in vain.
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
):
    ConverzSyncOperator(
        task_id="sync",
        target="warehouse",
        options={"metric": ["csat", "talk_ratio"]},
        outlets=[calls],
        execution_timeout=timedelta(hours=2),
    )
