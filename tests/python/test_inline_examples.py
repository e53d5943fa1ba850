"""Calls in the prose of docstrings and documents run as they stand, so that what is recommended works."""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import inspect
import re
import warnings
from pathlib import Path

import pytest

import converz

ROOT = Path(__file__).parents[2]
# What these speak of is there within their host only, and tests/spark and tests/airflow run it.
OF_HOSTS = ("spark", "airflow")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
DOCUMENTS += [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.stem not in OF_HOSTS]
PACKAGE = ROOT / "python" / "converz"
SOURCES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in OF_HOSTS
]
SOURCES += [PACKAGE / "_core.pyi"]


def code_in(text: str) -> list[str]:
    """What stands between single or double backquotes, also over two lines."""
    found = re.findall(r"(?<!`)(`{1,2})(?!`)((?:[^`]|\n(?!\n))+?)\1(?!`)", text)
    return [re.sub(r"\s*\n\s*", " ", code) for _, code in found]


def is_a_call(code: str) -> bool:
    return re.match(r"\.?[A-Za-z_][\w.]*\(", code) is not None


def calls_in_prose() -> dict[str, str]:
    """Each call, and where it stands first."""
    found: dict[str, str] = {}
    for path in DOCUMENTS:
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for code in filter(is_a_call, code_in(prose)):
            found.setdefault(code, path.name)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                for code in filter(is_a_call, code_in(ast.get_docstring(node) or "")):
                    found.setdefault(code, path.name)
    return found


CALLS = calls_in_prose()


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What prose speaks of: the modules by their usual names, a client, and what it gives."""
    import logging

    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    modules = {"duckdb": duckdb, "logging": logging, "warnings": warnings, "converz": converz}
    modules |= {"pandas": pd, "pd": pd, "polars": pl, "pl": pl, "pyarrow": pa, "pa": pa}
    fault = converz.Fault(operation="update_calls", request=1, status=503)
    with converz.Sandbox(calls=100, reps=5, faults=[fault]) as sandbox:
        client = sandbox.client(max_retries=0)
        calls = client.calls()
        with pytest.raises(converz.UpdateError) as raised:
            client.update_calls({"call_id": [1], "priority": ["high"]})
        journal = tmp_path_factory.mktemp("journals") / "priority.journal"
        stored = client.calls(columns=["call_id", "date"], limit=3).to_pandas().assign(priority="high")
        result = client.plan_update_calls(stored[:1]).apply(journal=journal)
        yield modules | {
            "plan": client.plan_update_calls(stored[1:]),
            "result": result,
            "journal": journal,
            "sandbox": sandbox,
            "client": client,
            "calls": calls,
            "table": calls,
            "schema": calls.schema,
            "error": raised.value,
            "UTC": dt.UTC,
            "date": dt.date,
            "year": 2025,
            "week": 28,
        }


def public_methods() -> set[str]:
    import polars as pl

    kinds = [kind for name in converz.__all__ if inspect.isclass(kind := getattr(converz, name))]
    return {
        name for kind in [*kinds, pl.LazyFrame] for name, value in inspect.getmembers(kind) if callable(value)
    }


def run(code: str, names: dict[str, object]) -> None:
    tree = ast.parse(code.replace("(…)", "()").replace('"…"', '"key"').lstrip("."), mode="eval")
    call = tree.body
    assert isinstance(call, ast.Call)
    if isinstance(call.func, ast.Name) and call.func.id not in names and call.func.id != "datetime":
        # A method or a function that is called by its name alone, or a built-in one that needs what there is.
        known = call.func.id in public_methods() or hasattr(builtins, call.func.id)
        assert known, f"{call.func.id} is no public method"
        if not call.args or call.func.id == "help":
            return
    # The class and the module have the same name.
    module_or_class = dt if code.startswith("datetime.") else dt.datetime
    scope = names | {"datetime": module_or_class}
    if "(…)" in code:
        # With what a reader puts in its place.
        assert callable(eval(compile(ast.Expression(call.func), code, "eval"), scope)), code
    else:
        eval(compile(tree, code, "eval"), scope)


@pytest.mark.parametrize("code", CALLS)
def test_calls_in_prose_run(code, names, monkeypatch):
    monkeypatch.setattr("converz._client.default_client._client", None)
    monkeypatch.setenv("CONVERZ_BASE_URL", names["sandbox"].url)
    monkeypatch.setenv("CONVERZ_API_KEY", names["sandbox"].api_key)
    with warnings.catch_warnings():
        run(code, names)


def test_they_are_found():
    assert len(CALLS) >= 25
    assert any("duckdb.sql(" in code for code in CALLS)
    assert code_in("Take ``a(1)`` or `b(2)`, or\n``c(3,\n    4)``; not ```d()```.") == [
        "a(1)",
        "b(2)",
        "c(3, 4)",
    ]


@pytest.mark.parametrize(
    "code",
    [
        'duckdb.sql("from table")',
        'duckdb.sql("select * from call")',
        "client.call()",
        "client.calls(limits=5)",
        "client.update_calls(errors.remaining)",
        "calls.to_panda()",
        "to_panda()",
        "converz.call(…)",
        'client.calls(start_date="2025-02-30")',
        "client.calls(",
    ],
)
def test_what_does_not_work_is_found(code, names):
    with pytest.raises(Exception):  # noqa: B017, PT011
        run(code, names)
