"""One HTTP exchange with an ASGI application, without a socket."""

from __future__ import annotations

import asyncio


class Exchange:
    """A request and what the application answers; `pieces` are the parts of its body, None where the client leaves."""

    def __init__(self, method="POST", path="/", headers=None, pieces=(b"",), query=b"", abort=None):
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        }
        if abort is not None:
            self.scope["extensions"] = {"portico.abort": abort}
        self.pieces = list(pieces)
        self.start = None
        self.chunks = []
        self.complete = False
        self.changed = asyncio.Event()
        self.gone = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()

    async def receive(self):
        if not self.pieces:
            await self.gone.wait()
            return {"type": "http.disconnect"}
        piece = self.pieces.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces)}

    async def send(self, message):
        await self.reading.wait()
        if message["type"] == "http.response.start":
            assert self.start is None
            self.start = message
        else:
            assert self.start is not None
            assert not self.complete
            self.chunks += [message["body"]] if message["body"] or message["more_body"] else []
            self.complete = not message["more_body"]
        self.changed.set()

    async def until(self, condition):
        """Wait until what was answered fulfils a condition."""
        while not condition(self):
            self.changed.clear()
            await self.changed.wait()

    @property
    def status(self):
        return self.start["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.start["headers"]}

    @property
    def body(self):
        return b"".join(self.chunks)


async def exchange(app, **request):
    """Let the application answer a request that needs no steering."""
    made = Exchange(**request)
    await app(made.scope, made.receive, made.send)
    assert made.complete
    return made


def answer(app, **request):
    """Like `exchange`, in an event loop of its own."""
    return asyncio.run(exchange(app, **request))
