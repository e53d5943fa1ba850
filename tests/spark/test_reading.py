"""What Spark reads is what `calls()` reads, in types that lose nothing."""

from __future__ import annotations

import datetime as dt
import json
from urllib.parse import parse_qsl

import pyarrow as pa
import pytest
from pyspark.errors import PySparkException

from support import spark_dying

RANGE = {"start_date": "2025-06-16", "end_date": "2025-07-15"}


def rows(frame, key: str = "call_id") -> list[dict]:
    return sorted((row.asDict() for row in frame.collect()), key=lambda row: row[key])


def wanted(table, key: str = "call_id") -> list[dict]:
    return sorted(table.to_pylist(), key=lambda row: row[key])


def queries(sandbox) -> list[dict[str, str]]:
    return [dict(parse_qsl(request["query"])) for request in sandbox.requests]


def test_values_are_those_of_calls(read, client):
    metric = ["csat", "talk_ratio", "resolved"]
    frame = read(metric="csat, talk_ratio,resolved")
    table = client.calls(**RANGE, metric=metric)
    assert rows(frame) == wanted(table)
    kinds = dict(frame.dtypes)
    assert kinds == {
        **dict.fromkeys(
            ("rep_id", "vendor", "vendor_call_id", "department", "campaign", "subcampaign"), "string"
        ),
        **dict.fromkeys(("direction", "language", "summary"), "string"),
        **dict.fromkeys(("call_id", "duration_s", "csat"), "bigint"),
        "start_time": "timestamp_ntz",
        "date": "date",
        "talk_ratio": "double",
        "resolved": "boolean",
    }
    # Arrow all the way.
    assert frame.toArrow().select(["call_id"]).num_rows == table.num_rows


def test_values_are_those_of_reps(read, client):
    assert rows(read(table="reps"), "rep_id") == wanted(client.reps(), "rep_id")
    assert rows(read(table="reps", active="1"), "rep_id") == wanted(client.reps(active=1), "rep_id")


def test_planning_asks_nothing(read, sandbox, capsys):
    frame = read(schema="call_id BIGINT, campaign STRING", days_per_partition=1)
    frame.filter("campaign = 'sales'").explain(True)
    assert frame.rdd.getNumPartitions() == 30
    assert read(schema="call_id BIGINT").rdd.getNumPartitions() == 5
    assert sandbox.requests == []
    assert "converz" in capsys.readouterr().out


def test_a_schema_of_the_users_becomes_columns(read, client, sandbox):
    frame = read(schema="campaign STRING, call_id INT, csat DOUBLE", metric="csat")
    found = rows(frame)
    asked = queries(sandbox)
    assert {query["columns"] for query in asked} == {"campaign,call_id"}
    assert {query["metric"] for query in asked} == {"csat"}
    table = client.calls(**RANGE, metric="csat").to_pylist()
    assert found == sorted(
        ({"campaign": row["campaign"], "call_id": row["call_id"], "csat": row["csat"]} for row in table),
        key=lambda row: row["call_id"],
    )
    assert frame.schema.simpleString() == "struct<campaign:string,call_id:int,csat:double>"


def test_pins_say_the_schema(read, client, sandbox):
    pins = client.describe_calls(**RANGE, metric="csat").pins | {"csat": "float64"}
    before = len(sandbox.requests)
    frame = read(pins=json.dumps(pins), metric="csat")
    assert len(sandbox.requests) == before
    assert dict(frame.dtypes)["csat"] == "double"
    assert rows(frame) == wanted(client.calls(**RANGE, metric="csat", schema=pins))


def test_types_at_their_ends(read, client):
    """Numbers without a sign, beyond 2**53, fractions, texts of JSON, times with a zone."""
    keys = client.calls(start_date="2025-07-15", end_date="2025-07-15").to_pydict()["call_id"][:3]
    values = {
        "call_id": keys,
        "unsigned": pa.array([2**64 - 1, 1, None], pa.uint64()),
        "large": [2**63 - 1, -(2**63), None],
        "fraction": [0.1, 1e300, None],
        "nested": ['{"a": [1, "ü"]}', "[]", None],
        "at": ["2025-07-01T00:30:00+02:00", "2025-07-01T12:00:00.123456Z", None],
    }
    client.update_calls(pa.table(values), json_columns=["nested"])
    frame = read(since="2025-07-15").filter(f"call_id IN ({', '.join(map(str, keys))})")
    table = client.calls(start_date="2025-07-15", end_date="2025-07-15")
    kinds = dict(frame.dtypes)
    assert (kinds["unsigned"], kinds["large"], kinds["fraction"]) == ("decimal(20,0)", "bigint", "double")
    assert (kinds["nested"], kinds["at"]) == ("string", "timestamp")
    found = frame.toArrow().sort_by("call_id").to_pylist()
    expected = [row for row in wanted(table) if row["call_id"] in keys]
    for name in values:
        assert [row[name] for row in found] == [row[name] for row in expected], name


def test_a_value_that_does_not_fit_fails_with_its_column(read, client):
    keys = client.calls(start_date="2025-07-01", end_date="2025-07-01").to_pydict()["call_id"][:1]
    client.update_calls({"call_id": keys, "score": [4.5]})
    with pytest.raises(PySparkException, match="score"):
        read(schema="call_id BIGINT, score BIGINT").collect()
    client.update_calls({"call_id": keys, "score": [2**40]})
    with pytest.raises(PySparkException, match="column 'score' does not fit the type"):
        read(schema="call_id BIGINT, score INT").collect()
    assert max(row["score"] or 0 for row in read(schema="call_id BIGINT, score BIGINT").collect()) == 2**40


def test_a_killed_worker_doubles_nothing(spark, sandbox, client, tmp_path):
    spark.dataSource.register(spark_dying.DyingSource)
    marks = tmp_path / "marks"
    reader = spark.read.format("converz-dying").options(base_url=sandbox.url, secret=sandbox.api_key)
    # The agent's name says where to leave the mark.
    reader = reader.options(since="2025-07-01", until="2025-07-15", user_agent=str(marks))
    frame = reader.schema("call_id BIGINT, campaign STRING, summary STRING").load()
    found = [row["call_id"] for row in frame.collect()]
    assert marks.read_text().splitlines() == ["killed"] * 2
    expected = client.calls(start_date="2025-07-01", end_date="2025-07-15").to_pydict()["call_id"]
    assert sorted(found) == sorted(expected)


@pytest.fixture
def pushing(spark):
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    yield
    spark.conf.unset("spark.sql.python.filterPushdown.enabled")


CONDITIONS = {
    "campaign = 'sales'": {"campaign": "sales"},
    "campaign IN ('sales', 'service') AND department = 'support'": {"department": "support"},
    "date = DATE '2025-07-10'": {},
    "start_time >= TIMESTAMP_NTZ '2025-07-10 12:00:00' AND start_time < TIMESTAMP_NTZ '2025-07-11 00:00:00'": {},
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_filters_are_pushed_down(read, client, sandbox, pushing, condition):
    schema = "call_id BIGINT, campaign STRING, department STRING, date DATE, start_time TIMESTAMP_NTZ"
    found = rows(read(schema=schema).filter(condition))
    asked = queries(sandbox)
    for name, value in CONDITIONS[condition].items():
        assert {query.get(name) for query in asked} == {value}
    if "date" in condition or "time" in condition:
        # A day more on either side, since nobody knows the service's zone.
        assert {query["start_date"] for query in asked} <= {f"2025-07-{day:02}" for day in range(9, 13)}
    table = client.calls(**RANGE, columns=["call_id", "campaign", "department", "date", "start_time"])
    day = dt.date(2025, 7, 10)
    keep = {
        "campaign = 'sales'": lambda row: row["campaign"] == "sales",
        "date = DATE '2025-07-10'": lambda row: row["date"] == day,
    }.get(condition)
    if keep is None:
        keep = (
            (lambda row: row["campaign"] in {"sales", "service"} and row["department"] == "support")
            if "campaign" in condition
            else (lambda row: dt.datetime(2025, 7, 10, 12) <= row["start_time"] < dt.datetime(2025, 7, 11))
        )
    assert found == [row for row in wanted(table) if keep(row)]
    assert found or "support" in condition


def test_filters_of_no_row_ask_nothing(read, sandbox, pushing):
    frame = read(schema="call_id BIGINT, date DATE")
    assert frame.filter("date < DATE '2020-01-01'").collect() == []
    assert sandbox.requests == []


def test_without_pushing_spark_filters_itself(read, client, sandbox):
    found = rows(read(schema="call_id BIGINT, campaign STRING").filter("campaign = 'sales'"))
    assert found == wanted(client.calls(**RANGE, campaign="sales", columns=["call_id", "campaign"]))
    assert "campaign" not in queries(sandbox)[0]


def test_options_are_filters(read, client, sandbox):
    frame = read(schema="call_id BIGINT", campaign="sales,service", rep_id=json.dumps(["kees500", "mila"]))
    frame.collect()
    pairs = {pair for request in sandbox.requests for pair in parse_qsl(request["query"])}
    assert {
        ("campaign", "sales"),
        ("campaign", "service"),
        ("rep_id", "kees500"),
        ("rep_id", "mila"),
    } <= pairs


REFUSED = {
    "option 'since' is missing": {"since": ""},
    "option since='yesterday' is not a date": {"since": "yesterday"},
    "option until='2025-W29' is not a date": {"until": "2025-W29"},
    "option 'api_key' is not known: use secret": {"api_key": "abc"},
    "option 'start_date' is not known: use since": {"start_date": "2025-01-01"},
    "option days_per_partition='a week'": {"days_per_partition": "a week"},
    "option table='report' is none of calls, reps": {"table": "report"},
    "option 'campain' is not known": {"campain": "sales"},
    "option pins=": {"pins": "[]"},
}


@pytest.mark.parametrize("message", REFUSED)
def test_options_are_checked(read, sandbox, message):
    with pytest.raises(PySparkException) as error:
        read(schema="call_id BIGINT", **REFUSED[message]).collect()
    assert message in str(error.value)
    assert "abc" not in str(error.value)
    assert sandbox.requests == []


def test_a_type_that_cannot_be(read):
    with pytest.raises(PySparkException, match="column 'summary' cannot be read as array<string>"):
        read(schema="call_id BIGINT, summary ARRAY<STRING>").collect()


def test_days_without_rows_have_no_schema(read):
    with pytest.raises(PySparkException, match="nobody knows the columns"):
        read(since="2020-01-01", until="2020-01-02")
