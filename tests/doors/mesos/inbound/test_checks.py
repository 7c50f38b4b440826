"""Health checks and checks."""

import pytest
from doors.mesos.inbound.building import COMMAND, CUSTOM, task

from portico.domain.identity import SECOND
from portico.domain.runs import CheckKind, HealthCheck, StatusCheck


def health(text):
    return task(COMMAND, f"health_check {{ {text} }}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('command { value: "x" }', HealthCheck(CheckKind.COMMAND, ("/bin/sh", "-c", "x"))),
        (
            """type: COMMAND command { shell: false value: "x" arguments: "x" arguments: "y"
            environment { variables { name: "N" value: "v" } } }""",
            HealthCheck(CheckKind.COMMAND, ("/usr/bin/env", "N=v", "x", "y")),
        ),
        ("http { port: 80 }", HealthCheck(CheckKind.HTTP, port=80)),
        (
            'type: HTTP http { port: 80 scheme: "https" path: "/x" }',
            HealthCheck(CheckKind.HTTP, scheme="https", path="/x", port=80),
        ),
        (
            """tcp { port: 80 } delay_seconds: 0 interval_seconds: 0.5 timeout_seconds: 0 grace_period_seconds: 3
            consecutive_failures: 0""",
            HealthCheck(CheckKind.TCP, port=80, delay=0, interval=SECOND // 2, timeout=0, grace=3 * SECOND, failures=1),
        ),
    ],
)
def test_what_a_health_check_is(text, expected):
    read = health(text)
    assert read.problem == ""
    assert read.spec.check == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Expecting one of"),
        ("tcp { port: 1 } http { port: 1 }", "Expecting one of"),
        ("type: HTTP tcp { port: 1 }", "Expecting 'http' to be set for HTTP health check"),
        ("type: COMMAND", "Expecting 'command' to be set for COMMAND health check"),
        ('http { port: 1 scheme: "ftp" }', "Unsupported HTTP health check scheme: 'ftp'"),
        ('http { port: 1 path: "x" }', "The path 'x' of HTTP health check must start with '/'"),
        ("tcp { port: 0 }", "is no port"),
        ("tcp { port: 65536 }", "is no port"),
        ("tcp { port: 1 } delay_seconds: -1", "Expecting 'delay_seconds' to be non-negative"),
        ("tcp { port: 1 } interval_seconds: nan", "out of range"),
        ('command { value: "x" user: "u" }', "'health_check.command.user' is not served"),
        ('command { value: "x" uris { value: "/y" } }', "'health_check.command.uris' is not served"),
        ("command { }", "'health_check.command.value' is not set"),
        ('command { value: "a\\0b" }', "'health_check.command.value' must not contain null bytes"),
        ('command { shell: false value: "a" arguments: "\\0" }', "'health_check.command.arguments' must not contain"),
    ],
)
def test_what_is_wrong_with_a_health_check(text, words):
    problem = health(text).problem
    assert problem.startswith("Task uses invalid health check: ")
    assert words in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'type: COMMAND command { command { value: "x" } }',
            StatusCheck(CheckKind.COMMAND, ("/bin/sh", "-c", "x")),
        ),
        (
            """type: COMMAND command { command { shell: false value: "x" arguments: "x" arguments: "y"
            environment { variables { name: "N" value: "v" } } } } delay_seconds: 0 timeout_seconds: 0""",
            StatusCheck(CheckKind.COMMAND, ("/usr/bin/env", "N=v", "x", "y"), delay=0, timeout=0),
        ),
        ("type: HTTP http { port: 80 }", StatusCheck(CheckKind.HTTP, port=80)),
        ('type: HTTP http { port: 80 path: "/x" }', StatusCheck(CheckKind.HTTP, path="/x", port=80)),
        (
            "type: HTTP http { port: 80 } interval_seconds: 0.5",
            StatusCheck(CheckKind.HTTP, port=80, interval=SECOND // 2),
        ),
    ],
)
def test_what_a_check_is(text, expected):
    read = task(COMMAND, f"check {{ {text} }}")
    assert read.problem == ""
    assert (read.spec.status_check, read.spec.check) == (expected, None)


def test_a_check_beside_an_executor_is_its_affair():
    assert task(CUSTOM, "check { type: HTTP http { port: 80 } }").spec.status_check is None
    assert "check.http.port" in task(CUSTOM, "check { type: HTTP http { port: 0 } }").problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a valid check type"),
        ("type: HTTP http { port: 65536 }", "is no port"),
        ('type: COMMAND command { command { value: "a\\0b" } }', "must not contain null bytes"),
        ('type: COMMAND command { command { value: "x" user: "u" } }', "'check.command.command.user' is not served"),
        ("type: COMMAND", "Expecting 'command' to be set for COMMAND check"),
        ("type: COMMAND command { command { } }", "'check.command.command.value' is not set"),
        ("type: HTTP", "Expecting 'http' to be set for HTTP check"),
        ('type: HTTP http { port: 1 path: "x" }', "The path 'x' of HTTP check must start with '/'"),
        ("type: HTTP http { port: 1 } timeout_seconds: -1", "Expecting 'timeout_seconds' to be non-negative"),
    ],
)
def test_what_is_wrong_with_a_check(text, words):
    problem = task(COMMAND, f"check {{ {text} }}").problem
    assert problem.startswith("Task uses invalid check: ")
    assert words in problem
