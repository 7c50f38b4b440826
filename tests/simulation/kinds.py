"""What the simulated server is configured with: kinds of every sort, the fleet for functions, and a pool with a limit."""

from __future__ import annotations

from portico.control.jobs.catalogue import kind_id
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import Job, JobMode, Retry, Schedule, Template
from portico.domain.nodes import Pool
from portico.domain.runs import AbsencePolicy, RunSpec

FLEET = "python"


def make_jobs():
    """Kinds of every sort: plain, retried, bounded, timed, cron, functions; and the fleet for the functions."""

    def command(name, *, cpus=1000, **changes):
        template = Template(
            spec=RunSpec(argv=(name,)),
            amounts={"cpus": cpus, "mem": 100_000},
            timeout=changes.pop("timeout", Micros(0)),
            grace=Micros(2 * SECOND),
            absence=changes.pop("absence", AbsencePolicy(Micros(40 * SECOND), lose=True)),
        )
        return Job(
            id=kind_id(name),
            door="jobv1",
            pool=changes.pop("pool", "/jobv1"),
            mode=JobMode.DEMAND,
            created_at=0,
            template=template,
            **changes,
        )

    def function(name, **changes):
        template = Template(
            function=name, fleet=FLEET, timeout=changes.pop("timeout", Micros(0)), grace=Micros(1 * SECOND)
        )
        return Job(
            id=kind_id(name),
            door="jobv1",
            pool="/jobv1",
            mode=JobMode.DEMAND,
            created_at=0,
            template=template,
            **changes,
        )

    fleet = Job(
        id="fleet/python",
        door="jobv1",
        pool="/jobv1",
        mode=JobMode.SERVICE,
        created_at=0,
        size=2,
        template=Template(
            spec=RunSpec(argv=("worker",)),
            amounts={"cpus": 100},
            priority=-1000,
            labels={"portico.fleet": FLEET},
            grace=Micros(SECOND),
            absence=AbsencePolicy(Micros(40 * SECOND), lose=True),
        ),
        retry=Retry(0, Micros(SECOND), 2, Micros(5 * SECOND), steady=Micros(30 * SECOND)),
    )
    patient = AbsencePolicy(Micros(30 * SECOND), lose=False)
    return [
        command("plain"),
        command("retried", retry=Retry(2, Micros(SECOND), 2)),
        command("bounded", concurrency=2, cpus=500),
        command("timed", timeout=Micros(4 * SECOND), retry=Retry(1)),
        command("patient", absence=patient, pool="/limited"),
        command("cron", schedule=Schedule("@every 7s", "UTC")),
        function("brief"),
        function("retried-function", retry=Retry(2, Micros(SECOND))),
        function("hung", timeout=Micros(3 * SECOND), retry=Retry(1)),
        fleet,
    ]


COMMANDS = ["plain", "retried", "bounded", "timed", "patient", "brief", "brief", "retried-function", "hung"]
POOLS = [Pool(id="/limited", limit={"cpus": 2000})]
