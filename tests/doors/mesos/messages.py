"""Random messages of any type, built from descriptors alone."""

from __future__ import annotations

from random import Random

from google.protobuf.descriptor import FieldDescriptor as F
from hypothesis import strategies as st

from portico.wire.mesos import agent_pb2, executor_pb2, master_pb2, mesos_pb2, scheduler_pb2

TYPES = (
    scheduler_pb2.Call,
    scheduler_pb2.Event,
    executor_pb2.Call,
    executor_pb2.Event,
    master_pb2.Call,
    master_pb2.Event,
    master_pb2.Response,
    agent_pb2.Call,
    agent_pb2.Response,
    agent_pb2.ProcessIO,
    mesos_pb2.TaskInfo,
)

_BOUNDS = {
    F.TYPE_INT32: (-(2**31), 2**31 - 1),
    F.TYPE_INT64: (-(2**63), 2**63 - 1),
    F.TYPE_UINT32: (0, 2**32 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1),
}
_CHARACTERS = 'ab/ "\\\n\t\0\x7f\x85é\u2028€\U0001f600*'
_DOUBLES = (0.0, -0.0, 1.0, 0.1, -2.5, 1e300, 5e-324, 1e16, 123456789.125)


def _scalar(random, field):
    match field.type:
        case F.TYPE_STRING:
            return "".join(random.choices(_CHARACTERS, k=random.randrange(6)))
        case F.TYPE_BYTES:
            return random.randbytes(random.choice((0, 1, 2, 3, 16, 200)))
        case F.TYPE_BOOL:
            return random.random() < 0.5
        case F.TYPE_DOUBLE:
            return random.choice((*_DOUBLES, random.random()))
        case F.TYPE_ENUM:
            return random.choice([value.number for value in field.enum_type.values])
    least, most = _BOUNDS[field.type]
    return random.choice((least, most, 0, 1, random.randint(least, most), max(least, -1)))


def fill(random, message, depth=0):
    """Set every required field and some of the others, fewer the deeper."""
    for field in message.DESCRIPTOR.fields:
        if not field.is_required and random.random() > 0.6 / (1 + depth):
            continue
        if field.type == F.TYPE_MESSAGE:
            for _ in range(random.randint(1, 2) if field.is_repeated else 1):
                part = getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name)
                part.SetInParent()
                fill(random, part, depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).extend(_scalar(random, field) for _ in range(random.randint(1, 3)))
        else:
            setattr(message, field.name, _scalar(random, field))


def build(type_, seed):
    """Build the complete message of a seed."""
    message = type_()
    fill(Random(seed), message)
    return message


def messages(types=TYPES):
    """Draw complete messages of some types; a failure names type and seed rather than a small message."""
    return st.builds(build, st.sampled_from(types), st.integers(0, 2**32))
