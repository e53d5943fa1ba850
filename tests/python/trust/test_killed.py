"""A process that is killed at any moment leaves a journal from which exactly what was changed is put back, once.

``CONVERZ_KILLS`` says how often it is tried.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import converz
from support.processes import clean_environment
from support.stored_rows import sent, store, stored_words

KILLS = int(os.environ.get("CONVERZ_KILLS", "20"))
ROWS = 24

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")


def different(rows, others):
    """The cells that are not the same."""
    names = {name for row in [*rows.values(), *others.values()] for name in row}
    return [
        (key, name, row.get(name), others[key].get(name))
        for key, row in rows.items()
        for name in names
        if row.get(name) != others[key].get(name)
    ]


@pytest.mark.timeout(600)
def test_killed_at_any_moment(tmp_path):
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    outcomes = set()
    faults = [converz.Fault(operation="update_calls", delay=0.01)]
    with converz.Sandbox(calls=ROWS, reps=2, today="2025-07-15", faults=faults) as sandbox:
        client = sandbox.client()
        before = stored_words(sandbox)
        for turn in range(KILLS):
            journal = tmp_path / f"journal-{turn}"
            posts = len(sent(sandbox))
            kill_while_applying(sandbox, journal, moments.uniform(0, 0.25))
            settle(sandbox)
            outcomes.add((len(sent(sandbox)) > posts, journal.exists()))
            changed = stored_words(sandbox)
            # Somebody else has written a cell meanwhile.
            theirs = [key for key in changed if changed[key] != before[key]][:1]
            store(sandbox, theirs, {"summary": ['"theirs"'] * len(theirs)}) if theirs else None
            if journal.exists():
                undone = client.undo_update(journal)
                found = undone.conflicts.to_pydict() if undone.conflicts else {"call_id": []}
                assert found["call_id"] == theirs, seed
                assert client.undo_update(journal).requests == 0, seed
            else:
                assert changed == before, seed
            after = stored_words(sandbox)
            assert [after[key]["summary"] for key in theirs] == ["theirs"] * len(theirs)
            store(
                sandbox, theirs, {"summary": [f'"{before[key]["summary"]}"' for key in theirs]}
            ) if theirs else None
            assert different(stored_words(sandbox), before) == [], seed
    # Something was sent of some, and others were whole.
    assert (True, True) in outcomes


def kill_while_applying(sandbox, journal: Path, seconds: float) -> None:
    script = Path(__file__).with_name("killed.py")
    arguments = [sys.executable, script, sandbox.url, sandbox.api_key, journal, str(ROWS)]
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment(), text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(seconds)
    finally:
        process.kill()
        process.communicate()


def settle(sandbox) -> None:
    """Wait until what was on its way when the process ended has been carried out."""
    last = None
    while (now := (len(sandbox.requests), repr(stored_words(sandbox))))[1] != last:
        last = now[1]
        time.sleep(0.05)
