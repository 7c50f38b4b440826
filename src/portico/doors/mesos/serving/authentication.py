"""Who sends a request: HTTP Basic authentication, as far as a realm asks for it."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from typing import Protocol

from portico.doors.mesos.serving.exchange import Refused


class Authentication(Protocol):
    """Finds the principal behind an Authorization header."""

    def principal(self, realm: str, authorization: str | None) -> str | None:
        """Give the principal, None where the realm is open; raises Refused with 401 or 403."""


class BasicAuthentication:
    """Names and secrets for some realms; all others are open to anybody, who then is nobody in particular."""

    def __init__(self, secrets: Mapping[str, str] | None = None, realms: frozenset[str] = frozenset()) -> None:
        self._secrets = {name.encode(): secret.encode() for name, secret in (secrets or {}).items()}
        self._realms = realms

    def principal(self, realm: str, authorization: str | None) -> str | None:
        """Give the principal, None in an open realm; Refused with 401 when name or secret are missing or wrong."""
        if realm not in self._realms:
            return None
        name, secret = _credentials(authorization or "")
        known = self._secrets.get(name)
        if not hmac.compare_digest(known or b"", secret) or known is None:
            challenge = f'Basic realm="{realm}"'.encode()
            raise Refused(401, "Missing or wrong credentials", ((b"www-authenticate", challenge),))
        return name.decode()


def _credentials(authorization: str) -> tuple[bytes, bytes]:
    """Read name and secret; empty ones when the header holds none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b"", b""
    try:
        name, _, secret = b64decode(encoded.strip(), validate=True).partition(b":")
    except ValueError:
        return b"", b""
    return name, secret
