"""Plans: what they read, what they say, what carrying them out sends, and that undoing ends at the start."""

import contextlib
import datetime as dt
import json
import unicodedata
from collections import Counter
from urllib.parse import parse_qs

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import converz
from support.drawn_frames import NAMES, Drawn, drawn_frames, same_json
from support.drawn_json import drawn_columns
from support.markup import Markup
from support.service import Answer, Asked, serving
from support.stored_rows import Number, sent, store, stored, stored_words

ALL = {"start_date": "2000-01-01"}
CALLS = list(range(1, 41))


# Times that are all midnight may be dates, which is told; test_update_dates.py is about that.
midnights_are_told = pytest.mark.filterwarnings("ignore:frame.*midnight:converz.ConverzWarning")


def reads(sandbox) -> list[dict[str, str]]:
    """The queries of the reads so far, but for paging."""
    queries = [parse_qs(request["query"]) for request in sandbox.requests if request["method"] == "GET"]
    paging = ("page", "n_per_page")
    return [{name: values[0] for name, values in query.items() if name not in paging} for query in queries]


def filters(sandbox) -> list[dict[str, str]]:
    """The same without what only chooses columns."""
    return [
        {name: value for name, value in query.items() if name not in ("columns", "metric")}
        for query in reads(sandbox)
    ]


def without_nulls(rows):
    return {key: {name: cell for name, cell in row.items() if cell is not None} for key, row in rows.items()}


@midnights_are_told
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(
    drawn_frames([*CALLS, 998, 999]),
    st.sampled_from(["keep", "clear"]),
    st.sampled_from([1024, 1 << 20]),
    st.sampled_from([7, 40, 1000]),
)
def test_plan_apply_undo(drawn: Drawn, nulls, max_update_bytes, page_size):
    with converz.Sandbox(calls=40, reps=3, today="2025-07-15") as sandbox:
        plan_apply_undo(sandbox, drawn, nulls, max_update_bytes, page_size)


def plan_apply_undo(shared, drawn: Drawn, nulls, max_update_bytes, page_size):
    client = shared.client(max_update_bytes=max_update_bytes, page_size=page_size)
    before = stored(shared)
    expected = {key: dict(row) for key, row in before.items()} | {998: {}, 999: {}}
    drawn.apply(expected, nulls)
    missing = [key for key in drawn.keys if key > 900]
    del expected[998], expected[999]

    plan = client.plan_update_calls(drawn.to_arrow(), nulls=nulls, **ALL)
    assert same_json(stored(shared), before)
    assert plan.not_found.to_arrow()["call_id"].to_pylist() == missing
    changes = plan.changes.to_pydict()
    cells = {
        (key, name)
        for key, row in expected.items()
        for name, cell in row.items()
        if not same_value(cell, before[key].get(name))
    }
    assert set(zip(changes["call_id"], changes["column"], strict=True)) == cells
    assert plan.num_changes == len(cells) == len(changes["call_id"])
    for key, name, new in zip(changes["call_id"], changes["column"], changes["new"], strict=True):
        assert same_json(None if new is None else json.loads(new), expected[key][name])

    result = plan.apply(allow_type_change=True)
    assert result.cells == len(cells)
    after = without_nulls(stored(shared))
    for key, row in without_nulls(expected).items():
        assert after[key].keys() == row.keys()
        assert all(same_value(after[key][name], cell) for name, cell in row.items())
    # What is so is not sent again.
    again = client.plan_update_calls(drawn.to_arrow(), nulls=nulls, **ALL)
    assert (again.num_changes, again.apply().requests) == (0, 0)
    assert result.undo().cells == len(cells)
    undone = without_nulls(stored(shared))
    for key, row in without_nulls(before).items():
        assert undone[key].keys() == row.keys()
        for name, cell in row.items():
            assert same_json(undone[key][name], cell), (name, cell)


@midnights_are_told
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(
    drawn_frames(CALLS),
    drawn_columns(NAMES, len(CALLS)),
    st.sampled_from(["keep", "clear"]),
    st.sampled_from([7, 1000]),
)
def test_undo_puts_back_the_very_words(drawn: Drawn, columns, nulls, page_size):
    with converz.Sandbox(calls=40, reps=3, today="2025-07-15") as sandbox:
        client = sandbox.client(page_size=page_size)
        store(sandbox, CALLS, columns)
        before = stored_words(sandbox)
        # What was read is no change, whatever reading made of it.
        assert client.plan_update_calls(client.calls(), nulls=nulls, **ALL).num_changes == 0

        plan = client.plan_update_calls(drawn.to_arrow(), nulls=nulls, **ALL)
        changes = plan.changes.to_pydict()
        expected = {key: dict(row) for key, row in before.items()}
        for key, name, old, new in zip(*changes.values(), strict=True):
            assert words(old) == before[key].get(name)
            expected[key][name] = words(new)
            if new is None:
                del expected[key][name]
        result = plan.apply(allow_type_change=True)
        assert stored_words(sandbox) == expected
        assert client.plan_update_calls(drawn.to_arrow(), nulls=nulls, **ALL).num_changes == 0
        assert result.undo().cells == result.cells == plan.num_changes
        assert stored_words(sandbox) == before


def words(text: str | None) -> object:
    """A value as `stored_words` has it."""
    return None if text is None else json.loads(text, parse_int=Number, parse_float=Number)


def same_value(one: object, other: object) -> bool:
    """Whether both are the same to the API: 1 is 1.0, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


@pytest.fixture
def client(small):
    return small.client()


def test_what_a_plan_knows(small, client):
    before = stored(small)
    frame = {
        "call_id": [1, 2, 3, 999],
        "campain": ["x", None, "y", "z"],
        "language": ["xx", before[2]["language"], None, "xx"],
        "zzzzzz": [1, 2, 3, 4],
    }
    plan = client.plan_update_calls(frame, nulls="clear", **ALL)
    campain, language, other = plan.columns
    assert campain == converz.ColumnPlan("campain", 2, 0, 1, seen=False, nearest="campaign")
    assert language == converz.ColumnPlan("language", 1, 1, 1, seen=True, nearest=None)
    assert other == converz.ColumnPlan("zzzzzz", 3, 0, 0, seen=False, nearest=None)
    assert (plan.rows, plan.rows_read, plan.num_changes) == (4, 60, 7)
    assert plan.not_found.to_pydict() == {name: values[3:] for name, values in frame.items()}
    changes = list(zip(*plan.changes.to_pydict().values(), strict=True))
    assert changes == [
        (1, "campain", None, '"x"'),
        (1, "language", json.dumps(before[1]["language"]), '"xx"'),
        (1, "zzzzzz", None, "1"),
        (2, "zzzzzz", None, "2"),
        (3, "campain", None, '"y"'),
        (3, "language", json.dumps(before[3]["language"]), None),
        (3, "zzzzzz", None, "3"),
    ]
    assert sent(small) == []
    assert plan.requests == len(small.requests) - 1


def test_only_what_changes_is_sent(small, client):
    """Old and new differ in a cell here and there; what does not is in no body."""
    before = stored(small)
    keys = list(before)
    language = [before[key]["language"] for key in keys]
    language[4] = "xx"
    frame = {"call_id": keys, "language": language, "summary": [before[key]["summary"] for key in keys]}
    plan = client.plan_update_calls(frame, **ALL)
    result = plan.apply()
    assert (result.rows, result.cells, result.requests) == (1, 1, 1)
    assert len(sent(small)) == 1
    before[keys[4]]["language"] = "xx"
    assert stored(small) == before


def test_undo_puts_cleared_cells_back(small, client):
    before = stored(small)
    frame = {"call_id": list(before), "summary": [None] * 60, "new": [1] * 60}
    plan = client.plan_update_calls(frame, nulls="clear", **ALL)
    result = plan.apply()
    assert all(row["summary"] is None and row["new"] == 1 for row in stored(small).values())
    undone = result.undo()
    assert undone.cells == result.cells == plan.num_changes
    assert stored(small) == {key: row | {"new": None} for key, row in before.items()}


def test_a_failed_apply_is_undone():
    fault = converz.Fault(operation="update_calls", request=3, status=400)
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15", faults=[fault]) as sandbox:
        client = sandbox.client(max_update_bytes=1024)
        before = stored(sandbox)
        plan = client.plan_update_calls({"call_id": list(before), "summary": ["x" * 300] * 20}, **ALL)
        with pytest.raises(converz.UpdateError) as caught:
            plan.apply()
        error = caught.value
        assert sum(row["summary"] == "x" * 300 for row in stored(sandbox).values()) == error.committed[0][1]
        assert error.remaining.num_rows == 20 - error.committed[0][1]
        plan.undo()
        assert stored(sandbox) == before
        # Nor is there anything in the way of another try.
        assert plan.apply().rows == 20
        assert {row["summary"] for row in stored(sandbox).values()} == {"x" * 300}


def test_what_remains_of_a_plan_finishes_it():
    fault = converz.Fault(operation="update_calls", request=2, status=400)
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15", faults=[fault]) as sandbox:
        client = sandbox.client(max_update_bytes=1024)
        keys = list(stored(sandbox))
        frame = {"call_id": keys, "summary": [None if key % 2 else "x" * 300 for key in keys]}
        plan = client.plan_update_calls(frame, nulls="clear", **ALL)
        with pytest.raises(converz.UpdateError) as caught:
            plan.apply()
        client.update_calls(caught.value.remaining, nulls="clear")
        after = stored(sandbox)
        assert [after[key]["summary"] for key in keys] == frame["summary"]


def test_an_update_without_a_plan_cannot_be_undone(client):
    result = client.update_calls({"call_id": [1], "language": ["xx"]})
    with pytest.raises(converz.InvalidInputError, match="plan_update_calls"):
        result.undo()
    nothing = client.update_calls({"call_id": [1], "language": [None]})
    assert nothing.undo().cells == 0
    undone = client.plan_update_calls({"call_id": [1], "language": ["yy"]}, **ALL).apply().undo()
    with pytest.raises(converz.InvalidInputError, match="plan"):
        undone.undo()


def test_a_range_that_is_given(small, client):
    frame = {"call_id": [1, 2], "language": ["xx", "xx"], "date": ["2025-07-01", "2025-07-01"]}
    rep_id = stored(small)[1]["rep_id"]
    given = {
        "end_date": dt.date(2025, 7, 14),
        "after": "2025-06-01 12:00",
        "rep_id": [rep_id],
        "vendor": "none",
    }
    plan = client.plan_update_calls(frame, **given)
    asked = filters(small)[1:]
    assert asked
    for query in asked:
        assert query["end_date"] == "2025-07-14"
        assert query["after"].startswith("2025-06-01 12:00")
        assert (query["rep_id"], query["vendor"]) == (rep_id, "none")
        assert "start_date" not in query
    assert plan.rows_read == 0
    assert plan.not_found.num_rows == 2


DATES = {
    "texts": lambda values: values,
    "dates": lambda values: [dt.date.fromisoformat(value) for value in values],
    "times": lambda values: [dt.datetime.fromisoformat(value) for value in values],
    "pandas": lambda values: pd.Series(pd.to_datetime(values)),
    "polars": lambda values: pl.Series(values).str.to_date(),
}


@pytest.mark.parametrize("name", ["date", "start_time"])
@pytest.mark.parametrize("kind", DATES)
def test_the_range_of_a_column(small, client, name, kind):
    before = stored(small)
    keys = [5, 20, 11]
    days = [before[key]["date"] for key in keys]
    frame = {"call_id": keys, name: DATES[kind](days), "language": ["xx"] * 3}
    small_before = len(small.requests)
    told = name == "start_time" and kind in ("dates", "polars")
    with pytest.warns(converz.ConverzWarning, match="holds dates") if told else contextlib.nullcontext():
        plan = client.plan_update_calls(frame)
    assert filters(small)[1:]
    assert len(small.requests) > small_before
    for query in filters(small)[1:]:
        assert query == {"start_date": min(days), "end_date": max(days)}
    assert plan.not_found.num_rows == 0
    assert plan.columns[1].changed == 3
    if name == "date":
        assert plan.columns[0].same == 3


def test_the_days_beside_zoned_times(small, client):
    time = dt.datetime(2025, 7, 10, 23, 30, tzinfo=dt.UTC)
    client.plan_update_calls({"call_id": [1], "start_time": [time], "language": ["xx"]})
    assert filters(small)[0] == {"start_date": "2025-07-09", "end_date": "2025-07-11"}


def test_as_many_requests_as_addresses_allow():
    with converz.Sandbox(calls=400, reps=4, days=10, today="2025-07-15") as sandbox:
        client = sandbox.client()
        before = stored(sandbox)
        frame = pl.DataFrame(
            {
                "call_id": list(before),
                "vendor_call_id": [row["vendor_call_id"] for row in before.values()],
                "language": ["xx"] * 400,
                "csat": [3] * 400,
            }
        )
        plan = client.plan_update_calls(frame)
        assert plan.not_found.num_rows == 0
        assert plan.columns[0].same == 400
        assert all(len(request["query"]) < 8000 for request in sandbox.requests)
        ids = [query["vendor_call_id"].split(",") for query in reads(sandbox) if query.get("columns")]
        # Each id once, and once more to prove that there are no more rows of them, several lists side by side.
        times = Counter(tuple(sorted(some)) for some in ids)
        assert set(times.values()) == {2}
        asked = list(times)
        assert sorted(one for some in asked for one in some) == sorted(frame["vendor_call_id"])
        assert 2 < len(asked) < 9
        result = plan.apply()
        assert result.cells == plan.num_changes
        assert plan.undo().cells == plan.num_changes
        assert stored(sandbox, metric="csat") == {
            key: row | {"csat": stored_row["csat"]}
            for (key, row), stored_row in zip(
                before.items(), stored(sandbox, metric="csat").values(), strict=True
            )
        }


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"date": ["2025-07-01", None]},
        {"vendor_call_id": ["a", ""]},
        {"start_time": ["yesterday", "today"]},
    ],
    ids=["none", "a null", "an empty id", "no times"],
)
def test_nothing_says_what_to_read(small, client, columns):
    frame = {"call_id": [1, 2], "language": ["xx", "yy"]} | columns
    with pytest.raises(converz.InvalidInputError, match="start_date=") as caught:
        client.plan_update_calls(frame)
    assert "cannot be read by call_id" in str(caught.value)
    assert small.requests == []


def test_metrics_are_asked_for_and_compared(small, client):
    before = stored(small, metric="talk_ratio,csat")
    keys = list(before)
    csat = [before[key]["csat"] for key in keys]
    csat[0] = 6
    ratio = [before[key]["talk_ratio"] for key in keys]
    ratio[1] = 0.125
    frame = {"call_id": keys, "csat": csat, "talk_ratio": ratio}
    plan = client.plan_update_calls(frame, **ALL)
    assert [column.seen for column in plan.columns] == [True, True]
    assert [column.changed for column in plan.columns] == [1, 1]
    assert plan.columns[1].same == 59
    # The paragraphs of the summaries are not read for it.
    assert reads(small)[-1]["columns"] == "call_id,csat,talk_ratio"
    result = plan.apply()
    assert result.cells == 2
    assert stored(small, metric="csat")[keys[0]]["csat"] == 6
    result.undo()
    assert stored(small, metric="talk_ratio,csat") == before


def test_a_metric_beside_an_attribute_that_is_not_there(client):
    frame = {"call_id": [1], "csat": [9], "campain": ["x"]}
    plan = client.plan_update_calls(frame, **ALL)
    assert [(column.seen, column.nearest) for column in plan.columns] == [(True, None), (False, "campaign")]


def test_a_service_that_takes_no_columns(serve, small):
    """Columns are only asked for to save time."""
    from support.service import Answer

    rows = [{"call_id": 1, "language": "nl"}, {"call_id": 2, "language": "en"}]

    def answer(asked):
        if "columns" in asked.query:
            return Answer(b'{"error":"no columns","code":"bad"}', status=400)
        return Answer(json.dumps(rows).encode())

    client = converz.Client(serve(answer), "key")
    plan = client.plan_update_calls({"call_id": [1, 2], "language": ["nl", "nl"]}, **ALL)
    assert list(zip(*plan.changes.to_pydict().values(), strict=True)) == [(2, "language", '"en"', '"nl"')]


def test_users(small, client):
    before = stored(small, "reps")
    keys = sorted(before)
    frame = {"rep_id": [*keys, "nobody"], "team": ["A"] * 7, "gender": ["x"] + [None] * 6}
    plan = client.plan_update_reps(frame)
    assert plan.not_found.to_pydict()["rep_id"] == ["nobody"]
    assert [(column.name, column.changed, column.seen) for column in plan.columns] == [
        ("team", 6, False),
        ("gender", 1, True),
    ]
    assert plan.apply().undo().cells == 7
    assert stored(small, "reps") == {key: row | {"team": None} for key, row in before.items()}
    department = before[keys[0]]["department"]
    some = client.plan_update_reps(frame, department=department, active=True)
    assert filters(small)[-1] == {"department": department, "active": "1"}
    assert some.rows_read < 6
    assert "users outside of what was read" in " ".join(repr(some).split())


@pytest.mark.parametrize("nulls", ["drop", None])
def test_refused_arguments(small, client, nulls):
    with pytest.raises(converz.InvalidInputError, match="nulls="):
        client.plan_update_calls({"call_id": [1], "a": [1]}, nulls=nulls, **ALL)
    with pytest.raises(converz.InvalidInputError, match="start_date"):
        client.plan_update_calls({"call_id": [1], "a": [1]}, start_date="2025-07-02", end_date="2025-07-01")
    with pytest.raises(TypeError):
        client.plan_update_calls({"call_id": [1], "a": [1]}, metric="csat")
    assert small.requests == []


def test_functions_of_the_module(small, monkeypatch):
    monkeypatch.setenv("CONVERZ_BASE_URL", small.url)
    monkeypatch.setenv("CONVERZ_API_KEY", small.api_key)
    monkeypatch.setattr("converz._client.default_client._client", None)
    assert converz.plan_update_calls({"call_id": [1], "a": [1]}, **ALL).num_changes == 1
    rep_id = next(iter(stored(small, "reps")))
    assert converz.plan_update_reps({"rep_id": [rep_id], "a": [1]}).apply().undo().cells == 1


# --- What a plan looks like.

HOSTILE = "<script>\x1b[31m漢字" + "漢" * 40


@pytest.fixture
def shown(client):
    frame = {
        "call_id": [*range(1, 31), 998, 999],
        "campain": ["<b>&\x1b[0m"] * 32,
        "a_name_" * 15: [1] * 32,
        "a name of many words that goes on and on until there is no room left for it in the line": [1] * 32,
        "größe 漢": ["x" * 200] * 32,
        "summary": [None] * 32,
    }
    return client.plan_update_calls(frame, nulls="clear", **ALL)


def columns_of(line: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in line)
    return len(line) + wide


@pytest.mark.parametrize("width", [60, 80, 200])
def test_as_text(shown, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = repr(shown)
    assert max(map(columns_of, text.split("\n"))) <= width
    assert "\x1b" not in text
    assert "\n  campain: 30 changed" in text
    flat = " ".join(text.split())
    cleared = shown.columns[-1].cleared
    assert (
        f"UpdatePlan: {120 + cleared:,} cells change, {cleared} of them to null; 30 of 32 rows found among 60 read"
        in flat
    )
    assert (
        "campain: 30 changed, 0 cleared, 0 already so; not seen among what is stored (did you mean 'campaign'?)"
        in flat
    )
    assert f"summary: 0 changed, {cleared} cleared, {30 - cleared} already so" in flat
    assert f"changes: {120 + cleared} rows, 4 columns" in flat
    assert "not found: 2 rows" in flat
    assert (
        "It cannot know: conversations outside of what was read, since they cannot be read by call_id;"
        in flat
    )
    assert "attributes that the service does not show" in flat
    assert flat.endswith("what other writers change meanwhile.")


def test_a_plan_of_very_many_attributes(client):
    plan = client.plan_update_calls({"call_id": [1], "language": ["x"]}, **ALL)
    new = [converz.ColumnPlan(f"attribute_{i}", 1, 0, 0, False, None) for i in range(3_000)]
    plan.columns = [*plan.columns, *new, converz.ColumnPlan("known", 2, 1, 5, True, None)]
    for text in (repr(plan), plan._repr_html_()):
        assert len(text) < 20_000
        flat = " ".join(text.split())
        assert "attribute_49: 1 changed, 0 cleared, 0 already so; not seen" in flat
        # What was not seen comes first.
        assert "and 2,952 more: 2,953 changed, 1 cleared, 5 already so; 2,950 of them not seen among" in flat


def test_as_html(shown):
    text = shown._repr_html_()
    assert Markup(text).tags.count("table") == 2
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;" in text
    assert "did you mean &#x27;campaign&#x27;?" in text
    assert "It cannot know" in text


def test_one_cell_and_none(small, client):
    before = stored(small)
    one = client.plan_update_calls({"call_id": [1], "language": ["xx"]}, **ALL)
    assert repr(one).startswith("UpdatePlan: 1 cell changes; 1 of 1 row found among 60 read\n")
    none = client.plan_update_calls({"call_id": [1], "language": [before[1]["language"]]}, **ALL)
    assert repr(none).startswith("UpdatePlan: 0 cells change; 1 of 1 row found")
    assert "changes:" not in repr(none)
    assert (none.apply().requests, none.undo().requests) == (0, 0)


def test_dates_and_times_are_compared_by_what_they_name(small, client):
    before = stored(small)
    keys = list(before)
    times = [dt.datetime.fromisoformat(before[key]["start_time"]) for key in keys]
    for frame in (
        {"call_id": keys, "start_time": times},
        {"call_id": keys, "start_time": [before[key]["start_time"] for key in keys]},
        pd.DataFrame({"call_id": keys, "start_time": pd.Series(times).astype("datetime64[ns]")}),
        pa.table({"call_id": keys, "date": [dt.date.fromisoformat(before[key]["date"]) for key in keys]}),
    ):
        plan = client.plan_update_calls(frame)
        assert (plan.num_changes, plan.columns[0].same) == (0, 60)


def test_nested_values_are_compared_and_put_back(small, client):
    type_ = pa.struct({"labels": pa.list_(pa.string()), "score": pa.float64()})
    rows = [{"labels": ["a", None], "score": 1.0}, {"labels": [], "score": None}]
    table = pa.table({"call_id": [1, 2], "review": pa.array(rows, type_)})
    client.update_calls(table)
    before = stored(small)
    assert client.plan_update_calls(table, **ALL).num_changes == 0
    rows[1] = {"labels": ["b"], "score": 0.5}
    result = client.plan_update_calls(table.set_column(1, "review", pa.array(rows, type_)), **ALL).apply()
    assert result.cells == 1
    assert stored(small)[2]["review"] == rows[1]
    result.undo()
    assert stored(small) == before


def test_a_metric_that_the_first_row_does_not_have_is_seen_and_put_back():
    rows = [{"call_id": 1}, {"call_id": 2, "y": "precious"}, {"call_id": 3, "y": "gold"}]

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return Answer(b'{"updated":2}')
        hidden = () if asked.query.get("metric") == "y" else ("y",)
        shown = [{name: row[name] for name in row if name not in hidden} for row in rows]
        page, size = int(asked.query["page"]), int(asked.query["n_per_page"])
        return Answer(json.dumps(shown[(page - 1) * size : page * size]).encode())

    with serving(answer) as url:
        client = converz.Client(url, "key")
        plan = client.plan_update_calls({"call_id": [2, 3], "y": ["new", "gold"]}, **ALL)
        assert plan.changes.to_pydict()["old"] == ['"precious"']
        cleared = client.plan_update_calls({"call_id": [2, 3], "y": [None, None]}, nulls="clear", **ALL)
        assert [column.cleared for column in cleared.columns] == [2]
