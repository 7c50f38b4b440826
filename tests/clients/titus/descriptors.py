"""Jobs as clients write them down: plain values that become messages, or JSON."""

from __future__ import annotations

HOST = "portico/host"
FOREVER = "exec sleep 600"


def container(script, image=HOST, **more):
    name, _, tag = image.partition(":")
    return {
        "resources": {"cpu": 1, "memoryMB": 512, "diskMB": 10_000, "networkMbps": 128},
        "image": {"name": name, "tag": tag or "latest"},
        "entryPoint": ["/bin/sh", "-c"],
        "command": [script],
        **more,
    }


def job(script, application="app", group=None, budget=None, attributes=None, **more):
    """Describe a job but for its kind."""
    described = {
        "owner": {"teamEmail": "team@example.org"},
        "applicationName": application,
        "container": container(script, **more.pop("container", {})),
        "attributes": attributes or {},
        **more,
    }
    if group is not None:
        described["jobGroupInfo"] = group
    if budget is not None:
        described["disruptionBudget"] = budget
    return described


def immediate(retries=0):
    return {"immediate": {"retries": retries}}


def batch(script="exit 0", size=1, limit=60, retry=None, *, again_on_limit=False, **more):
    spec = {
        "size": size,
        "runtimeLimitSec": limit,
        "retryPolicy": retry or immediate(),
        "retryOnRuntimeLimit": again_on_limit,
    }
    return job(script, **more) | {"batch": spec}


def service(script=FOREVER, desired=1, least=0, most=10, retry=None, **more):
    spec = {
        "capacity": {"min": least, "max": most, "desired": desired},
        "enabled": True,
        "retryPolicy": retry or immediate(),
    }
    return job(script, **more) | {"service": spec}
