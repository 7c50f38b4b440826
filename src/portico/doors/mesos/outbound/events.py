"""What happens to a framework, as scheduler Events."""

from __future__ import annotations

from portico.domain.offers import InverseOffer
from portico.doors.mesos import resources
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.extension.happenings import (
    Erred,
    Failed,
    Happening,
    InverseOffered,
    InverseRescinded,
    Offered,
    OfferView,
    Rescinded,
    Said,
    Updated,
)
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.outbound import agents, fields
from portico.wire.mesos import mesos_pb2 as pb
from portico.wire.mesos import scheduler_pb2

Event = scheduler_pb2.Event


def subscribed(standing: Standing, framework: str) -> Event:
    """The first event of a stream."""
    event = Event(type=Event.SUBSCRIBED)
    event.subscribed.framework_id.value = framework
    event.subscribed.heartbeat_interval_seconds = standing.periods.heartbeat / 1_000_000
    event.subscribed.master_info.CopyFrom(agents.master_info(standing))
    return event


HEARTBEAT = Event(type=Event.HEARTBEAT)
_UPDATE = Event.DESCRIPTOR.fields_by_name["update"].number
_TYPE = fields.number(Event.DESCRIPTOR.fields_by_name["type"].number, Event.UPDATE)


def update(status: bytes, encoding: Encoding) -> bytes:
    """Write the event of an update, around a status that is serialized already: this is the event that comes most."""
    if encoding is Encoding.PROTOBUF:
        return _TYPE + fields.part(_UPDATE, fields.part(1, status))
    return b'{"type":"UPDATE","update":{"status":%b}}' % jsonpb.encode_serialized(pb.TaskStatus, status)


def event_of(standing: Standing, framework: str, happening: Happening) -> Event:  # noqa: C901 — one case for each kind
    """Write one happening."""
    match happening:
        case Updated():
            event = Event(type=Event.UPDATE)
            event.update.status.ParseFromString(happening.status)
        case Offered():
            event = Event(type=Event.OFFERS)
            event.offers.offers.extend(_offer(standing, framework, view) for view in happening.offers)
        case Rescinded():
            event = Event(type=Event.RESCIND)
            event.rescind.offer_id.value = happening.offer
        case InverseOffered():
            event = Event(type=Event.INVERSE_OFFERS)
            event.inverse_offers.inverse_offers.extend(
                _inverse(standing, framework, offer, agent) for offer, agent in happening.offers
            )
        case InverseRescinded():
            event = Event(type=Event.RESCIND_INVERSE_OFFER)
            event.rescind_inverse_offer.inverse_offer_id.value = happening.offer
        case Said():
            event = Event(type=Event.MESSAGE)
            event.message.agent_id.value = happening.agent
            event.message.executor_id.value = happening.executor
            event.message.data = happening.data
        case Failed():
            event = Event(type=Event.FAILURE)
            event.failure.agent_id.value = happening.agent
            if happening.executor:
                event.failure.executor_id.value = happening.executor
            if happening.status is not None:
                event.failure.status = happening.status
        case Erred():
            event = Event(type=Event.ERROR)
            event.error.message = happening.message
    return event


def _offer(standing: Standing, framework: str, view: OfferView) -> pb.Offer:
    offer = view.offer
    message = pb.Offer(hostname=view.hostname)
    message.id.value = offer.id
    message.framework_id.value = framework
    message.agent_id.value = view.agent
    message.url.CopyFrom(agents.url(standing, offer.node))
    message.allocation_info.role = offer.role
    volumes = standing.plane.state.records["volumes"]
    message.resources.extend(resources.to_resources(offer.slices, offer.ports, offer.role, volumes))
    message.attributes.extend(agents.attribute(name, value) for name, value in view.attributes.items())
    message.executor_ids.extend(pb.ExecutorID(value=executor) for executor in view.executors)
    if offer.unavailability is not None:
        message.unavailability.CopyFrom(agents.unavailability(offer.unavailability))
    return message


def _inverse(standing: Standing, framework: str, offer: InverseOffer, agent: str) -> pb.InverseOffer:
    message = pb.InverseOffer()
    message.id.value = offer.id
    message.framework_id.value = framework
    message.agent_id.value = agent
    message.url.CopyFrom(agents.url(standing, offer.node))
    message.unavailability.CopyFrom(agents.unavailability(offer.unavailability))
    return message
