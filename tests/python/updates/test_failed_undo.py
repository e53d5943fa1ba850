"""An undo that fails half way is finished by what its error says, to the very words that were stored."""

import json
import pickle
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import converz
from support.drawn_frames import NAMES, Drawn, drawn_frames
from support.drawn_json import drawn_columns
from support.stored_rows import sent, store, stored, stored_words

ALL = {"start_date": "2000-01-01"}
CALLS = list(range(1, 21))


def sandbox_with(faults=()) -> converz.Sandbox:
    return converz.Sandbox(calls=20, reps=3, today="2025-07-15", faults=faults)


def once_more(client, result, error):
    return result.undo()


def what_remains(client, result, error):
    """In another process, where there is nothing but the error."""
    error = pickle.loads(pickle.dumps(error))
    return client.update_calls(error.remaining, nulls=error.nulls)


def as_the_message_says(client, result, error):
    call = re.search(r"to finish it, call (update_calls\(.*\)), or once more", str(error))
    assert call is not None, error
    return eval(call[1], {"update_calls": client.update_calls, "error": error})


WAYS = {way.__name__: way for way in (once_more, what_remains, as_the_message_says)}


def finished(client, result, way, attempts) -> int:
    """Undo, and finish what fails; the value is how often it failed."""
    error = None
    for failures in range(attempts):
        try:
            if error is None:
                result.undo()
            else:
                WAYS[way](client, result, error)
        except converz.UpdateError as failed:
            error = failed
        else:
            return failures
    pytest.fail("it never ends")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(
    drawn_frames(CALLS, max_rows=20),
    drawn_columns(NAMES, len(CALLS)),
    st.sampled_from(["keep", "clear"]),
    st.sets(st.integers(1, 6), min_size=1, max_size=3),
    st.sampled_from([{"status": 503, "retry_after": 0}, {"status": 400}, {"cut": 0}, {"cut": 5}]),
    st.sampled_from(sorted(WAYS)),
)
@pytest.mark.filterwarnings("ignore::converz.ConverzWarning")
def test_an_undo_that_fails_is_finished(drawn: Drawn, columns, nulls, places, how, way):
    def applied(sandbox):
        client = sandbox.client(max_update_bytes=1024, max_retries=0)
        store(sandbox, CALLS, columns)
        before = stored_words(sandbox)
        return (
            client,
            before,
            client.plan_update_calls(drawn.to_arrow(), nulls=nulls, **ALL).apply(allow_type_change=True),
        )

    # How many requests come before those of the undo.
    with sandbox_with() as sandbox:
        applied(sandbox)
        first = len(sent(sandbox))
    fault = converz.Fault(
        operation="update_calls", request=[first + place for place in sorted(places)], **how
    )
    with sandbox_with([fault]) as sandbox:
        client, before, result = applied(sandbox)
        finished(client, result, way, len(places) + 1)
        assert stored_words(sandbox) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", [{"status": 400}, {"cut": 0}])
def test_cells_that_were_null_are_null_again(way, how):
    """Half of the cells that change were null, and the undo fails on each of its requests but the last once."""
    faults = [converz.Fault(operation="update_calls", request=[3, 4, 5, 7], **how)]
    with sandbox_with(faults) as sandbox:
        client = sandbox.client(max_update_bytes=4096, max_retries=0)
        values = [json.dumps("x" * 200) if key % 2 else "null" for key in CALLS]
        store(sandbox, CALLS, {"note": values, "grade": [str(key) + ".10" for key in CALLS]})
        before = stored_words(sandbox)
        assert before[1]["note"] == "x" * 200
        assert "note" not in before[2]
        frame = {"call_id": CALLS, "note": ["y"] * 20, "grade": [0] * 20, "new": [True] * 20}
        result = client.plan_update_calls(frame, **ALL).apply()
        assert (result.requests, result.cells) == (1, 60)
        # Undoing once more sends what is not back yet, in fewer requests.
        assert finished(client, result, way, 6) >= (2 if way == "once_more" else 3)
        assert stored_words(sandbox) == before
        assert stored(sandbox)[2]["note"] is None


def test_what_an_error_says_of_nulls():
    frame = {"call_id": CALLS, "note": [None if key % 2 else "n" * 300 for key in CALLS]}
    for nulls in ("keep", "clear"):
        fault = converz.Fault(operation="update_calls", request=2, status=400)
        with sandbox_with([fault]) as sandbox:
            client = sandbox.client(max_update_bytes=1024)
            with pytest.raises(converz.UpdateError) as caught:
                client.update_calls(frame, nulls=nulls)
            error = pickle.loads(pickle.dumps(caught.value))
            assert error.nulls == nulls
            as_the_message_says(client, None, error)
            notes = [stored(sandbox)[key].get("note") for key in CALLS]
            assert notes == frame["note"]


def test_users_are_told_of_their_own_verb():
    fault = converz.Fault(operation="update_reps", request=1, status=400)
    with sandbox_with([fault]) as sandbox:
        client = sandbox.client()
        rep_ids = sorted(stored(sandbox, "reps"))
        with pytest.raises(converz.UpdateError, match=r"call update_reps\(error\.remaining\), or once more"):
            client.update_reps({"rep_id": rep_ids, "team": ["A"] * 3})


def test_a_plan_that_failed_is_finished_by_what_remains():
    """Also where some of its cells are no change, and some are null and stay."""
    fault = converz.Fault(operation="update_calls", request=3, status=400)
    with sandbox_with([fault]) as sandbox:
        client = sandbox.client(max_update_bytes=1024, max_retries=0)
        store(sandbox, CALLS, {"note": [json.dumps("old")] * 20, "grade": ["1"] * 20})
        frame = {
            "call_id": CALLS,
            "note": [None if key % 3 == 0 else "n" * 300 for key in CALLS],
            "grade": [1 if key % 2 else 2 for key in CALLS],
        }
        plan = client.plan_update_calls(frame, **ALL)
        with pytest.raises(converz.UpdateError) as caught:
            plan.apply()
        as_the_message_says(client, None, caught.value)
        rows = stored(sandbox)
        assert [rows[key]["note"] for key in CALLS] == [note or "old" for note in frame["note"]]
        assert [rows[key]["grade"] for key in CALLS] == frame["grade"]
