"""What the members of a root bring, counted one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from portico.domain.errors import Exhausted
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Instant, Micros
from portico.domain.runs import Form, Limits, RunSpec
from portico.node.charges import Charge, Charges, Stage
from portico.node.sharing import Sharing

ROOT = Limits(cpus=1000, cpu_quota=True, memory=100, pids=10, disk=7)


class Groups:
    """Takes limits, and remembers them in order."""

    def __init__(self) -> None:
        self.given: list[tuple[str, Limits]] = []
        self.full = False

    def prepare(self, name: str, limits: Limits, parent: str = "") -> None:
        if self.full:
            raise Exhausted("in use")
        self.given.append((f"{parent}/{name}" if parent else name, limits))


class Scene:
    def __init__(self) -> None:
        self.groups = Groups()
        self.charges = Charges()
        self.sharing = self.anew()

    def anew(self) -> Sharing:
        site: Any = SimpleNamespace(charges=self.charges, cgroups=self.groups)
        return Sharing(site)

    def charge(self, run: str, limits: Limits, *, adds: bool = True, **within: str) -> Charge:
        order = LaunchOrder(run, 1, RunSpec(form=Form.SCOPE, limits=limits), Micros(0), adds=adds, **within)
        charge = Charge(order, run, Instant(1))
        charge.stage = Stage.RUNNING
        self.charges.add(charge)
        return charge

    def begin(self, run: str, limits: Limits, *, adds: bool = True, **within: str) -> Charge:
        charge = self.charge(run, limits, adds=adds, **within)
        self.sharing.changed(charge)
        return charge

    def end(self, charge: Charge) -> None:
        charge.stage = Stage.ENDED
        self.charges.end(charge)
        self.sharing.changed(charge)

    @property
    def newest(self) -> Limits:
        return self.groups.given[-1][1]


def test_members_add_up_and_go_again() -> None:
    scene = Scene()
    scene.charge("root", ROOT, adds=False)
    first = scene.begin("a", Limits(cpus=100, cpu_quota=True, memory=5, pids=2), parent="root")
    assert scene.newest == Limits(cpus=1100, cpu_quota=True, memory=105, pids=12, disk=7)
    scene.begin("b", Limits(cpus=10, memory=1), host="root")
    assert scene.newest == Limits(cpus=1110, memory=106, disk=7)
    scene.end(first)
    assert scene.newest == Limits(cpus=1010, memory=101, disk=7)


def test_nothing_is_written_that_the_group_has_already() -> None:
    scene = Scene()
    root = scene.charge("root", Limits(cpus=1), adds=False)
    scene.begin("a", Limits(), parent="root")
    scene.end(scene.begin("b", Limits(), host="root"))
    scene.begin("shares", Limits(memory=9), parent="root", adds=False)
    scene.sharing.fit(root)
    assert len(scene.groups.given) == 1


def test_room_that_could_not_be_taken_back_is_tried_again() -> None:
    scene = Scene()
    root = scene.charge("root", ROOT, adds=False)
    member = scene.begin("a", Limits(memory=5), parent="root")
    scene.groups.full = True
    scene.end(member)
    assert scene.newest.memory == 105
    scene.groups.full = False
    scene.sharing.fit(root)
    assert scene.newest == ROOT


def test_a_new_agent_counts_what_is_there() -> None:
    scene = Scene()
    scene.charge("root", ROOT, adds=False)
    left = [scene.begin(f"m{number}", Limits(memory=1), host="root") for number in range(3)]
    scene.sharing = scene.anew()
    scene.end(left[0])
    assert scene.newest.memory == 102
    scene.begin("more", Limits(memory=10), parent="root")
    assert scene.newest.memory == 112


def test_what_is_left_in_an_ended_member_counts_no_more() -> None:
    scene = Scene()
    scene.charge("root", ROOT, adds=False)
    middle = scene.begin("middle", Limits(memory=10), parent="root")
    inner = scene.begin("inner", Limits(memory=20), parent="middle")
    assert ("middle", Limits(memory=30)) in scene.groups.given
    assert scene.newest.memory == 130
    scene.end(middle)
    assert scene.newest == ROOT
    middle.keep()
    scene.end(inner)
    assert scene.newest == ROOT


def test_a_change_costs_the_same_however_many_members_there_are(monkeypatch: Any) -> None:
    scene = Scene()
    scene.charge("root", ROOT, adds=False)
    scene.begin("first", Limits(memory=1), host="root")
    asked: list[str] = []
    monkeypatch.setattr(Charges, "hosted", lambda _self, run: asked.append(run) or [])
    for number in range(100):
        scene.begin(f"m{number}", Limits(memory=1), host="root")
    assert scene.newest.memory == 201
    assert not asked


_LIMITS = some.builds(
    Limits,
    cpus=some.integers(0, 3),
    cpu_quota=some.booleans(),
    memory=some.integers(0, 3),
    pids=some.integers(0, 3),
)


@given(
    own=_LIMITS,
    members=some.lists(some.tuples(_LIMITS, some.booleans(), some.integers(0, 3)), max_size=12),
    restarted=some.booleans(),
)
def test_the_sum_is_that_of_those_who_live(
    own: Limits, members: list[tuple[Limits, bool, int]], *, restarted: bool
) -> None:
    scene = Scene()
    root = scene.charge("root", own, adds=False)
    live: dict[str, Charge] = {}
    for number, (limits, adds, end) in enumerate(members):
        live[f"m{number}"] = scene.begin(f"m{number}", limits, adds=adds, host="root")
        if end < len(live):
            scene.end(live.pop(list(live)[end]))
        if restarted and number == 5:
            scene.sharing = scene.anew()
    scene.sharing.fit(root)
    brought = [charge.order.spec.limits for charge in live.values() if charge.order.adds]
    everyone = [own, *brought]
    assert scene.newest == Limits(
        cpus=sum(limits.cpus for limits in everyone),
        cpu_quota=all(limits.cpu_quota for limits in everyone),
        memory=sum(limits.memory for limits in everyone) if all(limits.memory for limits in everyone) else 0,
        pids=sum(limits.pids for limits in everyone) if all(limits.pids for limits in everyone) else 0,
    )
