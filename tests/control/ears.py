"""Jobs of a door of their own, and an ear that notes what it is told."""

from __future__ import annotations

import msgspec

from portico.control.jobs.goals import create_job
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import Job, JobMode, Retry, Template
from portico.domain.runs import RunSpec

DOOR = "tested"


class NotingEar:
    """Passes everything on as it is; `heard` is what it was told, in order."""

    def __init__(self):
        self.heard = []
        self.children = ()
        self.judging = lambda ending: ending

    def prepare(self, tx, job, instance, run):
        self.heard.append(("prepare", instance.index))
        return (
            run,
            *(
                msgspec.structs.replace(run, id=f"{run.id}-{name}", parent=run.id, instance="", amounts={})
                for name in self.children
            ),
        )

    def judge(self, tx, job, instance, run, ending):
        return self.judging(ending)

    def on_run(self, tx, old, new):
        if old is None:
            said = "made"
        elif new.job != old.job:
            said = "moved"
        elif new.stop != old.stop and not new.ended:
            said = "stop"
        elif new.preparing_at and not old.preparing_at:
            said = "preparing"
        elif new.healthy != old.healthy:
            said = "health"
        else:
            said = new.state.value
        self.heard.append(("run", said))

    def on_pause(self, tx, job, instance, run_id, pause):
        self.heard.append(("pause", pause))

    def on_instance(self, tx, job, instance):
        self.heard.append(("instance", instance.state.value))

    def on_job(self, tx, old, new):
        self.heard.append(("job", new.state.value))

    def take(self):
        """Give what was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard


def make_job(mode=JobMode.BATCH, size=1, identity="j1", **changes):
    template = Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000}, grace=Micros(SECOND))
    return Job(
        id=identity,
        door=DOOR,
        pool="/tested",
        mode=mode,
        created_at=0,
        size=size,
        template=changes.pop("template", template),
        retry=changes.pop("retry", Retry()),
        **changes,
    )


def listen(plane):
    """Give the plane an ear for this door."""
    ear = plane.job_ears[DOOR] = NotingEar()
    return ear


def create(plane, job):
    with plane.begin() as tx:
        return create_job(plane, tx, job)


def live(plane, job):
    """Give the live Instances of a Job that are to stay, oldest first."""
    found = [plane.state.instances[identity] for identity in plane.job_instances[job]]
    return [instance for instance in found if not instance.cancel]
