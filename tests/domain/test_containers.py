import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.containers import (
    Container,
    Mount,
    MountKind,
    Parameter,
    PortMapping,
    Rlimit,
    checked_rlimits,
    resolved,
)
from portico.domain.errors import Invalid


def read(*parameters: tuple[str, str]) -> Container:
    return resolved(Container("i", parameters=tuple(Parameter(*pair) for pair in parameters)))


@pytest.mark.parametrize(
    ("parameters", "container"),
    [
        ([("hostname", "h")], Container("i", hostname="h")),
        ([("--shm-size", "1g")], Container("i", shm_size=1 << 30)),
        ([("shm_size", "65536")], Container("i", shm_size=65536)),
        ([("cap-add", "NET_ADMIN,SYS_TIME"), ("cap-add", "KILL")], Container("i", add_capabilities=("NET_ADMIN", "SYS_TIME", "KILL"))),
        ([("cap-drop", "ALL")], Container("i", drop_capabilities=("ALL",))),
        ([("privileged", "true")], Container("i", privileged=True)),
        ([("privileged", "")], Container("i", privileged=True)),
        ([("tty", "false")], Container("i", tty=False)),
        ([("read-only", "1")], Container("i", read_only_root=True)),
        ([("volume", "/a:/b:ro"), ("volume", "/c:/d")], Container("i", mounts=(Mount("/b", "/a", read_only=True), Mount("/d", "/c")))),
        ([("tmpfs", "/t:size=1m")], Container("i", mounts=(Mount("/t", kind=MountKind.TMPFS, size=1 << 20),))),
        ([("net", "none")], Container("i", network="none")),
        ([("network", "blue")], Container("i", network="cni:blue")),
        ([("publish", "80:8080/udp")], Container("i", port_mappings=(PortMapping(80, 8080, "udp"),))),
        ([("dns", "1.2.3.4"), ("dns-search", "a.b")], Container("i", name_servers=("1.2.3.4",), search_domains=("a.b",))),
        ([("add-host", "db:10.0.0.1")], Container("i", extra_hosts=(("db", "10.0.0.1"),))),
        ([("stop-signal", "SIGINT")], Container("i", stop_signal="SIGINT")),
    ],
)  # fmt: skip
def test_parameters_become_fields(parameters: list[tuple[str, str]], container: Container) -> None:
    assert read(*parameters) == container


@pytest.mark.parametrize("key", ["gpus", "", "Hostname", "device", "pid"])
def test_a_parameter_that_is_not_understood_is_refused_by_name(key: str) -> None:
    with pytest.raises(Invalid, match=f"{key!r} is not understood; known are add-host"):
        read((key, "x"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hostname", ""), ("shm-size", "big"), ("shm-size", "0"), ("shm-size", "1x"), ("cap-add", ","), ("tty", "maybe"),
        ("volume", "a:/b"), ("volume", "/a"), ("volume", "/a:/b:z"), ("tmpfs", "t"), ("tmpfs", "/t:mode=1"), ("net", ""),
        ("net", "cni:"), ("publish", "80"), ("publish", "0:1"), ("publish", "70000:1"), ("publish", "1:2/sctp"),
        ("dns", ""), ("add-host", "db"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_with_its_parameter(key: str, value: str) -> None:
    with pytest.raises(Invalid, match=f"container parameter '{key}' cannot be"):
        read((key, value))


@given(
    st.lists(
        st.tuples(st.sampled_from(["tty", "tmpfs", "publish", "shm-size", "volume"]), st.text(max_size=12)), max_size=4
    )
)
def test_any_parameters_are_read_or_refused(parameters: list[tuple[str, str]]) -> None:
    try:
        assert read(*parameters).parameters == ()
    except Invalid as error:
        assert error.field == "parameters"


def test_limits_are_named_plainly() -> None:
    given_limits = (Rlimit("RLIMIT_NOFILE", 1, 2), Rlimit("core"), Rlimit("RLMT_CPU", 3))
    assert checked_rlimits(given_limits) == (Rlimit("nofile", 1, 2), Rlimit("core"), Rlimit("cpu", 3))


@pytest.mark.parametrize(
    "limit", [Rlimit("files", 1), Rlimit("nofile", 3, 2), Rlimit("nofile", None, 2), Rlimit("cpu", -1)]
)
def test_a_limit_that_cannot_be_is_refused(limit: Rlimit) -> None:
    with pytest.raises(Invalid) as caught:
        checked_rlimits([limit])
    assert caught.value.field == "rlimits"
