"""How the gRPC library waits for its sockets: in the thread that hands its events to the loop.

Its newer way reads sockets in a pool of threads, so that a request passes two or three more of them before the loop
hears of it; without them a call to an idle server takes 0.7 instead of 0.8 ms on two processors. The library reads its
experiments from the environment once, when it is first imported.

Must never import the library itself, nor leave the setting where everything that is started from here inherits it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

VARIABLE = "GRPC_EXPERIMENTS"
FEW_THREADS = "-event_engine_listener"
KNOWN_IN = "1.85."
"""The releases that have the experiment; others complain of a name they do not know."""


@contextmanager
def few_threads() -> Iterator[None]:
    """Import the library for the first time inside; a choice of experiments that was made outside is kept."""
    if VARIABLE in os.environ or not version("grpcio").startswith(KNOWN_IN):
        yield
        return
    os.environ[VARIABLE] = FEW_THREADS
    try:
        yield
    finally:
        del os.environ[VARIABLE]
