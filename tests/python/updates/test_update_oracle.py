"""The sandbox as oracle: what an update did is what the documented null rules do to a model."""

import copy
import json
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.drawn_frames import SCALARS, VALUES, Drawn, as_json, drawn_frames, same_json
from support.stored_rows import bodies, sent, stored

CALLS = list(range(1, 41))

# Times that are all midnight may be dates, which is told; what is sent is the same.
pytestmark = pytest.mark.filterwarnings("ignore:frame.*midnight:converz.ConverzWarning")

quick = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

INPUTS = {
    "pyarrow": Drawn.to_arrow,
    "packed": Drawn.to_packed,
    "duckdb": Drawn.to_duckdb,
    "polars": Drawn.to_polars,
    "pandas": Drawn.to_pandas,
    "dict": Drawn.to_dict,
    "dicts": Drawn.to_dicts,
}


def given_as(drawn: Drawn, kind: str) -> object:
    return INPUTS[kind](drawn)


@st.composite
def updates(draw, keys=CALLS, key="call_id"):
    kind = draw(st.sampled_from(list(INPUTS)))
    # Python's own frames hold values, and no objects.
    kinds = SCALARS if kind in ("dict", "dicts") else list(VALUES)
    return draw(drawn_frames(keys, key, tuple(kinds))), kind, draw(st.sampled_from(["keep", "clear"]))


@quick
@given(st.lists(updates(), min_size=1, max_size=3), st.sampled_from([1024, 2048, 1 << 20]))
def test_conversations(shared, drawn, max_update_bytes):
    client = shared.client(max_update_bytes=max_update_bytes, max_retries=0)
    model = stored(shared)
    for frame, kind, nulls in drawn:
        result = client.update_calls(given_as(frame, kind), nulls=nulls)
        assert result.cells == frame.apply(model, nulls)
        assert same_json(stored(shared), model)


@quick
@given(st.data())
def test_users(shared, data):
    model = stored(shared, "reps")
    frame, kind, nulls = data.draw(updates(sorted(model), "rep_id"))
    result = shared.client(max_update_bytes=1024).update_reps(given_as(frame, kind), nulls=nulls)
    assert result.cells == frame.apply(model, nulls)
    assert same_json(stored(shared, "reps"), model)


@quick
@given(updates())
def test_what_is_kept_is_never_sent_as_null(shared, drawn):
    frame, kind, _ = drawn
    client = shared.client()
    before = len(sent(shared))
    requests = client.update_calls(given_as(frame, kind), dry_run=True)
    for body in bodies(requests):
        assert isinstance(body, dict)
        assert not any(value is None for column in body.values() for value in column)
    # No limit cuts these, so that there is one request a mask.
    assert len(requests) == frame.masks
    assert len({tuple(body["call_id"]) for body in bodies(requests)}) == frame.masks
    assert len(sent(shared)) == before


@quick
@given(updates(), st.sampled_from([1024, 4096]))
def test_chunks(shared, drawn, max_update_bytes):
    frame, kind, nulls = drawn
    client = shared.client(max_update_bytes=max_update_bytes)
    requests = client.update_calls(given_as(frame, kind), nulls=nulls, dry_run=True)
    model: dict[object, dict[str, object]] = {key: {} for key in CALLS}
    expected = copy.deepcopy(model)
    for request, body in zip(requests, bodies(requests), strict=True):
        assert len(request.body) == request.bytes <= max_update_bytes
        if isinstance(body, dict):
            rows = [dict(zip(body, values, strict=True)) for values in zip(*body.values(), strict=True)]
        else:
            rows = body
        assert len(rows) == request.rows
        assert {name for row in rows for name in row} == {"call_id", *request.columns}
        for row in rows:
            assert not model[row["call_id"]].keys() & row.keys() - {"call_id"}
            model[row["call_id"]].update({name: value for name, value in row.items() if name != "call_id"})
    cells = frame.apply(expected, nulls)
    assert sum(request.cells for request in requests) == cells
    for key, row in expected.items():
        set_cells = (
            row if nulls == "clear" else {name: value for name, value in row.items() if value is not None}
        )
        assert same_json(model[key], set_cells if key in frame.keys else {})


@quick
@given(drawn_frames(CALLS, kinds=tuple(SCALARS)), st.sampled_from(["keep", "clear"]))
def test_all_sources_say_the_same(shared, drawn, nulls):
    """The same values give the same JSON, whichever library holds them; also when they are planned."""
    client = shared.client()
    found = {}
    warned = {}
    for kind in INPUTS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            requests = client.update_calls(given_as(drawn, kind), nulls=nulls, dry_run=True)
            warned[kind] = sorted(str(warning.message) for warning in caught)
        found[kind] = bodies(requests)
    for kind in INPUTS:
        assert same_json(found[kind], found["dict"]), kind
        assert warned[kind] == warned["dict"], kind
    for kind in INPUTS:
        plan = client.plan_update_calls(given_as(drawn, kind), nulls=nulls, start_date="2000-01-01")
        changes = plan.changes.to_pydict()
        for key, name, new in zip(changes["call_id"], changes["column"], changes["new"], strict=True):
            value = drawn.columns[name][drawn.keys.index(key)]
            assert same_json(None if new is None else json.loads(new), as_json(value)), kind
