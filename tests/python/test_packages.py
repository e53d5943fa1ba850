"""Python's packages know each other one way only, and no files import each other in a circle."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "converz"

# What each package, or file beside the packages, may know of the others. The core's own part comes first.
KNOWS: dict[str, set[str]] = {
    "_core": set(),
    "errors": {"_core"},
    "_parameters": {"_core"},
    "_runtime": {"_core", "errors"},
    "_show": {"_core", "_runtime", "errors"},
    "_frames": {"_core", "errors"},
    "_results": {"_core", "_frames", "_runtime", "_show", "errors"},
    "_warehouse": {"_core", "_frames", "_parameters", "_results", "_runtime", "_show", "errors"},
    "_lazy": {"_core", "_frames", "_parameters", "_runtime", "errors"},
    "_client": {
        "_core",
        "_frames",
        "_lazy",
        "_parameters",
        "_results",
        "_runtime",
        "_show",
        "_warehouse",
        "errors",
    },
    "_sandbox": {"_client", "_core", "_results", "_show", "errors"},
    "_statistics": {"_frames", "_results", "_show", "errors"},
    "_dashboard": {
        "_client",
        "_core",
        "_frames",
        "_parameters",
        "_results",
        "_show",
        "_statistics",
        "errors",
    },
    "__init__": {
        "_client",
        "_core",
        "_dashboard",
        "_results",
        "_sandbox",
        "_statistics",
        "_warehouse",
        "errors",
    },
    "_cli": {"_client", "_core", "_dashboard", "_parameters", "_results", "_sandbox", "_show", "errors"},
    "targets": {"_warehouse"},
    "airflow": {"__init__", "_core", "_frames", "_results", "_warehouse"},
    "_dlt": {"_results", "_warehouse", "errors"},
    "dlt": {"_dlt", "_frames", "_warehouse"},
    "spark": {
        "__init__",
        "_core",
        "_frames",
        "_lazy",
        "_parameters",
        "_results",
        "_warehouse",
        "errors",
    },
    "__main__": {"_cli"},
}

# Single imports that are allowed against the direction, each with its reason.
EXCEPTIONS = {
    ("errors", "_results.table"): "for type checkers only: `UpdateError.remaining` is a table",
    ("errors", "_warehouse.result"): "for type checkers only: `SyncError.result` is one",
}


@cache
def modules() -> dict[str, Path]:
    """Every module by its name below the package; a package by its own."""
    found = {}
    for path in sorted([*PACKAGE.rglob("*.py"), PACKAGE / "_core.pyi"]):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts if len(parts) == 1 or parts[-1] != "__init__" else parts[:-1])] = path
    return found


def imports(source: str, name: str) -> set[str]:
    """The package's modules that a module imports, also in functions and for type checkers, and in any spelling."""
    package = ["converz", *name.split(".")[:-1]]
    if name in {known.partition(".")[0] for known in modules() if "." in known}:
        package.append(name)
    found = set()
    for node in ast.walk(ast.parse(source)):
        targets = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            targets = [f"{origin}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            targets = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        for target in targets:
            if target == "converz" or target.startswith("converz."):
                rest = target.split(".")[1:]
                # The longest beginning that is a module; what follows is a name in it.
                ends = [end for end in range(len(rest), 0, -1) if ".".join(rest[:end]) in modules()]
                found.add(".".join(rest[: ends[0]]) if ends else "__init__")
    return found - {name}


def room(name: str) -> str:
    return name.partition(".")[0]


@cache
def graph() -> dict[str, set[str]]:
    return {name: imports(path.read_text(encoding="utf-8"), name) for name, path in modules().items()}


def circle(files: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(files).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def violations(files: dict[str, set[str]]) -> list[str]:
    return [
        f"{name} must not know {used}"
        for name, known in files.items()
        for used in sorted(known)
        if room(used) not in KNOWS[room(name)] | {room(name)} and (name, used) not in EXCEPTIONS
    ]


def test_the_packages_flow_one_way():
    assert {room(name) for name in modules()} == set(KNOWS)
    assert circle(KNOWS) == []
    assert violations(graph()) == []


def test_no_file_is_part_of_a_circle():
    files = {
        name: {used for used in known if (name, used) not in EXCEPTIONS} for name, known in graph().items()
    }
    assert circle(files) == []


def test_every_exception_is_needed():
    for name, used in EXCEPTIONS:
        assert used in graph()[name]
    # And everything that a package may know, it does: what is allowed and unused hides a later mistake.
    used = {package: set() for package in KNOWS}
    for name, known in graph().items():
        used[room(name)] |= {room(each) for each in known if (name, each) not in EXCEPTIONS} - {room(name)}
    assert used == KNOWS


@pytest.mark.parametrize(
    "line",
    [
        "from converz._results.table import Table",
        "from converz._results import table",
        "import converz._results.table",
        "import converz._results.table as table",
        "from .._results.table import Table",
        "from .._results import table",
        "def later():\n    from converz._results.table import Table",
        "if TYPE_CHECKING:\n    from converz._results.table import Table",
        "importlib.import_module('converz._results.table')",
    ],
)
def test_what_is_not_allowed_is_found(line):
    assert imports(line, "_frames.to_core") == {"_results.table"}
    assert violations({"_frames.to_core": imports(line, "_frames.to_core")})


def test_a_circle_is_found():
    assert imports("from . import table", "_results.receipt") == {"_results.table"}
    assert imports("from .table import Table", "_results") == {"_results.table"}
    assert imports("import converz", "_show.text") == {"__init__"}
    assert circle(
        graph() | {"_results.receipt": {"_results.update_plan"}, "_results.table": {"_results.receipt"}}
    )
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_what_the_core_imports_is_there():
    """Rust finds Python's modules by name, where no other check would miss them."""
    named = set()
    for path in (ROOT / "src" / "bindings").rglob("*.rs"):
        named |= set(
            re.findall(r'import\((?:intern!\(py, )?"(converz[\w.]*)"', path.read_text(encoding="utf-8"))
        )
    assert {"converz.errors", "converz._runtime.log"} <= named
    for name in named:
        importlib.import_module(name)
