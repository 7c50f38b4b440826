"""Maintenance: schedules, and machines that go down and come up again. Pure.

Raises Invalid with upstream's texts; the machines that are in the schedule now are given. A machine that is down stays
in the schedule until it is up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

import msgspec

from portico.domain.errors import Invalid
from portico.doors.mesos.extension.records import Machine, MachineMode
from portico.wire.mesos import maintenance_pb2
from portico.wire.mesos import mesos_pb2 as pb


def schedule(message: maintenance_pb2.Schedule, present: Iterable[Machine]) -> tuple[Machine, ...]:
    """Read a new schedule in place of the present one."""
    before = {machine.id: machine for machine in present}
    found: dict[str, Machine] = {}
    for number, window in enumerate(message.windows):
        duration = window.unavailability.duration.nanoseconds if window.unavailability.HasField("duration") else None
        if duration is not None and duration < 0:
            raise Invalid("Unavailability 'duration' is negative", "schedule.windows.unavailability.duration")
        for machine in machines(window.machine_ids):
            if machine.id in found:
                raise Invalid(f"Machine '{_shown(machine)}' appears more than once in the schedule", "schedule.windows")
            old = before.get(machine.id)
            found[machine.id] = msgspec.structs.replace(
                machine,
                window=number,
                start=window.unavailability.start.nanoseconds,
                duration=duration,
                mode=old.mode if old is not None else MachineMode.DRAINING,
                closed=old.closed if old is not None else (),
            )
    for machine in before.values():
        if machine.mode is MachineMode.DOWN and machine.id not in found:
            text = f"Machine '{_shown(machine)}' is deactivated and cannot be removed from the schedule"
            raise Invalid(text, "schedule.windows")
    return tuple(found.values())


def start(ids: Iterable[pb.MachineID], present: Iterable[Machine]) -> tuple[Machine, ...]:
    """Read which machines go down, and give them so."""
    known = {machine.id: machine for machine in present}
    return tuple(_turn(machine, known, MachineMode.DRAINING, "brought down") for machine in machines(ids))


def stop(ids: Iterable[pb.MachineID], present: Iterable[Machine]) -> tuple[str, ...]:
    """Read which machines come up again and leave the schedule, and give their ids."""
    known = {machine.id: machine for machine in present}
    return tuple(_turn(machine, known, MachineMode.DOWN, "brought up").id for machine in machines(ids))


def _turn(machine: Machine, known: Mapping[str, Machine], mode: MachineMode, what: str) -> Machine:
    present = known.get(machine.id)
    if present is None:
        raise Invalid(f"Machine '{_shown(machine)}' is not part of a maintenance schedule", "machines")
    if present.mode is not mode:
        text = f"Machine '{_shown(machine)}' is not in {mode.name} mode and cannot be {what}"
        raise Invalid(text, "machines")
    return msgspec.structs.replace(present, mode=MachineMode.DOWN)


def machines(ids: Iterable[pb.MachineID]) -> tuple[Machine, ...]:
    """Read a list of machines; it must not be empty nor name one twice."""
    found: dict[str, Machine] = {}
    for one in ids:
        machine = _machine(one)
        if machine.id in found:
            raise Invalid(f"Machine '{_shown(machine)}' appears more than once in the list", "machines")
        found[machine.id] = machine
    if not found:
        raise Invalid("List of machines is empty", "machines")
    return tuple(found.values())


def _machine(message: pb.MachineID) -> Machine:
    hostname = message.hostname.lower()
    if not hostname and not message.ip:
        raise Invalid("Both 'hostname' and 'ip' for a machine are empty", "machines")
    try:
        address = str(ipaddress.ip_address(message.ip)) if message.ip else ""
    except ValueError as error:
        raise Invalid(f"Failed to parse IP '{message.ip}' of a machine", "machines.ip") from error
    return Machine(f"{hostname}/{address}", hostname, address, 0, 0)


def _shown(machine: Machine) -> str:
    return " ".join(filter(None, (machine.hostname, f"({machine.ip})" if machine.ip else "")))
