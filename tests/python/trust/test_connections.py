"""Whom a client trusts, and through whom it goes: certificates, machines without any, and proxies."""

import base64
import contextlib
import gzip
import json
import socket
import subprocess
import threading
import time

import pytest

import converz
from support.authority import Authority, self_signed, serving, signed_by
from support.server import Request, Server, serve_rows

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


def test_a_certificate_of_openssl_s_own_form_is_refused_with_the_remedy(tmp_path, authority):
    file = tmp_path / "trusted.pem"
    plain = tmp_path / "plain.pem"
    run = ["openssl", "x509", "-in", str(authority.file), "-addtrust", "serverAuth", "-out", str(file)]
    subprocess.run(run, check=True)
    assert b"BEGIN TRUSTED CERTIFICATE" in file.read_bytes()
    with pytest.raises(
        converz.ConfigurationError, match=f"ca_file={file} has a TRUSTED CERTIFICATE"
    ) as caught:
        converz.Client("https://127.0.0.1:9", "key", ca_file=file)
    remedy = f"openssl x509 -in {file} -out NEW.pem"
    assert f"`{remedy}`" in str(caught.value)
    subprocess.run(remedy.replace("NEW.pem", str(plain)).split(), check=True)
    converz.Client("https://127.0.0.1:9", "key", ca_file=plain)


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
    assert proxy.requests
    for request in proxy.requests:
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


@pytest.mark.parametrize("key", ["p256", "p384", "rsa", "ed25519"])
@pytest.mark.parametrize("extension", [[], ["-addext", "keyUsage=digitalSignature"]])
def test_a_certificate_that_is_its_own_authority_is_trusted(tmp_path, key, extension):
    file = self_signed(tmp_path, *extension, key=key)
    with Server(serve_rows(ROWS), tls=serving(file)) as server:
        assert converz.Client(server.url, "key", ca_file=file).calls().num_rows == 5
        (tmp_path / "other").mkdir()
        other = self_signed(tmp_path / "other", key=key)
        with pytest.raises(converz.APIConnectionError, match="no secure connection"):
            converz.Client(server.url, "key", ca_file=other).calls()
        with pytest.raises(converz.APIConnectionError, match="another host"):
            converz.Client(f"https://localhost:{server.port}", "key", ca_file=file).calls()


def test_a_certificate_that_names_no_host_says_so(tmp_path):
    file = self_signed(tmp_path, names="")
    with Server(serve_rows(ROWS), tls=serving(file)) as server:
        with pytest.raises(converz.APIConnectionError, match="names no host"):
            converz.Client(server.url, "key", ca_file=file).calls()


@pytest.mark.parametrize(
    ("key", "arguments", "told"),
    [
        ("p521", [], "a key on P-521"),
        ("pss", [], "RSA-PSS of an unusual kind"),
        ("ed448", [], "Ed448"),
        ("p256", ["-sha512"], "ECDSA with SHA-512"),
        ("p384", ["-sha224"], "ECDSA with SHA-224"),
    ],
)
def test_an_authority_that_cannot_be_checked_says_why(tmp_path, key, arguments, told):
    authority, certificate = signed_by(tmp_path, key, *arguments)
    with Server(serve_rows(ROWS), tls=serving(certificate)) as server:
        with pytest.raises(converz.APIConnectionError) as caught:
            converz.Client(server.url, "key", ca_file=authority).calls()
    message = str(caught.value)
    assert f"is signed with {told}" in message
    assert "ca_file= does not help" in message
    assert caught.value.attempts == 1


@pytest.mark.parametrize("key", ["p384", "rsa", "ed25519"])
def test_authorities_of_the_usual_kinds_are_trusted(tmp_path, key):
    authority, certificate = signed_by(tmp_path, key)
    with Server(serve_rows(ROWS), tls=serving(certificate)) as server:
        assert converz.Client(server.url, "key", ca_file=authority).calls().num_rows == 5


def test_pss_with_the_usual_salt_is_trusted(tmp_path):
    pss = ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    authority, certificate = signed_by(tmp_path, "rsa", *pss)
    with Server(serve_rows(ROWS), tls=serving(certificate)) as server:
        assert converz.Client(server.url, "key", ca_file=authority).calls().num_rows == 5


@pytest.mark.parametrize("key", ["p521", "pss", "ed448"])
def test_a_key_that_cannot_be_used_says_so(tmp_path, key):
    file = self_signed(tmp_path, key=key)
    with Server(serve_rows(ROWS), tls=serving(file)) as server:
        with pytest.raises(
            converz.APIConnectionError, match="no algorithm in common; its certificate may have a key"
        ):
            converz.Client(server.url, "key", ca_file=file, max_retries=0).calls()


@pytest.mark.parametrize("packed", [False, True])
def test_a_complete_answer_needs_no_goodbye(authority, packed):
    """The connection just ends, as that of many a server does, and only its end tells that of the body."""
    body = json.dumps([{"call_id": number} for number in range(20_000)]).encode()
    head = b"HTTP/1.1 200 OK\r\n" + (b"Content-Encoding: gzip\r\n" if packed else b"") + b"\r\n"
    bodies = [body, body[:-1], body[: len(body) // 2], b""]
    for place, part in enumerate(bodies):
        sent = gzip.compress(part) if packed else part

        def handle(request: Request, sent=sent) -> None:
            request.send(head + sent)
            # Below TLS, which would say goodbye.
            request.cut()

        with Server(handle, tls=authority.context("127.0.0.1")) as server:
            client = converz.Client(server.url, "key", ca_file=authority.file, max_retries=0)
            if place == 0:
                assert client.report().num_rows == 20_000
            else:
                with pytest.raises((converz.APIConnectionError, converz.DecodeError)):
                    client.report()


class Proxy:
    """A proxy that lets through who has the right password, and refuses some hosts; and counts."""

    def __init__(self, target: int, refused: dict[str, str] | None = None) -> None:
        self.target, self.refused = target, refused or {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self.listener.accept()[:1], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += connection.recv(1)
            self.asked.append(head.decode())
            host = head.split(b" ")[1].decode().split(":")[0]
            if base64.b64encode(b"jdoe:right").decode() not in head.decode():
                words = b"who is jdoe?"
                line = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
                connection.sendall(line + b"Content-Length: %d\r\n\r\n" % len(words) + words)
            elif host in self.refused:
                connection.sendall(f"HTTP/1.1 {self.refused[host]}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                self._tunnel(connection)

    def _tunnel(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as target:
            # In two pieces, as a slow proxy would.
            connection.sendall(b"HTTP/1.1 200 Connection ")
            connection.sendall(b"established\r\nVia: x\r\n\r\n")

            def pump(source: socket.socket, sink: socket.socket) -> None:
                with contextlib.suppress(OSError):
                    while data := source.recv(65536):
                        sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)

            back = threading.Thread(target=pump, args=(target, connection), daemon=True)
            back.start()
            pump(connection, target)
            back.join(10)

    def client(self, user: str, host: str, file, **settings) -> converz.Client:
        return converz.Client(
            f"https://{host}", "key", ca_file=file, proxy=f"http://{user}@{self.url}", **settings
        )


def test_a_proxy_with_a_password_is_passed_once_and_for_all(authority):
    refused = {"forbidden.example": "403 Blocked By Rule", "down.example": "503 Service Unavailable"}
    with Server(serve_rows(ROWS), tls=authority.context("acme.example")) as server:
        proxy = Proxy(server.port, refused)
        assert proxy.client("jdoe:right", "acme.example", authority.file).calls().num_rows == 5

        # A directory locks an account after three to five wrong passwords.
        del proxy.asked[:]
        for read in ("calls", "report", "update_calls"):
            client = proxy.client("jdoe:wrong", "acme.example", authority.file)
            arguments = [{"call_id": [1], "note": ["x"]}] if read == "update_calls" else []
            with pytest.raises(converz.ConverzError) as caught:
                getattr(client, read)(*arguments)
            cause = caught.value.__cause__ or caught.value
            assert type(cause) is converz.APIConnectionError
            assert "the proxy answered 407 Proxy Authentication Required; check the user" in str(cause)
            assert "jdoe" not in str(caught.value)
            assert "wrong" not in str(caught.value)
            if read == "update_calls":
                assert caught.value.in_doubt == []
        assert len(proxy.asked) == 3

        del proxy.asked[:]
        with pytest.raises(converz.APIConnectionError, match="the proxy answered 403 Blocked By Rule"):
            proxy.client("jdoe:right", "forbidden.example", authority.file).calls()
        assert len(proxy.asked) == 1

        del proxy.asked[:]
        with pytest.raises(converz.APIConnectionError, match="the proxy answered 503 Service Unavailable"):
            proxy.client("jdoe:right", "down.example", authority.file, max_retries=1).calls()
        assert len(proxy.asked) == 2
        proxy.listener.close()


def test_a_proxy_of_another_kind_is_refused(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    client = converz.Client("http://service.example", "key", allow_http=True, max_retries=0)
    with pytest.raises(converz.APIConnectionError, match="socks5 proxies are not supported"):
        client.calls()


@pytest.mark.parametrize(
    ("status", "error"), [("503 Busy", converz.ServerError), ("401 No", converz.AuthenticationError)]
)
def test_the_words_of_an_error_are_waited_for_for_seconds(status, error):
    def drip(request: Request) -> None:
        request.send(f"HTTP/1.1 {status}\r\nContent-Length: 100000\r\n\r\nbe patient".encode())
        while not request.server.closing.wait(0.2):
            request.send(b".")

    with Server(drip) as server:
        began = time.monotonic()
        with pytest.raises(error, match="be patient") as caught:
            converz.Client(server.url, "key", max_retries=0).calls()
        assert 4 < time.monotonic() - began < 20
        assert caught.value.status_code == int(status[:3])


@pytest.mark.parametrize(
    ("begins", "told"),
    [
        (b"<html><title>Sign in</title>", 'begins with "<html><title>Sign in'),
        (b'  {"rows": [', 'begins with "{'),
        (b"[1, ", "expected a row, which is an object (byte 1)"),
    ],
)
def test_a_success_that_is_no_page_is_waited_for_for_seconds(begins, told):
    def drip(request: Request) -> None:
        request.begin(begins)
        while not request.server.closing.wait(0.2):
            request.send(b".")

    with Server(drip) as server:
        began = time.monotonic()
        with pytest.raises(converz.DecodeError) as caught:
            converz.Client(server.url, "key").calls()
        assert told in str(caught.value)
        assert time.monotonic() - began < 20
        assert len(server.requests) == 1


def test_rows_may_come_slowly():
    body = json.dumps(ROWS).encode()

    def drip(request: Request) -> None:
        if request.page > 1:
            request.rows([])
            return
        request.begin(b" \n[", 3 + len(body) - 1)
        # Behind the time in which what is no page is given up.
        request.server.closing.wait(6)
        for at in range(1, len(body)):
            request.send(body[at : at + 1])
        request.server.closing.wait(0.1)

    with Server(drip) as server:
        assert converz.Client(server.url, "key", max_retries=0).calls().to_pylist() == ROWS


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\7\0\0\0\0\0" + bytes(8), id="HTTP/2"),
        pytest.param(b"\x15\3\3\0\2\2\x28", id="an alert of TLS"),
        pytest.param(b"220 mail.example ESMTP\r\n", id="SMTP"),
    ],
)
def test_what_does_not_speak_http_1_is_told(said):
    def handle(request: Request) -> None:
        request.send(said)
        request.cut()

    with Server(handle) as server:
        with pytest.raises(converz.APIConnectionError) as caught:
            converz.Client(server.url, "key", max_retries=0).calls()
        assert f"what answers at {server.url} does not speak HTTP/1.1" in str(caught.value)
        assert "check the scheme, host and port of base_url" in str(caught.value)


def test_a_wrong_base_url_is_shown():
    with Server(lambda request: request.answer(b"nothing here", "404 Not Found", "text/plain")) as server:
        client = converz.Client(f"{server.url}/portal", "canary-0123456789")
        with pytest.raises(converz.NotFoundError, match="check the host and the path of base_url") as caught:
            client.calls(rep_id="kees500")
        assert f"it was asked for {server.url}/portal/calls:" in str(caught.value)
        assert "kees500" not in str(caught.value)
        with pytest.raises(converz.UpdateError, match=f"{server.url}/portal/calls") as caught:
            client.update_calls({"call_id": [1], "note": ["x"]})
        assert caught.value.in_doubt == []
