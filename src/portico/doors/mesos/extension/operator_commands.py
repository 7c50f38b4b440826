"""What operators ask for: one command for each call that changes something. Parts of calls are carried as they came.

Raises Invalid for what is wrong (400), Conflict for what does not fit now (409). `principal` is whom the caller was
authenticated as, empty for nobody.
"""

from __future__ import annotations

from portico.control.commands import Command
from portico.wire.mesos import maintenance_pb2, master_pb2, quota_pb2
from portico.wire.mesos import mesos_pb2 as pb


class SetQuota(Command, frozen=True):
    """Guarantee resources to a role that has no guarantee yet."""

    request: quota_pb2.QuotaRequest
    principal: str = ""


class RemoveQuota(Command, frozen=True):
    """Take a role's guarantee back."""

    role: str


class UpdateWeights(Command, frozen=True):
    """Say how much the shares of roles count."""

    weights: tuple[pb.WeightInfo, ...]


class ReserveResources(Command, frozen=True):
    """Set free resources of an agent aside for a role."""

    call: master_pb2.Call.ReserveResources
    principal: str = ""


class UnreserveResources(Command, frozen=True):
    """Give free reserved resources of an agent back to all."""

    call: master_pb2.Call.UnreserveResources
    principal: str = ""


class CreateVolumes(Command, frozen=True):
    """Make persistent volumes of free reserved disk of an agent."""

    call: master_pb2.Call.CreateVolumes
    principal: str = ""


class DestroyVolumes(Command, frozen=True):
    """Remove persistent volumes of an agent that nothing uses."""

    call: master_pb2.Call.DestroyVolumes
    principal: str = ""


class UpdateSchedule(Command, frozen=True):
    """Replace the maintenance schedule."""

    schedule: maintenance_pb2.Schedule


class StartMaintenance(Command, frozen=True):
    """Take scheduled machines down: what runs there is stopped, and they are offered to nobody."""

    machines: tuple[pb.MachineID, ...]


class StopMaintenance(Command, frozen=True):
    """Bring machines that are down up again; they leave the schedule."""

    machines: tuple[pb.MachineID, ...]
