"""Every kind of frame into `update_calls`: no value changes on the way to the request."""

from __future__ import annotations

import json

import pytest

import converz
from support.matrix import SOURCES, VALUES, arrow, cells


@pytest.fixture(scope="module")
def client(centre):
    return centre.client()


def set_by(requests) -> dict[int, dict[str, object]]:
    """The cells that columnar bodies set, by key; each at most once."""
    found: dict[int, dict[str, object]] = {}
    for request in requests:
        body = json.loads(request.body)
        keys = body.pop("call_id")
        for name, column in body.items():
            for key, value in zip(keys, column, strict=True):
                assert value is not None
                assert name not in found.setdefault(key, {})
                found[key][name] = value
    return found


def exactly(value: object) -> object:
    """The value with its type, since True == 1 and 1 == 1.0."""
    if isinstance(value, dict):
        return {name: exactly(inner) for name, inner in value.items()}
    return type(value).__name__, repr(value)


@pytest.mark.parametrize("kind", SOURCES)
def test_no_value_changes(kind: str, client):
    make, libraries = SOURCES[kind]
    for library in libraries:
        pytest.importorskip(library)
    found = set_by(client.update_calls(make(4), dry_run=True))
    wanted = cells()
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert exactly(found[key]) == exactly(row), key


@pytest.mark.parametrize("kind", SOURCES)
def test_a_frame_without_rows_is_refused(kind: str, client):
    make, libraries = SOURCES[kind]
    for library in libraries:
        pytest.importorskip(library)
    with pytest.raises(converz.InvalidInputError, match="no rows"):
        client.update_calls(make(0), dry_run=True)


def test_an_update_arrives():
    pa = pytest.importorskip("pyarrow")
    with converz.Sandbox(calls=100, reps=5) as sandbox:
        arrives(sandbox.client(), pa)


def arrives(client, pa):
    keys = [1, 2, 3, 4]
    frame = arrow().drop_columns(["call_id", "nothing"])
    frame = frame.rename_columns([f"m_{name}" for name in frame.column_names])
    client.update_calls(frame.append_column("call_id", pa.array(keys)))
    names = ["m_big_null", "m_text_null", "m_flag_null", "m_day", "m_naive", "m_unsigned", "m_zoned_null"]
    rows = client.calls(columns=["call_id", *names]).slice(0, 4).to_pydict()
    assert rows == {"call_id": keys} | {name: VALUES[name[2:]] for name in names}


REFUSED = {
    "a row without a key of the others": (
        [{"call_id": 1, "a": 1}, {"call_id": 2}],
        "rows with other keys",
    ),
    "columns of two lengths": ({"call_id": [1, 2], "a": [1]}, "different lengths"),
    "a column of two types": ({"call_id": [1, 2], "a": [1, "x"]}, "int in row 0 and str in row 1"),
    "a string as a column": ({"call_id": "12"}, "is not a column"),
    "names that are no strings": ({1: [1]}, "names are strings"),
    "a list of numbers": ([1, 2], r"frame\[0\]=1 is not a dict"),
    "nothing at all": ([], "no rows"),
    "text": ("call_id", "holds no rows"),
    "no frame": (None, "holds no rows"),
    "an integer beyond 64 bits": ({"call_id": [1], "a": [2**64]}, "uint64"),
    "integers that share no type": ({"call_id": [1, 2], "a": [-1, 2**63]}, "nor in uint64"),
    "integers that floats would round": ({"call_id": [1, 2], "a": [0.5, 2**53 + 1]}, "lose digits"),
    "not a number": ({"call_id": [1], "a": [float("nan")]}, "NaN"),
    "other objects": ({"call_id": [1], "a": [object()]}, "row 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_understood_is_refused(case: str, client):
    frame, message = REFUSED[case]
    with pytest.raises(converz.InvalidInputError, match=message):
        client.update_calls(frame, dry_run=True)


def test_a_lazy_frame_is_to_be_collected(client):
    pl = pytest.importorskip("polars")
    with pytest.raises(converz.InvalidInputError, match=r"collect\(\)"):
        client.update_calls(pl.LazyFrame({"call_id": [1]}))


def test_a_series_is_no_frame(client):
    pd = pytest.importorskip("pandas")
    with pytest.raises(converz.InvalidInputError, match="Series"):
        client.update_calls(pd.Series([1], name="call_id"))


def body_of(client, frame) -> dict[str, object]:
    (request,) = client.update_calls(frame, dry_run=True)
    return json.loads(request.body)


def test_pandas_index(client):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"call_id": [1, 2], "a": [3, 4]})
    whole = {"call_id": [1, 2], "a": [3, 4]}
    assert body_of(client, frame) == whole
    assert body_of(client, frame.set_index("call_id")) == whole
    assert body_of(client, frame.set_axis([8, 9])) == whole
    assert body_of(client, frame.set_axis(["x", "y"])) == whole
    assert body_of(client, frame.set_index(["call_id", "a"]).assign(b=1)) == whole | {"b": [1, 1]}
    for ambiguous in (
        frame.set_index("call_id", drop=False),
        frame.set_index([pd.Index([1, 2]), pd.Index([1, 2], name="b")]),
    ):
        with pytest.raises(converz.InvalidInputError, match="reset_index"):
            client.update_calls(ambiguous)
    with pytest.raises(converz.InvalidInputError, match="names are strings"):
        client.update_calls(pd.DataFrame({"call_id": [1], 5: [1]}))


def test_pandas_index_of_users(client):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"team": ["A"]}, index=pd.Index(["kees500"], name="rep_id"))
    (request,) = client.update_reps(frame, dry_run=True)
    assert json.loads(request.body) == {"rep_id": ["kees500"], "team": ["A"]}


def test_times_finer_than_microseconds(client):
    pd, np = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    text = "2025-07-15 12:00:00.123456789"
    frame = pd.DataFrame({"call_id": [1], "a": [pd.Timestamp(text)]})
    assert body_of(client, frame)["a"] == [text]
    assert body_of(client, {"call_id": [1], "a": np.array([text], "datetime64[ns]")})["a"] == [text]
    assert body_of(client, {"call_id": [1], "a": frame["a"]})["a"] == [text]
    for objects in ([pd.Timestamp(text)], [np.datetime64(text)], np.array([pd.Timestamp(text)], object)):
        with pytest.raises(converz.InvalidInputError, match="microseconds"):
            client.update_calls({"call_id": [1], "a": objects})
    coarse = np.datetime64("2025-07-15T12:00:00", "ns")
    assert body_of(client, [{"call_id": 1, "a": coarse}])["a"] == ["2025-07-15 12:00:00"]


def test_columns_of_numpy(client):
    np = pytest.importorskip("numpy")
    days = np.array(["2025-07-15", "NaT"], "datetime64[D]")
    masked = np.ma.masked_array([1, 2], mask=[False, True])
    found = set_by(
        client.update_calls(
            {
                "call_id": np.array([1, 2], "uint8"),
                "day": days,
                "month": days.astype("datetime64[M]"),
                "hour": np.array(["2025-07-15T12", "NaT"], "datetime64[h]"),
                "half": np.array([0.5, 1], "float16"),
                "swapped": np.array([1, 2], ">i8"),
                "masked": masked,
                "words": np.array(["a", "b"]),
            },
            dry_run=True,
        )
    )
    assert found == {
        1: {
            "day": "2025-07-15",
            "month": "2025-07-01",
            "hour": "2025-07-15 12:00:00",
            "half": 0.5,
            "swapped": 1,
            "masked": 1,
            "words": "a",
        },
        2: {"half": 1.0, "swapped": 2, "words": "b"},
    }
    with pytest.raises(converz.InvalidInputError, match="2 dimensions"):
        client.update_calls({"call_id": np.array([[1, 2]])})


def test_types_of_pandas_that_mean_something_else(client):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"call_id": [1, 2]})
    assert body_of(client, frame.assign(a=pd.arrays.SparseArray([0, 5])))["a"] == [0, 5]
    assert body_of(client, frame.assign(a=pd.Categorical([7, None])))["a"] == [7]
    for column in (
        pd.period_range("2025", periods=2, freq="Y"),
        pd.arrays.IntervalArray.from_breaks([0, 1, 2]),
        pd.to_timedelta(["1h", "2h"]),
    ):
        with pytest.raises(converz.InvalidInputError, match='"a"'):
            client.update_calls(frame.assign(a=column), dry_run=True)


def test_json_of_arrow_is_json(client):
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    if int(pa.__version__.partition(".")[0]) < 19:
        pytest.skip("pyarrow has JSON since 19")
    array = pa.array(['{"a": 1}', None], pa.json_())
    frame = pd.DataFrame({"call_id": [1, 2], "a": pd.Series(array, dtype=pd.ArrowDtype(pa.json_()))})
    for source in (frame, pa.table({"call_id": [1, 2], "a": array}), {"call_id": [1, 2], "a": array}):
        assert body_of(client, source)["a"] == [{"a": 1}]
