"""Syncs a few times beside another process that does. Arguments: the address of the service, its key, the target.

Being refused is one of the ways that it may end.
"""

import sys

import converz
from converz._warehouse import table_run

url, key, target = sys.argv[1:]
table_run.COMMIT_ROWS = 40
client = converz.Client(url, key)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(4):
    try:
        result = client.sync(
            target, since="2025-07-01", until="2025-07-15", lookback=10_000, max_delete_fraction=1
        )
    except converz.SyncError as error:
        print("refused", error, flush=True)
    else:
        print("new", result, flush=True)
