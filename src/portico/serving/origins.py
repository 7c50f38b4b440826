"""Web pages of other origins that may call: what is answered to a browser that asks for them (CORS).

Promises: an origin that is not configured gets no permission of any sort; the page's own origin needs none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from portico.serving.http_errors import error_response

_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(\s*,\s*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_REMEMBERED_SECONDS = "600"


class Origins(msgspec.Struct, frozen=True):
    """The configured origins, as `scheme://host[:port]`."""

    allowed: frozenset[str] = frozenset()

    def headers(self, asked: Mapping[str, str]) -> list[tuple[str, str]]:
        """Give the headers that let a page of a configured origin read an answer, none for others."""
        origin = asked.get("origin", "")
        if origin not in self.allowed:
            return []
        return [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true"),
            ("vary", "origin"),
        ]

    def preflight(self, asked: Mapping[str, str], methods: Sequence[str]) -> Response:
        """Answer a browser that asks whether a page may send a request."""
        permission = self.headers(asked)
        if not permission:
            return error_response(
                403, "forbidden", f"requests from the origin {asked.get('origin', '')!r} are not answered"
            )
        wanted = asked.get("access-control-request-headers", "").strip()
        if _NAMES.fullmatch(wanted):
            permission.append(("access-control-allow-headers", wanted))
        permission.append(("access-control-allow-methods", ", ".join(methods)))
        permission.append(("access-control-max-age", _REMEMBERED_SECONDS))
        return Response(status_code=204, headers=dict(permission))


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Tell a browser's question from a request; it carries no token and changes nothing."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
