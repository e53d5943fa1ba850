"""Loads by dlt until it is killed. Arguments: the address of the service, its key, the destination and its folder and data set."""

import itertools
import sys
from pathlib import Path

import converz
import converz.dlt
from support.dlt_destinations import DESTINATIONS

url, key, kind, folder, dataset, server = sys.argv[1:]
destination = DESTINATIONS[kind].__new__(DESTINATIONS[kind])
destination.folder, destination.dataset, destination.url = Path(folder), dataset, server
client = converz.Client(url, key)
for run in itertools.count():
    print(run, flush=True)
    pipeline = destination.pipeline()
    arguments = {"since": "2025-07-01", "until": "2025-07-15", "lookback": 10_000, "max_delete_fraction": 1}
    pipeline.run(converz.dlt.source(client, **arguments))
