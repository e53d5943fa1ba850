"""``converz doctor``: the road from here to a first row, a line a step.

What the core does not tell of a connection, who signed a certificate and what time the service has, is asked for here with
the standard library's sockets, without the key and without any data.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from converz._cli.command import Command
from converz._cli.connection import add_connection, connect
from converz._client.profiles import PROFILE
from converz._core import __version__
from converz.errors import ConfigurationError, ConverzError

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Iterator

    from converz._client.client import Client

__all__ = ["COMMAND"]

LIBRARIES = ("pandas", "polars", "pyarrow", "duckdb", "tqdm")
PATIENCE = 10
"""Seconds that a probe waits."""
PAGE = 1_000
"""Rows of the page that shows whether the service caps them."""
PLAIN = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
"""What OpenSSL calls an answer that is not TLS, as its versions differ."""
SOON = 14
"""Days before the end of a certificate from which its end is worth a word."""
SKEW = 60
"""Seconds between two clocks that are worth a word."""


class Step(NamedTuple):
    """What a step found."""

    step: str
    status: str
    """``ok``, ``warning``, ``failed`` or ``skipped``."""
    found: str
    to_do: str | None = None


def _run(options: argparse.Namespace) -> int:
    steps = []
    for step in _steps(options):
        steps.append(step)
        if not options.json:
            print(f"{step.status:8}{step.step:10}{step.found}", flush=True)
            if step.to_do:
                print(f"{'':18}{step.to_do}", flush=True)
    if options.json:
        import json

        print(json.dumps([step._asdict() for step in steps], indent=2))
    failed = [step.step for step in steps if step.status == "failed"]
    # As of every other command: with such settings nothing could be asked at all.
    return 2 if failed == ["settings"] else 1 if failed else 0


def _steps(options: argparse.Namespace) -> Iterator[Step]:
    yield _libraries()
    try:
        client = connect(options)
    except (ConfigurationError, OSError) as error:
        yield Step(
            "settings",
            "failed",
            str(error),
            "correct the setting; converz doctor --help says where they come from",
        )
        return
    base_url = client.settings["base_url"]
    yield Step(
        "settings", "ok", f"{base_url}, from {_origin_of_url(options)}; key from {_origin_of_key(options)}"
    )
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxy = _proxy(client, host)
    yield Step("proxy", "ok", proxy or "none")
    if proxy:
        for skipped in ("name", "connect", "TLS", "clock"):
            yield Step(skipped, "skipped", "the proxy does that")
    else:
        for step in _probe(client, parts.scheme == "https", host, port):
            yield step
            # A certificate is judged by the core's own rules as well, which know more: that road is tried.
            if step.status == "failed" and step.step != "TLS":
                return
    yield from _first_rows(client, is_proxied=bool(proxy))


def _libraries() -> Step:
    import importlib.metadata

    found = [f"converz {__version__}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return Step("versions", "ok", ", ".join(found))


def _origin_of_url(options: argparse.Namespace) -> str:
    if options.base_url is not None:
        return "--base-url"
    return _profile(options) or "CONVERZ_BASE_URL"


def _origin_of_key(options: argparse.Namespace) -> str:
    if options.api_key_file is not None:
        return "--api-key-file"
    profile = _profile(options)
    return f"{profile}, or else CONVERZ_API_KEY" if profile else "CONVERZ_API_KEY"


def _profile(options: argparse.Namespace) -> str | None:
    name = options.profile or os.environ.get(PROFILE)
    return f"profile {name!r:.80}" if name else None


def _proxy(client: Client, host: str) -> str | None:
    """Say which proxy is used, without its user and password."""
    import urllib.request

    if host == "localhost" or host.startswith("127.") or host == "::1":
        return None
    url, origin = client.settings.get("proxy"), "the setting proxy"
    if not url and not urllib.request.proxy_bypass(host):
        of_environment = urllib.request.getproxies()
        scheme = urlsplit(client.settings["base_url"]).scheme
        names = [name for name in (scheme, "all") if of_environment.get(name)]
        if names:
            url, origin = of_environment[names[0]], f"the environment's {names[0]}_proxy"
    if not url:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        where = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        where = "an address that cannot be read"
    return f"{where}, from {origin}"


def _probe(client: Client, is_secure: bool, host: str, port: int) -> Iterator[Step]:
    import socket
    import ssl

    try:
        addresses = sorted(
            {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        )
    except OSError as error:
        yield Step(
            "name",
            "failed",
            f"{host} has no address: {error.strerror}",
            "check base_url, and the network's DNS",
        )
        return
    yield Step("name", "ok", f"{host} is {', '.join(addresses[:3])}")
    try:
        connection = socket.create_connection((host, port), PATIENCE)
    except OSError as error:
        remedy = "check base_url's host and port, and whether a firewall or a proxy is in between"
        yield Step("connect", "failed", f"port {port}: {error.strerror or error}", remedy)
        return
    with connection:
        yield Step("connect", "ok", f"port {port}")
        if not is_secure:
            yield Step("TLS", "skipped", "plain http")
            yield _clock(connection, host)
            return
        context = ssl.create_default_context(cafile=client.settings.get("ca_file"))
        try:
            with context.wrap_socket(connection, server_hostname=host) as secured:
                yield _certificate(secured.getpeercert() or {})
                yield _clock(secured, host)
        except OSError as error:
            yield Step("TLS", "failed", _reason(error), _remedy(error, host))
            if not isinstance(error, ssl.SSLCertVerificationError):
                yield Step("clock", "skipped", "no secure connection")
                return
        else:
            return
    # Whoever it is, it may know what time it is: a wrong clock makes certificates seem to have ended, or not to have begun.
    # Nothing is told, and nothing but the time is believed.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), PATIENCE) as connection,
            context.wrap_socket(connection, server_hostname=host) as secured,
        ):
            yield _clock(secured, host)
    except OSError:
        yield Step("clock", "skipped", "the service does not say what time it is")


def _reason(error: OSError) -> str:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is refused: {error.verify_message}"
    return f"the answer is not TLS: {error}" if _is_plain(error) else str(error)


def _is_plain(error: OSError) -> bool:
    return getattr(error, "reason", None) in PLAIN


def _remedy(error: OSError, host: str) -> str:
    """Say what to do, by OpenSSL's numbers of what is wrong with a certificate."""
    match getattr(error, "verify_code", None):
        case 9:
            return "the certificate is not valid yet: set this machine's clock, if it is behind"
        case 10:
            return "whoever runs the service must renew its certificate; if it is valid, set this machine's clock"
        case 18 | 19 | 20 | 21:
            return (
                "nobody whom this machine trusts has signed it: if your organisation signs its own certificates, pass its "
                "file as ca_file or SSL_CERT_FILE; if not, somebody may be listening in between"
            )
        case 62 | 64:
            return f"it is the certificate of another host: base_url must have the name that it is for, not {host}"
        case None:
            return (
                "check base_url's port, or whether what is there speaks plain http: then base_url begins with http://"
                if _is_plain(error)
                else "check that base_url's port is one of https, and whether a firewall or a proxy is in between"
            )
    return "ask whoever runs the service, with this line"


def _certificate(certificate: Any) -> Step:
    import ssl

    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "somebody without a name"
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
    found = f"signed by {by}, valid for {days:.0f} days"
    if days < SOON:
        return Step("TLS", "warning", found, "tell whoever runs the service that its certificate ends")
    return Step("TLS", "ok", found)


def _clock(connection: socket.socket, host: str) -> Step:
    from email.utils import parsedate_to_datetime

    answer = b""
    try:
        connection.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while b"\r\n\r\n" not in answer and len(answer) < 65536 and (part := connection.recv(4096)):
            answer += part
        dates = [
            line.partition(b":")[2].strip().decode("ascii")
            for line in answer.split(b"\r\n")
            if line[:5].lower() == b"date:"
        ]
        skew = time.time() - parsedate_to_datetime(dates[0]).timestamp()
    except (OSError, ValueError, IndexError):
        return Step("clock", "skipped", "the service does not say what time it is")
    found = f"{abs(skew):.0f} s {'ahead of' if skew >= 0 else 'behind'} the service's"
    if abs(skew) > SKEW:
        return Step("clock", "warning", found, "set this machine's clock: days and certificates depend on it")
    return Step("clock", "ok", found)


def _first_rows(client: Client, *, is_proxied: bool) -> Iterator[Step]:
    start = time.perf_counter()
    try:
        one = client.calls(columns="call_id", limit=1, progress=False)
    except ConverzError as error:
        yield _failed(error, is_proxied)
        return
    yield Step("key", "ok", "accepted")
    took = (time.perf_counter() - start) * 1000
    found = "one conversation" if one.num_rows else "no conversation: the service has none"
    yield Step("row", "ok" if one.num_rows else "warning", f"{found}, in {took:.0f} ms")
    try:
        page = client.calls(columns="call_id", limit=PAGE, progress=False)
    except ConverzError as error:
        yield Step("pages", "failed", str(error), "ask for smaller pages with page_size")
        return
    receipt = page.receipt
    if page.num_rows < PAGE or receipt is None:
        yield Step("pages", "skipped", f"{page.num_rows:,} conversations are too few to see a cap")
    elif receipt.pages > 1:
        remedy = "nothing is lost, but a page_size of what it gives saves requests"
        yield Step("pages", "warning", f"capped: {PAGE:,} rows came in {receipt.pages:,} pages", remedy)
    else:
        yield Step("pages", "ok", f"{PAGE:,} rows in one, {receipt.seconds * 1000:.0f} ms")


def _failed(error: ConverzError, is_proxied: bool) -> Step:
    status = getattr(error, "status_code", None)
    if status == 401:
        return Step(
            "key", "failed", str(error), "check the key: it may be of another environment, or have ended"
        )
    if status == 403:
        return Step(
            "key", "failed", str(error), "ask whoever gave you the key for the right to list conversations"
        )
    if status is None and is_proxied:
        return Step(
            "row",
            "failed",
            str(error),
            "check the proxy's address, user and password, and whether it lets this host through; NO_PROXY names hosts "
            "that need none",
        )
    if status == 404:
        return Step(
            "row", "failed", str(error), "check the path of base_url, which is /api/v1 if there is none"
        )
    return Step("row", "failed", str(error), "see the steps above, and what the service's people say of it")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs: a list of steps")
    add_connection(parser)


COMMAND = Command(
    _add_options,
    _run,
    """\
  converz doctor
  converz doctor --profile acme
  converz doctor --json | jq '.[] | select(.status == "failed")'""",
)
