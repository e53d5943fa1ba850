"""What others write meanwhile is neither overwritten by a plan that looks again, nor by an undo."""

import pickle

import pytest

import converz
from support.stored_rows import Number, sent, store, stored_words

ALL = {"start_date": "2000-01-01"}
FRAME = {"call_id": [1, 2, 3], "language": ["xx", "yy", "zz"], "fresh": [1, 2, 3]}


@pytest.fixture
def client(small):
    return small.client()


def rows(table):
    return list(zip(*table.to_pydict().values(), strict=True))


def test_apply_leaves_out_what_others_have_written(small, client):
    plan = client.plan_update_calls(FRAME, **ALL)
    before = stored_words(small)
    store(small, [2], {"language": ['"theirs"']})
    result = plan.apply(check=True)
    assert rows(result.conflicts) == [(2, "language", f'"{before[2]["language"]}"', '"theirs"')]
    assert "conflicts=1" in repr(result)
    after = stored_words(small)
    assert [after[key]["language"] for key in (1, 2, 3)] == ["xx", "theirs", "zz"]
    assert [after[key]["fresh"] for key in (1, 2, 3)] == [Number("1"), Number("2"), Number("3")]
    # What was not written is not put back, nor told of again.
    undone = result.undo()
    assert undone.cells == result.cells == 5
    assert undone.conflicts.num_rows == 0
    assert stored_words(small)[2]["language"] == "theirs"
    assert stored_words(small)[1] == before[1]


def test_undo_leaves_out_what_others_have_written(small, client):
    before = stored_words(small)
    result = client.plan_update_calls(FRAME, **ALL).apply()
    assert result.conflicts is None
    store(small, [1, 3], {"language": ['"theirs"', f'"{before[3]["language"]}"']})
    undone = result.undo()
    # The third one holds its old value already.
    assert rows(undone.conflicts) == [(1, "language", '"xx"', '"theirs"')]
    assert undone.cells == 4
    after = stored_words(small)
    assert [after[key]["language"] for key in (1, 2, 3)] == [
        "theirs",
        before[2]["language"],
        before[3]["language"],
    ]
    assert result.undo().cells == 0


@pytest.mark.parametrize("way", ["apply", "undo"])
def test_on_conflict_error_sends_nothing(small, client, way):
    plan = client.plan_update_calls(FRAME, **ALL)
    act = (lambda: plan.apply(check=True, on_conflict="error")) if way == "apply" else None
    if way == "undo":
        result = plan.apply()
        act = lambda: result.undo(on_conflict="error")  # noqa: E731
    store(small, [2], {"language": ['"theirs"']})
    posts = len(sent(small))
    with pytest.raises(
        converz.UpdateConflictError, match="1 cell holds something else.*'language' of call_id 2"
    ) as caught:
        act()
    assert len(sent(small)) == posts
    assert caught.value.conflicts.to_pydict()["found"] == ['"theirs"']
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.conflicts == caught.value.conflicts
    with pytest.raises(converz.InvalidInputError, match='on_conflict="ignore"|is not "skip" or "error"'):
        plan.apply(on_conflict="ignore")


def test_a_row_is_found_again_where_the_update_moved_it(small, client):
    """The parameters by which it was found may be what the update changes."""
    before = stored_words(small)
    campaign = before[1]["campaign"]
    keys = [key for key, row in before.items() if row.get("campaign") == campaign]
    frame = {"call_id": keys, "campaign": ["elsewhere"] * len(keys), "date": ["2031-01-05"] * len(keys)}
    result = client.plan_update_calls(frame, campaign=campaign, **ALL, end_date="2026-01-01").apply()
    assert result.cells == 2 * len(keys)
    undone = result.undo()
    assert rows(undone.conflicts) == []
    assert undone.cells == result.cells
    assert stored_words(small) == before


def test_plans_and_results_pickle_without_the_client(small, client):
    before = stored_words(small)
    plan = client.plan_update_calls({**FRAME, "call_id": [1, 2, 999]}, **ALL)
    again = pickle.loads(pickle.dumps(plan))
    assert repr(again) == repr(plan)
    assert again.changes == plan.changes
    assert again.not_found == plan.not_found
    assert (again.columns, again.types, again.num_changes) == (plan.columns, plan.types, plan.num_changes)
    with pytest.raises(converz.InvalidInputError, match="apply\\(client="):
        again.apply()
    result = again.apply(client=client)
    assert (result.rows, result.cells) == (2, 4)
    after = stored_words(small)
    kept = pickle.loads(pickle.dumps(result))
    assert kept == result
    with pytest.raises(converz.InvalidInputError, match="undo\\(client="):
        kept.undo()
    assert kept.undo(client=client).cells == 4
    assert stored_words(small) == before
    plan.apply()
    assert stored_words(small) == after
    assert pickle.loads(pickle.dumps(plan)).undo(client=client).cells == 4
    with pytest.raises(converz.InvalidInputError, match="client=5 is not a converz.Client"):
        plan.apply(client=5)


def test_users_too(small, client):
    rep_ids = client.reps().to_pydict()["rep_id"][:2]
    plan = client.plan_update_reps({"rep_id": rep_ids, "team": ["a", "b"]})
    result = plan.apply(check=True)
    client.update_reps({"rep_id": rep_ids[:1], "team": ["theirs"]})
    undone = result.undo()
    assert rows(undone.conflicts) == [(rep_ids[0], "team", '"a"', '"theirs"')]
    assert undone.cells == 1
