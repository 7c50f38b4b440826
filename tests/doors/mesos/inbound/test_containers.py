"""Commands and containers: what is run, in what."""

import pytest
from doors.mesos.inbound.building import COMMAND, DOCKER, IMAGE, task

from portico.domain.containers import Container, Mount, Parameter, PortMapping, Rlimit
from portico.domain.runs import Fetch

SANDBOX = "/mnt/mesos/sandbox"
MESOS = COMMAND + " container { type: MESOS }"


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ('value: "a b"', ("/bin/sh", "-c", "a b")),
        ('shell: false value: "/bin/a"', ("/bin/a",)),
        ('shell: false value: "/bin/a" arguments: "name" arguments: "b"', ("/bin/a", "b")),
    ],
)
def test_commands_outside_of_images(text, argv):
    spec = task(COMMAND, f"command {{ {text} }}").spec
    assert (spec.argv, spec.container) == (argv, None)


@pytest.mark.parametrize(
    ("base", "text", "expected"),
    [
        (IMAGE, 'value: "a b"', (("/bin/sh", "-c", "a b"), ())),
        (IMAGE, 'shell: false value: "a" arguments: "n" arguments: "b"', (("a", "b"), ())),
        (IMAGE, 'shell: false value: "" arguments: "a" arguments: "b"', (("a", "b"), None)),
        (IMAGE, 'shell: false value: ""', ((), None)),
        (DOCKER, 'value: "a b"', (("-c", "a b"), ("/bin/sh",))),
        (DOCKER, 'shell: false value: "a" arguments: "b"', (("a", "b"), None)),
        (DOCKER, 'shell: false value: "" arguments: "b"', (("b",), None)),
    ],
)
def test_commands_in_images(base, text, expected):
    spec = task(base, f"command {{ {text} }}").spec
    assert (spec.argv, spec.container.entrypoint) == expected


def test_files_to_fetch():
    said = 'command { uris { value: "http://h/a.tgz" } uris { value: "/b" executable: true extract: false cache: true output_file: "c/d" } }'
    assert task(COMMAND, said).spec.fetch == (
        Fetch("http://h/a.tgz"),
        Fetch("/b", executable=True, extract=False, cache=True, output_file="c/d"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('shell: false value: ""', "'command.value' must be set when there is no shell"),
        ('value: "a\\0b"', "'command.value' must not contain null bytes"),
        ('shell: false value: "a\\0b"', "'command.value' must not contain null bytes"),
        ('shell: false arguments: "a" arguments: "b\\0"', "'command.arguments' must not contain null bytes"),
        ('uris { value: "" }', "A URI must not be empty"),
        ('uris { value: "x" output_file: "/y" }', "must be a path inside the sandbox"),
        ('uris { value: "x" output_file: "a/../../y" }', "must be a path inside the sandbox"),
        ('environment { variables { name: "" value: "" } }', "cannot name an environment variable"),
        ('environment { variables { name: "a=b" value: "" } }', "cannot name an environment variable"),
        ('environment { variables { name: "a" } }', "of type 'VALUE' must have a value set"),
        ('environment { variables { name: "a" value: "a\\0b" } }', "must not contain null bytes"),
        ('environment { variables { name: "a" value: "v" secret { } } }', "must not have a secret set"),
        ('environment { variables { name: "a" type: SECRET value: "v" } }', "must not have a value set"),
        ('environment { variables { name: "a" type: SECRET } }', "must have a secret set"),
        ('environment { variables { name: "a" type: SECRET secret { } } }', "must have its value set"),
        ('environment { variables { name: "a" type: SECRET secret { value { data: "\\377" } } } }', "is no text"),
    ],
)
def test_what_is_wrong_with_a_command(text, words):
    problem = task(COMMAND, f"command {{ {text} }}").problem
    assert problem.startswith("Task's CommandInfo is invalid: ")
    assert words in problem


@pytest.mark.parametrize("base", [IMAGE, DOCKER])
@pytest.mark.parametrize(
    "text", ['value: "a\\0b"', 'shell: false value: "a\\0b"', 'shell: false value: "" arguments: "b\\0"']
)
def test_a_command_in_an_image_has_no_null_bytes_either(base, text):
    assert "must not contain null bytes" in task(base, f"command {{ {text} }}").problem


def test_a_shell_needs_something_to_run():
    assert (
        "Shell specified but 'command.value' is not set"
        in task(COMMAND.replace('command { value: "true" }', "command { }")).problem
    )


def container(base, text):
    read = task(base, f"container {{ {text} }}")
    assert read.problem == ""
    return read.spec.container


def test_nothing_wanted_is_no_container():
    assert task(MESOS).spec.container is None


def test_a_docker_container():
    text = """
    hostname: "h"
    volumes { container_path: "/c" host_path: "/h" mode: RO }
    volumes { container_path: "logs" host_path: "/l" mode: RW }
    docker { privileged: true force_pull_image: true network: BRIDGE
      port_mappings { host_port: 31000 container_port: 80 protocol: "UDP" }
      parameters { key: "cap-add" value: "NET_ADMIN" } }
    """
    assert container(DOCKER, text) == Container(
        "i",
        entrypoint=("/bin/sh",),
        mounts=(
            Mount("/c", "/h", read_only=True, create=True),
            Mount(f"{SANDBOX}/logs", "/l", create=True),
        ),
        sandbox_target=SANDBOX,
        network="cni:bridge",
        port_mappings=(PortMapping(31000, 80, "udp"),),
        privileged=True,
        hostname="h",
        force_pull=True,
        parameters=(Parameter("cap-add", "NET_ADMIN"),),
    )


def test_a_mesos_container():
    text = """
    mesos { image { cached: false } }
    volumes { container_path: "./c" host_path: "own" mode: RW }
    volumes { container_path: "/d" mode: RW source { type: SANDBOX_PATH sandbox_path { type: SELF path: "own" } } }
    network_infos { name: "net" port_mappings { host_port: 1 container_port: 2 } }
    linux_info { capability_info { capabilities: KILL capabilities: NET_RAW } }
    tty_info { }
    """
    assert container(IMAGE, text) == Container(
        "i",
        entrypoint=(),
        mounts=(Mount(f"{SANDBOX}/c", "own", create=True), Mount("/d", "own", create=True)),
        sandbox_target=SANDBOX,
        network="cni:net",
        port_mappings=(PortMapping(1, 2),),
        bounding=("KILL", "NET_RAW"),
        tty=True,
        force_pull=True,
    )


def test_without_an_image_it_is_the_hosts_own_root():
    read = container(MESOS, 'volumes { container_path: "/c" host_path: "/h" mode: RW }')
    assert read == Container("portico/host", mounts=(Mount("/c", "/h"),), sandbox_target=SANDBOX)
    spec = task(MESOS, "container { tty_info { } }").spec
    assert (spec.container, spec.attach) == (None, "tty")


def test_limits_of_the_process():
    text = "container { rlimit_info { rlimits { type: RLMT_NOFILE soft: 1 hard: 2 } rlimits { type: RLMT_CORE } } }"
    assert task(MESOS, text).spec.rlimits == (Rlimit("nofile", 1, 2), Rlimit("core"))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("", "host"),
        ("docker { network: NONE }", "none"),
        ("docker { network: BRIDGE }", "cni:bridge"),
        ('docker { network: USER } network_infos { name: "n" }', "cni:n"),
        ('network_infos { name: "n" }', "cni:n"),
    ],
)
def test_networks_of_docker(text, network):
    assert container(DOCKER, text).network == network


@pytest.mark.parametrize(
    ("base", "text", "words"),
    [
        (DOCKER, "mesos { }", "'mesos' must not be set for DOCKER"),
        (IMAGE, 'docker { image: "i" }', "'docker' must not be set for MESOS"),
        (DOCKER, 'docker { image: "" }', "'docker.image' must not be empty"),
        (IMAGE, 'mesos { image { docker { name: "" } } }', "must name an image"),
        (DOCKER, "docker { network: USER }", "No network name found"),
        (DOCKER, 'docker { network: HOST } network_infos { name: "n" }', "only with network USER"),
        (DOCKER, "docker { port_mappings { host_port: 1 container_port: 1 } }", "only supported for bridge"),
        (DOCKER, "docker { network: BRIDGE port_mappings { host_port: 0 container_port: 1 } }", "is no port"),
        (
            DOCKER,
            'docker { network: BRIDGE port_mappings { host_port: 1 container_port: 1 protocol: "sctp" } }',
            "'sctp'",
        ),
        (DOCKER, 'docker { parameters { key: "x" value: "" } }', "container parameter 'x' is not understood"),
        (
            DOCKER,
            'network_infos { name: "n" port_mappings { host_port: 1 container_port: 1 } }',
            "not served for DOCKER",
        ),
        (IMAGE, "network_infos { } network_infos { }", "More than one"),
        (MESOS, 'network_infos { name: "n" }', "only together with an image"),
        (IMAGE, 'volumes { container_path: "" host_path: "/h" mode: RW }', "cannot be the path of a volume"),
        (IMAGE, 'volumes { container_path: "../a" host_path: "/h" mode: RW }', "cannot be the path of a volume"),
        (IMAGE, 'volumes { container_path: "a" mode: RW }', "exactly one of"),
        (IMAGE, 'volumes { container_path: "a" host_path: "../b" mode: RW }', "no path inside the sandbox"),
        (DOCKER, 'volumes { container_path: "a" host_path: "b" mode: RW }', "must be absolute"),
        (IMAGE, 'volumes { container_path: "a\\0" host_path: "/h" mode: RW }', "must not contain null bytes"),
        (MESOS, 'volumes { container_path: "a" host_path: "b\\0" mode: RW }', "must not contain null bytes"),
        (DOCKER, 'volumes { container_path: "a" host_path: "/h\\0" mode: RW }', "must not contain null bytes"),
        (IMAGE, "linux_info { capability_info { capabilities: UNKNOWN } }", "not a valid capability"),
        (IMAGE, "rlimit_info { rlimits { } }", "not a valid type"),
        (IMAGE, "rlimit_info { rlimits { type: RLMT_CPU soft: 2 hard: 1 } }", "soft value above its hard one"),
    ],
)
def test_what_is_wrong_with_a_container(base, text, words):
    problem = task(base, f"container {{ {text} }}").problem
    assert problem.startswith("Task's ContainerInfo is invalid: ")
    assert words in problem
