"""Every week: attributes that the warehouse has worked out, back to the service, by a plan.

Above 5,000 cells that change nothing is sent, and the log shows the plan. The XCom `journal` of the task is the file with
which `converz undo` puts everything back.

Connections: `converz_default` (type Converz) and `warehouse` (type Postgres).
"""

from datetime import datetime, timedelta

from airflow.sdk import DAG

from converz.airflow import ConverzUpdateOperator

with DAG(
    "converz_weekly_write_back",
    schedule="0 6 * * 1",
    start_date=datetime(2025, 7, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
):
    ConverzUpdateOperator(
        task_id="write_back",
        source="warehouse",
        # Rows with a date say what is to be read and compared with.
        sql="""
            SELECT call_id, date, CASE WHEN csat >= 4 THEN 'happy' ELSE 'unhappy' END AS mood
            FROM calls
            WHERE csat IS NOT NULL AND date >= DATE '{{ macros.ds_add(ds, -7) }}' AND date < DATE '{{ ds }}'
        """,
        max_changes=5_000,
    )
