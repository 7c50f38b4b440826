"""What an agent tells: reports, answers to questions, the load."""

from __future__ import annotations

from node.control import node, order, play, settled, shell


def test_started_and_ended_share_a_report() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(*(order(f"r{n}", "true") for n in range(40)))
            await control.until(lambda: len(control.outcomes) == 40)
            assert len(control.started) == 40
            assert len(control.reports) < 60

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


def test_heartbeats_tell_the_load() -> None:
    async def story() -> None:
        async with node(heartbeat=50_000) as site:
            control = site.control
            control.launch(shell("r", "sleep 100"))
            await control.until(lambda: control.heartbeats and control.heartbeats[-1].runs == 1)
            assert control.heartbeats[-1].disk_free > 0
            assert control.registers[0].ports == ((31000, 31010),)

    play(story())
