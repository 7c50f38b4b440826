"""A door with batch and service Jobs of its own: what its callers ask for, and an ear that misses nothing."""

from __future__ import annotations

import msgspec

from portico.control.jobs.goals import create_job, resize, stop_attempt, stop_job
from portico.control.jobs.slots import move_instance
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import InstanceState, Job, JobMode, JobState, Retry, Shrink, Template
from portico.domain.runs import AbsencePolicy, EndCause, RunSpec, StopReason

DOOR = "door"
SERVICE = "service"
MOST_JOBS = 6
REASONS = (StopReason.KILLED, StopReason.EVICTED, StopReason.STUCK, StopReason.PREEMPTED)


class SimulatedDoor:
    """Its callers, and its ear; `known` is every Attempt as the ear was last told of it, `changed` what of it is new."""

    def __init__(self, world):
        self._world = world
        self._made = 0
        self._plane = None
        self.known = {}
        self.changed = set()
        self.created = set()
        self.heard = set()

    def find(self, plane):
        """Learn of a new control, before it starts."""
        self._plane = plane
        plane.job_ears[DOOR] = self
        self.known = {run.id: run for run in plane.state.runs.values() if run.door == DOOR and run.instance}

    # ---- what callers do ---------------------------------------------------------------------------------------

    async def operate(self, plane):
        """Do one thing that a caller may do; raises PorticoError when it is refused."""
        source = self._world.source
        jobs = [job for job in plane.state.jobs.values() if job.door == DOOR]
        if not jobs or (len(jobs) < MOST_JOBS and source.random() < 0.3):
            await self._create(plane)
            return
        job = source.choice(jobs)
        actions = [self._stop_attempt, self._stop_attempt, self._stop_attempt, self._stop_job]
        if job.mode is JobMode.SERVICE:
            actions += [self._resize, self._resize, self._move, self._move, self._shrink]
        with plane.begin() as tx:
            source.choice(actions)(plane, tx, job)
        await plane.committer.settled(tx.revision)

    async def _create(self, plane):
        source = self._world.source
        self._made += 1
        mode = source.choice([JobMode.BATCH, JobMode.SERVICE])
        limit = source.choice([0, 0, 1, 3])
        retry = Retry(
            limit=source.choice([0, 1, 3]),
            delay=Micros(source.choice([0, SECOND // 2])),
            factor=2,
            ceiling=Micros(4 * SECOND),
            floor=Micros(SECOND // 10),
            steady=Micros(3 * SECOND),
        )
        template = Template(
            spec=RunSpec(argv=(SERVICE if mode is JobMode.SERVICE else "batch",)),
            amounts={"cpus": 20, "mem": 10_000},
            grace=Micros(SECOND),
            timeout=Micros(source.choice([0, 0, 6 * SECOND]) if mode is JobMode.BATCH else 0),
            absence=AbsencePolicy(Micros(10 * SECOND), lose=source.random() < 0.4),
        )
        job = Job(
            id=f"job-{self._made}",
            door=DOOR,
            pool=source.choice(["/door", "/limited"]),
            mode=mode,
            created_at=plane.clock.now(),
            size=source.randrange(9),
            template=template,
            retry=retry,
            starting_limit=limit,
            shrink=source.choice([Shrink.INDEX, Shrink.SPREAD]),
        )
        with plane.begin() as tx:
            create_job(plane, tx, job)
        await plane.committer.settled(tx.revision)
        if plane is self._world.plane:
            self.created.add(job.id)

    def _resize(self, plane, tx, job):
        resize(plane, tx, job, self._world.source.randrange(9))

    def _stop_job(self, plane, tx, job):
        if self._world.source.random() < 0.4:
            stop_job(plane, tx, job, self._world.source.choice([StopReason.CANCELLED, StopReason.KILLED]), "stopped")

    def _choose(self, plane, job, *states):
        found = [plane.state.instances[identity] for identity in plane.job_instances[job.id]]
        found = [instance for instance in found if not instance.cancel and (not states or instance.state in states)]
        return self._world.source.choice(found) if found else None

    def _stop_attempt(self, plane, tx, job):
        instance = self._choose(plane, job)
        if instance is not None:
            stop_attempt(plane, tx, instance, self._world.source.choice(REASONS), "ended by hand")

    def _shrink(self, plane, tx, job):
        instance = self._choose(plane, job)
        if instance is not None and job.size:
            resize(plane, tx, job, job.size - 1)
            stop_attempt(plane, tx, instance, StopReason.KILLED, "ended for good", for_good=True)

    def _move(self, plane, tx, job):
        instance = self._choose(plane, job, InstanceState.RUNNING, InstanceState.WAITING)
        targets = [other for other in plane.state.jobs.values() if other.door == DOOR and other.id != job.id]
        if instance is not None and targets and job.size:
            target = self._world.source.choice(targets)
            move_instance(plane, tx, instance, target)
            resize(plane, tx, job, job.size - 1)
            resize(plane, tx, plane.state.jobs[target.id], target.size + 1)
            self.heard.add("moved")

    # ---- the ear -----------------------------------------------------------------------------------------------

    def prepare(self, tx, job, instance, run):
        assert instance.state is InstanceState.WAITING
        assert plane_job(self._plane, job).state is JobState.ACTIVE
        if len(job.id) % 2:
            return (run,)
        child = msgspec.structs.replace(run, id=self._plane.ids.fresh(), parent=run.id, instance="", amounts={})
        return (msgspec.structs.replace(run, tree_amounts=run.amounts), child)

    def judge(self, tx, job, instance, run, ending):
        assert self.known[run.id] == run, "the end is judged before it is told of"
        lost = run.outcome.cause is EndCause.LOST
        return msgspec.structs.replace(ending, counted=False, system=True) if lost or run.id[-1] in "01234" else ending

    def on_run(self, tx, old, new):
        before = self.known.get(new.id)
        assert (before is None) == (old is None), f"{new.id} was made twice, or never"
        if before is not None:
            assert not before.ended, f"{new.id} has ended before"
            assert (old.state, old.claim, old.job) == (before.state, before.claim, before.job), "a change was missed"
        self.known[new.id] = new
        self.changed.add(new.id)
        tx.on_undo(lambda: self._forget(new.id, before))
        if new.preparing_at:
            self.heard.add("preparing")
        self.heard.add(new.state)

    def _forget(self, identity, before):
        self.changed.add(identity)
        if before is None:
            del self.known[identity]
        else:
            self.known[identity] = before

    def on_pause(self, tx, job, instance, run_id, pause):
        assert self.known[run_id].ended
        assert instance.state is InstanceState.WAITING
        assert instance.due_at == tx.now + max(pause, 1), "the next Attempt may be made where the last one ends"
        self.heard.add("pause")

    def on_instance(self, tx, job, instance):
        assert instance.ended
        self.heard.add(instance.state)

    def on_job(self, tx, old, new):
        assert old.state is not new.state
        self.heard.add(new.state)


def plane_job(plane, job):
    return plane.state.jobs[job.id]
