"""The code of the guide runs as it stands, on the service of the tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

from conftest import CANARY

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "spark.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```py\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_code_of_the_guide(spark, sandbox, client, tmp_path):
    read, write = BLOCKS
    # Only where the service is, where a vault is and where a report goes are the reader's own.
    read, write = (block.replace("https://acme.converz.co", sandbox.url) for block in (read, write))
    write = write.replace("/tmp/report.json", str(tmp_path / "report.json"))
    vault = SimpleNamespace(get=lambda scope, key: CANARY)
    names: dict[str, object] = {"spark": spark, "dbutils": SimpleNamespace(secrets=vault)}
    exec(compile(read, "spark.md, the first block", "exec"), names)
    calls = names["calls"]
    ours = client.calls(
        start_date="2025-01-01", end_date="2025-07-31", metric=["csat", "talk_ratio"]
    ).to_pylist()
    found = sorted((row.asDict() for row in calls.collect()), key=lambda row: row["call_id"])
    assert calls.columns == ["call_id", "campaign", "date", "csat", "talk_ratio"]
    assert found == sorted(
        ({name: row[name] for name in calls.columns} for row in ours), key=lambda row: row["call_id"]
    )

    names["scores"] = calls.selectExpr("call_id", "talk_ratio * 100 AS score").dropna()
    exec(compile(write, "spark.md, the second block", "exec"), names)
    scored = client.calls(columns=["call_id", "score"]).to_pydict()["score"]
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["complete"]
    assert told["rows"] == len([score for score in scored if score is not None]) > 100


def test_the_sentences_about_pushing_and_pins_say_what_is_there(read, spark, client):
    [setting] = re.findall(r'`spark\.conf\.set\("([\w.]+)", "true"\)`', GUIDE)
    assert spark.conf.get(setting) in {"true", "false"}
    assert '.option("nulls", "clear")' in GUIDE
    pins = client.describe_calls(start_date="2025-07-01", metric="csat").pins
    frame = read(pins=json.dumps(pins | {"csat": "float64"}), metric="csat", since="2025-07-01")
    assert dict(frame.dtypes)["csat"] == "double"
    assert frame.count() == client.calls(start_date="2025-07-01").num_rows
