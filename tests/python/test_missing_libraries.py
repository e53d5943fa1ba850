"""Without an optional library, everything else works, and what needs it says what to install."""

from __future__ import annotations

import pytest

LIBRARIES = ["pandas", "polars", "pyarrow", "numpy", "duckdb", "tqdm"]

NOTHING_INSTALLED = """
import converz
with converz.Sandbox(calls=50, reps=5) as sandbox:
    client = sandbox.client(page_size=20)
    calls = client.calls(progress=True)
    client.update_calls({"call_id": [1], "a": ["b"]})
    client.update_calls([{"call_id": 1, "a": "b"}])
    for method in (calls.to_pandas, calls.to_polars, calls.to_arrow):
        try:
            method()
        except ImportError as error:
            print(error)
    repr(calls), calls._repr_html_(), calls.to_pydict()
    with client.stream_calls() as stream:
        assert sum(batch.num_rows for batch in stream) == 50
"""


def test_nothing_but_converz(run_python):
    finished = run_python(code=NOTHING_INSTALLED, blocked=LIBRARIES)
    assert finished.stdout.splitlines() == [
        "to_pandas() needs pandas, which is not installed: pip install 'converz[pandas]'",
        "to_polars() needs polars, which is not installed: pip install 'converz[polars]'",
        "to_arrow() needs pyarrow, which is not installed: pip install 'converz[pyarrow]'",
    ]
    assert "50 rows" in finished.stderr  # Progress, without tqdm.


def test_pandas_without_pyarrow(run_python):
    code = """
import converz
with converz.Sandbox(calls=50, reps=5) as sandbox:
    client = sandbox.client()
    frame = client.calls(metric="csat").to_pandas()
    print(frame["call_id"].sum(), frame["campaign"].dtype.kind, frame["csat"].dtype, frame["start_time"].dtype)
    nullable = client.calls(metric="csat").to_pandas(dtype_backend="numpy_nullable")
    print(nullable["campaign"].dtype)
    print(client.update_calls(frame[["call_id"]].assign(team=["A", None] * 25, score=1.5)).cells)
    try:
        client.calls().to_pandas(dtype_backend="pyarrow")
    except ImportError as error:
        print("pip install 'converz[pyarrow]'" in str(error))
"""
    finished = run_python(code=code, blocked=["pyarrow", "polars"])
    assert finished.stdout.splitlines() == ["1275 O Int64 datetime64[us]", "string", "75", "True"]


def test_polars_without_pandas_and_pyarrow(run_python):
    code = """
import converz, polars
with converz.Sandbox(calls=50, reps=5) as sandbox:
    client = sandbox.client()
    frame = client.calls().to_polars()
    print(frame["call_id"].sum(), polars.DataFrame(client.calls()).height)
    print(client.update_calls(frame.select("call_id", polars.lit("x").alias("team"))).cells)
"""
    finished = run_python(code=code, blocked=["pandas", "pyarrow", "numpy"])
    assert finished.stdout == "1275 50\n50\n"


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_broken_installation_is_not_called_missing(run_python, library, tmp_path):
    (tmp_path / f"{library}.py").write_text("import a_dependency_that_is_gone\n")
    method = {"pandas": "to_pandas", "polars": "to_polars", "pyarrow": "to_arrow"}[library]
    code = f"""
import converz
with converz.Sandbox(calls=5, reps=5) as sandbox:
    calls = sandbox.client().calls()
try:
    calls.{method}()
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert run_python(code=code).stdout == "a_dependency_that_is_gone\n"
