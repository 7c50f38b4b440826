"""The door's part of control, put together: what each command does and what happens all the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.domain.errors import Invalid
from portico.domain.offers import InverseOffer, Offer
from portico.doors.mesos.extension import commands, containers, happenings, operator_commands
from portico.doors.mesos.extension.accepting import Accepting
from portico.doors.mesos.extension.acknowledging import Acknowledging
from portico.doors.mesos.extension.agents import Agents
from portico.doors.mesos.extension.executors import Executors
from portico.doors.mesos.extension.following import Following
from portico.doors.mesos.extension.frameworks import Frameworks
from portico.doors.mesos.extension.maintenance import Maintenance
from portico.doors.mesos.extension.operators import Operators
from portico.doors.mesos.extension.past import Retention
from portico.doors.mesos.extension.reconciling import Reconciling
from portico.doors.mesos.extension.records import TABLES
from portico.doors.mesos.extension.standing import DOOR, Periods, Place, Standing
from portico.doors.mesos.extension.updates import Updates
from portico.doors.mesos.outpost import words

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction


class MesosDoor:
    """The extension of control that the Mesos door is."""

    def __init__(
        self,
        pool_root: str = "/mesos",
        periods: Periods | None = None,
        *,
        hierarchical_roles: bool = False,
        limit_disk: bool = False,
    ) -> None:
        self._hierarchical = hierarchical_roles
        self._limit_disk = limit_disk
        self._pool_root = pool_root
        self._periods = periods or Periods()

    @property
    def door(self) -> str:
        """The door's name."""
        return DOOR

    @property
    def tables(self) -> tuple[RecordTable[Any], ...]:
        """The record types it keeps."""
        return TABLES

    def attach(self, plane: Plane) -> None:
        """Build the indexes and take part in what happens."""
        standing = self.standing = Standing(
            plane, self._pool_root, self._periods, hierarchical=self._hierarchical, limit_disk=self._limit_disk
        )
        self.updates = Updates(standing)
        self.agents = Agents(standing)
        self.executors = Executors(standing)
        self.frameworks = Frameworks(standing, self.updates, self.executors)
        self.reconciling = Reconciling(standing, self.updates)
        self.following = Following(standing, self.updates, self.executors, self.reconciling)
        self.acknowledging = Acknowledging(standing, self.updates)
        self.accepting = Accepting(standing, self.updates)
        self.operators = Operators(standing)
        self.maintenance = Maintenance(standing)
        self.retention = Retention(standing)
        plane.offers.listeners.append(self)

    def await_outposts(self) -> None:
        """Offer a node only while its agent can be spoken to; for servers whose nodes have outposts."""
        plane = self.standing.plane
        plane.offers.gate = lambda node: (DOOR, node) in plane.outposts.sessions

    def place(self, place: Place) -> None:
        """Learn where this master is reached."""
        self.standing.place = place

    def start(self, tx: Transaction) -> None:
        """Pick up what was under way."""
        self.standing.begin(tx)
        self.agents.start(tx)
        self.executors.start(tx)
        self.frameworks.start(tx)
        self.maintenance.start(tx)

    async def run(self) -> None:
        """Keep history within its bounds; offers and timers are the core's."""
        await self.retention.run()

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what carries out each command."""
        offers = self.standing.plane.offers

        async def decline(command: commands.Decline) -> None:
            offers.decline(command.framework, command.offers, command.refuse)

        async def answer_inverse(command: commands.AnswerInverse) -> None:
            offers.inverse.answer(command.framework, command.offers, accepted=command.accepted, refuse=command.refuse)

        async def revive(command: commands.Revive) -> None:
            offers.revive(command.framework, command.roles)

        async def suppress(command: commands.Suppress) -> None:
            offers.suppress(command.framework, command.roles)

        return {
            commands.Subscribe: self.frameworks.subscribe,
            commands.Disconnected: self.frameworks.disconnected,
            commands.Teardown: self.frameworks.teardown,
            commands.FindFramework: self.frameworks.find,
            commands.Accept: self.accepting.accept,
            commands.Decline: decline,
            commands.AnswerInverse: answer_inverse,
            commands.Revive: revive,
            commands.Suppress: suppress,
            commands.KillTask: self.following.kill,
            commands.ShutDown: self.executors.shut_down,
            commands.Acknowledge: self.acknowledging.acknowledge,
            commands.Reconcile: self.reconciling.reconcile,
            commands.SayToExecutor: self.executors.say,
            operator_commands.SetQuota: self.operators.set_quota,
            operator_commands.RemoveQuota: self.operators.remove_quota,
            operator_commands.UpdateWeights: self.operators.update_weights,
            operator_commands.ReserveResources: self.operators.reserve,
            operator_commands.UnreserveResources: self.operators.unreserve,
            operator_commands.CreateVolumes: self.operators.create,
            operator_commands.DestroyVolumes: self.operators.destroy,
            operator_commands.UpdateSchedule: self.maintenance.schedule,
            operator_commands.StartMaintenance: self.maintenance.down,
            operator_commands.StopMaintenance: self.maintenance.up,
        }

    # ---- what the outpost asks ---------------------------------------------------------------------------------

    async def asked(self, node: str, payload: bytes) -> bytes:
        """Answer the outpost of a node; raises PorticoError."""
        question = words.question(payload)
        match question:
            case words.FindExecutor():
                reply: words.Word = self.executors.find(node, question)
                await self.standing.plane.committer.settled(self.standing.plane.committer.revision)
            case words.SaidToScheduler():
                reply = self.executors.said(node, question)
            case words.TellExecutor() | words.ShutDownExecutor():
                raise Invalid(f"{type(question).__name__} is for the outpost to hear")
            case _:
                reply = await containers.answer(self.standing, node, question)
        return words.encode(reply)

    # ---- what offers come to -----------------------------------------------------------------------------------

    def on_offers(self, bidder: str, offers: Sequence[Offer]) -> None:
        """Show a framework its offers."""
        standing = self.standing
        views = []
        for offer in offers:
            node = standing.plane.state.nodes[offer.node]
            executors = standing.executors_on(bidder, offer.node)
            agent = standing.agent_of(offer.node)
            views.append(
                happenings.OfferView(offer, agent, standing.hostname_of(offer.node), node.attributes, executors)
            )
        standing.tell(bidder, happenings.Offered(tuple(views)))

    def on_rescinded(self, bidder: str, offer: str) -> None:
        """Tell a framework that an offer is gone."""
        if offer not in self.standing.kept_offers:
            self.standing.tell(bidder, happenings.Rescinded(offer))

    def on_inverse_offers(self, bidder: str, offers: Sequence[InverseOffer]) -> None:
        """Ask a framework to leave nodes."""
        named = tuple((offer, self.standing.agent_of(offer.node)) for offer in offers)
        self.standing.tell(bidder, happenings.InverseOffered(named))

    def on_inverse_rescinded(self, bidder: str, offer: str) -> None:
        """Tell a framework that it need not leave after all."""
        self.standing.tell(bidder, happenings.InverseRescinded(offer))
