"""What must work in an environment that has nothing but the wheel."""

import sys
import threading

import converz

OPTIONAL = {"pandas", "polars", "pyarrow", "numpy", "duckdb", "tqdm"}

assert not OPTIONAL & set(sys.modules), "import converz imports a library that is optional"
assert threading.active_count() == 1, "import converz starts a thread"

with converz.Sandbox(calls=1_000, reps=10) as sandbox:
    client = sandbox.client(page_size=400)
    calls = client.calls()
    assert calls.num_rows == 1_000
    assert (
        client.update_calls({"call_id": calls.to_pydict()["call_id"][:5], "checked": [True] * 5}).cells == 5
    )
    assert client.report(groupby="campaign").num_rows > 1
    for method in (calls.to_pandas, calls.to_polars, calls.to_arrow):
        try:
            method()
        except ImportError as error:
            assert "pip install" in str(error)
        else:
            message = f"{method} worked without its library"
            raise AssertionError(message)
print(calls)
