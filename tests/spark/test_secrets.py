"""The key is in no plan, no page of the UI, no event log and no message."""

from __future__ import annotations

import json
import urllib.request

import pytest
from pyspark.errors import PySparkException


def pages(spark) -> str:
    """What the UI tells of everything that ran."""
    base = f"{spark.sparkContext.uiWebUrl}/api/v1/applications"
    found = []
    with urllib.request.urlopen(base) as answer:
        applications = json.load(answer)
    for application in applications:
        for page in ("environment", "jobs", "stages?details=true", "sql?details=true&planDescription=true"):
            with urllib.request.urlopen(f"{base}/{application['id']}/{page}") as answer:
                found.append(answer.read().decode())
    for page in ("SQL/", "environment/", "jobs/"):
        with urllib.request.urlopen(f"{spark.sparkContext.uiWebUrl}/{page}") as answer:
            found.append(answer.read().decode())
    return "\n".join(found)


def test_the_key_is_shown_nowhere(spark, sandbox, read, write, logs, capfd):
    shown = []
    frame = read(schema="call_id BIGINT, campaign STRING")
    frame.createOrReplaceTempView("calls")
    frame.explain(True)
    spark.sql("EXPLAIN EXTENDED SELECT * FROM calls").show(truncate=False)
    shown.append(frame._jdf.queryExecution().toString())
    rows = frame.limit(3)
    rows.collect()
    write(rows.selectExpr("call_id", "'x' AS note"))
    for wrong in (
        lambda: read(schema="call_id BIGINT, campaign BIGINT").collect(),
        lambda: write(rows.selectExpr("call_id AS id")),
        lambda: write(
            rows.selectExpr("call_id", "call_id + 0.5D AS call_ID2", "'x' AS campaign"), nulls="what"
        ),
    ):
        with pytest.raises(PySparkException) as error:
            wrong()
        shown.append(str(error.value))
    shown += [pages(spark), *capfd.readouterr()]
    files = [path for path in logs.rglob("*") if path.is_file()]
    shown += [path.read_bytes().decode(errors="replace") for path in files]
    text = "\n".join(shown)
    assert "converz" in text
    assert len(files) >= 1
    at = text.find(sandbox.api_key)
    assert at < 0, text[max(at - 300, 0) : at + 100]


def test_without_an_address_it_says_so(spark):
    reader = spark.read.format("converz").option("since", "2025-07-01").option("until", "2025-07-15")
    with pytest.raises(PySparkException, match="CONVERZ_BASE_URL"):
        reader.schema("call_id BIGINT").load().collect()
