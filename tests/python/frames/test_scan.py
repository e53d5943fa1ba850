"""`scan_calls` and `scan_reps`: what polars asks for becomes the request, and errors stay ours."""

from __future__ import annotations

import inspect
import threading
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs

import pytest

import converz
from support.server import Server

pl = pytest.importorskip("polars")

VERSION = tuple(map(int, pl.__version__.split(".")[:2]))
DAY = date(2025, 7, 1)


@pytest.fixture
def asked(centre):
    """The parameters of the reads since the last call, but those of paging: all pages of one have the same."""
    before = len(centre.requests)

    def asked() -> list[dict[str, list[str]]]:
        nonlocal before
        requests, before = centre.requests[before:], len(centre.requests)
        reads: list[dict[str, list[str]]] = []
        for query in (parse_qs(request["query"]) for request in requests):
            parameters = {k: v for k, v in query.items() if k not in ("page", "n_per_page")}
            if query.get("page", ["1"]) == ["1"]:
                reads.append(parameters)
            else:
                assert parameters == reads[-1]
        return reads

    return asked


@pytest.fixture(scope="module")
def client(centre):
    return centre.client()


@pytest.fixture(scope="module")
def calls(client):
    return client.calls().to_polars()


@pytest.fixture
def lazy(client, asked):
    frame = client.scan_calls()
    asked()
    return frame


def test_the_schema_comes_from_one_small_page(centre, client, calls):
    before = len(centre.requests)
    lazy = client.scan_calls()
    (request,) = centre.requests[before:]
    assert parse_qs(request["query"]) == {"n_per_page": ["1000"], "page": ["1"]}
    assert lazy.collect_schema() == calls.schema
    assert len(centre.requests) == before + 1
    assert lazy.collect().equals(calls)


def test_a_schema_that_has_everything_saves_the_page(client, calls, asked):
    whole = client.calls(limit=5, metric="csat").schema
    asked()
    lazy = client.scan_calls(schema=whole, metric="csat")
    assert lazy.collect_schema().names() == whole.names
    some = {"call_id": "int64", "duration_s": "float64", "start_time": "timestamp[us]"}
    named = client.scan_calls(columns=list(some), schema=some)
    assert dict(named.collect_schema()) == {
        "call_id": pl.Int64,
        "duration_s": pl.Float64,
        "start_time": pl.Datetime("us"),
    }
    documented = client.scan_calls(columns=["call_id", "campaign"])
    users = client.scan_reps(schema=client.reps(limit=41).schema)
    assert len(asked()) == 1  # That of reps() itself.
    assert named.collect().equals(calls.select(list(some)).cast({"duration_s": pl.Float64}))
    assert documented.collect().equals(calls.select("call_id", "campaign"))
    assert users.collect().height == 41
    for partial in ({"duration_s": "float64"}, {"call_id": "int64"}):
        asked()
        assert "summary" in client.scan_calls(schema=partial).collect_schema()
        assert len(asked()) == 1


def test_a_projection_becomes_columns(lazy, calls, asked):
    assert lazy.select("campaign", "call_id").collect().equals(calls.select("campaign", "call_id"))
    assert asked() == [{"columns": ["call_id,campaign"]}]
    assert lazy.select(pl.col("duration_s").sum()).collect().item() == calls["duration_s"].sum()
    assert asked() == [{"columns": ["duration_s,call_id"]}]
    assert lazy.select(pl.len()).collect().item() == calls.height
    assert len(asked()[0]["columns"][0].split(",")) <= 2


def test_a_limit_asks_for_fewer_rows(centre, lazy, calls):
    for rows in (1, 7, 2_000):
        assert lazy.head(rows).collect().equals(calls.head(rows))
        assert parse_qs(centre.requests[-1]["query"])["n_per_page"] == [str(rows)]
    assert lazy.slice(5, 10).collect().equals(calls.slice(5, 10))
    assert lazy.tail(3).collect().equals(calls.tail(3))
    assert lazy.head(0).collect().equals(calls.head(0))


def test_the_rows_before_a_filter_are_those_of_the_limit(lazy, calls, asked):
    condition = pl.col("campaign") == calls["campaign"][-1]
    assert lazy.head(50).filter(condition).collect().equals(calls.head(50).filter(condition))
    assert "campaign" not in asked()[0]
    assert lazy.filter(condition).head(2).collect().equals(calls.filter(condition).head(2))


c = pl.col
TRANSLATED = {
    "equality": (c("campaign") == "sales", {"campaign": ["sales"]}),
    "the other way round": (pl.lit("sales") == c("campaign"), {"campaign": ["sales"]}),
    "is_in": (c("campaign").is_in(["service", "sales"]), {"campaign": ["sales", "service"]}),
    "both": (
        (c("campaign") == "sales") & c("campaign").is_in(["service", "sales"]),
        {"campaign": ["sales"]},
    ),
    "two columns": (
        (c("campaign") == "sales") & (c("department") == "Sales"),
        {"campaign": ["sales"], "department": ["Sales"]},
    ),
    "ids": (c("vendor_call_id").is_in(["b", "a"]), {"vendor_call_id": ["a,b"]}),
    "a part that is local": ((c("campaign") == "sales") & (c("duration_s") > 60), {"campaign": ["sales"]}),
    "date from": (c("date") >= DAY, {"start_date": ["2025-06-30"]}),
    "date after": (c("date") > DAY, {"start_date": ["2025-06-30"]}),
    "date until": (c("date") <= DAY, {"end_date": ["2025-07-02"]}),
    "date before": (c("date") < DAY, {"end_date": ["2025-07-02"]}),
    "one date": (c("date") == DAY, {"start_date": ["2025-06-30"], "end_date": ["2025-07-02"]}),
    "dates": (
        c("date").is_between(DAY, DAY + timedelta(5)),
        {"start_date": ["2025-06-30"], "end_date": ["2025-07-07"]},
    ),
    "times": (
        (c("start_time") >= datetime(2025, 7, 1, 9, 30)) & (c("start_time") < datetime(2025, 7, 3)),
        {"start_date": ["2025-06-30"], "end_date": ["2025-07-04"]},
    ),
    "time against date": (c("start_time") >= DAY, {"start_date": ["2025-06-30"]}),
}
LOCAL = {
    "or": (c("campaign") == "sales") | (c("duration_s") > 60),
    "not": c("campaign") != "sales",
    "not in": ~c("campaign").is_in(["sales"]),
    "a comma": c("campaign") == "sales,service",
    "empty": c("campaign") == "",
    "outer blanks": c("campaign").is_in(["sales", " service"]),
    "a line break": c("campaign") == "sales\n",
    "a null in the list": c("campaign").is_in(["sales", None]),
    "an expression": c("campaign").str.to_lowercase() == "sales",
    "another column": c("campaign") == c("department"),
    "a column that the API cannot filter": c("direction") == "inbound",
    "too many values": c("campaign").is_in([f"campaign {i}" for i in range(1000)]),
    "a time of day": c("start_time").dt.hour() >= 9,
    "a difference": c("start_time") + timedelta(days=30) >= datetime(2025, 7, 1),
}


@pytest.mark.parametrize("case", TRANSLATED)
def test_conditions_that_become_parameters(case: str, lazy, calls, asked):
    condition, parameters = TRANSLATED[case]
    if case == "times" and VERSION < (1, 26):
        parameters = {}  # It hands down no times that it has to cast.
    assert lazy.filter(condition).collect().equals(calls.filter(condition))
    assert asked() == [parameters]


@pytest.mark.parametrize("case", LOCAL)
def test_conditions_that_stay_here(case: str, lazy, calls, asked):
    condition = LOCAL[case]
    assert lazy.filter(condition).collect().equals(calls.filter(condition))
    assert asked() == [{}]


def test_days_of_a_time(lazy, calls, asked):
    condition = c("start_time").dt.date() == DAY
    assert lazy.filter(condition).collect().equals(calls.filter(condition))
    assert asked()[0] in ({"start_date": ["2025-06-30"], "end_date": ["2025-07-02"]}, {})


def test_the_users_own_filters_stay(client, calls, asked):
    own = client.scan_calls(
        campaign=["sales", "service"], start_date="2025-06-20", end_date=date(2025, 7, 10)
    )
    rows = calls.filter(
        c("campaign").is_in(["sales", "service"]) & c("date").is_between(date(2025, 6, 20), date(2025, 7, 10))
    )
    asked()

    def check(condition: pl.Expr, **wanted: str | list[str]) -> None:
        assert own.filter(condition).collect().equals(rows.filter(condition))
        (query,) = asked()
        dates = {"start_date": ["2025-06-20"], "end_date": ["2025-07-10"]}
        assert query == {"campaign": ["sales", "service"], **dates, **wanted}

    check(c("campaign") == "sales", campaign=["sales"])
    check(c("campaign") == "retention")
    check(c("campaign").is_in(["sales", "retention"]))
    check(c("date") >= date(2025, 1, 1))
    check(c("date") >= DAY, start_date=["2025-06-30"])
    check(c("start_time") < DAY, end_date=["2025-07-02"])


def test_what_cannot_match_is_not_asked_for(client, calls, asked):
    own = client.scan_calls(start_date="2025-07-01")
    asked()
    for impossible in (
        c("date") < date(2025, 6, 1),
        (c("date") > date(2025, 7, 9)) & (c("date") < date(2025, 7, 2)),
        (c("campaign") == "a") & (c("campaign") == "b"),
    ):
        assert own.filter(impossible).collect().equals(calls.head(0))
    assert asked() == []


def test_metrics_are_columns(client, asked):
    lazy = client.scan_calls(metric="csat")
    asked()
    rows = lazy.filter(c("csat") >= 4).select("call_id", "csat").collect()
    assert asked() == [{"columns": ["call_id,csat"], "metric": ["csat"]}]
    wanted = client.calls(columns="call_id", metric="csat").to_polars().filter(c("csat") >= 4)
    assert rows.equals(wanted.select("call_id", "csat"))
    assert rows.height > 10


def test_users(client, asked):
    users = client.reps().to_polars()
    lazy = client.scan_reps()
    asked()
    name = users["rep_id"][3]
    assert lazy.filter(c("rep_id") == name).select("name").collect().item() == users["name"][3]
    assert asked() == [{"rep_id": [name]}]
    assert lazy.head(3).collect().equals(users.head(3))
    assert client.scan_reps(active=True).collect().equals(client.reps(active=True).to_polars())


def test_an_empty_range_has_all_columns(client, calls):
    lazy = client.scan_calls(start_date="2031-01-01")
    assert lazy.collect_schema() == calls.schema
    assert lazy.filter(c("duration_s") > 5).select("summary").collect().shape == (0, 1)


def test_pages_and_streaming(centre, calls):
    lazy = centre.client(page_size=700).scan_calls()
    condition = c("campaign") == "sales"
    if VERSION >= (1, 23):  # It has the engine since then.
        assert lazy.filter(condition).collect(engine="streaming").equals(calls.filter(condition))
    assert lazy.collect().equals(calls)
    grouped = lazy.group_by("campaign").agg(pl.len()).sort("campaign").collect()
    assert grouped.equals(calls.group_by("campaign").agg(pl.len()).sort("campaign"))
    joined = lazy.join(lazy.select("call_id", other="campaign"), on="call_id").collect()
    assert joined.height == calls.height


def test_arguments_that_can_be_read_once(client):
    lazy = client.scan_calls(campaign=iter(["sales"]))
    assert lazy.collect()["campaign"].unique().to_list() == ["sales"]
    assert lazy.collect()["campaign"].unique().to_list() == ["sales"]


def test_arguments_are_checked_at_once(client, asked):
    for arguments in ({"start_date": "soon"}, {"campaign": []}, {"schema": {"a": "int63"}}):
        with pytest.raises(converz.InvalidInputError, match=next(iter(arguments))):
            client.scan_calls(**arguments)
    assert asked() == []


FILTERS = "rep_id|vendor|campaign|subcampaign|department|vendor_call_id"


@pytest.mark.skipif(VERSION < (2, 0), reason="polars shows nothing of a source before 2.0")
def test_explain_shows_the_request_and_what_the_plan_adds(client):
    lazy = client.scan_calls(campaign="sales", rep_id="kees500", metric="csat")
    query = lazy.filter(c("date") > DAY).select("call_id")
    added = f"PROJECT as columns, SLICE as n_per_page, SELECTION by {FILTERS} and date|start_time ± 1 day"
    plan = query.explain()
    assert plan.endswith(f"GET /calls?metric=csat&rep_id=…&campaign=sales + {added}")
    # Those are polars' own words.
    assert "PYTHON[converz]" in plan
    assert "PROJECT 2/" in plan
    assert "SELECTION: " in plan
    assert "SLICE: " in lazy.head(5).explain()
    assert "kees500" not in plan
    own = client.scan_calls(columns=["call_id", "vendor"], schema={"call_id": "int64"}).explain()
    assert own.endswith(
        "columns=call_id,vendor + PROJECT as columns, SLICE as n_per_page, SELECTION by vendor"
    )
    # What cannot be asked for is not promised.
    reps = client.scan_reps().explain()
    assert reps.endswith("GET /reps + SLICE as n_per_page, SELECTION by department|rep_id")


def test_the_log_shows_the_request_that_a_plan_became(client, lazy, caplog):
    caplog.set_level("DEBUG", "converz")
    condition = (
        (c("campaign") == "sales") & (c("rep_id") == "kees500") & (c("date") >= DAY) & (c("duration_s") > 9)
    )
    lazy.filter(condition).select("call_id").collect()
    lazy.head(7).collect()
    filtered, first = [record.getMessage() for record in caplog.records]
    for parameter in ("campaign=sales", "start_date=2025-06-30", "columns=call_id,", "rep_id=…"):
        assert parameter in filtered
    assert "end_date" not in filtered
    assert "kees500" not in filtered
    assert first.startswith("GET /calls?n_per_page=7&page=1: 200")


def test_the_functions_of_the_module(centre, monkeypatch):
    monkeypatch.setenv("CONVERZ_BASE_URL", centre.url)
    monkeypatch.setenv("CONVERZ_API_KEY", centre.api_key)
    monkeypatch.setattr("converz._client.default_client._client", None)
    assert converz.scan_reps().select(pl.len()).collect().item() == 41
    assert converz.scan_calls(columns="call_id").head(2).collect().height == 2
    assert "columns" in inspect.signature(converz.scan_calls).parameters


def test_drift_says_how_to_cure_it(service):
    first = "[" + ",".join(f'{{"call_id":{i},"x":{i}}}' for i in range(2)) + "]"
    client = service.client(first, '[{"call_id":7,"x":0.5},{"call_id":8,"x":1}]', "[]", page_size=2)
    lazy = client.scan_calls()
    with pytest.raises(
        (converz.SchemaDriftError, pl.exceptions.ComputeError), match=r"SchemaDrift|call_id 7"
    ) as info:
        lazy.collect()
    if isinstance(info.value, converz.SchemaDriftError):
        cured = client.scan_calls(schema=info.value.schema)
        assert cured.collect()["x"].to_list() == [0.0, 1.0, 0.5, 1.0]


def test_columns_that_cannot_be_named_are_not(service):
    client = service.client('[{"call_id":1,"a,b":2,"c":3}]')
    rows = client.scan_calls().select("a,b").collect()
    assert rows.to_dict(as_series=False) == {"a,b": [2]}
    assert "columns" not in service.queries[-1]


def test_times_with_a_zone(service):
    client = service.client('[{"call_id":1,"start_time":"2025-07-01T23:30:00-02:00"}]')
    lazy = client.scan_calls()
    assert lazy.collect_schema()["start_time"] == pl.Datetime("us", "UTC")
    rows = lazy.filter(c("start_time") >= datetime(2025, 7, 2, 1, 30, tzinfo=UTC)).collect()
    assert rows.height == 1
    assert service.queries[-1].get("start_date", ["2025-07-01"]) == ["2025-07-01"]


def test_polars_that_loses_conditions_is_refused(client, monkeypatch):
    monkeypatch.setattr(pl, "__version__", "1.21.0")
    with pytest.raises(ImportError, match=r"polars >= 1\.22, and 1\.21\.0 is installed"):
        client.scan_calls()


def test_errors_of_the_service_stay_ours(centre):
    wrong = converz.Client(centre.url, "wrong")
    with pytest.raises(converz.AuthenticationError):
        wrong.scan_calls()


def test_an_error_of_polars_ends_the_request():
    gone = threading.Event()

    def serve(request):
        if request.page == 1:
            request.rows([{"call_id": number, "campaign": "no number"} for number in range(10)])
        elif not request.connection.recv(1):
            gone.set()

    with Server(serve) as server:
        client = converz.Client(server.url, "key", page_size=10)
        lazy = client.scan_calls(columns=["call_id", "campaign"])
        # The error, which is kept here as notebooks keep the last one, has the reading in its traceback.
        with pytest.raises(pl.exceptions.PolarsError) as kept:
            lazy.filter(pl.col("campaign").cast(pl.Int64) > 1).collect()
        assert gone.wait(5), "the request went on"
        assert "no number" in str(kept.value)
