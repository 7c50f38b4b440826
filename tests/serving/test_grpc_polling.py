"""The gRPC library is told once how to wait, and nobody else hears of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from portico.serving import grpc_polling
from portico.serving.grpc_polling import FEW_THREADS, VARIABLE, few_threads

SERVER = """
import asyncio, os, sys
from portico.serving.grpc_polling import VARIABLE, few_threads
with few_threads():
    import grpc.aio
assert VARIABLE not in os.environ
async def main():
    server = grpc.aio.server()
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await server.stop(None)
asyncio.run(main())
"""


def test_the_setting_is_there_for_the_import_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with few_threads():
        assert os.environ[VARIABLE] == FEW_THREADS
    assert VARIABLE not in os.environ


def test_a_choice_made_outside_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "call_tracer")
    with few_threads():
        assert os.environ[VARIABLE] == "call_tracer"
    assert os.environ[VARIABLE] == "call_tracer"


def test_an_unknown_release_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(grpc_polling, "version", lambda _: "1.86.0")
    with few_threads():
        assert VARIABLE not in os.environ


def test_the_installed_library_knows_it() -> None:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment["GRPC_VERBOSITY"] = "INFO"
    done = subprocess.run([sys.executable, "-c", SERVER], env=environment, capture_output=True, text=True, check=True)
    assert "Unknown experiment" not in done.stderr
