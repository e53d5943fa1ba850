"""``converz doctor``: a line a step, in real processes, and the recordings of the documentation."""

from __future__ import annotations

import base64
import json
import re
import select
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import converz
from support.authority import Authority, self_signed, serving, signed_by
from support.command import run_command
from support.server import Server, serve_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.server import Request

SECRETS = (
    "the-secret-key",
    "the-password",
    "the-wrong-password",
    base64.b64encode(b"user:the-password").decode(),
)
PAGE = Path(__file__).parents[3] / "docs" / "command-line.md"


def doctor(*arguments, **variables):
    return run_command("doctor", *arguments, env=variables, text=True)


@pytest.fixture(scope="module")
def sandbox():
    with converz.Sandbox(calls=2_000, reps=5, today="2025-07-15") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def form(text: str) -> str:
    """A recording without what differs between machines and runs."""
    lines = [line for line in text.splitlines() if " versions " not in line]
    return re.sub(r"\d+", "N", re.sub(r"\d+ s (behind|ahead of)", "N s ahead of", "\n".join(lines)))


def test_a_healthy_sandbox_a_wrong_key_and_a_host_out_of_reach(sandbox, closed_port):
    """Each as the documentation shows it."""
    recordings = re.findall(
        r"^```text\n\$ converz doctor\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    healthy = doctor(CONVERZ_BASE_URL=sandbox.url, CONVERZ_API_KEY=sandbox.api_key)
    wrong = doctor(CONVERZ_BASE_URL=sandbox.url, CONVERZ_API_KEY="wrong-key")
    away = doctor(CONVERZ_BASE_URL=f"http://127.0.0.1:{closed_port}", CONVERZ_API_KEY="wrong-key")
    ended = (healthy, wrong, away)
    assert [each.returncode for each in ended] == [0, 1, 1]
    assert [each.stderr for each in ended] == ["", "", ""]
    assert "wrong-key" not in wrong.stdout + away.stdout
    assert sandbox.api_key not in healthy.stdout
    assert [form(each.stdout) for each in ended] == [form(each) for each in recordings]


def test_steps_for_programs(sandbox):
    ended = doctor("--json", CONVERZ_BASE_URL=sandbox.url, CONVERZ_API_KEY=sandbox.api_key)
    steps = {step["step"]: step for step in json.loads(ended.stdout)}
    assert list(steps) == [
        "versions",
        "settings",
        "proxy",
        "name",
        "connect",
        "TLS",
        "clock",
        "key",
        "row",
        "pages",
    ]
    assert converz.__version__ in steps["versions"]["found"]
    assert sandbox.api_key not in ended.stdout


def test_pages_that_the_service_caps():
    with converz.Sandbox(calls=2_000, faults=[converz.Fault(operation="calls", cap=300)]) as sandbox:
        ended = doctor("--json", CONVERZ_BASE_URL=sandbox.url, CONVERZ_API_KEY=sandbox.api_key)
    last = json.loads(ended.stdout)[-1]
    assert (ended.returncode, last["step"], last["status"]) == (0, "pages", "warning")
    assert last["found"].startswith("capped: 1,000 rows came in ")


def test_settings_that_cannot_work():
    ended = doctor()
    assert ended.returncode == 2
    assert "failed  settings" in ended.stdout
    assert "CONVERZ_" in ended.stdout
    assert "has no address" in doctor(CONVERZ_BASE_URL="https://nowhere.invalid", CONVERZ_API_KEY="k").stdout


def test_who_signed_the_certificate(tmp_path):
    authority = Authority(tmp_path)
    rows = [{"call_id": 1}]
    with Server(serve_rows(rows), tls=authority.context("127.0.0.1", "localhost")) as server:
        url = server.url.replace("http://", "https://")
        known = doctor("--json", CONVERZ_BASE_URL=url, CONVERZ_API_KEY="k", SSL_CERT_FILE=str(authority.file))
        unknown = doctor("--json", CONVERZ_BASE_URL=url, CONVERZ_API_KEY="k")
    steps = {step["step"]: step for step in json.loads(known.stdout)}
    assert re.match(r"signed by .+, valid for \d+ days", steps["TLS"]["found"])
    failed = {step["step"]: step for step in json.loads(unknown.stdout)}["TLS"]
    assert failed["status"] == "failed"
    assert "SSL_CERT_FILE" in failed["to_do"]
    assert unknown.returncode == 1


def rows_at(date: datetime) -> Callable[[Request], None]:
    """Answer each question with one row, at a time of the service's own."""
    return lambda request: request.answer(b'[{"call_id":1}]', Date=format_datetime(date, usegmt=True))


def steps_of(url: str, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
    """What is found, which is the same for people and for programs."""
    variables = {"CONVERZ_BASE_URL": url, "CONVERZ_API_KEY": "the-secret-key"} | variables
    ended = doctor("--json", **variables)
    steps = {step["step"]: step for step in json.loads(ended.stdout)}
    told = doctor(**variables)
    assert told.returncode == ended.returncode
    assert [tuple(line.split()[:2]) for line in told.stdout.splitlines() if line[0] != " "] == [
        (step["status"], name) for name, step in steps.items()
    ]
    for step in steps.values():
        assert bool(step["to_do"]) == (step["status"] in ("failed", "warning"))
        assert step["to_do"] is None or step["to_do"] in told.stdout
    for each in (ended, told):
        assert each.stderr == ""
        for secret in SECRETS:
            assert secret not in each.stdout
    return ended.returncode, steps


@pytest.mark.parametrize(("hours", "says"), [(-1, "ahead of"), (1, "behind")])
def test_a_clock_that_is_off(hours, says):
    with Server(rows_at(datetime.now(UTC) + timedelta(hours=hours))) as server:
        status, steps = steps_of(server.url)
    assert (status, steps["clock"]["status"]) == (0, "warning")
    seconds, rest = steps["clock"]["found"].split(" s ")
    assert rest == f"{says} the service's"
    assert 3_500 < int(seconds) < 3_700
    assert "set this machine's clock" in steps["clock"]["to_do"]


def test_a_certificate_that_ends_soon(tmp_path):
    authority = Authority(tmp_path)
    with Server(rows_at(datetime.now(UTC)), tls=authority.context("127.0.0.1")) as server:
        status, steps = steps_of(server.url, SSL_CERT_FILE=str(authority.file))
    assert (status, steps["TLS"]["status"]) == (0, "warning")
    assert re.fullmatch(r"signed by An authority of the tests, valid for [12] days", steps["TLS"]["found"])
    assert "its certificate ends" in steps["TLS"]["to_do"]


def test_a_certificate_that_has_ended(tmp_path):
    """Where the clock is off as well, that may be why, so it is looked at all the same."""
    authority, certificate = signed_by(tmp_path, "p256", "-days", "0")
    # It ends in this very second, which some take for valid and others not.
    time.sleep(2)
    with Server(rows_at(datetime.now(UTC) - timedelta(hours=5)), tls=serving(certificate)) as server:
        status, steps = steps_of(server.url, SSL_CERT_FILE=str(authority))
    assert (status, steps["TLS"]["status"]) == (1, "failed")
    assert "has expired" in steps["TLS"]["found"]
    assert "renew its certificate; if it is valid, set this machine's clock" in steps["TLS"]["to_do"]
    assert (steps["clock"]["status"], steps["row"]["status"]) == ("warning", "failed")


def test_a_certificate_that_nobody_vouches_for(tmp_path):
    certificate = self_signed(tmp_path)
    with Server(rows_at(datetime.now(UTC)), tls=serving(certificate)) as server:
        status, steps = steps_of(server.url)
    assert (status, steps["TLS"]["status"]) == (1, "failed")
    assert "self-signed certificate" in steps["TLS"]["found"].replace("self signed", "self-signed")
    assert "SSL_CERT_FILE" in steps["TLS"]["to_do"]
    assert (steps["clock"]["status"], steps["row"]["status"]) == ("ok", "failed")


def test_the_certificate_of_another_host(tmp_path):
    authority = Authority(tmp_path)
    with Server(rows_at(datetime.now(UTC)), tls=authority.context("other.example")) as server:
        status, steps = steps_of(server.url, SSL_CERT_FILE=str(authority.file))
    assert (status, steps["TLS"]["status"]) == (1, "failed")
    assert "another host" in steps["TLS"]["to_do"]
    assert "127.0.0.1" in steps["TLS"]["to_do"]


def test_https_where_plain_http_is_spoken(sandbox):
    status, steps = steps_of(sandbox.url.replace("http://", "https://"))
    assert (status, steps["TLS"]["status"]) == (1, "failed")
    assert steps["TLS"]["found"].startswith("the answer is not TLS: ")
    assert "begins with http://" in steps["TLS"]["to_do"]
    assert (steps["clock"]["status"], steps["row"]["status"]) == ("skipped", "failed")


def test_a_connection_that_ends_in_the_middle_of_tls():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        ended = doctor("--json", CONVERZ_BASE_URL=url, CONVERZ_API_KEY="the-secret-key")
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    steps = {step["step"]: step for step in json.loads(ended.stdout)}
    assert (ended.returncode, steps["TLS"]["status"]) == (1, "failed")
    assert "firewall" in steps["TLS"]["to_do"]
    assert (steps["clock"]["status"], steps["row"]["status"]) == ("skipped", "failed")


def test_a_name_without_an_address():
    status, steps = steps_of("https://nowhere.invalid")
    assert (status, list(steps)[-1], steps["name"]["status"]) == (1, "name", "failed")
    assert "nowhere.invalid has no address" in steps["name"]["found"]
    assert "DNS" in steps["name"]["to_do"]


@pytest.mark.parametrize(
    ("answer", "step", "to_do"),
    [
        ("401 Unauthorized", "key", "check the key"),
        ("403 Forbidden", "key", "the right to list conversations"),
        ("404 Not Found", "row", "check the path of base_url"),
        ("400 Bad Request", "row", "see the steps above"),
    ],
)
def test_a_service_that_refuses(answer, step, to_do):
    with Server(lambda request: request.answer(b'{"error":"no","code":"no"}', answer)) as server:
        status, steps = steps_of(server.url)
    assert (status, list(steps)[-1], steps[step]["status"]) == (1, step, "failed")
    assert to_do in steps[step]["to_do"]


def tunnel(to: int) -> Callable[[Request], None]:
    """A proxy that lets those through who know the password, to one port whatever they ask for."""
    wanted = f"Basic {base64.b64encode(b'user:the-password').decode()}"

    def handle(request: Request) -> None:
        if request.headers.get("proxy-authorization") != wanted:
            request.answer(b"", "407 Proxy Authentication Required", Proxy_Authenticate="Basic")
            return
        with socket.create_connection(("127.0.0.1", to)) as service:
            request.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = [request.connection, service]
            while ready := select.select(ends, [], [], 30)[0]:
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[1 - ends.index(end)].sendall(data)

    return handle


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_works(tmp_path, name):
    authority = Authority(tmp_path)
    context = authority.context("service.example")
    with (
        Server(rows_at(datetime.now(UTC)), tls=context) as service,
        Server(tunnel(service.port)) as proxy,
    ):
        status, steps = steps_of(
            "https://service.example",
            SSL_CERT_FILE=str(authority.file),
            **{name: f"http://user:the-password@127.0.0.1:{proxy.port}"},
        )
    assert status == 0
    assert (steps["proxy"]["status"], steps["proxy"]["found"].split(",")[0]) == (
        "ok",
        f"127.0.0.1:{proxy.port}",
    )
    assert [steps[step]["status"] for step in ("name", "connect", "TLS", "clock")] == ["skipped"] * 4
    assert (steps["key"]["status"], steps["row"]["status"]) == ("ok", "ok")


def test_a_proxy_with_another_password():
    with Server(tunnel(9)) as proxy:
        url = f"http://user:the-wrong-password@127.0.0.1:{proxy.port}"
        status, steps = steps_of("https://service.example", HTTPS_PROXY=url)
    assert (status, list(steps)[-1], steps["row"]["status"]) == (1, "row", "failed")
    assert "407" in steps["row"]["found"]
    assert "user and password" in steps["row"]["to_do"]


def test_a_proxy_where_nobody_listens(closed_port):
    url = f"http://user:the-password@127.0.0.1:{closed_port}"
    status, steps = steps_of("https://service.example", HTTPS_PROXY=url)
    assert (status, list(steps)[-1], steps["row"]["status"]) == (1, "row", "failed")
    assert f"127.0.0.1:{closed_port}" in steps["row"]["found"]
