"""Certificates of a test's own authority, made with the `openssl` command."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worlds import need

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
