"""An agent under a keeper, ordered about over its socket: how Runs begin and end."""

from __future__ import annotations

import os

from node.control import node, order, play, shell

from portico.domain.containers import Container, Mount
from portico.domain.frames import LaunchOrder
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import CheckKind, EndCause, Fetch, Form, HealthCheck, RunSpec, StatusCheck


def test_a_run_gets_what_it_was_promised() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            script = (
                "pwd; umask; env | sort; tr '\\0' ' ' < /proc/self/cmdline; readlink /proc/self/fd/0; cat /proc/$$/stat"
            )
            control.launch(
                shell(
                    "r",
                    script,
                    capture=8192,
                    umask=0o077,
                    environment={"COLOUR": "blue", "LANG": "C"},
                    ports=((31000, 31001), (31005, 31005)),
                )
            )
            outcome = await control.outcome("r")
            sandbox = site.directory / "sandboxes" / "r"
            lines = outcome.output.decode().splitlines()
            assert lines[:2] == [str(sandbox), "0077"]
            environment = dict(line.split("=", 1) for line in lines if "=" in line)
            environment.pop("PWD")
            environment.pop("_", None)
            environment.pop("SHLVL", None)
            assert environment.pop("PATH") == os.environ["PATH"]
            assert environment == {
                "COLOUR": "blue",
                "LANG": "C",
                "HOME": str(sandbox),
                "PORTICO_SANDBOX": str(sandbox),
                "PORTICO_RUN_ID": "r",
                "PORTICO_RUN_TOKEN": "1",
                "PORTICO_NODE": "n1",
                "PORT0": "31000",
                "PORT1": "31001",
                "PORT2": "31005",
                "PORTS": "31000,31001,31005",
            }
            pid = control.started["r"].pid
            stat = lines[-1].split()
            assert (stat[0], stat[4], stat[5]) == (str(pid), str(pid), str(pid))  # leads its group and session

    play(story())


def test_each_end_has_its_cause() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            plain = site.directory.parent / "plain"
            plain.write_text("no program")
            control.launch(
                shell("three", "exit 3"),
                shell("nine", "kill -9 $$"),
                order("absent", "no-such-program"),
                order("unfit", str(plain)),
                order("nowhere", "true", working_directory="/no/such/place"),
                order("empty"),
                order("fetch", "true", fetch=(Fetch("file:///no/such/file"),)),
                shell("noisy", "printf 0123456789", capture=4),
            )
            three = await control.outcome("three")
            assert (three.cause, three.exit_code, three.signal) == (EndCause.EXITED, 3, None)
            assert three.message == "Command exited with status 3"
            assert three.cpu_micros > 0
            nine = await control.outcome("nine")
            assert (nine.cause, nine.exit_code, nine.signal) == (EndCause.SIGNALLED, None, 9)
            assert nine.message == "Command terminated with signal SIGKILL"
            for run, words in (
                ("absent", "no such program: no-such-program"),
                ("unfit", "not executable"),
                ("nowhere", "/no/such/place"),
                ("empty", "needs a command"),
            ):
                outcome = await control.outcome(run)
                assert outcome.cause is EndCause.LAUNCH_FAILED
                assert words in outcome.message
                assert run not in control.started
            assert (await control.outcome("fetch")).cause is EndCause.FETCH_FAILED
            assert [said.run for said in control.said if said.preparing] == ["fetch"]
            assert (await control.outcome("noisy")).output == b"0123"
            outcomes = dict(control.outcomes)
            control.launch(shell("three", "exit 4"))  # told again: known, and not started
            control.launch(shell("three", "exit 5", token=2))  # a new try
            await control.until(lambda: ("three", 2) in control.ended)
            assert control.ended["three", 2].exit_code == 5
            assert control.outcomes == outcomes

    play(story())


def test_what_no_system_can_be_told_ends_a_run_and_not_its_agent() -> None:
    look = ("tr\0ue",)
    soon = {"delay": Micros(0), "interval": Micros(SECOND)}

    async def story() -> None:
        async with node() as site:
            control = site.control
            agent = site.agent
            health = HealthCheck(CheckKind.COMMAND, look, grace=Micros(0), failures=1, **soon)
            around = Container("portico/host", mounts=(Mount("/tmp", "/var/\0"),))
            inside = Container("portico/host", mounts=(Mount("/sandbox/a\0b", "x", create=True),))
            control.launch(
                order("argv", "tr\0ue"),
                order("variable", "true", environment={"A": "\0"}),
                order("folder", "true", working_directory="a\0b"),
                order("user", "true", user="no\0body"),
                order("mount", "true", container=around),
                order("inside", "true", container=inside),
                order("image", "true", container=Container("portico/host", hostname="a\0b")),
                order("uri", "true", fetch=(Fetch("file:///a\0b"),)),
                order("place", "true", fetch=(Fetch("file:///etc/passwd", output_file="a\0b"),)),
                LaunchOrder("scope", 1, RunSpec(form=Form.SCOPE, user="no\0body"), Micros(0)),
                order("ill", "sleep", "100", check=health),
                order("checked", "sleep", "100", status_check=StatusCheck(CheckKind.COMMAND, look, **soon)),
            )
            refused = ("argv", "variable", "folder", "user", "mount", "inside", "image", "uri", "place", "scope")
            for run in refused:
                outcome = await control.outcome(run)
                assert outcome.cause in (EndCause.LAUNCH_FAILED, EndCause.FETCH_FAILED)
                assert outcome.message
            assert (await control.outcome("ill")).cause is EndCause.UNHEALTHY
            await control.until(lambda: control.checks.get("checked") == [None])
            assert (await control.ask("read", "checked", "a\0b")).error
            assert site.agent == agent

    play(story())
