"""The code of the guide runs as it stands."""

from __future__ import annotations

import re

from conftest import ROOT

GUIDE = (ROOT / "docs" / "airflow.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```py\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_code_of_the_guide(airflow, service, warehouse, tmp_path):
    hook, sync = BLOCKS
    # A task of the hook's is used as any other is.
    used = '\nfrom airflow.sdk import DAG\n\nwith DAG("counted"):\n    count()\n'
    (tmp_path / "counted.py").write_text(hook + used)
    (tmp_path / "synced.py").write_text(sync)
    airflow.run("dags", "test", "counted", dags=tmp_path)
    counted = airflow.rows("SELECT value::text FROM xcom WHERE dag_id = 'counted' AND key = 'return_value'")
    assert counted == [(str(service.client().calls(days=7).num_rows),)]
    said = airflow.run("dags", "test", "converz", "2025-07-21T03:00:00", dags=tmp_path)
    # It begins earlier where other tests have brought days that are due.
    assert re.search(r"days 2025-07-\d\d to 2025-07-20\b", said)
    asked = {
        "since": "2025-07-20",
        "until": "2025-07-20",
        "tables": "calls",
        "metric": ["csat", "talk_ratio"],
    }
    assert service.client().audit(warehouse, **asked).equal


def test_the_setting_of_the_guide_is_the_one_of_the_tests(airflow):
    [said] = re.findall(r"^allowed_deserialization_classes = (.*)$", GUIDE, re.MULTILINE)
    assert airflow.environment["AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES"] == said
