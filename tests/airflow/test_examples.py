"""The examples run as they stand, by `airflow dags test`."""

from __future__ import annotations

import json
from pathlib import Path

import converz
from conftest import CANARY, ROOT, rows_of

EXAMPLES = ROOT / "examples" / "airflow"


def test_the_nightly_sync_the_write_back_the_export_and_the_audit(airflow, service, warehouse):
    said = airflow.run("dags", "test", "converz_nightly_sync", "2025-07-14T03:00:00", dags=EXAMPLES)
    # The interval of a plain cron is empty: what is meant is the day that is over.
    assert "days 2025-07-13 to 2025-07-13" in said
    client = service.client()
    stored = client.audit(
        warehouse, since="2025-07-13", until="2025-07-13", tables="calls", metric=["csat", "talk_ratio"]
    )
    assert stored.equal
    assert stored.rows > 0

    # What the audit finds equal, once all is there.
    client.sync(warehouse, since="2025-07-01", until="2025-07-13", metric=["csat", "talk_ratio"])
    airflow.run("dags", "test", "converz_export_and_audit", "2025-07-14T05:00:00", dags=EXAMPLES)
    [exported] = Path(airflow.environment["CONVERZ_EXPORTS"]).glob("calls-*.parquet")
    week = {"start_date": "2025-07-07", "end_date": "2025-07-13"}
    assert rows_of(exported) == client.calls(**week, metric="csat").num_rows

    airflow.run("dags", "test", "converz_weekly_write_back", "2025-07-14T06:00:00", dags=EXAMPLES)
    calls = client.calls(**week, metric=["csat", "mood"]).to_pydict()
    rated = [
        (csat, mood) for csat, mood in zip(calls["csat"], calls["mood"], strict=True) if csat is not None
    ]
    assert len(rated) > 5
    assert all(mood == ("happy" if csat >= 4 else "unhappy") for csat, mood in rated)
    [(journal,)] = airflow.rows("SELECT value::text FROM xcom WHERE key = 'journal'")
    assert converz.Client(service.url, CANARY).undo_update(json.loads(journal)).cells == len(rated)
