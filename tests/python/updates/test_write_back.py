"""What was read can be written back whole: as whatever library's frame, with the JSON that is stored."""

import json
import pickle
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import converz
from support.drawn_frames import NAMES
from support.drawn_json import drawn_columns
from support.stored_rows import Number, bodies, sent, store, stored_words

ALL = {"start_date": "2000-01-01"}
CALLS = list(range(1, 13))


def named(table, convert):
    return getattr(table, convert)(), table.schema.json_columns


def streamed(client, parse):
    with client.stream_calls(parse_dates=parse, schema=client.calls(parse_dates=parse).schema) as stream:
        return converz.Table(stream), None


WAYS = {
    "table": lambda client, parse: (client.calls(parse_dates=parse), None),
    "pyarrow": lambda client, parse: (client.calls(parse_dates=parse).to_arrow(), None),
    "polars": lambda client, parse: named(client.calls(parse_dates=parse), "to_polars"),
    "pandas": lambda client, parse: named(client.calls(parse_dates=parse), "to_pandas"),
    "pickle": lambda client, parse: (pickle.loads(pickle.dumps(client.calls(parse_dates=parse))), None),
    "stream": streamed,
    "scan": lambda client, parse: (
        # Types are settled by the first page, which may have other ones than a later page.
        client.scan_calls(parse_dates=parse, schema=client.calls(parse_dates=parse).schema).collect(),
        client.calls().schema.json_columns,
    ),
}


@pytest.mark.filterwarnings("ignore::converz.ConverzWarning")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(
    drawn_columns(NAMES, len(CALLS)), st.sampled_from(sorted(WAYS)), st.sampled_from([5, 1000]), st.booleans()
)
def test_what_was_read_is_no_change(columns, way, page_size, parse_dates):
    with converz.Sandbox(calls=12, reps=3, today="2025-07-15") as sandbox:
        store(sandbox, CALLS, columns)
        before = stored_words(sandbox)
        client = sandbox.client(page_size=page_size)
        read, json_columns = WAYS[way](client, parse_dates)
        schema = client.calls(parse_dates=parse_dates).to_arrow().schema
        mixed = {field.name for field in schema if (field.metadata or {}).get(b"converz:json") == b"mixed"}
        posts = len(sent(sandbox))
        plan = client.plan_update_calls(read, json_columns=json_columns, **ALL)
        assert plan.num_changes == 0, plan.changes.to_pydict()
        assert plan.apply().requests == 0
        assert len(sent(sandbox)) == posts
        assert stored_words(sandbox) == before

        # Without a plan every value is sent, but for what may have been one of two.
        if parse_dates:
            return
        try:
            client.update_calls(read, json_columns=json_columns)
        except converz.InvalidInputError as error:
            assert "may be a string or the JSON" in str(error)
            assert len(sent(sandbox)) == posts
        else:
            # What is left of a mixed column elsewhere are plain strings.
            forgotten = mixed if way in ("polars", "pandas", "scan") else set()
            assert_equal_json(stored_words(sandbox), before, forgotten)


def assert_equal_json(after, before, without):
    for key, row in before.items():
        for name in row.keys() - without:
            value = row[name]
            assert is_equal(after[key][name], value), (name, value, after[key][name])


def is_equal(one, other):
    """Whether both are the same: lists and objects to the character, numbers by the value that reading gives."""
    if isinstance(one, Number) and isinstance(other, Number):
        return Decimal(one.text) == Decimal(other.text) or float(one.text) == float(other.text)
    return one == other and type(one) is type(other)


@pytest.fixture
def client(small):
    return small.client()


TAGS = ['{"a": 1.0}', '["x",  2]', "null"]
MIXED = ['"urgent"', "3", '"3"']
BIG = ["18446744073709551616", "1", "null"]


@pytest.fixture
def stored_json(small):
    store(small, [1, 2, 3], {"tags": TAGS, "mixed": MIXED, "big": BIG})
    return small


def first_three(client):
    return client.calls(columns=["call_id", "tags", "big"]).to_arrow().slice(0, 3)


def test_marked_columns_are_sent_as_the_json_they_are(stored_json, client):
    table = client.calls(columns=["call_id", "tags", "big", "mixed"])
    assert table.schema.json_columns == ["tags", "big"]
    arrow = table.to_arrow()
    marks = {field.name: (field.metadata or {}).get(b"converz:json") for field in arrow.schema}
    assert marks == {"call_id": None, "tags": b"text", "big": b"text", "mixed": b"mixed"}
    for frame in (first_three(client), first_three(client).to_batches()[0]):
        body = b"".join(request.body for request in client.update_calls(frame, dry_run=True))
        assert b'"tags":[{"a": 1.0},["x",  2]]' in body
        assert b'"big":[18446744073709551616,1]' in body
    packed = first_three(client)
    packed = packed.set_column(
        1,
        packed.schema.field("tags").with_type(pa.dictionary(pa.int32(), pa.string())),
        packed["tags"].dictionary_encode(),
    )
    assert b'[{"a": 1.0},' in client.update_calls(packed, dry_run=True)[0].body


def test_the_mark_outlives_files_and_is_no_part_of_what_is_equal(stored_json, client, tmp_path):
    table = client.calls(columns=["call_id", "tags"])
    table.write_parquet(tmp_path / "calls.parquet")
    read = pq.read_table(tmp_path / "calls.parquet")
    assert converz.Schema(read.schema) == table.schema
    assert b'[{"a": 1.0},' in client.update_calls(read.slice(0, 2), dry_run=True)[0].body
    # It is not what a schema is compared by, nor a table.
    plain = converz.Schema(dict(table.schema))
    assert plain == table.schema
    assert plain.json_columns == []
    arrow = table.to_arrow()
    unmarked = pa.schema([field.remove_metadata() for field in arrow.schema])
    assert arrow.schema.field("tags").metadata
    assert converz.Table(arrow.cast(unmarked)) == table
    # Text stays text in files that have nothing else.
    table.write_ndjson(tmp_path / "calls.ndjson")
    assert json.loads((tmp_path / "calls.ndjson").read_text().splitlines()[0])["tags"] == '{"a": 1.0}'


@pytest.mark.parametrize("library", ["to_polars", "to_pandas"])
def test_json_columns_say_it_where_the_mark_is_gone(stored_json, client, library):
    table = client.calls(columns=["call_id", "tags"])
    frame = getattr(table, library)().head(2)
    as_text = bodies(client.update_calls(frame, dry_run=True))
    assert as_text == [{"call_id": [1, 2], "tags": TAGS[:2]}]
    [request] = client.update_calls(frame, json_columns=table.schema.json_columns, dry_run=True)
    assert request.body == b'{"call_id":[1,2],"tags":[{"a": 1.0},["x",  2]]}'
    before = stored_words(stored_json)
    client.update_calls(frame, json_columns="tags")
    assert stored_words(stored_json) == before


def test_a_plan_proposes_them(stored_json, client):
    frame = {"call_id": [1, 2, 3], "tags": ['{"a": 2}', "plain", "[1]"]}
    plan = client.plan_update_calls(frame, **ALL)
    assert plan.columns[0].json_text
    assert "pass json_columns=['tags']" in " ".join(repr(plan).split())
    frame["tags"] = ['{"a": 2}', '["x",2]', "[1]"]
    plan = client.plan_update_calls(frame, json_columns=["tags"], **ALL)
    assert not plan.columns[0].json_text
    assert "json_columns" not in repr(plan)
    # Other blanks are no other value.
    assert plan.changes.to_pydict()["call_id"] == [1, 3]
    assert plan.changes.to_pydict()["new"] == ['{"a": 2}', "[1]"]
    plan.apply()
    assert stored_words(stored_json)[1]["tags"] == {"a": Number("2")}
    text = client.plan_update_calls({"call_id": [1], "language": ["[1]"]}, **ALL)
    assert not text.columns[0].json_text


@pytest.mark.parametrize("verb", ["update_calls", "plan_update_calls"])
def test_json_columns_are_checked(stored_json, client, verb):
    update = getattr(client, verb)
    frame = {"call_id": [7, 8, 9], "tags": ["[1]", "urgent", "null"], "n": [1, 2, 3]}
    with pytest.raises(converz.InvalidInputError) as caught:
        update(frame, json_columns=["tags"])
    assert "text that is not JSON, though its column is said to hold JSON for call_id 8" in str(caught.value)
    assert "the JSON text null (make the cell itself null) for call_id 9" in str(caught.value)
    with pytest.raises(converz.InvalidInputError, match='json_columns names "tagz", which is no attribute'):
        update(frame, json_columns=["tagz"])
    with pytest.raises(
        converz.InvalidInputError, match='json_columns names "call_id", which is no attribute'
    ):
        update(frame, json_columns=["call_id"])
    with pytest.raises(converz.InvalidInputError, match='json_columns names "n", which is a column of int64'):
        update(frame, json_columns=["n"])
    with pytest.raises(converz.InvalidInputError, match="json_columns=5 is not a string or a sequence"):
        update(frame, json_columns=5)
    assert sent(stored_json)[1:] == []


def test_cells_that_may_have_been_a_string_are_left_alone_or_refused(stored_json, client):
    before = stored_words(stored_json)
    arrow = client.calls(columns=["call_id", "mixed"]).to_arrow().slice(0, 3)
    for send in (client.update_calls, lambda frame: client.update_calls(frame, dry_run=True)):
        with pytest.raises(
            converz.InvalidInputError, match=r'column "mixed" .* for call_id 2, 3 may be a string'
        ):
            send(arrow)
    # What is a string for certain is sent.
    [body] = bodies(client.update_calls(arrow.slice(0, 1), dry_run=True))
    assert body == {"call_id": [1], "mixed": ["urgent"]}
    assert client.plan_update_calls(arrow, **ALL).num_changes == 0

    field = arrow.schema.field("mixed")
    changed = arrow.set_column(1, field, pa.array(["calm", "4", "3"]))
    plan = client.plan_update_calls(changed, **ALL)
    assert plan.changes.to_pydict()["call_id"] == [1, 2]
    with pytest.raises(converz.InvalidInputError, match=r"for call_id 2 may be a string"):
        plan.apply(allow_type_change=True)
    assert stored_words(stored_json) == before
    client.update_calls({"call_id": [1, 2], "mixed": ['"calm"', "4"]}, json_columns=["mixed"])
    after = stored_words(stored_json)
    assert (after[1]["mixed"], after[2]["mixed"]) == ("calm", Number("4"))


def test_users_too(small, client):
    [first, *_] = client.reps().to_pydict()["rep_id"]
    client.update_reps({"rep_id": [first], "skills": ['["nl"]']}, json_columns="skills")
    table = client.reps()
    assert table.schema.json_columns == ["skills"]
    assert client.plan_update_reps(table).num_changes == 0
    polars = table.to_polars()
    assert client.plan_update_reps(polars, json_columns=table.schema.json_columns).num_changes == 0
