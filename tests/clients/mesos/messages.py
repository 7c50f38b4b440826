"""Mesos messages as the clients' users write them: JSON values."""

from __future__ import annotations

import base64

FINAL = ("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR")


def encode(text):
    return base64.b64encode(text.encode()).decode()


def decode(data):
    return base64.b64decode(data).decode()


def scalar(name, value, **more):
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


def small(**more):
    """The resources of a task that needs next to nothing."""
    return [scalar("cpus", 0.1, **more), scalar("mem", 32, **more)]


def task(name, offer, shell=None, **more):
    """A task on an offer's agent; with a shell text it is a command task."""
    told = {
        "name": name,
        "task_id": {"value": name},
        "agent_id": offer["agent_id"],
        "resources": small(),
    }
    if shell is not None:
        told["command"] = {"shell": True, "value": shell}
    return told | more


def launch(*tasks):
    return {"type": "LAUNCH", "launch": {"task_infos": list(tasks)}}


def total(resources, name, **labels):
    """Sum a scalar over the resources that have the labels given; a label of None must be missing."""
    return sum(
        one["scalar"]["value"]
        for one in resources
        if one["name"] == name and all(one.get(label) == value for label, value in labels.items())
    )


def dynamic(role, principal=None):
    """The labels of a dynamically reserved resource."""
    return {"role": role, "reservation": {} if principal is None else {"principal": principal}}


def volume(name, size, path, role, **more):
    """A persistent volume on reserved disk."""
    disk = {"persistence": {"id": name, **more}, "volume": {"mode": "RW", "container_path": path}}
    return scalar("disk", size, **dynamic(role), disk=disk)
