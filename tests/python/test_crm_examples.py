"""The examples for CRMs, against small local servers of the endpoints as they are documented."""

from __future__ import annotations

import csv
import importlib
import io
import json
import sys
from pathlib import Path

import pytest

import converz

EXAMPLES = Path(__file__).parents[2] / "examples" / "crm"
NAMES = ("fields", "rejected", "summaries", "salesforce_upsert", "hubspot_upsert")


@pytest.fixture
def example(monkeypatch):
    """Import an example as its folder has it, and forget it afterwards."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture
def changes(tmp_path):
    """What changed, from the same cursor each time."""
    with converz.Sandbox(calls=40, reps=3, days=2, today="2025-07-15") as sandbox:
        client = sandbox.client()
        ids = list(range(1, 41))
        client.update_calls({"call_id": ids, "summary": [f"summary {each}" for each in ids]})
        client.update_calls({"call_id": [2], "summary": ["<b>" + "x" * 70_000]})

        def changes():
            return client.changes(
                f"parquet:{tmp_path}/cursor",
                cursor="crm",
                since="2025-07-14",
                until="2025-07-15",
                lookback=10_000,
                columns=["vendor_call_id", "summary"],
            )

        changes.client = client
        changes.names = client.calls(columns=["call_id", "vendor_call_id"]).to_pydict()["vendor_call_id"]
        yield changes


def rejected(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_fields_hold_what_they_hold(example):
    fields = example("fields")
    assert fields.plain("a\x00b", 10) == "ab"
    assert fields.plain("abcdef", 4) == "abc…"
    assert fields.plain(None, 4) == ""
    assert fields.as_html("1 < 2\n& 3", 100) == "1 &lt; 2<br>&amp; 3"
    for limit in range(1, 30):
        cut = fields.as_html("a<b>&c\nd" * 5, limit)
        assert len(cut) <= limit
        assert cut.endswith("…")
        assert cut.count("&") == cut.count(";")


class Salesforce:
    """Jobs of the Bulk API 2.0: created, filled, closed, and asked for. The first request of each kind is refused by a limit."""

    def __init__(self, refuse) -> None:
        self.refuse = refuse
        self.jobs: dict[str, str] = {}
        self.stored: dict[str, str] = {}
        self.limited: set[str] = set()
        self.dies = False

    def answer(self, asked, body=b""):
        parts = asked.path.partition("/jobs/ingest")[2].strip("/").split("/")
        kind = f"{asked.method} {parts[1:]}"
        if kind not in self.limited:
            self.limited.add(kind)
            return 429, {"Retry-After": "0"}, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        job = parts[0]
        if asked.method == "POST":
            said = json.loads(body)
            assert said["operation"] == "upsert"
            assert said["externalIdFieldName"] == "Vendor_Call_Id__c"
            assert said["object"] == "Case"
            job = f"750{len(self.jobs)}"
            self.jobs[job] = ""
            return 200, {}, {"id": job, "state": "Open"}
        if asked.method == "PUT":
            self.jobs[job] = body.decode()
            return 201, {}, ""
        if asked.method == "PATCH":
            return 200, {}, {"id": job, "state": "UploadComplete"}
        lines = list(csv.DictReader(io.StringIO(self.jobs[job])))
        if len(parts) == 1:
            if self.dies:
                return 200, {}, {"id": job, "state": "Failed", "errorMessage": "InternalServerError"}
            self.stored |= {
                line["Vendor_Call_Id__c"]: line["Summary__c"] for line in lines if not self.refuse(line)
            }
            failed = sum(map(self.refuse, lines))
            return (
                200,
                {},
                {
                    "id": job,
                    "state": "JobComplete",
                    "numberRecordsFailed": failed,
                    "numberRecordsProcessed": len(lines),
                },
            )
        wanted = [line for line in lines if self.refuse(line)] if parts[1] == "failedResults" else []
        out = io.StringIO()
        writer = csv.DictWriter(out, ["sf__Id", "sf__Error", "Vendor_Call_Id__c", "Summary__c"])
        writer.writeheader()
        writer.writerows({"sf__Id": "", "sf__Error": "STRING_TOO_LONG:Summary", **line} for line in wanted)
        return 200, {}, out.getvalue()


@pytest.fixture
def crm():
    """Serve an object with `answer`."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread
    from types import SimpleNamespace

    servers = []

    def crm(service):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                length = int(self.headers.get("Content-Length") or 0)
                asked = SimpleNamespace(method=self.command, path=self.path, headers=self.headers)
                status, headers, said = service.answer(asked, self.rfile.read(length))
                body = (said if isinstance(said, str) else json.dumps(said)).encode()
                self.send_response(status)
                kind = "text/csv" if isinstance(said, str) else "application/json"
                for name, value in (
                    {"Content-Type": kind, "Content-Length": str(len(body))} | headers
                ).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = reply  # noqa: N815

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield crm
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def test_salesforce(example, changes, crm, tmp_path):
    simple_salesforce = pytest.importorskip("simple_salesforce")
    salesforce = example("salesforce_upsert")
    bad = changes.names[6]
    service = Salesforce(lambda line: line["Vendor_Call_Id__c"] == bad)
    with salesforce.session() as session:
        client = simple_salesforce.Salesforce(instance="a.example", session_id="secret", session=session)
        client.bulk2_url = crm(service) + "/services/data/v59.0/jobs/"
        file = tmp_path / "errors.csv"

        def push(**how):
            return salesforce.push(changes(), client, errors=str(file), wait=0, **how)

        assert push(dry_run=True) == {"sent": 40, "rejected": 0}
        assert service.jobs == {}
        # A job that fails leaves the cursor where it was: the same rows come again.
        service.dies = True
        with pytest.raises(simple_salesforce.exceptions.SalesforceOperationError):
            push()
        service.dies = False
        assert push() == {"sent": 40, "rejected": 1}
        assert set(service.stored) == set(changes.names) - {bad}
        assert len(service.stored[changes.names[1]]) == 32_768
        assert [(line["vendor_call_id"], line["reason"]) for line in rejected(file)] == [
            (bad, "STRING_TOO_LONG:Summary")
        ]
        assert push() == {"sent": 0, "rejected": 0}
        changes.client.update_calls({"call_id": [5], "summary": ["again"]})
        assert push() == {"sent": 1, "rejected": 0}
        assert service.stored[changes.names[4]] == "again"


@pytest.mark.parametrize("blank", ["", " ", " \n\t", "\u00a0", "\x00", " \x01 "])
def test_a_blank_summary_clears_nothing(example, blank):
    """Also what is blank once a CRM's fields are rid of what they refuse."""
    rows = {"call_id": [1, 2, 3], "vendor_call_id": ["a", "a", "b"], "summary": ["first", blank, blank]}
    assert example("summaries").by_vendor_id(converz.Table(rows)) == ({"a": (1, "first")}, [])


def test_one_summary_a_record(example):
    rows = {
        "call_id": [1, 2, 3, 4, 5, 6],
        "vendor_call_id": ["a", None, "a", "b", "a", ""],
        "summary": ["first", "of nobody", "second", None, None, "of nobody"],
    }
    found, rejected = example("summaries").by_vendor_id(converz.Table(rows))
    assert found == {"a": (3, "second")}
    assert rejected == [
        (2, None, "no vendor_call_id"),
        (1, "a", "call_id 3 has the same vendor_call_id, and its summary was written"),
        (6, None, "no vendor_call_id"),
    ]


class HubSpot:
    """Batch upserts of objects: refused by a limit at first, then in part, and as a whole where one input is malformed."""

    def __init__(self, malformed, refused) -> None:
        self.malformed, self.refused = malformed, refused
        self.stored: dict[str, str] = {}
        self.requests = 0
        self.down = False

    def answer(self, asked, body):
        self.requests += 1
        assert asked.path == "/crm/v3/objects/tickets/batch/upsert"
        assert asked.headers["Authorization"] == "Bearer secret"
        if self.requests == 1:
            return 429, {"Retry-After": "0"}, {"status": "error", "category": "RATE_LIMITS"}
        if self.down:
            return 401, {}, {"status": "error", "category": "INVALID_AUTHENTICATION"}
        inputs = json.loads(body)["inputs"]
        assert 0 < len(inputs) <= 100
        assert all(each["idProperty"] == "vendor_call_id" for each in inputs)
        if any(each["id"] == self.malformed for each in inputs):
            return (
                400,
                {},
                {
                    "status": "error",
                    "message": "Property values were not valid",
                    "category": "VALIDATION_ERROR",
                },
            )
        taken = [each for each in inputs if each["id"] != self.refused]
        self.stored |= {each["id"]: each["properties"]["call_summary"] for each in taken}
        at = "2025-07-15T12:00:00.000Z"
        said = {
            "status": "COMPLETE",
            "startedAt": at,
            "completedAt": at,
            "results": [
                {
                    "id": each["id"],
                    "new": True,
                    "properties": each["properties"],
                    "createdAt": at,
                    "updatedAt": at,
                    "archived": False,
                }
                for each in taken
            ],
        }
        if len(taken) == len(inputs):
            return 200, {}, said
        problem = {
            "status": "error",
            "category": "CONFLICT",
            "message": "is locked",
            "context": {"ids": [self.refused]},
        }
        return 207, {}, said | {"numErrors": 1, "errors": [problem]}


def test_hubspot(example, changes, crm, tmp_path):
    pytest.importorskip("hubspot")
    hubspot = example("hubspot_upsert")
    from hubspot.crm.objects import ApiException

    malformed, refused = changes.names[8], changes.names[30]
    service = HubSpot(malformed, refused)
    batches = hubspot.HubSpot(access_token="secret", retry=hubspot.retry()).crm.objects.batch_api
    batches.api_client.configuration.host = crm(service)
    file = tmp_path / "errors.csv"

    def push(**how):
        return hubspot.push(changes(), batches, errors=str(file), **how)

    assert push(dry_run=True) == {"sent": 40, "rejected": 0}
    assert service.requests == 0
    service.down = True
    with pytest.raises(ApiException):
        push()
    service.down = False
    assert push() == {"sent": 40, "rejected": 2}
    assert set(service.stored) == set(changes.names) - {malformed, refused}
    assert len(service.stored[changes.names[1]]) == 65_536
    reasons = {line["vendor_call_id"]: line["reason"] for line in rejected(file)}
    assert set(reasons) == {malformed, refused}
    assert "VALIDATION_ERROR" in reasons[malformed]
    assert reasons[refused] == "is locked"
    assert push() == {"sent": 0, "rejected": 0}
    batches.api_client.rest_client.pool_manager.clear()
