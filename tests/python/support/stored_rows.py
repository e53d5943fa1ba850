"""What is stored and what was sent, as the service itself says it: past the client that is under test."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import converz


def stored(sandbox: converz.Sandbox, path: str = "calls", **query: str) -> dict[object, dict[str, object]]:
    """All rows by key."""
    return by_key(path, json.loads(_read(sandbox, path, query)))


def stored_words(sandbox: converz.Sandbox, path: str = "calls") -> dict[object, dict[str, object]]:
    """All rows by key, every number in the very characters that the service has of it; without nulls."""
    rows = json.loads(_read(sandbox, path, {}), parse_int=Number, parse_float=Number)
    words = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
    return by_key(path, words)


@dataclass(frozen=True)
class Number:
    """The text of a number, which is no string."""

    text: str


def store(sandbox: converz.Sandbox, keys: list[int], columns: dict[str, list[str]]) -> None:
    """Store attributes, whose values are JSON text, past the client."""
    rows = []
    for place, key in enumerate(keys):
        cells = "".join(f",{json.dumps(name)}:{values[place]}" for name, values in columns.items())
        rows.append(f'{{"call_id":{key}{cells}}}')
    _request(sandbox, "POST", "calls", f"[{','.join(rows)}]".encode())


def by_key(path: str, rows: list[dict[str, object]]) -> dict[object, dict[str, object]]:
    """Rows by the key of an endpoint; `Number` keys as the numbers that they are."""
    keys = [row["call_id" if path == "calls" else "rep_id"] for row in rows]
    plain = [int(key.text) if isinstance(key, Number) else key for key in keys]
    return dict(zip(plain, rows, strict=True))


def _read(sandbox: converz.Sandbox, path: str, query: dict[str, str]) -> bytes:
    return _request(sandbox, "GET", f"{path}?" + urlencode({"n_per_page": 1_000_000} | query))


def _request(sandbox: converz.Sandbox, method: str, path: str, body: bytes | None = None) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc)
    try:
        headers = {"X-API-Key": sandbox.api_key, "Content-Type": "application/json"}
        connection.request(method, f"/api/v1/{path}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
    finally:
        connection.close()
    return text


def sent(sandbox: converz.Sandbox) -> list[dict[str, object]]:
    """The updates that a sandbox got."""
    return [request for request in sandbox.requests if request["method"] == "POST"]


def bodies(requests) -> list[object]:
    """The JSON of a dry run's requests."""
    return [json.loads(request.body) for request in requests]
