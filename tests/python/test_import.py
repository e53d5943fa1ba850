"""Importing: nothing optional, no thread, nothing printed, and not much else."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pickle
import pickletools
import typing
from pathlib import Path

import pytest

import converz

OPTIONAL = [
    "pandas",
    "polars",
    "pyarrow",
    "numpy",
    "duckdb",
    "tqdm",
    "IPython",
    "nanoarrow",
    "arro3",
    "scipy",
]

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


def imported(run_python, code: str) -> set[str]:
    """The modules that are there after some code, imported in whatever way."""
    return set(run_python(code=f"import sys\n{code}\nprint(*sys.modules)").stdout.split())


def test_what_is_imported(run_python):
    before = imported(run_python, "import dataclasses")
    after = imported(run_python, "import converz; converz.Client, converz.calls")
    assert "converz._core" in after
    top = {name.partition(".")[0] for name in after}
    assert not top & set(OPTIONAL)
    assert (after - before) & set(LATER) == set()
    modules = {name for name in after if name.startswith("converz")}
    assert not modules & {
        "converz.__main__",
        "converz._client.async_client",
        "converz._dashboard",
        "converz._frames.from_numpy",
        "converz._frames.from_pandas",
        "converz._frames.to_pandas",
        "converz._lazy",
        "converz._runtime.interrupt",
        "converz._runtime.log",
        "converz._cli",
        "converz._sandbox",
        "converz._statistics",
        "converz._warehouse",
    }


def test_the_package_alone_imports_nothing(run_python):
    """Whoever imports it for one thing, such as its version or the help of its commands, waits for that only."""
    before = imported(run_python, "pass")
    after = imported(run_python, "import converz")
    assert after - before - {"__future__"} == {"converz"}


def test_each_name_is_found_where_type_checkers_see_it():
    tree = ast.parse(Path(converz.__file__).read_text(encoding="utf-8"))
    seen = {
        node.module.removeprefix("converz."): tuple(alias.name for alias in node.names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("converz.")
    }
    assert seen == converz._MODULES
    for module, names in seen.items():
        for name in names:
            assert getattr(converz, name) is getattr(importlib.import_module(f"converz.{module}"), name)
    with pytest.raises(AttributeError, match="module 'converz' has no attribute 'call'"):
        converz.call  # noqa: B018


@pytest.mark.parametrize(
    "code",
    [
        "from converz import *; assert Client.__name__ == 'Client' and calls.__name__ == 'calls'",
        "import converz; assert converz.errors.ConverzError is converz.ConverzError",
        "import converz; assert converz.targets.Target.ledger",
        # Without its public name having been used before.
        "from converz._results.table import Table; assert Table.__module__ == 'converz'",
        "import pickle, converz; pickle.loads(b'cconverz\\nTypeChange\\n.')",
    ],
)
def test_ways_to_a_name(run_python, code):
    assert run_python(code=code).returncode == 0


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
    # Each is there when it was first used. pytest adds names of its own, of which none could be written, to packages that have a plugin.
    for name in ("errors", *converz.__all__):
        getattr(converz, name)
    public = {name for name in vars(converz) if name[0] not in "_@"}
    # Modules of their own, which another test may have imported.
    assert public - {"targets", "airflow", "dlt", "spark"} == {*converz.__all__, "errors"} - {"__version__"}
    assert converz.__all__ == sorted(converz.__all__)
    assert dir(converz) == converz.__all__
    for name in converz.__all__:
        assert getattr(converz, name).__doc__


@pytest.mark.parametrize("name", sorted({*converz.__all__} - {"__version__"}))
def test_public_names_are_said_to_be_of_the_package(name):
    """And each is found by what it says of itself, as pickles look for it."""
    named = getattr(converz, name)
    assert (named.__module__, named.__qualname__) == ("converz", name)


def test_pickles_hold_public_names_only(client, monkeypatch):
    """So that modules can move without breaking what somebody keeps."""
    monkeypatch.setenv("CONVERZ_API_KEY", "key")
    calls = client.calls(limit=2)
    with pytest.raises(converz.UpdateError) as raised:
        client.update_calls({"call_id": [10**12], "a": ["b"]})
    # fmt: off
    kept = [
        calls, calls.receipt, calls.schema, calls.to_batches()[0], raised.value, converz.Fault(request=1),
        client.update_calls({"call_id": [1], "a": ["b"]}), converz.Client("https://yourdomain.converz.co"),
    ]
    # fmt: on
    for each in kept:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            stored = pickle.dumps(each, protocol)
            modules = {
                text
                for _, text, _ in pickletools.genops(stored)
                if isinstance(text, str) and text.startswith("converz")
            }
            assert modules
            assert {text.partition(" ")[0] for text in modules} == {"converz"}, each
            assert type(pickle.loads(stored)) is type(each)


@pytest.mark.parametrize("name", ["Receipt", "Fault", "ColumnPlan", "UpdateResult"])
def test_annotations_of_records_can_be_read(name):
    """By libraries that validate or convert by them, which look for names where a class says that it is."""
    hints = typing.get_type_hints(getattr(converz, name))
    assert set(hints) == {field.name for field in dataclasses.fields(getattr(converz, name))}
