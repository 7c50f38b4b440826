"""Nothing that a task can say is silently ignored: each field is served, kept for others to read, or refused by name."""

import pytest
from doors.mesos.inbound.building import COMMAND, CUSTOM, DOCKER, IMAGE, bare, task
from google.protobuf.descriptor import FieldDescriptor

from portico.wire.mesos import mesos_pb2 as pb

SERVED = "served"
KEPT = "kept"
REFUSED = "refused"

_VOLUME = 'volumes { mode: RW container_path: "c" %s }'
_PERSISTENT = """resources { name: "disk" type: SCALAR scalar { value: 1 } role: "r" disk {
persistence { id: "p" %s } volume { mode: RW container_path: "c" %s } %s } }"""
_MAPPED = "network: BRIDGE port_mappings { host_port: %s container_port: %s %s }"
_NAMED = 'container { network_infos { name: "net" %s } }'
_HEALTH = "health_check { %s }"
_HTTP = "type: HTTP http { port: 1 %s }"
_RESERVED = 'resources { name: "mem" type: SCALAR scalar { value: 1 } role: "r" %s }'
_CHECK = "check { type: HTTP http { port: 1 %s } %s }"
_DISCOVERY = "discovery { visibility: CLUSTER %s }"
_VARIABLE = 'command { environment { variables { name: "N" %s } } }'
_LIMIT = "container { rlimit_info { rlimits { type: RLMT_NOFILE %s } } }"
_SOURCE = 'resources { name: "disk" type: SCALAR scalar { value: 1 } disk { source { %s } } }'

# message → field → (what becomes of it, a task, what is said over it, what a refusal names)
FIELDS = {
    "TaskInfo": {
        "name": (SERVED, COMMAND, 'name: "other"'),
        "task_id": (SERVED, COMMAND, 'task_id { value: "u" }'),
        "agent_id": (REFUSED, COMMAND, 'agent_id { value: "B" }', "invalid agent B"),
        "resources": (SERVED, COMMAND, 'resources { name: "mem" type: SCALAR scalar { value: 1 } }'),
        "executor": (SERVED, CUSTOM, 'executor { executor_id { value: "x" } }'),
        "command": (SERVED, COMMAND, 'command { value: "false" }'),
        "container": (SERVED, COMMAND, "container { type: MESOS tty_info { } }"),
        "health_check": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 }"),
        "check": (SERVED, COMMAND, _CHECK % ("", "")),
        "kill_policy": (SERVED, COMMAND, "kill_policy { grace_period { nanoseconds: 9000000000 } }"),
        "data": (KEPT, COMMAND, 'data: "d"'),
        "labels": (SERVED, COMMAND, 'labels { labels { key: "k" } }'),
        "discovery": (KEPT, COMMAND, _DISCOVERY % ""),
    },
    "TaskID": {"value": (SERVED, COMMAND, 'task_id { value: "u" }')},
    "AgentID": {"value": (REFUSED, COMMAND, 'agent_id { value: "B" }', "invalid agent B")},
    "ExecutorID": {"value": (SERVED, CUSTOM, 'executor { executor_id { value: "x" } }')},
    "FrameworkID": {"value": (REFUSED, CUSTOM, 'executor { framework_id { value: "G" } }', "invalid FrameworkID")},
    "ExecutorInfo": {
        "type": (REFUSED, CUSTOM, "executor { type: DEFAULT }", "DEFAULT"),
        "executor_id": (SERVED, CUSTOM, 'executor { executor_id { value: "x" } }'),
        "framework_id": (KEPT, CUSTOM, 'executor { framework_id { value: "F" } }'),
        "command": (SERVED, CUSTOM, 'executor { command { value: "x" } }'),
        "container": (SERVED, CUSTOM, 'executor { container { type: DOCKER docker { image: "i" } } }'),
        "resources": (SERVED, CUSTOM, 'executor { resources { name: "mem" type: SCALAR scalar { value: 1 } } }'),
        "name": (KEPT, CUSTOM, 'executor { name: "x" }'),
        "source": (KEPT, CUSTOM, 'executor { source: "x" }'),
        "data": (KEPT, CUSTOM, 'executor { data: "x" }'),
        "discovery": (KEPT, CUSTOM, "executor { discovery { visibility: CLUSTER } }"),
        "shutdown_grace_period": (SERVED, CUSTOM, "executor { shutdown_grace_period { nanoseconds: 9000000000 } }"),
        "labels": (KEPT, CUSTOM, 'executor { labels { labels { key: "k" } } }'),
    },
    "CommandInfo": {
        "uris": (SERVED, COMMAND, 'command { uris { value: "/x" } }'),
        "environment": (SERVED, COMMAND, _VARIABLE % 'value: "v"'),
        "shell": (SERVED, COMMAND, "command { shell: false }"),
        "value": (SERVED, COMMAND, 'command { value: "x" }'),
        "arguments": (SERVED, COMMAND, 'command { shell: false arguments: "a" arguments: "b" }'),
        "user": (SERVED, COMMAND, 'command { user: "bob" }'),
    },
    "CommandInfo.URI": {
        "value": (SERVED, COMMAND, 'command { uris { value: "/x" } }'),
        "executable": (SERVED, COMMAND, 'command { uris { value: "/x" executable: true } }'),
        "extract": (SERVED, COMMAND, 'command { uris { value: "/x" extract: false } }'),
        "cache": (SERVED, COMMAND, 'command { uris { value: "/x" cache: true } }'),
        "output_file": (SERVED, COMMAND, 'command { uris { value: "/x" output_file: "y" } }'),
    },
    "Environment": {"variables": (SERVED, COMMAND, _VARIABLE % 'value: "v"')},
    "Environment.Variable": {
        "name": (SERVED, COMMAND, _VARIABLE % 'value: "v"'),
        "type": (REFUSED, COMMAND, _VARIABLE % "type: UNKNOWN", "has no type"),
        "value": (SERVED, COMMAND, _VARIABLE % 'value: "v"'),
        "secret": (SERVED, COMMAND, _VARIABLE % 'type: SECRET secret { type: VALUE value { data: "v" } }'),
    },
    "Secret": {
        "type": (REFUSED, COMMAND, _VARIABLE % "type: SECRET secret { type: REFERENCE }", "refers to a secret"),
        "reference": (
            REFUSED,
            COMMAND,
            _VARIABLE % 'type: SECRET secret { reference { name: "x" } }',
            "refers to a secret",
        ),
        "value": (SERVED, COMMAND, _VARIABLE % 'type: SECRET secret { value { data: "v" } }'),
    },
    "Secret.Reference": {
        "name": (REFUSED, COMMAND, _VARIABLE % 'type: SECRET secret { reference { name: "x" } }', "refers to a secret"),
        "key": (
            REFUSED,
            COMMAND,
            _VARIABLE % 'type: SECRET secret { reference { name: "x" key: "y" } }',
            "refers to a secret",
        ),
    },
    "Secret.Value": {"data": (SERVED, COMMAND, _VARIABLE % 'type: SECRET secret { value { data: "v" } }')},
    "ContainerInfo": {
        "type": (REFUSED, COMMAND, "container { type: DOCKER }", "'docker' is not set"),
        "volumes": (SERVED, DOCKER, "container { " + _VOLUME % 'host_path: "/x"' + " }"),
        "hostname": (SERVED, DOCKER, 'container { hostname: "h" }'),
        "docker": (SERVED, DOCKER, 'container { docker { image: "j" } }'),
        "mesos": (SERVED, IMAGE, 'container { mesos { image { docker { name: "j" } } } }'),
        "network_infos": (SERVED, IMAGE, _NAMED % ""),
        "linux_info": (SERVED, IMAGE, "container { linux_info { capability_info { capabilities: KILL } } }"),
        "rlimit_info": (SERVED, IMAGE, _LIMIT % ""),
        "tty_info": (SERVED, IMAGE, "container { tty_info { } }"),
    },
    "ContainerInfo.DockerInfo": {
        "image": (SERVED, DOCKER, 'container { docker { image: "j" } }'),
        "network": (SERVED, DOCKER, "container { docker { network: NONE } }"),
        "port_mappings": (SERVED, DOCKER, "container { docker { " + _MAPPED % (1, 2, "") + " } }"),
        "privileged": (SERVED, DOCKER, "container { docker { privileged: true } }"),
        "parameters": (SERVED, DOCKER, 'container { docker { parameters { key: "hostname" value: "h" } } }'),
        "force_pull_image": (SERVED, DOCKER, "container { docker { force_pull_image: true } }"),
        "volume_driver": (REFUSED, DOCKER, 'container { docker { volume_driver: "x" } }', "'docker.volume_driver'"),
    },
    "ContainerInfo.DockerInfo.PortMapping": {
        "host_port": (SERVED, DOCKER, "container { docker { " + _MAPPED % (1, 2, "") + " } }"),
        "container_port": (SERVED, DOCKER, "container { docker { " + _MAPPED % (1, 2, "") + " } }"),
        "protocol": (SERVED, DOCKER, "container { docker { " + _MAPPED % (1, 2, 'protocol: "udp"') + " } }"),
    },
    "ContainerInfo.MesosInfo": {"image": (SERVED, IMAGE, 'container { mesos { image { docker { name: "j" } } } }')},
    "Image": {
        "type": (REFUSED, IMAGE, "container { mesos { image { type: APPC } } }", "APPC"),
        "appc": (REFUSED, IMAGE, 'container { mesos { image { appc { name: "j" } } } }', "appc"),
        "docker": (SERVED, IMAGE, 'container { mesos { image { docker { name: "j" } } } }'),
        "cached": (SERVED, IMAGE, "container { mesos { image { cached: false } } }"),
    },
    "Image.Appc": {
        "name": (REFUSED, IMAGE, 'container { mesos { image { appc { name: "j" } } } }', "appc"),
        "id": (REFUSED, IMAGE, 'container { mesos { image { appc { name: "j" id: "i" } } } }', "appc"),
        "labels": (REFUSED, IMAGE, 'container { mesos { image { appc { name: "j" labels { } } } } }', "appc"),
    },
    "Image.Docker": {
        "name": (SERVED, IMAGE, 'container { mesos { image { docker { name: "j" } } } }'),
        "credential": (
            REFUSED,
            IMAGE,
            'container { mesos { image { docker { credential { principal: "p" } } } } }',
            "credential",
        ),
    },
    "Credential": {
        "principal": (
            REFUSED,
            IMAGE,
            'container { mesos { image { docker { credential { principal: "p" } } } } }',
            "credential",
        ),
        "secret": (
            REFUSED,
            IMAGE,
            'container { mesos { image { docker { credential { principal: "p" secret: "s" } } } } }',
            "credential",
        ),
    },
    "Volume": {
        "mode": (SERVED, IMAGE, 'container { volumes { mode: RO container_path: "c" host_path: "/x" } }'),
        "container_path": (SERVED, IMAGE, "container { " + _VOLUME % 'host_path: "/x"' + " }"),
        "host_path": (SERVED, IMAGE, "container { " + _VOLUME % 'host_path: "/x"' + " }"),
        "image": (REFUSED, IMAGE, "container { " + _VOLUME % "image { type: DOCKER }" + " }", "'volumes.image'"),
        "source": (
            SERVED,
            IMAGE,
            "container { " + _VOLUME % 'source { type: SANDBOX_PATH sandbox_path { type: SELF path: "x" } }' + " }",
        ),
    },
    "Volume.Source": {
        "type": (REFUSED, IMAGE, "container { " + _VOLUME % "source { }" + " }", "must be a SANDBOX_PATH"),
        "docker_volume": (
            REFUSED,
            IMAGE,
            "container { " + _VOLUME % 'source { docker_volume { name: "v" } }' + " }",
            "docker_volume",
        ),
        "sandbox_path": (
            SERVED,
            IMAGE,
            "container { " + _VOLUME % 'source { type: SANDBOX_PATH sandbox_path { type: SELF path: "x" } }' + " }",
        ),
    },
    "Volume.Source.DockerVolume": {
        name: (
            REFUSED,
            IMAGE,
            "container { " + _VOLUME % f'source {{ docker_volume {{ name: "v" {more} }} }}' + " }",
            "docker_volume",
        )
        for name, more in (("driver", 'driver: "d"'), ("name", ""), ("driver_options", "driver_options { }"))
    },
    "Volume.Source.SandboxPath": {
        "type": (
            REFUSED,
            IMAGE,
            "container { " + _VOLUME % 'source { type: SANDBOX_PATH sandbox_path { type: PARENT path: "x" } }' + " }",
            "only with type SELF",
        ),
        "path": (
            SERVED,
            IMAGE,
            "container { " + _VOLUME % 'source { type: SANDBOX_PATH sandbox_path { type: SELF path: "x" } }' + " }",
        ),
    },
    "NetworkInfo": {
        "ip_addresses": (KEPT, IMAGE, "container { network_infos { ip_addresses { } } }"),
        "name": (SERVED, IMAGE, _NAMED % ""),
        "groups": (REFUSED, IMAGE, _NAMED % 'groups: "g"', "'network_infos.groups'"),
        "labels": (KEPT, IMAGE, 'container { network_infos { labels { labels { key: "k" } } } }'),
        "port_mappings": (SERVED, IMAGE, _NAMED % "port_mappings { host_port: 1 container_port: 2 }"),
    },
    "NetworkInfo.IPAddress": {
        "protocol": (REFUSED, IMAGE, _NAMED % "ip_addresses { protocol: IPv6 }", "'network_infos.ip_addresses'"),
        "ip_address": (REFUSED, IMAGE, _NAMED % 'ip_addresses { ip_address: "::1" }', "'network_infos.ip_addresses'"),
    },
    "NetworkInfo.PortMapping": {
        "host_port": (SERVED, IMAGE, _NAMED % "port_mappings { host_port: 1 container_port: 2 }"),
        "container_port": (SERVED, IMAGE, _NAMED % "port_mappings { host_port: 1 container_port: 2 }"),
        "protocol": (SERVED, IMAGE, _NAMED % 'port_mappings { host_port: 1 container_port: 2 protocol: "udp" }'),
    },
    "LinuxInfo": {
        "capability_info": (SERVED, IMAGE, "container { linux_info { capability_info { } } }"),
    },
    "CapabilityInfo": {
        "capabilities": (SERVED, IMAGE, "container { linux_info { capability_info { capabilities: KILL } } }"),
    },
    "RLimitInfo": {
        "rlimits": (SERVED, COMMAND, "container { type: MESOS rlimit_info { rlimits { type: RLMT_CPU } } }")
    },
    "RLimitInfo.RLimit": {
        "type": (SERVED, IMAGE, _LIMIT % ""),
        "hard": (REFUSED, IMAGE, _LIMIT % "hard: 1", "Both or none"),
        "soft": (SERVED, IMAGE, _LIMIT % "hard: 2 soft: 1"),
    },
    "TTYInfo": {
        "window_size": (
            SERVED,
            IMAGE + "container { tty_info { } }",
            "container { tty_info { window_size { rows: 1 columns: 2 } } }",
        )
    },
    "TTYInfo.WindowSize": dict.fromkeys(
        ("rows", "columns"),
        (SERVED, IMAGE + "container { tty_info { } }", "container { tty_info { window_size { rows: 1 columns: 2 } } }"),
    ),
    "HealthCheck": {
        "delay_seconds": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 } delay_seconds: 1"),
        "interval_seconds": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 } interval_seconds: 1"),
        "timeout_seconds": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 } timeout_seconds: 1"),
        "consecutive_failures": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 } consecutive_failures: 1"),
        "grace_period_seconds": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 } grace_period_seconds: 1"),
        "type": (REFUSED, COMMAND, _HEALTH % "type: UNKNOWN tcp { port: 1 }", "not a valid health check type"),
        "command": (SERVED, COMMAND, _HEALTH % 'command { value: "x" }'),
        "http": (SERVED, COMMAND, _HEALTH % _HTTP % ""),
        "tcp": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 }"),
    },
    "HealthCheck.HTTPCheckInfo": {
        "scheme": (SERVED, COMMAND, _HEALTH % _HTTP % 'scheme: "https"'),
        "port": (SERVED, COMMAND, _HEALTH % _HTTP % ""),
        "path": (SERVED, COMMAND, _HEALTH % _HTTP % 'path: "/x"'),
        "statuses": (KEPT, COMMAND + _HEALTH % _HTTP % "", _HEALTH % "http { port: 1 statuses: 204 }"),
    },
    "HealthCheck.TCPCheckInfo": {"port": (SERVED, COMMAND, _HEALTH % "tcp { port: 1 }")},
    "CheckInfo": {
        "type": (REFUSED, COMMAND, "check { type: UNKNOWN }", "not a valid check type"),
        "command": (SERVED, COMMAND, 'check { type: COMMAND command { command { value: "x" } } }'),
        "http": (SERVED, COMMAND, _CHECK % ("", "")),
        "delay_seconds": (SERVED, COMMAND, _CHECK % ("", "delay_seconds: 1")),
        "interval_seconds": (SERVED, COMMAND, _CHECK % ("", "interval_seconds: 1")),
        "timeout_seconds": (SERVED, COMMAND, _CHECK % ("", "timeout_seconds: 1")),
    },
    "CheckInfo.Command": {
        "command": (SERVED, COMMAND, 'check { type: COMMAND command { command { value: "x" } } }'),
    },
    "CheckInfo.Http": {
        "port": (SERVED, COMMAND, _CHECK % ("", "")),
        "path": (SERVED, COMMAND, _CHECK % ('path: "/x"', "")),
    },
    "KillPolicy": {"grace_period": (SERVED, COMMAND, "kill_policy { grace_period { nanoseconds: 9000000000 } }")},
    "DurationInfo": {"nanoseconds": (SERVED, COMMAND, "kill_policy { grace_period { nanoseconds: 9000000000 } }")},
    "Labels": {"labels": (SERVED, COMMAND, 'labels { labels { key: "k" } }')},
    "Label": {
        "key": (SERVED, COMMAND, 'labels { labels { key: "k" } }'),
        "value": (SERVED, COMMAND, 'labels { labels { key: "k" value: "v" } }'),
    },
    "DiscoveryInfo": {
        "visibility": (KEPT, COMMAND, _DISCOVERY % ""),
        "name": (KEPT, COMMAND, _DISCOVERY % 'name: "x"'),
        "environment": (KEPT, COMMAND, _DISCOVERY % 'environment: "x"'),
        "location": (KEPT, COMMAND, _DISCOVERY % 'location: "x"'),
        "version": (KEPT, COMMAND, _DISCOVERY % 'version: "x"'),
        "ports": (KEPT, COMMAND, _DISCOVERY % "ports { }"),
        "labels": (KEPT, COMMAND, _DISCOVERY % "labels { }"),
    },
    "Ports": {"ports": (KEPT, COMMAND, _DISCOVERY % "ports { ports { number: 1 } }")},
    "Port": {
        name: (KEPT, COMMAND, _DISCOVERY % f"ports {{ ports {{ number: 1 {more} }} }}")
        for name, more in (
            ("number", ""),
            ("name", 'name: "x"'),
            ("protocol", 'protocol: "x"'),
            ("visibility", "visibility: CLUSTER"),
            ("labels", "labels { }"),
        )
    },
    "Parameter": dict.fromkeys(
        ("key", "value"), (SERVED, DOCKER, 'container { docker { parameters { key: "hostname" value: "h" } } }')
    ),
    "Parameters": {
        "parameter": (
            REFUSED,
            IMAGE,
            "container { "
            + _VOLUME % 'source { docker_volume { name: "v" driver_options { parameter { key: "k" value: "v" } } } }'
            + " }",
            "docker_volume",
        )
    },
    "Resource": {
        "name": (SERVED, COMMAND, 'resources { name: "gpus" type: SCALAR scalar { value: 1 } }'),
        "type": (REFUSED, COMMAND, 'resources { name: "note" type: TEXT }', "Unsupported type of resource 'note'"),
        "scalar": (SERVED, COMMAND, 'resources { name: "gpus" type: SCALAR scalar { value: 1 } }'),
        "ranges": (SERVED, COMMAND, 'resources { name: "ports" type: RANGES ranges { range { begin: 1 end: 2 } } }'),
        "set": (REFUSED, COMMAND, 'resources { name: "zones" type: SET set { item: "a" } }', "'zones' is a set"),
        "role": (SERVED, COMMAND, _RESERVED % ""),
        "allocation_info": (REFUSED, COMMAND, _RESERVED % 'allocation_info { role: "q" }', "allocated to role 'q'"),
        "reservation": (SERVED, COMMAND, _RESERVED % "reservation { }"),
        "disk": (SERVED, COMMAND, _PERSISTENT % ("", "", "")),
        "revocable": (SERVED, COMMAND, 'resources { name: "gpus" type: SCALAR scalar { value: 1 } revocable { } }'),
        "shared": (KEPT, COMMAND + _PERSISTENT % ("", "", ""), None),
    },
    "Resource.AllocationInfo": {
        "role": (REFUSED, COMMAND, _RESERVED % 'allocation_info { role: "q" }', "allocated to role 'q'"),
    },
    "Resource.ReservationInfo": {
        "principal": (SERVED, COMMAND, _RESERVED % 'reservation { principal: "p" }'),
        "labels": (SERVED, COMMAND, _RESERVED % 'reservation { labels { labels { key: "k" } } }'),
    },
    "Resource.DiskInfo": {
        "persistence": (SERVED, COMMAND, _PERSISTENT % ("", "", "")),
        "volume": (SERVED, COMMAND, _PERSISTENT % ("", "", "")),
        "source": (SERVED, COMMAND, _SOURCE % 'type: PATH path { root: "/d" }'),
    },
    "Resource.DiskInfo.Persistence": {
        "id": (SERVED, COMMAND, _PERSISTENT % ("", "", "")),
        "principal": (SERVED, COMMAND, _PERSISTENT % ('principal: "p"', "", "")),
    },
    "Resource.DiskInfo.Source": {
        "type": (SERVED, COMMAND, _SOURCE % 'type: MOUNT mount { root: "/d" }'),
        "path": (SERVED, COMMAND, _SOURCE % 'type: PATH path { root: "/d" }'),
        "mount": (SERVED, COMMAND, _SOURCE % 'type: MOUNT mount { root: "/d" }'),
    },
    "Resource.DiskInfo.Source.Path": {"root": (SERVED, COMMAND, _SOURCE % 'type: PATH path { root: "/d" }')},
    "Resource.DiskInfo.Source.Mount": {"root": (SERVED, COMMAND, _SOURCE % 'type: MOUNT mount { root: "/d" }')},
    "Value.Scalar": {"value": (SERVED, COMMAND, 'resources { name: "gpus" type: SCALAR scalar { value: 1 } }')},
    "Value.Ranges": {
        "range": (SERVED, COMMAND, 'resources { name: "ports" type: RANGES ranges { range { begin: 1 end: 2 } } }')
    },
    "Value.Range": dict.fromkeys(
        ("begin", "end"),
        (SERVED, COMMAND, 'resources { name: "ports" type: RANGES ranges { range { begin: 1 end: 2 } } }'),
    ),
    "Value.Set": {"item": (REFUSED, COMMAND, 'resources { name: "z" type: SET set { item: "a" } }', "'z' is a set")},
}

EMPTY_MESSAGES = {"Resource.RevocableInfo", "Resource.SharedInfo"}


def reachable():
    found, waiting = {}, [pb.TaskInfo.DESCRIPTOR, pb.ExecutorInfo.DESCRIPTOR]
    while waiting:
        descriptor = waiting.pop()
        name = descriptor.full_name.removeprefix("mesos.v1.")
        if name in found:
            continue
        found[name] = {field.name for field in descriptor.fields}
        waiting += [field.message_type for field in descriptor.fields if field.type == FieldDescriptor.TYPE_MESSAGE]
    return found


def test_the_table_names_every_field_there_is():
    there = reachable()
    assert {name for name, fields in there.items() if not fields} == EMPTY_MESSAGES
    assert {name: set(fields) for name, fields in FIELDS.items()} == {
        name: fields for name, fields in there.items() if fields
    }


CASES = [
    pytest.param(*case, id=f"{message}.{field}")
    for message, fields in FIELDS.items()
    for field, case in fields.items()
    if case[2] is not None
]


@pytest.mark.parametrize("case", [pytest.param(one.values, id=one.id) for one in CASES])
def test_every_field_has_the_effect_that_the_table_says(case):
    verdict, base, said = case[:3]
    before, after = task(base), task(base, said)
    assert before.problem == ""
    if verdict is REFUSED:
        assert case[3] in after.problem
        return
    assert after.problem == ""
    assert (bare(after) != bare(before)) is (verdict is SERVED)
    if verdict is KEPT and "framework_id" not in said:  # which is filled in when it is missing
        assert after.info != before.info


def test_a_shared_volume_is_used_like_another_and_said_to_be_shared():
    plain, shared = (task(COMMAND, _PERSISTENT % ("", "", "} shared {" if mark else "")) for mark in (False, True))
    assert shared.problem == plain.problem == ""
    assert bare(shared) == bare(plain)
    assert pb.TaskInfo.FromString(shared.info).resources[-1].HasField("shared")
