"""What a failed update says, and that what it says finishes the job."""

import pickle
from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import converz
from support.drawn_frames import Drawn, drawn_frames, same_json
from support.stored_rows import sent, stored

CALLS = list(range(1, 21))
ROWS = [{"call_id": key, "note": "n" * 300, "grade": key if key % 2 else None} for key in CALLS]


def fault(request, **how) -> converz.Fault:
    return converz.Fault(operation="update_calls", request=request, **how)


def sandbox_with(*faults) -> converz.Sandbox:
    return converz.Sandbox(calls=20, reps=2, today="2025-07-15", faults=faults)


def assert_accounted(error: converz.UpdateError, rows: int) -> None:
    """Every row is committed, in doubt or unsent, and none is twice."""
    runs = sorted(chain(error.committed, error.in_doubt, error.unsent))
    assert runs[0][0] == 0
    assert runs[-1][1] == rows
    assert all(start < end for start, end in runs)
    assert all(one[1] == other[0] for one, other in pairwise(runs))
    left = sorted(row for start, end in error.in_doubt + error.unsent for row in range(start, end))
    assert error.remaining is not None
    assert error.remaining.num_rows == len(left)


@pytest.mark.filterwarnings("ignore:frame.*midnight:converz.ConverzWarning")
@settings(max_examples=25, deadline=None)
@given(
    drawn_frames(CALLS, max_rows=20),
    st.sampled_from(["keep", "clear"]),
    st.sets(st.integers(1, 8), min_size=1, max_size=3),
    st.sampled_from([{"status": 503, "retry_after": 0}, {"status": 400}, {"cut": 0}, {"cut": 5}]),
    st.integers(0, 1),
)
def test_what_remains_finishes_the_job(drawn: Drawn, nulls, requests, how, max_retries):
    with sandbox_with(fault(sorted(requests), **how)) as sandbox:
        client = sandbox.client(max_update_bytes=1024, max_retries=max_retries)
        model = stored(sandbox)
        drawn.apply(model, nulls)
        frame: object = drawn.to_arrow()
        rows = drawn.to_arrow().to_pylist()
        for _ in range(len(requests) + 1):
            try:
                client.update_calls(frame, nulls=nulls)
                break
            except converz.UpdateError as error:
                assert_accounted(error, len(rows))
                now = stored(sandbox)
                attributes = list(drawn.columns)
                for start, end in error.committed:
                    for row in rows[start:end]:
                        for name in attributes:
                            if row[name] is not None or nulls == "clear":
                                key = row["call_id"]
                                assert same_json(now[key][name], model[key][name])
                frame = pickle.loads(pickle.dumps(error)).remaining
                rows = (frame.to_arrow() if isinstance(frame, converz.Table) else frame).to_pylist()
        else:
            pytest.fail("it never ends")
        assert same_json(stored(sandbox), model)


@pytest.mark.parametrize(
    ("how", "cause", "in_doubt"),
    [
        ({"status": 400}, converz.BadRequestError, False),
        ({"status": 403}, converz.PermissionDeniedError, False),
        ({"status": 500}, converz.ServerError, True),
        ({"status": 503}, converz.ServerError, True),
        ({"cut": 0}, converz.APIConnectionError, True),
    ],
)
def test_a_refusal_leaves_no_doubt_and_anything_else_does(how, cause, in_doubt):
    with sandbox_with(fault(2, **how)) as sandbox:
        client = sandbox.client(max_update_bytes=1024, max_retries=0)
        frame = [{"call_id": key, "note": "n" * 300} for key in CALLS]
        with pytest.raises(converz.UpdateError) as caught:
            client.update_calls(frame)
        error = caught.value
        assert isinstance(error.__cause__, cause)
        assert_accounted(error, 20)
        rows = error.committed[0][1]
        assert error.committed == [(0, rows)]
        assert 0 < rows < 10
        assert error.in_doubt == ([(rows, 2 * rows)] if in_doubt else [])
        assert error.unsent == [(2 * rows if in_doubt else rows, 20)]
        counts = f"of 20 rows {rows} are committed, {rows if in_doubt else 0} in doubt"
        assert counts in str(error)
        # Nothing goes out behind a failure.
        assert len(sent(sandbox)) == 2


def test_rows_of_which_a_part_was_answered_are_in_doubt():
    # Two masks: all rows have a note, every other one a grade.
    with sandbox_with(fault(2, status=400)) as sandbox:
        with pytest.raises(converz.UpdateError) as caught:
            sandbox.client(max_retries=0).update_calls(ROWS)
        error = caught.value
        assert_accounted(error, 20)
        assert error.committed == [(row, row + 1) for row in range(1, 20, 2)]
        assert error.in_doubt == [(row, row + 1) for row in range(0, 20, 2)]
        assert error.unsent == []
        assert error.remaining.to_pydict()["call_id"] == CALLS[::2]


def test_an_update_is_retried():
    with sandbox_with(fault([1, 2], status=503, retry_after=0)) as sandbox:
        result = sandbox.client(max_retries=2).update_calls(ROWS)
        assert (result.rows, result.cells, result.requests) == (20, 30, 4)
        assert [request["status"] for request in sent(sandbox)] == [503, 503, 200, 200]


def test_an_error_pickles():
    with sandbox_with(fault(1, status=500)) as sandbox:
        with pytest.raises(converz.UpdateError) as caught:
            sandbox.client(max_retries=0).update_calls(ROWS)
    error = caught.value
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is converz.UpdateError
    assert str(copied) == str(error)
    for name in ("committed", "in_doubt", "unsent", "request", "attempts"):
        assert getattr(copied, name) == getattr(error, name)
    assert copied.remaining == error.remaining
    assert copied.remaining.to_pydict()["call_id"] == CALLS


def test_progress_that_raises_stops_the_update_and_says_where():
    told = []

    def progress(rows, size):
        told.append((rows, size))
        raise LookupError

    with sandbox_with(fault(2, delay=0.5)) as sandbox:
        with pytest.raises(LookupError) as caught:
            sandbox.client(max_update_bytes=1024).update_calls(ROWS, progress=progress)
        assert len(told) == 1
        error = caught.value.__cause__
        assert isinstance(error, converz.UpdateError)
        assert_accounted(error, 20)
        assert error.in_doubt
        assert error.unsent
        sandbox.client().update_calls(error.remaining)
        assert all(row["note"] == "n" * 300 for row in stored(sandbox).values())


class OddError(Exception):
    """One that is not raised for the first time."""


def plain():
    raise OddError


def from_another():
    try:
        {}["key"]
    except KeyError as error:
        raise OddError from error


def from_none():
    try:
        {}["key"]
    except KeyError:
        raise OddError from None


def while_handling():
    try:
        {}["key"]
    except KeyError:
        raise OddError  # noqa: B904


def from_one_after_another():
    try:
        from_another()
    except OddError as error:
        raise OddError from error


def from_itself():
    error = OddError()
    error.__cause__ = error
    raise error


def from_a_circle():
    one, other = OddError(), OddError()
    one.__cause__, other.__cause__ = other, one
    raise one


def interrupted_from_another():
    raise KeyboardInterrupt from OddError()


def exiting_from_another():
    raise SystemExit(3) from OddError()


def chain_of(error):
    """Every exception that a traceback could show."""
    seen = []
    left = [error]
    while left:
        one = left.pop()
        if one is not None and all(one is not other for other in seen):
            seen.append(one)
            left += [one.__context__, one.__cause__]
    return seen


@pytest.mark.parametrize(
    "fail",
    [
        plain,
        from_another,
        from_none,
        while_handling,
        from_one_after_another,
        from_itself,
        from_a_circle,
        interrupted_from_another,
        exiting_from_another,
    ],
)
def test_what_was_committed_is_behind_whatever_a_callback_raises(fail):
    def progress(rows, size):
        if rows:
            fail()

    with sandbox_with() as sandbox:
        client = sandbox.client(max_update_bytes=1024)
        expected = pytest.raises((OddError, KeyboardInterrupt, SystemExit))
        with expected as info:
            client.update_calls({"call_id": CALLS, "note": ["n" * 300] * 20}, progress=progress)
        accounts = [error for error in chain_of(info.value) if isinstance(error, converz.UpdateError)]
        assert len(accounts) == 1
        assert_accounted(accounts[0], 20)
        assert accounts[0].committed
        # What it came from is still there.
        others = [error for error in chain_of(info.value) if not isinstance(error, converz.UpdateError)]
        known = {
            from_another: 2,
            while_handling: 2,
            from_none: 2,
            from_one_after_another: 3,
            from_a_circle: 2,
        }
        assert len(others) >= known.get(fail, 1)
        if accounts[0].remaining.num_rows:
            client.update_calls(accounts[0].remaining)
        assert all(row["note"] == "n" * 300 for row in stored(sandbox).values())
