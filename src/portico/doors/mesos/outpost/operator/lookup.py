"""Which Run a ContainerID means. Pure."""

from __future__ import annotations

from portico.domain.errors import Invalid
from portico.doors.mesos.outpost.operator.naming import check_name, nested_run
from portico.doors.mesos.outpost.words import AgentState, ContainerFact
from portico.wire.mesos import mesos_pb2 as pb

MOST_DEEP = 16


def check(identity: pb.ContainerID, *, nested: bool = False) -> None:
    """Raise Invalid for an id that cannot be one; `nested` asks for a parent."""
    chain = _chain(identity)
    if len(chain) > MOST_DEEP:
        raise Invalid(f"'container_id' is nested more than {MOST_DEEP} deep", "container_id")
    for name in chain:
        check_name(name)
    if nested and not identity.HasField("parent"):
        raise Invalid("Expecting 'container_id.parent' to be present", "container_id.parent")


def _chain(identity: pb.ContainerID) -> list[str]:
    """Give the names from the outermost to the innermost."""
    names = [identity.value]
    while identity.HasField("parent") and len(names) <= MOST_DEEP:
        identity = identity.parent
        names.append(identity.value)
    return names[::-1]


class Containers:
    """The live containers of a node."""

    def __init__(self, state: AgentState) -> None:
        self._by_run = {fact.run: fact for fact in state.containers}
        self._inside = {(fact.parent, name_of(fact)): fact for fact in state.containers if fact.parent}

    def find(self, identity: pb.ContainerID) -> ContainerFact | None:
        """Give the live container of this id."""
        root, *names = _chain(identity)
        fact = self._by_run.get(root)
        if fact is not None and fact.parent:
            return None  # a nested one has a parent in its id
        for name in names:
            if fact is None:
                return None
            fact = self._inside.get((fact.run, name))
        return fact

    def run_of(self, identity: pb.ContainerID) -> str:
        """Give the Run of a container, of one that may have ended too: what it would be called then."""
        root, *names = _chain(identity)
        run = root
        for name in names:
            fact = self._inside.get((run, name))
            run = fact.run if fact is not None else nested_run(run, name)
        return run

    def id_of(self, fact: ContainerFact) -> pb.ContainerID:
        """Write the id of a container."""
        identity = pb.ContainerID(value=name_of(fact))
        parent = self._by_run.get(fact.parent)
        if parent is not None:
            identity.parent.CopyFrom(self.id_of(parent))
        return identity


def name_of(fact: ContainerFact) -> str:
    """Give the last part of a container's id: the name it was nested under, or its Run's."""
    return fact.name or fact.run
