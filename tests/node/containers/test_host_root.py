"""The image that is the host's own root: a plain process, with mounts of its own where it asks for some."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from node.containers.site import boxed, output, script, ship, told
from node.control import node, play

from portico.domain.containers import Container, Mount, MountKind, Parameter, PortMapping, Rlimit
from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Micros
from portico.domain.runs import EndCause, RunSpec
from portico.node.containers.host_root import on_host_root

HOST = "portico/host"


def on_host(**fields: object) -> LaunchOrder:
    spec = RunSpec(argv=("/bin/true",), container=Container(HOST, **fields))  # type: ignore[arg-type]
    return on_host_root(LaunchOrder("r", 1, spec, Micros(0)), Path("/sandbox"))


def test_without_anything_of_its_own_it_is_a_plain_process() -> None:
    assert on_host().spec == RunSpec(argv=("/bin/true",))
    assert on_host(entrypoint=("/bin/env",)).spec.argv == ("/bin/env", "/bin/true")


@pytest.mark.parametrize(
    "fields",
    [
        {"network": "cni:x"},
        {"port_mappings": (PortMapping(1, 2),)},
        {"name_servers": ("1.1.1.1",)},
        {"extra_hosts": (("a", "b"),)},
        {"stop_signal": "SIGINT"},
        {"parameters": (Parameter("device", "x"),)},
    ],
)
def test_what_a_plain_process_cannot_have_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        on_host(**fields)


def test_it_runs_without_any_rights_or_tools() -> None:
    async def story() -> None:
        async with node() as site:
            outcome, said = await told(site, script("r", "echo $PORTICO_RUN_ID; pwd; exit 4", image=HOST))
            assert outcome.exit_code == 4
            assert said.split() == ["r", f"{site.directory}/sandboxes/r"]
            outcome, _ = await told(site, boxed("n", image=HOST))
            assert outcome.message == "a process needs a command"

    play(story())


@pytest.mark.containers
def test_mounts_and_names_of_its_own(layout: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("given")
    (tmp_path / "b").mkdir()
    mounts = (
        Mount(str(tmp_path / "b"), str(tmp_path / "a"), read_only=True),
        Mount("/mnt", kind=MountKind.TMPFS, size=1 << 20),
        Mount("/media", "kept", create=True),
    )
    text = f"cat {tmp_path}/b/file; echo; touch {tmp_path}/b/x; touch /mnt/here; echo k > /media/file; hostname; exit 8"

    async def story() -> None:
        async with ship(layout) as site:
            outcome, said = await told(site, script("r", text, image=HOST, mounts=mounts, hostname="boxed"))
            assert (outcome.exit_code, said) == (8, "given\nboxed\n")
            assert "Read-only" in await output(site, "r", "stderr")
            assert (await site.control.ask("read", "r", "kept/file")).data == b"k\n"
            outcome, _ = await told(site, script("m", "true", image=HOST, mounts=(Mount("/no/such/target", "/tmp"),)))
            assert "mount target '/no/such/target' does not exist" in outcome.message
            assert outcome.cause is EndCause.LAUNCH_FAILED

    play(story())
    assert not Path("/mnt/here").exists()
    assert socket.gethostname() != "boxed"


@pytest.mark.containers
def test_another_user_rights_and_a_root_that_cannot_be_written(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            text = "id -u; touch /usr/x; touch /sandbox-of-it; echo $LD_BIND_NOW; echo ok > file; cat file"
            launch = script("r", text, image=HOST, read_only_root=True, environment={"LD_BIND_NOW": "1"})
            _, said = await told(site, launch)
            assert said.split() == ["0", "1", "ok"]
            assert (await output(site, "r", "stderr")).count("Read-only file system") == 2
            bits = "grep CapEff /proc/self/status"
            assert (await told(site, script("c", bits, image=HOST, drop_capabilities=("ALL",))))[1].split()[
                1
            ] == "0" * 16
            limited = script("l", "ulimit -n", image=HOST, rlimits=(Rlimit("nofile", 33, 44),))
            assert (await told(site, limited))[1] == "33\n"
            as_user = script("u", "id -un; id -gn", image=HOST, user="nobody", hostname="x")
            assert (await told(site, as_user))[1].split() == ["nobody", "nogroup"]

    play(story())


def test_what_appears_in_the_sandbox_is_a_link_there(tmp_path: Path) -> None:
    sandbox, volume = tmp_path / "sandbox", tmp_path / "volumes" / "v"
    sandbox.mkdir()
    mounts = (Mount("/box/data/v", str(volume), create=True), Mount("/box/scratch", kind=MountKind.TMPFS))
    spec = RunSpec(argv=("/bin/true",), container=Container(HOST, mounts=mounts[:1], sandbox_target="/box"))
    order = LaunchOrder("r", 1, spec, Micros(0))
    for _ in range(2):  # a start that is cut short is begun again
        assert on_host_root(order, sandbox).spec.argv == ("/bin/true",)
        assert (sandbox / "data" / "v").readlink() == volume
    assert volume.is_dir()
    spec = RunSpec(argv=("/bin/true",), container=Container(HOST, mounts=mounts, sandbox_target="/box"))
    argv = on_host_root(LaunchOrder("r", 1, spec, Micros(0)), sandbox).spec.argv
    assert argv[-4:] == ("--tmpfs", str(sandbox / "scratch"), "--", "/bin/true")


def test_what_stands_in_its_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    mounts = (Mount("/box/data", str(tmp_path / "v"), create=True),)
    spec = RunSpec(argv=("/bin/true",), container=Container(HOST, mounts=mounts, sandbox_target="/box"))
    with pytest.raises(Invalid, match="already"):
        on_host_root(LaunchOrder("r", 1, spec, Micros(0)), tmp_path)
