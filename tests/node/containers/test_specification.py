import json

import msgspec
import pytest

from portico.domain.containers import Container, Rlimit
from portico.domain.errors import Invalid
from portico.node.containers.capabilities import DEFAULT, bounding, effective, own
from portico.node.containers.identities import Identity
from portico.node.containers.specification import UNLIMITED, Execution, bind, memory, specification

EXECUTION = Execution(
    ("/bin/x", "y"), {"A": "1"}, "/w", Identity(5, 6, (7,)), 0o027, (Rlimit("nofile", 8), Rlimit("core"))
)


def describe(container: Container, space: str = "host") -> dict[str, dict[str, object]]:
    places = (bind("/a", "/b", read_only=True), memory("/t", 9, read_only=False))
    return json.loads(msgspec.json.encode(specification(EXECUTION, container, "/root", places, space)))


def test_the_process_is_as_it_was_asked_for() -> None:
    process = describe(Container("i", tty=True, read_only_root=True))["process"]
    assert process["terminal"] is True
    assert process["user"] == {"uid": 5, "gid": 6, "umask": 0o027, "additionalGids": [7]}
    assert (process["args"], process["env"], process["cwd"]) == (["/bin/x", "y"], ["A=1"], "/w")
    assert process["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "soft": 8, "hard": UNLIMITED},
        {"type": "RLIMIT_CORE", "soft": UNLIMITED, "hard": UNLIMITED},
    ]


def test_a_terminal_has_the_size_of_its_window() -> None:
    def size(container: Container, window: tuple[int, int]) -> object:
        execution = msgspec.structs.replace(EXECUTION, window=window)
        return specification(execution, container, "/root", (), "host")["process"].get("consoleSize")  # type: ignore[attr-defined]

    assert size(Container("i", tty=True), (11, 22)) == {"height": 11, "width": 22}
    assert size(Container("i", tty=True), (0, 22)) is None
    assert size(Container("i"), (11, 22)) is None


@pytest.mark.parametrize(
    ("space", "network"),
    [("host", None), ("", {"type": "network"}), ("/ns", {"type": "network", "path": "/ns"})],
)
def test_the_network_is_the_hosts_or_its_own(space: str, network: dict[str, str] | None) -> None:
    spaces = describe(Container("i"), space)["linux"]["namespaces"]
    assert isinstance(spaces, list)
    assert [one for one in spaces if one["type"] == "network"] == ([network] if network else [])


def test_own_mounts_come_after_those_of_the_system() -> None:
    places = describe(Container("i", shm_size=123))["mounts"]
    assert isinstance(places, list)
    assert [place["destination"] for place in places[-2:]] == ["/b", "/t"]
    assert "ro" in places[-2]["options"]
    assert "size=9" in places[-1]["options"]
    assert any("size=123" in place["options"] for place in places if place["destination"] == "/dev/shm")


def test_only_a_privileged_container_sees_everything() -> None:
    assert "/proc/kcore" in describe(Container("i"))["linux"]["maskedPaths"]
    assert "maskedPaths" not in describe(Container("i", privileged=True))["linux"]


@pytest.mark.parametrize(
    ("container", "having"),
    [
        (Container("i"), set(DEFAULT)),
        (Container("i", drop_capabilities=("all",)), set()),
        (Container("i", drop_capabilities=("ALL",), add_capabilities=("cap_net_admin",)), set()),
        (
            Container("i", add_capabilities=("CAP_SYS_TIME",), drop_capabilities=("KILL",)),
            {*DEFAULT, "SYS_TIME"} - {"KILL"},
        ),
        (Container("i", privileged=True), set(own())),
        (Container("i", bounding=("KILL", "SYS_TIME")), {"KILL"}),
    ],
)
def test_capabilities(container: Container, having: set[str]) -> None:
    assert set(effective(container)) == {f"CAP_{name}" for name in having}
    assert set(effective(container)) <= set(bounding(container))


def test_a_made_up_capability_is_refused() -> None:
    with pytest.raises(Invalid, match="FLY"):
        effective(Container("i", add_capabilities=("FLY",)))


def test_no_device_can_be_made_by_default() -> None:
    assert "CAP_MKNOD" not in effective(Container("i"))
