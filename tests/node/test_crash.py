"""Nothing running is forgotten, and nothing forgotten runs on: with the agent, the keeper, or both killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from node.control import Node, gone, node, order, play, settled, shell

from portico.domain.runs import EndCause, Limits
from portico.node.cgroups import detect
from portico.node.journal import Intent, Opened, decode_records, encode_record
from portico.node.processes import boot_id, read_stat

MEGABYTE = 1 << 20
EAT = "x = []\nwhile True: x.append(bytearray(1 << 20))"


def has_memory_cgroup() -> bool:
    found = detect(slice_name="portico-test-probe")
    try:
        return "memory" in found.controllers
    finally:
        found.close()


def test_every_outcome_survives_the_death_of_the_agent(tmp_path: Path) -> None:
    """Fifty Runs: some end before the kill and are not acknowledged, some while nobody looks, some afterwards."""
    memory = has_memory_cgroup()
    fence = tmp_path / "fence"
    os.mkfifo(fence)

    async def story() -> None:
        async with node(cgroups=memory) as site:
            control = site.control
            control.acknowledging = False
            early = [shell(f"early{n}", f"exit {n}") for n in range(15)]
            during = [shell(f"during{n}", f"read _ < {fence}.{n}; exit {20 + n}") for n in range(15)]
            killed = [shell(f"killed{n}", f"read _ < {fence}.{n + 15}; kill -{9 + n} $$") for n in range(7)]
            late = [shell(f"late{n}", f"read _ < {fence}.{n + 22}; exit {40 + n}") for n in range(10)]
            hungry = order(
                "hungry0",
                "/bin/sh",
                "-c",
                f'read _ < {fence}.32; exec "$0" -S -c "$1"',
                sys.executable,
                EAT,
                limits=Limits(memory=30 * MEGABYTE, output=0),
            )
            for n in range(33):
                os.mkfifo(f"{fence}.{n}")
            doors = [os.open(f"{fence}.{n}", os.O_RDWR) for n in range(33)]
            control.launch(*early, *during, *killed, *late, hungry)
            everybody = {one.run for one in (*early, *during, *killed, *late, hungry)}

            def seen() -> set[str]:
                return {said.run for report in control.reports for said in report.observations if said.started}

            await control.until(lambda: seen() >= everybody)
            agent = site.agent
            assert agent is not None
            os.kill(agent, signal.SIGSTOP)
            for n in range(22):
                os.write(doors[n], b"\n")
            os.kill(agent, signal.SIGKILL)
            control.acknowledging = True
            await control.registered(2)
            for n in range(22, 33):
                os.write(doors[n], b"\n")
            await control.until(lambda: everybody <= set(control.outcomes))
            for door in doors:
                os.close(door)
            for n in range(15):
                assert control.outcomes[f"early{n}"].exit_code == n
                assert control.outcomes[f"during{n}"].exit_code == 20 + n
            for n in range(7):
                assert control.outcomes[f"killed{n}"].signal == 9 + n
            for n in range(10):
                assert control.outcomes[f"late{n}"].exit_code == 40 + n
            assert control.outcomes["hungry0"].cause is (EndCause.OUT_OF_MEMORY if memory else EndCause.EXITED)

    play(story())


def test_the_agent_may_die_again_and_again(tmp_path: Path) -> None:
    fence = tmp_path / "fence"
    os.mkfifo(fence)

    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", f"echo before; read _ < {fence}; echo after; exit 7", capture=100))
            await control.runs("r")
            await site.kill_agent()
            await site.kill_agent()
            door = os.open(fence, os.O_RDWR)
            os.write(door, b"\n")
            outcome = await control.outcome("r")
            os.close(door)
            assert (outcome.exit_code, outcome.output) == (7, b"before\nafter\n")

    play(story())


def test_a_stop_survives_the_agent() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "trap '' TERM; echo ready; while :; do sleep 0.1; done"))
            await control.runs("r")
            await settled(site, "r", b"ready\n")
            control.stop("r", grace=2.0)
            await control.ask("usage")  # the answer comes after the stop was taken
            await site.kill_agent()
            outcome = await control.outcome("r")
            assert (outcome.cause, outcome.signal) == (EndCause.STOPPED, 9)

    play(story())


def test_a_relaunch_after_the_death_of_the_agent_starts_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def story() -> None:
        async with node() as site:
            control = site.control
            launch = shell("r", f"echo x >> {mark}; exec sleep 100")
            control.launch(launch)
            await control.runs("r")
            await site.kill_agent()
            control.launch(launch)
            control.stop("r")
            await control.outcome("r")
            assert mark.read_text() == "x\n"

    play(story())


def test_runs_outlive_the_keeper_and_are_reported() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100"), shell("s", "sleep 100"))
            await control.runs("r", "s")
            keeper, agent = site.keeper, site.agent
            assert keeper is not None
            os.kill(keeper, signal.SIGKILL)
            await gone(keeper)
            os.kill(control.started["r"].pid, signal.SIGUSR1)
            assert (await control.outcome("r")).signal == signal.SIGUSR1
            assert site.agent == agent
            second = site.start()
            assert second != keeper
            control.stop("s")
            assert (await control.outcome("s")).cause is EndCause.STOPPED
            await control.registered(2)  # the orphaned agent made way for one that has a keeper
            assert site.agent != agent
            control.launch(shell("t", "exit 4"))
            assert (await control.outcome("t")).exit_code == 4

    play(story())


@pytest.mark.parametrize("memory", [False, True])
def test_keeper_and_agent_killed_together_lose_their_runs_and_leave_nothing(*, memory: bool) -> None:
    memory = memory and has_memory_cgroup()  # without one both cases are the same

    async def story() -> None:
        async with node(cgroups=memory) as site:
            control = site.control
            limits = Limits(memory=100 * MEGABYTE if memory else 0, output=0)
            script = "sleep 100 & setsid sleep 100 & echo ready; wait" if memory else "sleep 100 & echo ready; wait"
            control.launch(shell("r", script, limits=limits))
            await control.runs("r")
            await settled(site, "r", b"ready\n")
            leader = control.started["r"].pid
            family = [leader, *descendants(leader)]
            assert len(family) == (3 if memory else 2)
            keeper, agent = site.keeper, site.agent
            assert keeper is not None
            assert agent is not None
            os.kill(keeper, signal.SIGKILL)
            os.kill(agent, signal.SIGKILL)
            await gone(keeper)
            await gone(agent)
            site.start()
            outcome = await control.outcome("r")
            assert outcome.cause is EndCause.LOST
            assert "keeper" in outcome.message
            for pid in family:
                await gone(pid)

    play(story())


def test_another_boot_means_that_every_run_is_lost(tmp_path: Path) -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100"))
            await control.runs("r")
            keeper = site.keeper
            assert keeper is not None
            await end_quietly(site, keeper)
            journal = site.directory / "journal"
            data = journal.read_bytes()
            rewritten = recode(data, boot_id(), "00000000-0000-0000-0000-000000000000")
            assert rewritten != data
            journal.write_bytes(rewritten)
            site.start()
            outcome = await control.outcome("r")
            assert (outcome.cause, outcome.message) == (EndCause.LOST, "the machine was restarted")
            os.kill(control.started["r"].pid, signal.SIGKILL)

    play(story())


def test_a_damaged_journal_costs_the_damaged_runs_only() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            for run in ("r", "s"):
                control.launch(shell(run, "sleep 100"))
                await control.runs(run)
            agent = site.agent
            assert agent is not None
            os.kill(agent, signal.SIGSTOP)
            journal = site.directory / "journal"
            data = bytearray(journal.read_bytes())
            place = data.index(b"sleep 100")
            data[place : place + 5] = b"SLEEP"
            journal.write_bytes(bytes(data) + b"\xf5PJ\xfa torn")
            lost = control.started["r"].pid
            os.kill(agent, signal.SIGKILL)
            await control.registered(2)
            assert [fact.run for fact in control.registers[-1].runs] == ["s"]
            await gone(lost)
            control.stop("r")
            assert (await control.outcome("r")).cause is EndCause.LOST
            control.stop("s")
            assert (await control.outcome("s")).cause is EndCause.STOPPED
            log = (site.directory / "keeper.log").read_text()
            assert "journal is damaged" in log

    play(story())


def test_an_intent_without_a_process_is_lost_and_not_started_again(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def story() -> None:
        async with node() as site:
            control = site.control
            agent = site.agent
            assert agent is not None
            os.kill(agent, signal.SIGSTOP)
            intent = Intent(shell("r", f"touch {mark}"), "", control.heartbeats[-1].at if control.heartbeats else 1)
            with (site.directory / "journal").open("ab") as journal:
                journal.write(encode_record(intent))
            os.kill(agent, signal.SIGKILL)
            outcome = await control.outcome("r")
            assert outcome.cause is EndCause.LOST
            assert not mark.exists()

    play(story())


def test_a_process_whose_handle_was_not_written_is_found_again() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100"))
            await control.runs("r")
            agent = site.agent
            assert agent is not None
            os.kill(agent, signal.SIGSTOP)
            journal = site.directory / "journal"
            data = journal.read_bytes()
            journal.write_bytes(data[: data.rindex(b"\xf5PJ\xfa")])
            os.kill(agent, signal.SIGKILL)
            await control.registered(2)
            os.kill(control.started["r"].pid, signal.SIGTERM)
            assert (await control.outcome("r")).signal == signal.SIGTERM

    play(story())


async def end_quietly(site: Node, keeper: int) -> None:
    """End keeper and agent, leaving Runs to themselves."""
    os.kill(keeper, signal.SIGTERM)
    await gone(keeper)
    assert site.agent is None


def descendants(pid: int) -> list[int]:
    """List everybody below a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := read_stat(int(entry.name))) is not None and stat.parent == pid:
            found += [int(entry.name), *descendants(int(entry.name))]
    return found


def recode(data: bytes, old: str, new: str) -> bytes:
    """Replace a boot id in a journal, with right checksums."""
    records, damaged = decode_records(data)
    assert damaged == 0
    return b"".join(encode_record(Opened(new) if isinstance(r, Opened) and r.boot == old else r) for r in records)
