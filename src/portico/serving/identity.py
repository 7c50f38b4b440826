"""Who may call: TLS material and the bearer token.

Promises: key material is checked when it is loaded, with a sentence naming the file; tokens are compared in constant
time and never appear in a log, a representation or an error.
"""

from __future__ import annotations

import hmac
import ssl
from pathlib import Path

import grpc
import msgspec

from portico.domain.errors import Invalid


class TlsFiles(msgspec.Struct, frozen=True):
    """PEM files: the server's chain and key, and the authority that clients must be signed by, if they must."""

    certificate: Path
    key: Path
    client_authority: Path | None = None


class BearerToken:
    """The one secret that callers present as `authorization: Bearer …`."""

    __slots__ = ("_expected",)

    def __init__(self, secret: str) -> None:
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise Invalid("a token is one or more printable ASCII characters without spaces", "auth.token")
        self._expected = secret.encode()

    def accepts(self, authorization: str) -> bool:
        """Tell whether the value of an authorization header carries the secret."""
        scheme, _, offered = authorization.partition(" ")
        return hmac.compare_digest(offered.strip().encode(), self._expected) and scheme.lower() == "bearer"


def server_ssl_context(files: TlsFiles) -> ssl.SSLContext:
    """Load the material for a TLS server of TLS 1.2 or later; Invalid names the file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _read(files.certificate, "auth.tls_cert")
    _read(files.key, "auth.tls_key")
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (ssl.SSLError, ValueError) as error:
        raise Invalid(
            f"auth.tls_cert: {files.certificate} and {files.key} are no PEM certificate with its key: {error}",
            "auth.tls_cert",
        ) from error
    if files.client_authority is not None:
        _read(files.client_authority, "auth.tls_client_ca")
        try:
            context.load_verify_locations(files.client_authority)
        except (ssl.SSLError, ValueError) as error:
            raise Invalid(
                f"auth.tls_client_ca: {files.client_authority} holds no PEM certificate: {error}", "auth.tls_client_ca"
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def grpc_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Load the material for a gRPC server; Invalid names the file that cannot be used."""
    server_ssl_context(files)  # gRPC would take any bytes and fail to bind without a reason
    authority = None
    if files.client_authority is not None:
        authority = _read(files.client_authority, "auth.tls_client_ca")
    pair = (_read(files.key, "auth.tls_key"), _read(files.certificate, "auth.tls_cert"))
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


def _read(path: Path, field: str) -> bytes:
    """Read a file of key material."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{field}: cannot read {path}: {error.strerror}", field) from error
