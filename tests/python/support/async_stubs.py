"""The stubs of the asynchronous classes, made of the classes whose bodies, signatures and documentation they share.

Run it to write them anew: ``python tests/python/support/async_stubs.py``.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from converz._client.async_client import AWAITED, PLAIN, THREADS

PACKAGE = Path(__file__).parents[3] / "python" / "converz"

RESULTS = {
    "RecordBatchStream": "AsyncRecordBatchStream",
    "UpdatePlan": "AsyncUpdatePlan",
    "UpdateResult": "AsyncUpdateResult",
    "Generator": "AsyncGenerator",
    "Client": "AsyncClient",
    "Changes": "AsyncChanges",
}
"""What stands for what."""

HEAD = '''"""Generated of {origin} by `tests/python/support/async_stubs.py`; do not edit."""

'''


class Renamed(ast.NodeTransformer):
    """The asynchronous classes in the place of those of threads."""

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(RESULTS.get(node.id, node.id))

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        # An annotation in quotes.
        return ast.Name(RESULTS[node.value]) if node.value in RESULTS else node


def functions(path: Path, owner: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    [body] = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner]
    return [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "overload" for each in node.decorator_list)


def declared(node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_awaited: bool) -> str:
    """The function without its body and its documentation."""
    kind = ast.AsyncFunctionDef if is_awaited else type(node)
    arguments = Renamed().visit(node.args)
    # A sum such as 16 << 20 is no default of a stub.
    arguments.kw_defaults = [
        default and (default if isinstance(default, ast.Constant) else ast.Constant(...))
        for default in arguments.kw_defaults
    ]
    returns = node.returns and Renamed().visit(node.returns)
    stub = kind(
        name=node.name,
        args=arguments,
        body=[ast.Expr(ast.Constant(...))],
        decorator_list=node.decorator_list,
        returns=returns,
        type_params=[],
    )
    return ast.unparse(ast.fix_missing_locations(stub))


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def client() -> str:
    path = PACKAGE / "_client" / "client.py"
    members = []
    methods = functions(path, "Client")
    overloaded = {node.name for node in methods if is_overload(node)}
    for node in methods:
        if node.name in overloaded and not is_overload(node):
            # Stubs have no implementation of what is overloaded.
            continue
        if (
            node.name in AWAITED
            or node.name in THREADS
            or node.name in PLAIN
            or node.name in ("__init__", "settings", "from_profile")
        ):
            members.append(declared(node, is_awaited=node.name in (*AWAITED, *THREADS)))
        elif node.name[0] != "_":
            message = f"Client.{node.name} is in none of the lists of async_client.py"
            raise AssertionError(message)
    members += [
        declared(node, is_awaited=True)
        for node in functions(PACKAGE / "_client" / "async_client.py", "AsyncClient")
        if not node.name.startswith("_") or node.name in ("__aenter__", "__aexit__")
    ]
    return (
        HEAD.format(origin="`Client`")
        + """import os
from collections.abc import AsyncGenerator, Callable, Iterable
from types import TracebackType
from typing import Any, Literal, overload

import polars as pl

from converz._client.client import Client, Date, Progress, Strings, Time
from converz._core import Client as CoreClient
from converz._core import PlannedRequest
from converz._results.async_record_batch_stream import AsyncRecordBatchStream
from converz._results.async_update_plan import AsyncUpdatePlan
from converz._results.async_update_result import AsyncUpdateResult
from converz._results.description import Description
from converz._results.table import Table
from converz._results.window import Window
from converz._warehouse.async_changes import AsyncChanges
from converz._warehouse.audit_result import AuditResult
from converz._warehouse.result import SyncResult

__all__ = ["AWAITED", "PLAIN", "THREADS", "AsyncClient"]

AWAITED: tuple[str, ...]
PLAIN: tuple[str, ...]
THREADS: tuple[str, ...]

class AsyncClient:
    _core: CoreClient
    _service: object
    @classmethod
    def _of(cls, client: Client) -> AsyncClient: ...
"""
        + "".join(map(indented, members))
    )


def result(name: str, module: str, awaited: tuple[str, ...], imports: str) -> str:
    members = [
        declared(node, is_awaited=True)
        for node in functions(PACKAGE / "_results" / f"{module}.py", name)
        if node.name in awaited
    ]
    return (
        HEAD.format(origin=f"`{name}`")
        + imports
        + f"from converz._results.{module} import {name}\n\n"
        + f'__all__ = ["Async{name}"]\n\nclass Async{name}({name}):\n'
        + "".join(map(indented, members))
    )


def stubs() -> dict[Path, str]:
    """Each stub by its path, formatted."""
    found = {
        PACKAGE / "_client" / "async_client.pyi": client(),
        PACKAGE / "_results" / "async_update_plan.pyi": result(
            "UpdatePlan",
            "update_plan",
            ("apply", "undo"),
            "import os\nfrom typing import Literal\n\n"
            "from converz._results.async_update_result import AsyncUpdateResult\n",
        ),
        PACKAGE / "_results" / "async_update_result.pyi": result(
            "UpdateResult", "update_result", ("undo",), "from typing import Literal\n\n"
        ),
    }
    return {path: ignoring(formatted(text)) for path, text in found.items()}


def ignoring(text: str) -> str:
    """A plan and a result are those of threads but for what is awaited."""
    if "class AsyncClient" in text:
        return text
    return re.sub(r"^(    async def .*)$", r"\1  # type: ignore[override]", text, flags=re.MULTILINE)


def formatted(text: str) -> str:
    command = ["ruff", "format", "--stdin-filename", "stub.pyi", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=PACKAGE).stdout


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
