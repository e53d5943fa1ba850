"""Columns that come late, and columns that nobody asked for, whether or not the service heeds ``columns``."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import converz

KNOWN = {
    "call_id": ("int64", 7),
    "rep_id": ("string", "r7"),
    "vendor": ("string", "a"),
    "vendor_call_id": ("string", "b"),
    "campaign": ("string", "c"),
    "subcampaign": ("string", "d"),
    "department": ("string", "e"),
    "name": ("string", "f"),
    "gender": ("string", "g"),
    "start_time": ("timestamp[us]", "2025-07-01 12:00"),
    "date": ("date32", "2025-07-01"),
}


@pytest.mark.parametrize("operation", ["calls", "reps"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_known_column_that_comes_late(name, operation, service):
    kind, value = KNOWN[name]
    first = json.dumps([{"v": v} for v in range(10)])
    late = json.dumps([{name: value, "v": 10}])
    client = service.client(first, late, page_size=10)
    stream, read = (getattr(client, prefix + operation) for prefix in ("stream_", ""))

    batches = []
    with pytest.raises(converz.SchemaDriftError, match="on page 2") as info, stream() as opened:
        batches.extend(opened)
    assert (info.value.column, info.value.schema[name]) == (name, kind)
    assert sum(batch.num_rows for batch in batches) == 10
    with stream(schema=info.value.schema) as opened:
        assert converz.Table(opened) == read()
    with stream(on_new_column="ignore") as opened:
        assert converz.Table(opened).to_pydict() == {"v": list(range(11))}
        assert opened.receipt.columns == ("v", name)
    # One that is asked for by name is no other column.
    if operation == "calls":
        with pytest.raises(converz.SchemaDriftError), stream(columns=["v", name]) as opened:
            list(opened)


@pytest.mark.parametrize("name", KNOWN)
def test_a_scan_has_the_columns_of_its_first_page_and_the_pinned_ones(name, service):
    pytest.importorskip("polars")
    kind, value = KNOWN[name]
    first = json.dumps([{"v": v} for v in range(10)])
    client = service.client(first, json.dumps([{name: value, "v": 10}]), page_size=10)
    assert client.scan_reps().collect().to_dict(as_series=False) == {"v": list(range(11))}
    pinned = client.scan_reps(schema={name: kind}).collect()
    assert pinned.columns == ["v", name]
    assert pinned[name].null_count() == 10


ODD = '{"rep_id": "r0", "date": "01/07/2024", "team": "A"}'


def test_a_column_that_a_query_does_not_select(service):
    pytest.importorskip("polars")
    client = service.client(f"[{ODD}]")
    for schema in (None, {"date": "string"}, {"date": "date32"}, {"team": "string"}, {"rep_id": "int64"}):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            lazy = client.scan_reps(schema=schema)
            assert lazy.select("team").collect().to_dict(as_series=False) == {"team": ["A"]}
    with pytest.warns(converz.ConverzWarning, match="01/07/2024"):
        assert client.scan_reps().collect()["date"].to_list() == ["01/07/2024"]


def test_what_is_pinned_is_pinned_whatever_is_selected(service):
    pl = pytest.importorskip("polars")
    client = service.client('[{"rep_id": "r0", "date": "2024-07-01", "n": 1, "team": "A"}]')
    pins = {"date": "string", "n": "float64", "later": "int8"}
    lazy = client.scan_reps(schema=pins)
    kinds = {
        "rep_id": pl.String,
        "date": pl.String,
        "n": pl.Float64,
        "team": pl.String,
        "later": pl.Int8,
    }
    assert dict(lazy.collect_schema()) == kinds
    for names in (["date"], ["n", "team"], ["later"], ["later", "date"], list(kinds)):
        assert dict(lazy.select(names).collect().schema) == {name: kinds[name] for name in names}


def test_a_pinned_column_that_is_selected_still_raises(service):
    pl = pytest.importorskip("polars")
    client = service.client('[{"rep_id": "r0", "n": "one", "team": "A"}]')
    lazy = client.scan_reps(schema={"n": "int64"})
    assert lazy.select("team").collect().height == 1
    with pytest.raises((converz.SchemaDriftError, pl.exceptions.ComputeError), match="one"):
        lazy.select("n").collect()


STRAY = [
    {"call_id": 1, "team": "A", "date": "soon", "n": 1},
    {"call_id": "x", "team": "B", "date": 5, "n": "one", "start_time": "never"},
    {"team": "C", "call_id": {}, "extra": [1]},
]


def test_a_service_that_does_not_heed_columns(service):
    client = service.client(*(f"[{json.dumps(row)}]" for row in STRAY), page_size=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = client.calls(columns=["team"])
        assert table.to_pydict() == {"team": ["A", "B", "C"]}
        assert table.receipt.columns == ("team", "date", "n", "start_time", "extra")
        for on_new_column in ("error", "ignore"):
            with client.stream_calls(columns="team", on_new_column=on_new_column) as stream:
                assert converz.Table(stream) == table
        # What is pinned was named, too, the key included.
        pinned = client.calls(columns=["team"], schema={"n": "string", "call_id": "string"})
        assert pinned.to_pydict() == {
            "call_id": ["1", "x", "{}"],
            "team": ["A", "B", "C"],
            "n": ["1", "one", None],
        }


def test_metrics_belong_to_the_columns(service):
    client = service.client('[{"call_id": 1, "team": "A", "csat": 4, "n": 1}]')
    assert client.calls(columns=["team"], metric="csat").to_pydict() == {"team": ["A"], "csat": [4]}


def test_a_column_under_another_name_is_not_left_out_without_a_word(service):
    client = service.client('[{"call_id": 1, "Team": "A", "n": 1}]')
    with pytest.warns(converz.ConverzWarning, match='without "team".*with "Team", "n"'):
        assert client.calls(columns=["n", "team"][1:]).column_names == []
    with pytest.warns(converz.ConverzWarning, match="Team"), client.stream_calls(columns=["team"]) as stream:
        list(stream)
    # One that is only absent, or only too much, is nothing to speak of.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.calls(columns=["Team"])
        client.calls(columns=["Team", "n", "other"])


NAMES = ("team", "date", "start_time", "campaign", "n", "Team", "rep_id", "note")
STEADY = {"call_id": st.integers(1, 9), "team": st.sampled_from("ABC"), "note": st.booleans()}
ANYTHING = st.sampled_from(
    [None, 1, 1.5, True, "x", "2025-07-01", "2025-07-01 12:00", "2025-07-01T12:00Z", {}, [1], 2**64]
)


# Shrinking an example that fails takes minutes.
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    rows=st.lists(
        st.fixed_dictionaries({}, optional={**dict.fromkeys(NAMES, ANYTHING), **STEADY}),
        min_size=1,
        max_size=12,
    ),
    selected=st.lists(st.sampled_from(["team", "note"]), min_size=1, unique=True),
    page_size=st.integers(1, 12),
    heeds=st.booleans(),
    pins=st.lists(st.sampled_from(["team", "note", "date", "n", "call_id"]), unique=True),
)
def test_nothing_but_what_is_selected_counts(service, rows, selected, page_size, heeds, pins):
    pytest.importorskip("polars")
    rows = [row | {"call_id": number, "rep_id": f"r{number}"} for number, row in enumerate(rows)]
    expected = {name: [row.get(name) for row in rows] for name in selected}

    def answer(query):
        page, size = int(query["page"][0]), int(query["n_per_page"][0])
        asked = query.get("columns", [",".join(NAMES)])[0].split(",") if heeds else [*NAMES, "call_id"]
        kept = [{name: value for name, value in row.items() if name in asked} for row in rows]
        return json.dumps(kept[(page - 1) * size : page * size])

    client = service.client(answer, page_size=page_size)
    kinds = {"team": "string", "note": "bool", "date": "date32", "n": "int64", "call_id": "int8"}
    first = [name for name in selected if any(name in row for row in rows[:page_size])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "the service answered without")
        schema = {name: kinds[name] for name in pins}
        for lazy in (client.scan_reps(schema=schema), client.scan_calls(schema=schema)):
            names = [name for name in selected if name in lazy.collect_schema()]
            assert set(names) == {*first, *(name for name in pins if name in selected)}
            read = lazy.select(names).collect().to_dict(as_series=False) if names else {}
            assert read == {name: expected[name] for name in names}
        table = client.calls(columns=selected).to_pydict()
        assert table == {name: expected[name] for name in selected if name in table}
        with client.stream_calls(columns=selected, on_new_column="ignore") as stream:
            read = converz.Table(stream).to_pydict()
        assert read == {name: expected[name] for name in read}
        assert set(read) == set(first)
