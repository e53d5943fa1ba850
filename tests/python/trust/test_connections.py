"""Whom a client trusts, and through whom it goes: certificates, machines without any, and proxies."""

import base64
import contextlib
import socket
import threading

import pytest

import converz
from trust.authority import Authority
from trust.server import Request, Server, serve_rows

ROWS = [{"call_id": number} for number in range(1, 6)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secure(authority):
    with Server(serve_rows(ROWS), tls=authority.context("127.0.0.1", "localhost")) as server:
        yield server


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(secure):
    client = converz.Client(secure.url, "key")
    with pytest.raises(converz.APIConnectionError, match="ca_file") as caught:
        client.calls()
    assert caught.value.attempts == 1
    assert secure.requests == []


def test_an_authority_of_ones_own_is_trusted(secure, authority):
    for url in (secure.url, f"https://localhost:{secure.port}"):
        client = converz.Client(url, "key", ca_file=authority.file)
        assert client.calls().num_rows == 5
        assert client.settings["ca_file"] == str(authority.file)


def test_an_authority_of_the_environment_is_trusted(secure, authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert converz.Client(secure.url, "key").calls().num_rows == 5


def test_the_authority_of_the_argument_comes_before_that_of_the_environment(
    secure, authority, monkeypatch, tmp_path
):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    other = Authority(tmp_path)
    with pytest.raises(converz.APIConnectionError, match="not trusted"):
        converz.Client(secure.url, "key", ca_file=other.file).calls()


def test_a_certificate_of_another_host_is_refused_at_once(authority):
    with Server(serve_rows(ROWS), tls=authority.context("acme.example")) as server:
        client = converz.Client(server.url, "key", ca_file=authority.file)
        with pytest.raises(converz.APIConnectionError, match="another host") as caught:
            client.calls()
        assert caught.value.attempts == 1


@pytest.mark.parametrize(
    "text", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_certificates_is_refused_when_the_client_is_made(tmp_path, monkeypatch, text):
    file = tmp_path / "authorities.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(converz.ConfigurationError, match="ca_file="):
        converz.Client("https://acme.example", "key", ca_file=file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(converz.ConfigurationError, match="SSL_CERT_FILE="):
        converz.Client("https://acme.example", "key")


def test_loopback_needs_no_certificates(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    with Server(serve_rows(ROWS)) as server:
        for url in (server.url, f"http://localhost:{server.port}"):
            assert converz.Client(url, "key").calls().num_rows == 5


def test_plain_http_to_another_machine_must_be_allowed():
    with pytest.raises(converz.ConfigurationError, match="allow_http"):
        converz.Client("http://service.example", "key")
    converz.Client("http://service.example", "key", allow_http=True)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(monkeypatch, name):
    with Server(serve_rows(ROWS)) as proxy:
        monkeypatch.setenv(name, f"http://me:pass%20word@127.0.0.1:{proxy.port}")
        client = converz.Client("http://service.example", "key", allow_http=True, max_retries=0)
        assert client.calls().num_rows == 5
    (request,) = proxy.requests
    assert request.target.startswith("http://service.example/api/v1/calls?")
    assert request.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:pass word").decode()
    assert client.settings["proxy"] is None


def test_a_proxy_of_the_environment_is_never_used_for_loopback(monkeypatch):
    def refuse(request: Request) -> None:
        request.answer(b"", "403 Forbidden")

    with Server(refuse) as proxy, Server(serve_rows(ROWS)) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for host in ("127.0.0.1", "localhost"):
            assert converz.Client(f"http://{host}:{server.port}", "key").calls().num_rows == 5
        url = f"http://127.0.0.1:{proxy.port}"
        assert converz.Client(server.url, "key", proxy=url).calls().num_rows == 5
    assert proxy.received == []


def test_no_proxy_is_obeyed(monkeypatch):
    with Server(serve_rows(ROWS)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "service.invalid")
        client = converz.Client("http://service.invalid", "key", allow_http=True, max_retries=0)
        with pytest.raises(converz.APIConnectionError):
            client.calls()
    assert proxy.received == []


def test_a_proxy_of_the_argument_comes_before_that_of_the_environment(monkeypatch):
    with Server(serve_rows(ROWS)) as proxy, Server(serve_rows([])) as other:
        monkeypatch.setenv("HTTP_PROXY", other.url)
        client = converz.Client("http://service.example", "key", allow_http=True, proxy=proxy.url)
        assert client.calls().num_rows == 5
        assert client.settings["proxy"] == proxy.url + "/"
    assert other.received == []


def test_a_proxy_sees_nothing_of_a_secure_request(secure, authority):
    """Tunnels to the secure server whatever host is asked for."""
    heads = []
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                heads.append(data)
                target.sendall(data)

    def tunnel():
        connection, _ = listener.accept()
        with connection, socket.create_connection(("127.0.0.1", secure.port)) as target:
            heads.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(target, connection), daemon=True)
            back.start()
            pump(connection, target)
            target.shutdown(socket.SHUT_WR)
            back.join(10)

    thread = threading.Thread(target=tunnel, daemon=True)
    thread.start()
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    client = converz.Client(
        "https://localhost.example", "canary-0123456789", ca_file=authority.file, proxy=proxy, max_retries=0
    )
    # The certificate is another host's, which is seen through the proxy as well.
    with pytest.raises(converz.APIConnectionError, match="another host"):
        client.calls()
    listener.close()
    thread.join(10)
    everything = b"".join(heads)
    assert everything.startswith(b"CONNECT localhost.example:443 HTTP/1.1\r\n")
    assert b"canary" not in everything
    assert b"/calls" not in everything
