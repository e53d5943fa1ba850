"""Two minutes of a service that misbehaves at random, with reads, streams and updates checked against the truth.

Not part of the tests; run it with the release build: ``python tests/python/trust/soak.py [seconds] [seed]``.
Each operation ends with exactly the right rows, or with the error that its faults lead to; nothing hangs.
"""

from __future__ import annotations

import faulthandler
import random
import sys
import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import converz

CALLS = 3_000
LONGEST = 60
"""Seconds after which an operation counts as one that hangs."""

EXPECTED = (
    converz.APIConnectionError,
    converz.APITimeoutError,
    converz.APIStatusError,
    converz.UpdateError,
)
STATUSES = (408, 429, 500, 502, 503, 504)
LASTING = (400, 401, 403, 404)


def random_faults(chance: random.Random) -> list[converz.Fault]:
    """Return a few faults of every kind, so many that most operations succeed in the end."""
    faults = []
    for request in range(1, 150):
        lot = chance.random()
        if lot < 0.12:
            faults.append(converz.Fault(request=request, status=chance.choice(STATUSES), retry_after=0))
        elif lot < 0.16:
            nonsense = chance.choice(["soon", "-1", "Mon, 01 Jan 2001 00:00:00 GMT", ""])
            faults.append(converz.Fault(request=request, status=503, retry_after=nonsense))
        elif lot < 0.28:
            faults.append(converz.Fault(request=request, cut=chance.choice([0, 1, 100, 5_000, 50_000])))
        elif lot < 0.34:
            faults.append(converz.Fault(request=request, delay=chance.uniform(0, 0.05)))
        elif lot < 0.345:
            faults.append(converz.Fault(request=request, status=chance.choice(LASTING)))
        elif lot < 0.348:
            faults.append(converz.Fault(request=request, status=503, retry_after=10_000))
    if chance.random() < 0.4:
        cap = chance.choice([64, 250, 500, 1000, 1024])
        stride = chance.choice(["cap", "request"])
        faults += [converz.Fault(operation=name, cap=cap, stride=stride) for name in ("calls", "reps")]
    chance.shuffle(faults)
    return faults


class Round:
    """One sandbox with faults of its own, and a copy of what its service must hold."""

    def __init__(self, seed: int, tally: Counter[str]) -> None:
        self.seed = seed
        self.tally = tally
        self.chance = random.Random(seed)
        with converz.Sandbox(calls=CALLS, reps=40, seed=seed) as plain:
            self.truth = plain.client().calls().to_pydict()
            self.reps = plain.client().reps().to_pydict()["rep_id"]
        self.notes: dict[int, str] = {}
        self.in_doubt: dict[int, set[str]] = {}

    def run(self, operations: int) -> None:
        """Do some operations, some of them at the same time."""
        with converz.Sandbox(
            calls=CALLS, reps=40, seed=self.seed, faults=random_faults(self.chance)
        ) as sandbox:
            self.client = sandbox.client(
                page_size=self.chance.choice([100, 640, 1000, 5000]),
                max_concurrency=self.chance.choice([1, 2, 4]),
                max_update_bytes=self.chance.choice([1024, 4096, 1 << 20]),
                max_retries=self.chance.choice([0, 1, 3, 5]),
                timeout=30,
                first_byte_timeout=5,
                stall_timeout=5,
            )
            for _ in range(operations):
                kind = self.chance.choice(
                    [self.read, self.read, self.stream, self.reps_too, self.update, self.beside]
                )
                self.attempt(kind)

    def attempt(self, kind) -> None:
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        try:
            kind()
        except EXPECTED as error:
            self.tally[f"{kind.__name__}: {type(error).__name__}"] += 1
            if not str(error):
                message = f"an error without words in round {self.seed}"
                raise AssertionError(message) from error
        else:
            self.tally[f"{kind.__name__}: right"] += 1
        finally:
            faulthandler.cancel_dump_traceback_later()

    def same(self, found: dict, campaign: str | None, limit: int | None) -> None:
        rows = [row for row, name in enumerate(self.truth["campaign"]) if campaign in (None, name)][:limit]
        for column in ("call_id", "rep_id", "start_time", "summary"):
            expected = [self.truth[column][row] for row in rows]
            # A column of nulls only may be missing from an empty page.
            if found.get(column, [None] * len(rows)) != expected:
                message = f"round {self.seed}: {column} of {campaign}, {limit} is wrong"
                raise AssertionError(message)
        for row, call_id in enumerate(found.get("call_id", [])):
            note = found.get("note", [None] * len(found["call_id"]))[row]
            if note != self.notes.get(call_id) and note not in self.in_doubt.get(call_id, ()):
                message = f"round {self.seed}: the note of {call_id} is {note}"
                raise AssertionError(message)

    def query(self) -> tuple[str | None, int | None]:
        campaigns = sorted(set(self.truth["campaign"]))
        return self.chance.choice([None, *campaigns]), self.chance.choice([None, None, 1, 64, 700])

    def read(self) -> None:
        campaign, limit = self.query()
        table = self.client.calls(campaign=campaign, limit=limit)
        self.same(table.to_pydict(), campaign, limit)
        self.tally["retries"] += table.receipt.retries
        self.tally["requests"] += table.receipt.requests

    def stream(self) -> None:
        campaign, limit = self.query()
        with self.client.stream_calls(campaign=campaign, limit=limit, on_new_column="ignore") as stream:
            found: dict[str, list] = {name: [] for name in stream.schema}
            for batch in stream:
                for name, values in converz.Table(batch).to_pydict().items():
                    found[name] += values
        if "note" not in found:
            # It came after the first page, which settled the columns.
            found["note"] = [self.notes.get(call_id) for call_id in found["call_id"]]
        self.same(found, campaign, limit)
        self.tally["retries"] += stream.receipt.retries
        self.tally["requests"] += stream.receipt.requests

    def reps_too(self) -> None:
        if self.client.reps().to_pydict()["rep_id"] != self.reps:
            message = f"round {self.seed}: the users are wrong"
            raise AssertionError(message)

    def update(self) -> None:
        ids = self.chance.sample(self.truth["call_id"], self.chance.choice([1, 20, 300]))
        notes = [self.chance.choice([None, f"note {self.chance.random()}"]) for _ in ids]
        told = {call_id: note for call_id, note in zip(ids, notes, strict=True) if note is not None}
        try:
            result = self.client.update_calls({"call_id": ids, "note": notes})
        except converz.UpdateError as error:
            self.account(error, ids, notes)
            raise
        if result.cells != len(told):
            message = f"round {self.seed}: {result.cells} cells and not {len(told)}"
            raise AssertionError(message)
        self.settle(told)

    def settle(self, told: dict[int, str]) -> None:
        self.notes.update(told)
        for call_id in told:
            self.in_doubt.pop(call_id, None)

    def account(self, error: converz.UpdateError, ids: list[int], notes: list[str | None]) -> None:
        sets = [error.committed, error.in_doubt, error.unsent]
        rows = sorted(row for ranges in sets for start, end in ranges for row in range(start, end))
        if rows != list(range(len(ids))):
            message = f"round {self.seed}: the rows of a failed update do not make up its frame"
            raise AssertionError(message)
        at = {
            row: kind
            for kind, ranges in enumerate(sets)
            for start, end in ranges
            for row in range(start, end)
        }
        expected = [call_id for row, call_id in enumerate(ids) if at[row] != 0]
        remaining = error.remaining.to_pydict()["call_id"]
        if [call_id for call_id in remaining if call_id in set(expected)] != expected:
            message = f"round {self.seed}: the remaining frame is not what was left"
            raise AssertionError(message)
        for row, (call_id, note) in enumerate(zip(ids, notes, strict=True)):
            if note is not None and at[row] == 0:
                self.settle({call_id: note})
            elif note is not None and at[row] == 1:
                self.in_doubt.setdefault(call_id, set()).add(note)

    def beside(self) -> None:
        """Several reads at once."""
        queries = [self.query() for _ in range(3)]
        errors: list[BaseException] = []

        def one(campaign: str | None, limit: int | None) -> None:
            try:
                self.same(self.client.calls(campaign=campaign, limit=limit).to_pydict(), campaign, limit)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=one, args=query) for query in queries]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in sorted(errors, key=lambda error: isinstance(error, EXPECTED)):
            raise error


def main() -> None:
    """Soak, and print what happened."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    # The data are still, so nothing may be said to have moved.
    warnings.simplefilter("error", converz.ConverzWarning)
    tally: Counter[str] = Counter()
    started = time.monotonic()
    rounds = 0
    while time.monotonic() - started < seconds:
        Round(seed + rounds, tally).run(25)
        rounds += 1
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    threads = len(list(Path("/proc/self/task").iterdir()))
    peak = next(
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    print(f"{rounds} rounds in {time.monotonic() - started:.0f} s, from seed {seed}")
    for what, count in sorted(tally.items()):
        print(f"  {what}: {count}")
    print(f"  open files {descriptors}, threads {threads}, peak memory {int(peak) >> 10} MiB")


if __name__ == "__main__":
    main()
