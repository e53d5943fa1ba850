"""A table as a recording has it: the same pseudonyms, and nothing else that tells who is who."""

from __future__ import annotations

import datetime as dt
import decimal
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import converz

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

SECRET = "a secret of the tests"
OTHER = "another secret of the tests"
DAY = "2025-07-15"


@pytest.fixture(autouse=True)
def _nothing_from_the_environment(monkeypatch):
    monkeypatch.delenv("CONVERZ_RECORDING_SECRET", raising=False)


@pytest.fixture(scope="module")
def tables():
    with converz.Sandbox(calls=300, reps=12, days=30, today=DAY) as sandbox:
        client = sandbox.client()
        yield sandbox, client.calls(metric=["csat", "talk_ratio"]), client.reps()


def anonymised(data, **options):
    return converz.anonymise(data, **{"secret": SECRET, **options})


def test_it_is_what_a_recording_has(tables, tmp_path):
    sandbox, calls, reps = tables
    options = {"secret": SECRET, "safe": ["language"], "hide": ["campaign"], "shift_weeks": 52}
    with converz.Recording(tmp_path / "all.json", sandbox.client(), **options) as recording:
        recorded = recording.client.calls(metric=["csat", "talk_ratio"])
        recorded_reps = recording.client.reps()
    ours, theirs = converz.anonymise(calls, **options).to_polars(), recorded.to_polars()
    assert ours.schema == theirs.schema
    assert ours.equals(theirs)
    options["safe"] = []
    assert converz.anonymise(reps, **options).to_polars().equals(recorded_reps.to_polars())


def test_nobody_is_found_and_joins_groups_and_numbers_hold(tables):
    _, calls, reps = tables
    ours, our_reps = anonymised(calls), anonymised(reps)
    told = repr(ours.to_pydict()) + repr(our_reps.to_pydict())
    real, real_reps = calls.to_pydict(), reps.to_pydict()
    secrets = {
        *real_reps["rep_id"],
        *real_reps["name"],
        *real["vendor_call_id"],
        *filter(None, real["summary"]),
    }
    assert len(secrets) > 300
    assert [secret for secret in secrets if secret in told] == []
    assert ours.receipt is None
    assert ours.column_names == calls.column_names

    def counts(calls, reps):
        joined = calls.to_polars().join(reps.to_polars(), on="rep_id", how="left", validate="m:1")
        groups = joined.group_by("rep_id", "gender").len()["len"].sort().to_list()
        return groups, joined["name"].null_count(), joined["name"].n_unique(), joined["csat"].sum()

    assert counts(ours, our_reps) == counts(calls, reps)


texts = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from(["", "kees500", "mila", DAY, "p_abcdefghijklmnop"])
)


@given(st.lists(st.tuples(texts, texts, st.sampled_from(["sales", "service", None])), max_size=40))
def test_pseudonyms_are_consistent_and_keep_joins_and_groups(rows):
    first, second, groups = ([row[at] for row in rows] for at in range(3))
    schema = {"rep_id": "string", "note": "string", "campaign": "string"}
    frame = pl.DataFrame([first, second, groups], schema=dict.fromkeys(schema, pl.String))
    one, other = anonymised(frame).to_pydict(), anonymised(frame, secret=OTHER).to_pydict()
    assert one == anonymised(frame).to_pydict()
    assert one["campaign"] == groups
    for column, real in (("rep_id", first), ("note", second)):
        pairs = set(zip(real, one[column], strict=True))
        # One name a text and one text a name: what is counted, grouped or joined is the same.
        assert len(pairs) == len(set(real)) == len(set(one[column]))
        for text, name in pairs:
            told = not text or (column == "note" and text == DAY)
            assert (name == text) == told, (column, text)
            if not told:
                assert name.startswith("p_")
                assert len(name) == 18
    hidden = [at for at, text in enumerate(first) if text]
    assert all(one["rep_id"][at] != other["rep_id"][at] for at in hidden)
    same = [(a, b) for a, b in zip(first, second, strict=True) if a and a == b and a != DAY]
    assert all(one["rep_id"][first.index(a)] == one["note"][second.index(b)] for a, b in same)


def test_without_a_secret_no_two_tables_have_the_same_names():
    frame = {"rep_id": ["kees500", "kees500"]}
    one, other = (converz.anonymise(frame).to_pydict()["rep_id"] for _ in range(2))
    assert one[0] == one[1] != other[0]


def test_the_secret_of_the_environment_is_the_default(monkeypatch):
    frame = {"rep_id": ["kees500"]}
    monkeypatch.setenv("CONVERZ_RECORDING_SECRET", SECRET)
    assert converz.anonymise(frame).to_pydict() == anonymised(frame).to_pydict()
    with pytest.raises(converz.ConfigurationError, match="secret") as refused:
        converz.anonymise(frame, secret="too-short")
    assert "too-short" not in str(refused.value)


def test_dates_move_by_whole_weeks():
    frame = pa.table(
        {
            "date": [dt.date(2025, 7, 15), None],
            "start_time": pa.array([dt.datetime(2025, 7, 15, 12, 30), None], pa.timestamp("us")),
            "ended": pa.array([dt.datetime(2025, 7, 15, 12, 45), None], pa.timestamp("ns", "UTC")),
            "hired_on": ["2025-07-15", "2025-07-15 12:30"],
            "campaign": ["2025-07-15", "sales"],
            "week": [29, 30],
        }
    )
    later = anonymised(frame, shift_weeks=2)
    assert later.to_arrow().schema.types == frame.schema.types
    assert later.to_arrow().to_pydict() == {
        "date": [dt.date(2025, 7, 29), None],
        "start_time": [dt.datetime(2025, 7, 29, 12, 30), None],
        "ended": [dt.datetime(2025, 7, 29, 12, 45, tzinfo=dt.UTC), None],
        "hired_on": ["2025-07-29", "2025-07-29 12:30"],
        "campaign": ["2025-07-15", "sales"],
        "week": [29, 30],
    }
    assert anonymised(later, shift_weeks=-2).to_arrow().equals(frame)
    assert all(name.startswith("p_") for name in anonymised(later, hide="date").to_pydict()["date"][:1])


def test_identifiers_that_look_like_dates_are_replaced():
    frame = {"rep_id": [DAY], "vendor_call_id": [DAY], "name": [DAY]}
    for shift_weeks in (0, 1):
        values = {value for [value] in anonymised(frame, shift_weeks=shift_weeks).to_pydict().values()}
        assert len(values) == 1
        assert values.pop().startswith("p_")


def test_a_date_that_cannot_be_moved_is_refused_by_its_row():
    frame = {"until": [dt.date(2025, 7, 15), dt.date(9999, 12, 31)]}
    with pytest.raises(converz.InvalidInputError, match=r'"until", row 1 has 9999-12-31.*shift_weeks=1'):
        anonymised(frame, shift_weeks=1)
    hidden = anonymised(frame, shift_weeks=1, hide=["until"]).to_pydict()["until"]
    assert len(set(hidden)) == 2


def test_values_within_values_are_replaced_too():
    kees, mila = anonymised({"a": ["kees500", "mila"]}).to_pydict()["a"]
    maps = pa.array([[("kees500", 1)], None, []], pa.map_(pa.string(), pa.int64()))
    frame = pa.table(
        {
            "notes": [["kees500", None, "mila"], [], None],
            "author": [{"kees500": "mila", "n": 1}] * 3,
            "scores": maps,
            "tags": pa.array(["mila", None, "mila"]).dictionary_encode(),
            "wide": pa.array(["mila", "", None], pa.large_string()),
        }
    )
    ours = anonymised(frame).to_arrow()
    n = anonymised({"a": ["n"]}).to_pydict()["a"][0]
    assert ours["notes"].to_pylist() == [[kees, None, mila], [], None]
    assert ours["author"].to_pylist() == [{kees: mila, n: 1}] * 3
    assert ours["scores"].to_pylist() == [[(kees, 1)], None, []]
    assert ours["tags"].to_pylist() == [mila, None, mila]
    assert ours["wide"].to_pylist() == [mila, "", None]
    sliced = anonymised(frame.slice(1)).to_arrow()
    for name in frame.column_names:
        assert sliced[name].to_pylist() == ours[name].to_pylist()[1:], name
    assert "kees500" not in str(ours.schema)
    assert b"kees500" not in anonymised(frame)._core.to_ipc()


def test_json_keeps_its_structure():
    moods = [{"kees500": ["calm", 3]}, [1, {"by": "mila"}], "kees500", 12]
    body = json.dumps([{"call_id": at, "mood": mood} for at, mood in enumerate(moods)])
    frame = converz.Table(converz._core.decode(body.encode()))
    kees, calm, mila, by, twelve = anonymised({"a": ["kees500", "calm", "mila", "by", "12"]}).to_pydict()["a"]
    cells = anonymised(frame).to_pydict()["mood"]
    assert json.loads(cells[0]) == {kees: [calm, 3]}
    assert json.loads(cells[1]) == [1, {by: mila}]
    # A number in a column of texts may be one.
    assert cells[2:] == [kees, twelve]
    body = json.dumps([{"call_id": at, "mood": mood} for at, mood in enumerate(moods[:2])])
    frame = converz.Table(converz._core.decode(body.encode()))
    [first, _] = anonymised(frame, hide=["mood"]).to_pydict()["mood"]
    assert json.loads(first) == {kees: [calm, anonymised({"a": ["3"]}).to_pydict()["a"][0]]}


def test_what_other_libraries_note_is_left_out():
    field = pa.field("n", pa.int64(), metadata={"author": "kees500"})
    frame = pa.table([[1]], schema=pa.schema([field], metadata={"pandas": '{"attrs": "kees500"}'}))
    ours = anonymised(frame).to_arrow().schema
    assert not ours.metadata
    assert not ours.field("n").metadata


def test_a_type_that_may_tell_anything_is_refused_unless_named():
    frame = pa.table({"voice": [b"kees500"], "price": [decimal.Decimal("1.50")]})
    with pytest.raises(converz.InvalidInputError, match='"voice" has the type Binary'):
        anonymised(frame)
    assert anonymised(frame, safe=["voice"]).to_arrow()["voice"].to_pylist() == [b"kees500"]
    hidden = anonymised(frame, hide=["voice", "price"]).to_pydict()
    assert all(value.startswith("p_") for [value] in hidden.values())


def test_tables_without_rows_or_columns():
    schema = pa.schema({"rep_id": pa.string(), "date": pa.date32()})
    ours = anonymised(schema.empty_table(), hide=["date"])
    assert (ours.num_rows, dict(ours.schema)) == (0, {"rep_id": "string", "date": "string"})
    assert anonymised({}).shape == (0, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shift_weeks": 1.5}, "shift_weeks=1.5"),
        ({"shift_weeks": True}, "shift_weeks=True"),
        ({"safe": 7}, "safe=7"),
        ({"hide": [None]}, "hide="),
        ({"hide": ["nmae"]}, "hide names 'nmae', which is no column of the table: it has rep_id"),
        ({"safe": "lang"}, "safe names 'lang'"),
    ],
)
def test_arguments_are_refused_by_name(options, words):
    with pytest.raises(converz.InvalidInputError, match=words):
        anonymised({"rep_id": ["a"]}, **options)
