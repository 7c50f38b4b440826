"""Log lines: where they go, what they carry."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from portico.domain.errors import Invalid
from portico.serving import logs

PROGRAM = """
import logging, structlog
from portico.serving import logs, request_context
logs.configure({level!r}, {form!r})
request_context.enter(request_context.RequestContext("r1", "titus", "/a/B"))
log = structlog.get_logger("portico.test")
with structlog.contextvars.bound_contextvars(run="run-1", job="job-1"):
    log.debug("unheard")
    log.info("said", door="own", n=1)
logging.getLogger("uvicorn.error").warning("from %s", "uvicorn")
logging.getLogger("grpc._cython.cygrpc").info("inside grpc")
try:
    raise ValueError("why")
except ValueError:
    log.exception("broke")
"""


def lines_of(level: str, form: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(level=level, form=form)],
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    assert done.stdout == ""
    return done.stderr


def test_json_lines_carry_request_and_bound_context():
    said, foreign, broke = [json.loads(line) for line in lines_of("info", "json").splitlines()]
    assert said["event"] == "said"
    assert (said["request_id"], said["door"], said["method"]) == ("r1", "own", "/a/B")
    assert (said["run"], said["job"], said["n"], said["level"]) == ("run-1", "job-1", 1, "info")
    assert said["timestamp"].endswith("Z")
    assert (foreign["event"], foreign["logger"], foreign["door"]) == ("from uvicorn", "uvicorn.error", "titus")
    assert "run" not in foreign
    assert "ValueError: why" in broke["exception"]


def test_the_console_has_no_colours_when_it_is_no_terminal():
    text = lines_of("debug", "console")
    assert "\x1b" not in text
    assert "unheard" in text
    assert "ValueError: why" in text


def test_an_unknown_level_is_refused_with_what_was_expected():
    with pytest.raises(Invalid, match="debug, info, warning, error"):
        logs.configure("loud")
