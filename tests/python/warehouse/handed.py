"""Hands on what changed until it is killed: a line of keys a day, then `done`. Arguments: the address, its key, the target, a file."""

import itertools
import json
import os
import sys

import converz

url, key, target, name = sys.argv[1:]
client = converz.Client(url, key)
with open(name, "a") as file:  # noqa: PTH123
    for run in itertools.count():
        print(run, flush=True)
        changes = client.changes(
            target, cursor="crm", since="2025-07-01", until="2025-07-15", lookback=10_000
        )
        for table in changes:
            rows = table.to_pydict()
            file.write(json.dumps(list(zip(rows["call_id"], rows["summary"], strict=True))) + "\n")
            file.flush()
            os.fsync(file.fileno())
            changes.done()
