"""Tasks as text, and what is made of them."""

import msgspec
from google.protobuf import text_format

from portico.doors.mesos.extension.plans import ExecutorPlan, LaunchGroup, TaskPlan
from portico.doors.mesos.inbound import tasks
from portico.doors.mesos.inbound.surroundings import Surroundings
from portico.wire.mesos import mesos_pb2 as pb

AROUND = Surroundings(
    framework="F",
    role="r",
    agent="A",
    node="n1",
    user="ann",
    roles=("r",),
    slave_pid="slave(1)@10.0.0.1:5051",
    endpoint="10.0.0.1:5051",
    volumes="/data/volumes",
)

_SOME = """
resources { name: "cpus" type: SCALAR scalar { value: 1 } role: "*" }
resources { name: "mem" type: SCALAR scalar { value: 64 } }
resources { name: "disk" type: SCALAR scalar { value: 10 } }
"""
_TASK = f'name: "n" task_id {{ value: "t" }} agent_id {{ value: "A" }} {_SOME}'
COMMAND = f'{_TASK} command {{ value: "true" }}'
DOCKER = f'{COMMAND} container {{ type: DOCKER docker {{ image: "i" }} }}'
IMAGE = f'{COMMAND} container {{ type: MESOS mesos {{ image {{ type: DOCKER docker {{ name: "i" }} }} }} }}'
CUSTOM = f'{_TASK} executor {{ executor_id {{ value: "e" }} command {{ value: "run" }} {_SOME} }}'
DEFAULT = f'type: DEFAULT executor_id {{ value: "e" }} framework_id {{ value: "F" }} {_SOME}'


def info(base, more="", kind=pb.TaskInfo):
    """Give a message of a text, with what another text says over it."""
    message = kind()
    text_format.Merge(base, message)
    text_format.Merge(more, message)
    return message


def task(base, more="", around=AROUND):
    """Read a task."""
    return tasks.read_task(info(base, more), around)


def group(executor, *texts, around=AROUND):
    """Read a group of tasks; an executor is a text over that of the built-in one."""
    return tasks.read_group(info(DEFAULT, executor, pb.ExecutorInfo), [info(one) for one in texts], around)


def bare(plan):
    """Give a plan without the messages it keeps."""
    match plan:
        case LaunchGroup():
            return bare(plan.executor), tuple(bare(one) for one in plan.tasks), plan.problem
        case ExecutorPlan():
            return msgspec.structs.replace(plan, info=b"")
        case TaskPlan():
            executor = bare(plan.executor) if plan.executor is not None else None
            spec = msgspec.structs.replace(plan.spec, payload=b"")
            return msgspec.structs.replace(plan, info=b"", spec=spec, executor=executor)
