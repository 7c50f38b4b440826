"""Arguments and environment of the agent."""

from __future__ import annotations

import pytest

from portico.domain.errors import Invalid
from portico.doors.armonik.outpost.agent import worker_environment
from portico.doors.armonik.outpost.line import parse_link
from portico.doors.armonik.outpost.settings import Channel, SocketType, read_settings

LEAST = ["--link=unix:/x", "--partition=p", "--", "worker", "--link=its own"]


def test_what_follows_two_dashes_is_the_workers_command():
    settings = read_settings(LEAST, {"PORTICO_RUN_ID": "r", "PORTICO_RUN_TOKEN": "3"})
    assert settings.command == ("worker", "--link=its own")
    assert (settings.link, settings.run, settings.token, settings.pod) == ("unix:/x", "r", 3, "r")


def test_arguments_override_variables():
    environment = {"PORTICO_ARMONIK_LINK": "unix:/y", "PORTICO_ARMONIK_STOP_GRACE": "2.5"}
    settings = read_settings(LEAST, environment)
    assert (settings.link, settings.stop_grace) == ("unix:/x", 2.5)


def test_the_folder_of_a_task_has_a_limit_unless_it_is_said_to_have_none():
    assert read_settings(LEAST, {}).folder_limit == 10_000 << 20
    assert read_settings(LEAST, {"PORTICO_ARMONIK_FOLDER_LIMIT": "0"}).folder_limit == 0


def test_the_secret_comes_from_a_file(tmp_path):
    (tmp_path / "secret").write_text(" s \n")
    assert read_settings([f"--secret-file={tmp_path / 'secret'}", *LEAST], {}).secret == "s"
    with pytest.raises(Invalid, match="--secret-file"):
        read_settings([f"--secret-file={tmp_path / 'none'}", *LEAST], {})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--partition=p", "--", "w"], "--link"),
        (["--link=unix:/x", "--", "w"], "--partition"),
        (["--link=unix:/x", "--partition=p"], "neither a worker command"),
        (["--check-retries=x", *LEAST], "invalid literal"),
        (["--stop-grace=-1", *LEAST], "--stop-grace must not be negative"),
        (["--worker-socket-type=pigeon", *LEAST], "pigeon"),
        (["--agent-socket-type=tcp", *LEAST], "--agent-address must be given"),
    ],
)
def test_what_is_wrong_is_named(words, said):
    with pytest.raises(Invalid, match=said):
        read_settings(words, {})


@pytest.mark.parametrize("text", ["", "unix:", "tcp:host", "tcp:host:0", "tcp:host:70000", "host:1"])
def test_links_that_are_none(text):
    with pytest.raises(Invalid):
        parse_link(text)


def test_links():
    assert parse_link("unix:/a:b") == "/a:b"
    assert parse_link("tcp:[::1]:80") == ("::1", 80)


def test_the_worker_is_told_upstreams_names_and_not_where_the_secret_is():
    settings = read_settings(LEAST, {})
    worker = Channel(SocketType.UNIX, "/w")
    agent = Channel(SocketType.TCP, "http://127.0.0.1:1")
    told = worker_environment(settings, worker, agent, {"HOME": "/h", "PORTICO_ARMONIK_SECRET_FILE": "/s"})
    assert told == {
        "HOME": "/h",
        "ComputePlane__WorkerChannel__Address": "/w",
        "ComputePlane__WorkerChannel__SocketType": "unixdomainsocket",
        "ComputePlane__AgentChannel__Address": "http://127.0.0.1:1",
        "ComputePlane__AgentChannel__SocketType": "tcp",
        "ComputePlane__MessageBatchSize": "1",
        "Pollster__PartitionId": "p",
    }
    assert (worker.target, agent.target) == ("unix:/w", "127.0.0.1:1")
