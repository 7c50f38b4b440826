"""Who is at the other end of a connection, as far as a verified certificate proves it.

Promises: what the HTTP side says of the caller of a gRPC-Web request counts only on the server's private socket, which
nobody else reaches; on any other address it would be the caller's own word.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import Any

import grpc.aio
import msgspec

PEER_METADATA = "x-portico-peer-bin"
"""Metadata in which the HTTP side of this server hands a Peer on."""

_PRIVATE = "unix:"


class Peer(msgspec.Struct, frozen=True, array_like=True):
    """The subject of a certificate, and the SHA-1 and SHA-256 of the certificate in lower-case hexadecimal digits."""

    common_name: str
    fingerprints: tuple[str, ...]


def peer_of(context: grpc.aio.ServicerContext[Any, Any]) -> Peer | None:
    """Give who calls, None without a certificate."""
    if (context.peer() or "").startswith(_PRIVATE):
        for name, value in context.invocation_metadata() or ():
            if name == PEER_METADATA and isinstance(value, bytes):
                return msgspec.msgpack.decode(value, type=Peer)
        return None
    proven = context.auth_context()
    certificates = list(proven.get("x509_pem_cert", ()))
    if not certificates:
        return None
    names = list(proven.get("x509_common_name", ()))
    name = names[0].decode("utf-8", "replace") if names else ""
    return Peer(name, fingerprints(ssl.PEM_cert_to_DER_cert(certificates[0].decode("ascii"))))


def peer_of_transport(transport: asyncio.Transport) -> Peer | None:
    """Give who is at the other end of a TLS connection, None without a certificate."""
    tls = transport.get_extra_info("ssl_object")
    certificate: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
    if not certificate:
        return None
    subject = dict(pair for part in tls.getpeercert().get("subject", ()) for pair in part)
    return Peer(subject.get("commonName", ""), fingerprints(certificate))


def encode_peer(peer: Peer) -> bytes:
    """Write a Peer as the value of its metadata."""
    return msgspec.msgpack.encode(peer)


def fingerprints(certificate: bytes) -> tuple[str, ...]:
    """Give the fingerprints of a certificate (DER)."""
    # Proxies name certificates by SHA-1, and so do the tables that are taken over from them.
    old = hashlib.sha1(certificate, usedforsecurity=False)
    return old.hexdigest(), hashlib.sha256(certificate).hexdigest()
