"""Who sends a request: the server's bearer token, or HTTP Basic authentication, as far as a realm asks for it."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from typing import Protocol

import msgspec

from portico.doors.mesos.serving.exchange import Refused

BEARER = (b"www-authenticate", b"Bearer")
"""The challenge of an address that has a token."""


class Access(msgspec.Struct, frozen=True):
    """What opens an address: the server's token, or the secret of a principal; without either it is open to anybody."""

    token: str = ""
    credentials: dict[str, str] = {}

    def __repr__(self) -> str:
        """Tell no secret."""
        return f"Access(token={'set' if self.token else 'none'}, principals={sorted(self.credentials)})"


def authentication(access: Access, realms: frozenset[str]) -> Authentication:
    """Ask in these realms for what opens them."""
    named = BasicAuthentication(access.credentials, realms if access.credentials else frozenset())
    if not access.token:
        return named
    return TokenAuthentication(access.token, realms, named if access.credentials else None)


class Authentication(Protocol):
    """Finds the principal behind an Authorization header."""

    def principal(self, realm: str, authorization: str | None) -> str | None:
        """Give the principal, None where the realm is open; raises Refused with 401 or 403."""


class TokenAuthentication:
    """One token for some realms: who shows it is nobody in particular. Who does not may be known to `others`."""

    def __init__(self, token: str, realms: frozenset[str], others: Authentication | None = None) -> None:
        self._token = token.encode()
        self._realms = realms
        self._others = others

    def principal(self, realm: str, authorization: str | None) -> str | None:
        """Give None for the token and in open realms, else what `others` give; Refused with 401."""
        if realm not in self._realms:
            return None
        scheme, _, offered = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(offered.strip().encode(), self._token):
            return None
        if self._others is None:
            raise Refused(401, "This server wants `Authorization: Bearer <token>`", (BEARER,))
        try:
            return self._others.principal(realm, authorization)
        except Refused as refusal:
            raise Refused(refusal.status, str(refusal), (BEARER, *refusal.headers)) from None


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
