"""What is stored and what was sent, as the service itself says it: past the client that is under test."""

import http.client
import json
from urllib.parse import urlencode, urlsplit

import converz


def stored(sandbox: converz.Sandbox, path: str = "calls", **query: str) -> dict[object, dict[str, object]]:
    """All rows by key."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc)
    try:
        address = f"/api/v1/{path}?" + urlencode({"n_per_page": 1_000_000} | query)
        connection.request("GET", address, headers={"X-API-Key": sandbox.api_key})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
    finally:
        connection.close()
    key = "call_id" if path == "calls" else "rep_id"
    return {row[key]: row for row in json.loads(body)}


def sent(sandbox: converz.Sandbox) -> list[dict[str, object]]:
    """The updates that a sandbox got."""
    return [request for request in sandbox.requests if request["method"] == "POST"]


def bodies(requests) -> list[object]:
    """The JSON of a dry run's requests."""
    return [json.loads(request.body) for request in requests]
