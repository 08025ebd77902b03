"""Certificates for tests: self-signed, so that each is its own authority."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.wait import PATIENCE_SECONDS


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 and its key, as files."""

    file: Path
    key: Path

    @property
    def options(self) -> tuple[str, ...]:
        """redis-server's options to show it."""
        files = ("--tls-cert-file", str(self.file), "--tls-key-file", str(self.key))
        return (*files, "--tls-ca-cert-file", str(self.file), "--tls-auth-clients", "no")


def certificate(folder: Path, name: str) -> Certificate:
    """Make one."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(made.key), "-out", str(made.file)),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    return made
