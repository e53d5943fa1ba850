"""Processes that are killed in the middle of a sync, at random: a target opens, is whole, and the next run has it all.

`CONVERZ_KILLS=100` has each target survive as many.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

import converz
from support.history import History
from support.processes import clean_environment, started

KILLS = int(os.environ.get("CONVERZ_KILLS", "3"))


@pytest.mark.timeout(60 + 30 * KILLS)
def test_a_target_survives(kept):
    rng = random.Random(KILLS)
    with converz.Sandbox(calls=300, reps=5, days=15, today="2025-07-15") as sandbox:
        client = sandbox.client()
        history = History(client, date(2025, 7, 1), date(2025, 7, 15))
        history.note()
        keys = list(range(1, 301))
        script = str(Path(__file__).with_name("killed.py"))
        command = [sys.executable, script, sandbox.url, sandbox.api_key, kept.name]
        for number in range(KILLS):
            with started(command, clean_environment()) as process:
                assert process.stdout.readline() == "0\n", process.stderr.read()
                # The source goes from A to B, and back to A, whichever of the two was being written.
                if number % 2:
                    sandbox.release_summaries()
                else:
                    sandbox.withhold_summaries(rng.sample(keys, 150))
                threading.Event().wait(rng.uniform(0, 1))
            # What was there while it ran: a day is read as a whole, before or after the change.
            history.note()
            history.check(kept)
        client.sync(kept.name, since="2025-07-01", until="2025-07-15", lookback=10_000, max_delete_fraction=1)
        history.check(kept)
        assert history.is_reached(kept)
        assert client.sync(kept.name, until="2025-07-15", lookback=10_000).rows_written == 0
