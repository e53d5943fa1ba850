"""What Spark writes are updates by key, with the null rules of `update_calls`."""

from __future__ import annotations

import json

import pytest
from pyspark.errors import PySparkException

import converz
from support import spark_dying


def values(client, column: str) -> dict[int, object]:
    table = client.calls(columns=["call_id", column]).to_pydict()
    return {
        key: value
        for key, value in zip(
            table["call_id"], table.get(column, [None] * len(table["call_id"])), strict=True
        )
        if value is not None
    }


def frame_of(spark, rows, schema, partitions=3):
    return spark.createDataFrame(rows, schema).repartition(partitions, "call_id")


def test_updates_by_key(spark, write, client, tmp_path):
    rows = [(key, f"team {key % 3}" if key % 2 else None, key / 2) for key in range(1, 101)]
    report = tmp_path / "report.json"
    frame = frame_of(spark, rows, "call_id BIGINT, team STRING, score DOUBLE")
    write(frame, report=str(report))
    assert values(client, "team") == {key: team for key, team, _ in rows if team}
    assert values(client, "score") == {key: score for key, _, score in rows}
    told = json.loads(report.read_text())
    assert (told["complete"], told["rows"], told["cells"]) == (True, 100, 150)
    assert told["in_doubt"] == told["unsent"] == []
    assert sum(part["rows"] for part in told["partitions"]) == 100

    # A null keeps what is stored, and clears it where that is said.
    write(frame_of(spark, [(1, None)], "call_id BIGINT, team STRING"))
    assert values(client, "team")[1] == "team 1"
    write(frame_of(spark, [(1, None)], "call_id BIGINT, team STRING"), nulls="clear")
    assert 1 not in values(client, "team")


def test_updates_of_reps(spark, write, client):
    keys = client.reps().to_pydict()["rep_id"]
    write(
        spark.createDataFrame([(key, "night") for key in keys], "rep_id STRING, shift STRING"), table="reps"
    )
    assert set(client.reps().to_pydict()["shift"]) == {"night"}


def test_an_empty_frame_sends_nothing(spark, write, sandbox):
    write(frame_of(spark, [], "call_id BIGINT, team STRING"))
    assert sandbox.requests == []


def test_a_killed_worker_sets_the_same_again(spark, sandbox, client, tmp_path):
    spark.dataSource.register(spark_dying.DyingSource)
    marks = tmp_path / "marks"
    frame = frame_of(spark, [(key, key * 2) for key in range(1, 51)], "call_id BIGINT, score BIGINT", 2)
    writer = frame.write.format("converz-dying").options(base_url=sandbox.url, secret=sandbox.api_key)
    writer.options(user_agent=str(marks)).mode("append").save()
    assert marks.read_text().splitlines() == ["killed"] * 2
    assert values(client, "score") == {key: key * 2 for key in range(1, 51)}


def test_what_is_in_doubt_is_told(spark, tmp_path):
    """One request of three is answered by silence: its rows are in doubt, the others are set."""
    fault = converz.Fault(operation="update_calls", request=2, status=503)
    report = tmp_path / "report.json"
    with converz.Sandbox(calls=100, reps=5, faults=[fault]) as sandbox:
        frame = frame_of(spark, [(key, "a") for key in range(1, 91)], "call_id BIGINT, team STRING")
        writer = frame.write.format("converz").options(base_url=sandbox.url, secret=sandbox.api_key)
        with pytest.raises(PySparkException, match="1 of 3 partitions were not finished") as error:
            writer.options(report=str(report), max_retries="0").mode("append").save()
        told = json.loads(report.read_text())
        assert not told["complete"]
        assert len(told["in_doubt"]) > 0
        assert told["rows"] == 90 - len(told["in_doubt"])
        assert f"{len(told['in_doubt']):,} (" in str(error.value)
        set_now = set(values(sandbox.client(), "team"))
        assert set(range(1, 91)) - set_now <= set(told["in_doubt"])
        # What the message says.
        writer.mode("append").save()
        assert set(values(sandbox.client(), "team")) == set(range(1, 91))


def test_what_cannot_be_written(spark, write, sandbox, tmp_path):
    rows = frame_of(spark, [(1, "a")], "call_id BIGINT, team STRING")
    with pytest.raises(PySparkException, match="mode\\('append'\\) updates by key"):
        write(rows, mode="overwrite")
    with pytest.raises(PySparkException, match="column 'call_id' is missing"):
        write(rows.select("team"))
    with pytest.raises(PySparkException, match="nulls='drop' is neither"):
        write(rows, nulls="drop")
    assert sandbox.requests == []
    twice = spark.createDataFrame([(1, "a"), (1, "b")], "call_id BIGINT, team STRING").coalesce(1)
    report = tmp_path / "report.json"
    with pytest.raises(PySparkException, match="call_id"):
        write(twice, report=str(report))
    assert json.loads(report.read_text())["complete"] is False
