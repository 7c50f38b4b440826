"""Long answers, encoded piece by piece: a page may have any number of rows, and none may hold up the loop.

Owns the rule that pieces of one message, each encoded alone, make the whole when they stand one after the other, and
the registration of RPCs that answer so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import grpc
import grpc.aio

SLICE = 200
"""Rows written before other work gets its turn."""

T = TypeVar("T")


async def in_slices(rows: Sequence[T], write: Callable[[Sequence[T]], bytes], size: int = SLICE) -> bytes:
    """Write rows, a slice at a time."""
    pieces = [write(rows[:size])]
    for start in range(size, len(rows), size):
        await asyncio.sleep(0)
        pieces.append(write(rows[start : start + size]))
    return b"".join(pieces)


def add_encoded(server: grpc.aio.Server, service: str, methods: Mapping[str, tuple[Any, Any]]) -> None:
    """Register unary RPCs whose answers are bytes already, instead of those of the same names.

    `methods` are the request class and the coroutine function of each. Source: generated code registers its own way to
    encode, and the last registration of a name counts.
    """
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        name: grpc.unary_unary_rpc_method_handler(method, request.FromString, None)
        for name, (request, method) in methods.items()
    }
    server.add_registered_method_handlers(service, handlers)
