"""Syncs until it is killed, in small commits. Arguments: the address of the service, its key, the target."""

import itertools
import sys

import converz
from converz._warehouse import table_run

url, key, target = sys.argv[1:]
table_run.COMMIT_ROWS = 20
client = converz.Client(url, key)
for run in itertools.count():
    print(run, flush=True)
    client.sync(target, since="2025-07-01", until="2025-07-15", lookback=10_000, max_delete_fraction=1)
