"""An agent under a keeper, ordered about over its socket."""

from __future__ import annotations

import os
import signal

from node.control import gone, node, order, play, settled, shell, until

from portico.domain.containers import Container, Mount
from portico.domain.frames import Forget, LaunchOrder, Shutdown
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import CheckKind, EndCause, Fetch, Form, HealthCheck, Limits, RunSpec, StatusCheck
from portico.node.processes import start_time

MEGABYTE = 1 << 20


def scope(run: str, **rest: object) -> LaunchOrder:
    return LaunchOrder(run=run, token=1, spec=RunSpec(form=Form.SCOPE), grace=Micros(SECOND), **rest)  # type: ignore[arg-type]


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


def test_started_and_ended_share_a_report() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(*(order(f"r{n}", "true") for n in range(40)))
            await control.until(lambda: len(control.outcomes) == 40)
            assert len(control.started) == 40
            assert len(control.reports) < 60

    play(story())


def test_stop_is_gentle_then_not_and_only_shortens() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            deaf = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
            control.launch(
                shell("polite", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done"),
                shell("deaf", deaf),
                shell("hasty", deaf),
            )
            for run in ("polite", "deaf", "hasty"):
                await settled(site, run, b"ready\n")
            control.stop("polite")
            polite = await control.outcome("polite")
            assert (polite.cause, polite.exit_code) == (EndCause.STOPPED, 4)
            control.stop("deaf", grace=0.3)
            control.stop("deaf", grace=300)
            assert (await control.outcome("deaf")).signal == signal.SIGKILL
            control.stop("hasty", grace=300)
            control.stop("hasty", grace=0)
            assert (await control.outcome("hasty")).signal == signal.SIGKILL
            control.stop("stranger")
            assert (await control.outcome("stranger")).cause is EndCause.LOST
            control.launch(shell("current", "sleep 100", token=5))
            await control.runs("current")
            control.stop("current", token=4)
            await control.until(lambda: "current" in control.outcomes)
            assert control.said[-1].token == 4
            assert start_time(control.started["current"].pid)

    play(story())


def test_what_a_leader_leaves_behind_is_killed() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100 & echo $!; exit 0", capture=20))
            outcome = await control.outcome("r")
            await gone(int(outcome.output))
            control.launch(shell("orphaning", "(setsid sleep 0.01 &); sleep 0.05; exit 6"))
            assert (await control.outcome("orphaning")).exit_code == 6

    play(story())


def test_a_tree_ends_with_its_root() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(
                scope("root"),
                shell("child", "sleep 100", parent="root"),
                shell("grandchild", "sleep 100", parent="child"),
                shell("stray", "sleep 100", parent="nobody"),
            )
            await control.runs("root", "child", "grandchild")
            assert (await control.outcome("stray")).cause is EndCause.LAUNCH_FAILED
            control.stop("root")
            for run in ("grandchild", "child", "root"):
                assert (await control.outcome(run)).cause is EndCause.STOPPED
            control.launch(shell("parent", "read _ || sleep 0.3; exit 2"), shell("kid", "sleep 100", parent="parent"))
            assert (await control.outcome("parent")).exit_code == 2
            kid = await control.outcome("kid")
            assert kid.cause is EndCause.STOPPED
            assert "parent_ended" in kid.message
            control.launch(scope("deaf"), shell("deafened", "trap '' TERM; echo ready; sleep 100", parent="deaf"))
            await control.runs("deafened")
            await settled(site, "deafened", b"ready\n")
            control.stop("deaf", grace=0.2)
            await control.outcome("deaf")
            await control.outcome("deafened")

    play(story())


def test_reports_wait_for_control_and_are_told_again() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.acknowledging = False
            control.launch(shell("r", "exit 1"))
            await control.until(lambda: any(s.outcome for report in control.reports for s in report.observations))
            heard = list(control.reports)
            control.drop()
            control.acknowledging = True
            again = await control.registered(2)
            assert again.incarnation == control.registers[0].incarnation
            assert [(fact.run, fact.ended) for fact in again.runs] == [("r", True)]
            await control.outcome("r")
            assert control.reports[len(heard) : 2 * len(heard)] == heard
            control.drop()
            assert (await control.registered(3)).runs == ()

    play(story())


def test_a_run_may_refuse_to_live_without_control() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("alone", "sleep 100", self_stop=Micros(SECOND // 2)), shell("other", "sleep 100"))
            await control.runs("alone", "other")
            await control.close()
            pid = control.started["alone"].pid
            await gone(pid)
            assert start_time(control.started["other"].pid)
            await control.open()
            outcome = await control.outcome("alone")
            assert outcome.cause is EndCause.STOPPED
            assert "no contact" in outcome.message

    play(story())


def test_questions_are_answered() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "mkdir d; echo 0123456789 > d/f; echo ready; sleep 100"))
            await settled(site, "r", b"ready\n")
            assert [(f.path, f.directory) for f in (await control.ask("list", "r")).files] == [
                ("d", True),
                ("stderr", False),
                ("stdout", False),
            ]
            part = await control.ask("read", "r", "d/f", offset=3, length=4)
            assert (part.data, part.size) == (b"3456", 11)
            usage = (await control.ask("usage")).usage
            assert [use.run for use in usage] == ["r"]
            assert usage[0].disk > 0
            assert (await control.ask("read", "r", "../../node.json")).error
            assert (await control.ask("read", "nobody", "stdout")).error
            assert (await control.ask("dance")).error

    play(story())


def test_sandboxes_go_when_told_and_when_old() -> None:
    async def story() -> None:
        async with node(collection_period=200_000, sandbox_age=1_000_000, sandbox_min_free=0.0) as site:
            control = site.control
            control.launch(shell("told", "true"), shell("old", "true"), shell("live", "sleep 100"))
            await control.outcome("told")
            await control.outcome("old")
            control.send(Forget(("told", "live")))
            for run in ("told", "old"):
                await until(lambda place=site.directory / "sandboxes" / run: not place.exists())
            assert (site.directory / "sandboxes" / "live").exists()

    play(story())


def test_limits_on_disk_and_output() -> None:
    async def story() -> None:
        async with node(usage_period=100_000) as site:
            control = site.control
            control.launch(
                shell("greedy", "head -c 3000000 /dev/zero > big; sleep 100", limits=Limits(disk=MEGABYTE)),
                shell("noisy", "while :; do echo 0123456789; sleep 0.001; done", limits=Limits(output=2000)),
            )
            outcome = await control.outcome("greedy")
            assert outcome.cause is EndCause.OUT_OF_DISK
            assert "of 1048576 bytes" in outcome.message
            rotated = site.directory / "sandboxes" / "noisy" / "stdout.1"
            await until(rotated.exists)
            assert rotated.stat().st_size <= 2 * 2000  # what came while it was cut is kept with it

    play(story())


def test_health_is_told_and_bad_health_ends_a_run() -> None:
    check = HealthCheck(
        CheckKind.COMMAND,
        ("/bin/sh", "-c", "test -e well"),
        delay=Micros(0),
        interval=Micros(50_000),
        grace=Micros(0),
        failures=2,
    )

    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "touch well; exec sleep 100", check=check))
            await control.until(lambda: True in control.health.get("r", []))
            await site.kill_agent()
            (site.directory / "sandboxes" / "r" / "well").unlink()
            outcome = await control.outcome("r")
            assert outcome.cause is EndCause.UNHEALTHY
            assert control.health["r"][-1] is False

    play(story())


def test_what_a_check_sees_is_told_when_it_changes() -> None:
    check = StatusCheck(
        CheckKind.COMMAND,
        ("/bin/sh", "-c", "test -e code || exec sleep 100; echo >> looks; exit $(cat code)"),
        delay=Micros(0),
        interval=Micros(20_000),
        timeout=Micros(500_000),
    )

    async def story() -> None:
        async with node() as site:
            control = site.control
            sandbox = site.directory / "sandboxes" / "r"

            async def looks(more: int) -> None:
                """Wait until it has looked so many times more."""
                seen = (sandbox / "looks").stat().st_size
                await until(lambda: (sandbox / "looks").stat().st_size >= seen + more)

            def say(code: str) -> None:
                (sandbox / "code.new").write_text(code)
                (sandbox / "code.new").rename(sandbox / "code")

            control.launch(shell("r", "echo 3 > code; exec sleep 100", status_check=check))
            await control.until(lambda: control.checks.get("r", [])[-1:] == [3])
            told = control.checks["r"].count(3)
            await looks(3)
            say("0")
            await control.until(lambda: control.checks["r"][-1] == 0)
            assert control.checks["r"].count(3) == told == 1
            await site.kill_agent()
            await control.until(lambda: control.checks["r"].count(0) == 2)  # a new agent tells what it sees first
            (sandbox / "code").unlink()
            await control.until(lambda: control.checks["r"][-1] is None)
            say("1")
            await control.until(lambda: control.checks["r"][-1] == 1)
            assert not control.outcomes
            control.stop("r", grace=0)
            assert (await control.outcome("r")).signal == 9

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


def test_memory_limit() -> None:
    async def story() -> None:
        async with node(cgroups=True) as site:
            control = site.control
            if "memory" not in str(control.registers[0].warnings):
                limits = Limits(memory=20 * MEGABYTE, output=0)
                control.launch(
                    shell("hungry", "x=$(head -c 100000000 /dev/zero | tr '\\0' x); exit 5", limits=limits),
                    shell("modest", "setsid sleep 100 & true", limits=limits),
                )
                hungry = await control.outcome("hungry")
                assert hungry.cause is EndCause.OUT_OF_MEMORY
                assert hungry.peak_memory > 15 * MEGABYTE
                modest = await control.outcome("modest")
                assert (modest.cause, modest.exit_code) == (EndCause.EXITED, 0)
            else:
                assert site.agent is not None

    play(story())


def test_what_a_member_brings_is_added_to_its_root() -> None:
    async def story() -> None:
        async with node(cgroups=True) as site:
            control = site.control
            if "memory" in str(control.registers[0].warnings):
                assert site.agent is not None
                return
            eat = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); exit 5"
            small, large = Limits(memory=20 * MEGABYTE, output=0), Limits(memory=100 * MEGABYTE, output=0)
            scope = LaunchOrder("root", 1, RunSpec(form=Form.SCOPE, limits=small), Micros(0))
            control.launch(scope, shell("brings", eat, parent="root", limits=large, adds=True))
            brings = await control.outcome("brings")
            assert (brings.cause, brings.exit_code) == (EndCause.EXITED, 5)
            control.launch(shell("shares", eat, parent="root", limits=large))
            shares = await control.outcome("shares")
            assert shares.cause is not EndCause.EXITED

    play(story())


def test_shutdown_ends_everything_and_takes_nothing_more() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "trap '' TERM; echo ready; sleep 100 & wait; sleep 100"))
            await settled(site, "r", b"ready\n")
            keeper = site.keeper
            assert keeper is not None
            control.send(Shutdown(stop_runs=True, grace=Micros(SECOND // 2)))
            control.launch(shell("late", "true"))
            await control.until(lambda: "late" in control.refused)
            assert (await control.outcome("r")).cause is EndCause.STOPPED
            await gone(keeper)
            assert site.agent is None
            assert site.keeper is None

    play(story())


def test_heartbeats_tell_the_load() -> None:
    async def story() -> None:
        async with node(heartbeat=50_000) as site:
            control = site.control
            control.launch(shell("r", "sleep 100"))
            await control.until(lambda: control.heartbeats and control.heartbeats[-1].runs == 1)
            assert control.heartbeats[-1].disk_free > 0
            assert control.registers[0].ports == ((31000, 31010),)

    play(story())
