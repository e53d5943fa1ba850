"""Every week: last week's conversations as a file, and whether the warehouse still has what the service has.

Connections: `converz_default` (type Converz) and `warehouse` (type Postgres).
"""

import os
from datetime import datetime

from airflow.sdk import DAG

from converz.airflow import ConverzAuditOperator, ConverzExportOperator

# An object store as well: s3://aws_default@bucket/exports
EXPORTS = os.environ.get("CONVERZ_EXPORTS", "/var/lib/converz/exports")

with DAG("converz_export_and_audit", schedule="0 5 * * 1", start_date=datetime(2025, 7, 1), catchup=False):
    export = ConverzExportOperator(
        task_id="export",
        # The window is the week before; `run_after` is there in every run, `ds` only in those of a schedule.
        path=EXPORTS + "/calls-{{ dag_run.run_after | ds }}.parquet",
        options={"metric": "csat"},
    )
    audit = ConverzAuditOperator(
        task_id="audit", target="warehouse", options={"metric": ["csat", "talk_ratio"]}
    )
    export >> audit
