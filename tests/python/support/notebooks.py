"""Notebooks with their outputs: how they are run, and what of an output is the same each time.

`python tests/python/support/notebooks.py notebooks/*.ipynb` runs them and keeps what came of it.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

CHANGES = (
    # Ports, and how long something took.
    (r"127\.0\.0\.1:\d+", "127.0.0.1:8080"),
    (r"\b\d+\.\d+ s\b", "0.1 s"),
    (r"seconds=[\d.e-]+", "seconds=0.1"),
    (r" at 0x[0-9a-f]+", ""),
)
KEPT = ("text/plain", "text/html", "image/png")


def run(path: Path, folder: Path) -> Any:
    """Run a notebook in a folder; give it with its outputs."""
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    client = nbclient.NotebookClient(
        notebook, timeout=100, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return notebook


def kept(notebook: Any) -> Any:
    """A notebook with what of its outputs goes into git: no times, no progress, nothing of a single run."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        outputs = []
        for output in cell.outputs:
            if output.get("name") == "stderr":
                continue
            output.pop("execution_count", None)
            if output.output_type == "execute_result":
                output["execution_count"] = None
            if "text" in output:
                output["text"] = steady(output["text"])
            if "data" in output:
                output["metadata"] = {}
                output["data"] = {
                    kind: value if kind == "image/png" else steady(value)
                    for kind, value in output["data"].items()
                    if kind in KEPT
                }
            outputs.append(output)
        cell.outputs = outputs
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def steady(text: str) -> str:
    for pattern, instead in CHANGES:
        text = re.sub(pattern, instead, text)
    return text


def said(notebook: Any) -> list[list[tuple[str, str]]]:
    """What each cell says: its texts, and that there are pictures."""
    return [
        [
            *((output.name, output.text) for output in cell.outputs if output.output_type == "stream"),
            *(
                # Letters of a picture are drawn a little differently from one machine to another.
                (kind, "" if kind == "image/png" else value)
                for output in cell.outputs
                for kind, value in sorted(output.get("data", {}).items())
            ),
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def main(paths: list[str]) -> None:
    import nbformat

    for each in paths:
        path = Path(each)
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(kept(run(path, Path(folder))), path)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
