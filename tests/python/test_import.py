"""Importing: nothing optional, no thread, nothing printed, and not much else."""

from __future__ import annotations

import re

OPTIONAL = ["pandas", "polars", "pyarrow", "numpy", "duckdb", "tqdm", "IPython", "nanoarrow", "arro3"]

# What a notebook or another program has anyway, or what a read does not need.
LATER = [
    *[
        "argparse",
        "asyncio",
        "datetime",
        "html",
        "http.client",
        "json",
        "logging",
        "shutil",
        "signal",
        "socket",
    ],
    *["unicodedata", "urllib.request"],
]


def imported(finished) -> set[str]:
    return set(re.findall(r"\| +([\w.]+)$", finished.stderr, re.MULTILINE))


def test_what_is_imported(run_python):
    before = imported(run_python("-X", "importtime", "-c", "import dataclasses"))
    after = imported(run_python("-X", "importtime", "-c", "import converz"))
    assert "converz._core" in after
    top = {name.partition(".")[0] for name in after}
    assert not top & set(OPTIONAL)
    assert (after - before) & set(LATER) == set()
    modules = {name for name in after if name.startswith("converz")}
    assert not modules & {
        "converz.demo",
        "converz.__main__",
        "converz.from_pandas",
        "converz.scan",
        "converz.to_pandas",
    }


def test_no_thread_and_no_word(run_python):
    code = """
import os, threading, warnings, logging
import converz
assert threading.active_count() == 1
if os.path.isdir("/proc/self/task"):
    assert len(os.listdir("/proc/self/task")) == 1
converz.Client("http://127.0.0.1:9", "key")  # Nor does a client start one before it is used.
if os.path.isdir("/proc/self/task"):
    assert len(os.listdir("/proc/self/task")) == 1
with converz.Sandbox(calls=5, reps=5, faults=[converz.Fault(request=1, status=503, retry_after=0)]) as sandbox:
    assert sandbox.client().calls().receipt.retries == 1
assert [type(handler).__name__ for handler in logging.getLogger("converz").handlers] == ["NullHandler"]
"""
    finished = run_python(code=code)
    assert (finished.stdout, finished.stderr) == ("", "")


def test_reading_imports_nothing_optional(run_python):
    code = """
import sys, converz
with converz.Sandbox(calls=50, reps=5) as sandbox:
    client = sandbox.client()
    repr(client.calls()), client.calls()._repr_html_(), client.calls().to_pydict()
    client.update_calls({"call_id": [1], "a": ["b"]})
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""
    names = run_python(code=code).stdout
    for name in OPTIONAL:
        assert f"'{name}'" not in names


def test_the_public_names():
    import converz

    public = {name for name in vars(converz) if not name.startswith("_")}
    modules = {name for name in public if type(getattr(converz, name)).__name__ == "module"}
    assert public - modules - {"annotations"} == set(converz.__all__) - {"__version__"}
    assert converz.__all__ == sorted(converz.__all__)
    for name in converz.__all__:
        assert getattr(converz, name).__doc__
