"""The outstanding offers of one moment, as GET_FRAMEWORKS tells them. Pure."""

from __future__ import annotations

from collections import defaultdict

from portico.doors.mesos import resources
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.outbound import agents
from portico.wire.mesos import mesos_pb2 as pb


def offers(snapshot: Snapshot) -> dict[str, list[pb.Offer]]:
    """Write the offers, by framework."""
    executors: dict[tuple[str, str], list[str]] = defaultdict(list)
    for executor in snapshot.executors.values():
        if not executor.ended:
            executors[executor.framework, executor.node].append(executor.executor)
    found: dict[str, list[pb.Offer]] = defaultdict(list)
    for one in snapshot.offers:
        agent, node = snapshot.agents.get(one.node), snapshot.nodes.get(one.node)
        if agent is None or node is None:
            continue
        message = pb.Offer(hostname=snapshot.addresses[one.node][0], url=_url(snapshot, one.node))
        message.id.value = one.id
        message.framework_id.value = one.bidder
        message.agent_id.value = agent.agent
        message.allocation_info.role = one.role
        message.resources.extend(resources.to_resources(one.slices, one.ports, one.role, snapshot.volumes))
        message.attributes.extend(agents.attribute(name, value) for name, value in node.attributes.items())
        message.executor_ids.extend(pb.ExecutorID(value=name) for name in executors[one.bidder, one.node])
        if one.unavailability is not None:
            message.unavailability.CopyFrom(agents.unavailability(one.unavailability))
        found[one.bidder].append(message)
    return found


def inverse_offers(snapshot: Snapshot) -> dict[str, list[pb.InverseOffer]]:
    """Write the requests to leave agents that nobody has answered, by framework."""
    found: dict[str, list[pb.InverseOffer]] = defaultdict(list)
    for one in snapshot.inverse_offers:
        agent = snapshot.agents.get(one.node)
        if agent is None or one.node not in snapshot.addresses:
            continue
        message = pb.InverseOffer(url=_url(snapshot, one.node))
        message.id.value = one.id
        message.framework_id.value = one.bidder
        message.agent_id.value = agent.agent
        message.unavailability.CopyFrom(agents.unavailability(one.unavailability))
        found[one.bidder].append(message)
    return found


def _url(snapshot: Snapshot, node: str) -> pb.URL:
    hostname, port = snapshot.addresses[node]
    address = pb.Address(hostname=hostname, ip=snapshot.place.address, port=port)
    return pb.URL(scheme="http", address=address, path=agents.AGENT_PATH)
