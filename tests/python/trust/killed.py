"""Applies a plan with a journal, to be killed on the way: base URL, key, journal, keys as arguments."""

import sys

import converz

url, key, journal, count = sys.argv[1:]
client = converz.Client(url, key, max_update_bytes=1024, max_retries=0)
frame = {
    "call_id": list(range(1, int(count) + 1)),
    "summary": ["x" * 200] * int(count),
    "fresh": [None if place % 3 else place for place in range(int(count))],
}
plan = client.plan_update_calls(frame, start_date="2000-01-01")
print("ready", flush=True)
sys.stdin.readline()
plan.apply(journal=journal)
print("done", flush=True)
