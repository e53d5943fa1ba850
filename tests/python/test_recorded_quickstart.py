"""The notebook that users see first, recorded: it runs again without its service, and its recording tells nobody's name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import converz
from support.cassettes import contents

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
LONGEST_CHANCE = 3
"""Letters of a word that may be in anything."""

for library in ("duckdb", "matplotlib", "pandas", "polars", "pyarrow"):
    pytest.importorskip(library)


def cells() -> list[str]:
    """The code, after the cell that makes the client and before the one that ends its sandbox."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert "converz.Sandbox(calls=20_000, reps=60" in code[0]
    assert code[-1] == "sandbox.stop()"
    return code[1:-1]


def run(client: converz.Client, monkeypatch) -> dict[str, object]:
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", plt.close)
    names: dict[str, object] = {"converz": converz, "client": client}
    for cell in cells():
        exec(compile(cell, str(NOTEBOOK), "exec"), names)
    return names


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """The recording, and what the notebook saw and the service had; of a service with a tenth of the notebook's rows."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    path = tmp_path / "quickstart.json"
    with converz.Sandbox(calls=2_000, reps=30, days=180, today="2025-07-15") as sandbox:
        with converz.Recording(path, sandbox.client(), safe=["review"]) as recording:
            saw = run(recording.client, monkeypatch)
        client = sandbox.client()
        calls, reps = client.calls().to_pydict(), client.reps().to_pydict()
    return path, saw, calls, reps, sandbox.api_key


def test_it_runs_again_without_its_service(recorded, monkeypatch):
    path, saw, *_ = recorded
    with converz.Recording(path, record="none") as recording:
        again = run(recording.client, monkeypatch)
    assert again["calls"].to_pydict() == saw["calls"].to_pydict()
    assert again["rows"] == saw["rows"] == 2_000
    assert again["report"].equals(saw["report"])
    assert again["plan"].num_changes == saw["plan"].num_changes > 0


def test_no_name_and_no_id_of_its_source_is_in_it(recorded):
    path, _, calls, reps, key = recorded
    text = contents(path)
    assert "csat" in text
    assert calls["campaign"][0] in text
    secrets = {
        *reps["rep_id"],
        *reps["name"],
        *calls["rep_id"],
        *calls["vendor_call_id"],
        *calls["summary"],
        key,
    }
    # Each name of a name, too.
    secrets |= {word for name in reps["name"] for word in re.findall(r"\w+", name)}
    secrets = {secret for secret in secrets if secret and len(secret) > LONGEST_CHANCE}
    assert len(secrets) > 3_000
    assert [secret for secret in secrets if secret in text] == []
