"""Calls with one request under measurement: the same client for every server, in a process of its own."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence

from harness.processes import PEERS

ECHO = "/bench.Echo/Send"
POUR = "/bench.Echo/Pour"

Found = dict[str, float]


def call(
    address: str, method: str, requests: Sequence[bytes], in_flight: int, seconds: float, *, stream: bool = False
) -> Found:
    """Send requests in turn for so long; gives the rate, the median and p99 in seconds, and the size of an answer.

    An answer that is a `stream` is read to its end.
    """
    order = {
        "address": address,
        "method": method,
        "requests": [base64.b64encode(request).decode() for request in requests],
        "in_flight": in_flight,
        "seconds": seconds,
        "stream": stream,
    }
    done = subprocess.run(
        [sys.executable, str(PEERS / "caller.py")],
        input=json.dumps(order) + "\n",
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    )
    found: Found = json.loads(done.stdout)
    return found
