"""What a server is as a Titus cell: one member, which leads. Values only."""

from __future__ import annotations

import msgspec


class Cell(msgspec.Struct, frozen=True):
    """`started_at` is in milliseconds since the epoch; `host` and the ports are where clients reach the server."""

    name: str
    stack: str
    member: str
    host: str
    grpc_port: int
    http_port: int
    started_at: int
    secure: bool = False
