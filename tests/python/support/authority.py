"""Certificates of a test's own authority, made with the `openssl` command."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.worlds import need

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Authority:
    """An authority in a folder, and a server's certificate by it."""

    folder: Path

    def __post_init__(self) -> None:
        need("openssl", "apt-get install openssl, or your system's like")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def _openssl(self, *arguments: str) -> None:
        subject = ["-subj", "/CN=An authority of the tests", "-days", "2"]
        outputs = ["-keyout", str(self.folder / "authority.key"), "-out", str(self.file)]
        extensions = ["-addext", "basicConstraints=critical,CA:TRUE"]
        subprocess.run(
            ["openssl", *arguments, *subject, *outputs, *extensions],
            check=True,
            capture_output=True,
        )

    def context(self, *names: str) -> ssl.SSLContext:
        """Return what a server needs to be one of these names."""
        key, request, certificate = (self.folder / f"{names[0]}.{ending}" for ending in ("key", "csr", "pem"))
        alternatives = ",".join(f"{'IP' if name[0].isdigit() else 'DNS'}:{name}" for name in names)
        extensions = self.folder / f"{names[0]}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n")
        authority = ["-CA", str(self.file), "-CAkey", str(self.folder / "authority.key"), "-CAcreateserial"]
        extended = ["-days", "2", "-extfile", str(extensions)]
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key)]
        for command in (
            ["req", *new_key, "-subj", "/CN=server", "-out", str(request)],
            ["x509", "-req", "-in", str(request), *authority, *extended, "-out", str(certificate)],
        ):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def self_signed(folder: Path, *arguments: str, key: str = "p256", names: str = "IP:127.0.0.1") -> Path:
    """Make a certificate as `openssl req -x509` makes it, with its key in the same file."""
    need("openssl", "apt-get install openssl, or your system's like")
    file = folder / f"{key}.pem"
    options = KEYS[key]
    extension = ["-addext", f"subjectAltName={names}"] if names else []
    _run("genpkey", *options, "-out", str(folder / "own.key"))
    subject = ["-subj", "/CN=127.0.0.1", "-days", "2"]
    _run("req", "-x509", "-key", str(folder / "own.key"), *subject, *extension, *arguments, "-out", str(file))
    file.write_text(file.read_text() + (folder / "own.key").read_text())
    return file


def signed_by(folder: Path, key: str, *arguments: str) -> tuple[Path, Path]:
    """Make an authority of that kind, and a usual certificate by it for 127.0.0.1; return the files of both."""
    authority = self_signed(folder, key=key, names="")
    certificate = folder / "server.pem"
    _run("genpkey", *KEYS["p256"], "-out", str(folder / "server.key"))
    _run(
        "req",
        "-new",
        "-key",
        str(folder / "server.key"),
        "-subj",
        "/CN=x",
        "-out",
        str(folder / "server.csr"),
    )
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    by = [
        "-CA",
        str(authority),
        "-CAkey",
        str(folder / "own.key"),
        "-CAcreateserial",
        "-days",
        "2",
        *arguments,
    ]
    extension = ["-extfile", str(folder / "server.ext")]
    _run("x509", "-req", "-in", str(folder / "server.csr"), *by, *extension, "-out", str(certificate))
    certificate.write_text(certificate.read_text() + (folder / "server.key").read_text())
    return authority, certificate


def serving(certificate: Path) -> ssl.SSLContext:
    """Return what a server needs to show a certificate whose key is in the same file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _run(*command: str) -> None:
    subprocess.run(["openssl", *command], check=True, capture_output=True)


def _curve(name: str) -> list[str]:
    return ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{name}"]


KEYS = {
    "p256": _curve("P-256"),
    "p384": _curve("P-384"),
    "p521": _curve("P-521"),
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ed25519": ["-algorithm", "ED25519"],
    "ed448": ["-algorithm", "ED448"],
}
