"""The sandbox does what its own description says, as a tool finds that knows neither."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import clean_environment

pytest.importorskip("schemathesis")

import converz


def test_the_sandbox_keeps_to_its_description(tmp_path):
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or "schemathesis"
    with converz.Sandbox(calls=50, reps=5, days=10, today="2025-07-15") as sandbox:
        finished = subprocess.run(
            [
                command,
                "run",
                f"{sandbox.url}/openapi.json",
                "--header",
                f"X-API-Key: {sandbox.api_key}",
                "--checks=all",
                # Nothing is linked, so that there are no states to go through.
                "--phases=examples,coverage,fuzzing",
                "--max-examples=4",
                "--seed=1",
                "--no-color",
            ],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        statuses = [request["status"] for request in sandbox.requests]
        paths = {(request["method"], request["path"]) for request in sandbox.requests}
    assert finished.returncode == 0, finished.stdout[-5000:] + finished.stderr[-2000:]
    # It did ask, for everything, and for what is right as for what is wrong.
    for method, path in (
        ("GET", "calls"),
        ("POST", "calls"),
        ("GET", "reps"),
        ("POST", "reps"),
        ("GET", "report"),
    ):
        assert (method, f"/api/v1/{path}") in paths
    assert {200, 400, 401} <= set(statuses)
    assert max(statuses) < 500
