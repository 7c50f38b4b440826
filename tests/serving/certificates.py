"""Certificates made on the spot by the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path

from portico.serving.identity import TlsFiles


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True, timeout=15)


def make(folder: Path, *, with_clients: bool = False) -> TlsFiles:
    """Make server.pem with server.key for localhost; with clients also client.pem signed by authority.pem."""
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl(*new, "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=localhost", *names, cwd=folder)
    if with_clients:
        openssl(*new, "-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=authority", cwd=folder)
        request = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl(*request, "-keyout", "client.key", "-out", "client.csr", "-subj", "/CN=alice", cwd=folder)
        sign = ("x509", "-req", "-in", "client.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-days", "2")
        openssl(*sign, "-CAcreateserial", "-out", "client.pem", cwd=folder)
    authority = folder / "authority.pem" if with_clients else None
    return TlsFiles(folder / "server.pem", folder / "server.key", authority)
