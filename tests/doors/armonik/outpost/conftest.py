"""Rigs for the tests of the ArmoniK agent."""

from __future__ import annotations

import contextlib

import pytest
from doors.armonik.outpost.rig import LEAN, rig


@pytest.fixture
def start(tmp_path):
    """Start agents that end with the test."""
    with contextlib.ExitStack() as stack:

        def started(*command, **more):
            return stack.enter_context(rig(tmp_path, *(command or LEAN), **more))

        yield started


@pytest.fixture(scope="module", params=["quick", "plain"])
def lean(request, tmp_path_factory):
    """One agent with a lean worker for all tests of a module, over either way."""
    environment = {"PLAIN": "1"} if request.param == "plain" else {}
    with rig(tmp_path_factory.mktemp("rig"), *LEAN, environment=environment) as made:
        yield made
