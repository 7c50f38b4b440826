"""The programs that make containers, one without the other, and without either."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from node.containers.site import bundles, script, ship, told
from node.containers.test_survival import groups
from node.control import order, play, settled, until

from portico.domain.errors import Unavailable
from portico.domain.runs import EndCause, Fault, Limits
from portico.node.containers.runtimes import Runtime, complaint, find_runtime


def only(place: Path, *names: str) -> str:
    """Make a PATH that has just these programs."""
    place.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None, name
        (place / name).symlink_to(found)
    return str(place)


@pytest.mark.containers
def test_runc_stands_in_for_crun(layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", only(tmp_path / "bin", "runc", "skopeo", "umoci", "cat", "rm"))

    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            limits = Limits(memory=64 << 20, output=0)
            outcome, said = await told(site, script("a", "id -u; exit 7", user="worker", limits=limits))
            assert (outcome.exit_code, said) == (7, "1234\n")
            control.launch(script("p", "echo mark > /tmp/x; echo ready; sleep 1000", grace=0, limits=limits))
            await control.runs("p")
            await settled(site, "p", b"ready\n")
            await site.kill_agent()
            joined = order("c", "/bin/cat", "/tmp/x", parent="p", join_parent=True)
            assert (await told(site, joined))[1] == "mark\n"
            control.stop("p", grace=0)
            assert (await control.outcome("p")).signal == 9
            outcome, _ = await told(site, script("m", "exit 1", entrypoint=("/none",)))
            assert outcome.cause is EndCause.LAUNCH_FAILED
            assert "/none" in outcome.message
            assert outcome.fault is Fault.REQUEST
            hungry = script(
                "o", "awk 'BEGIN { s = \"x\"; while (1) s = s s }'", limits=Limits(memory=32 << 20, output=0)
            )
            assert (await told(site, hungry))[0].cause is EndCause.OUT_OF_MEMORY
            await until(lambda: not bundles(site))
            await until(lambda: not any(groups(run) for run in "apco"))

    play(story())


@pytest.mark.containers
def test_without_a_runtime_it_is_said(layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", only(tmp_path / "bin", "skopeo", "umoci"))
    with pytest.raises(Unavailable, match="need 'crun' or 'runc'"):
        find_runtime()

    async def story() -> None:
        async with ship(layout) as site:
            outcome, _ = await told(site, script("r", "true"))
            assert outcome.cause is EndCause.LAUNCH_FAILED
            assert "neither is installed" in outcome.message
            assert outcome.fault is Fault.NODE
            assert (await told(site, script("h", "exit 3", image="portico/host")))[0].exit_code == 3

    play(story())


def test_the_last_error_of_a_log_is_what_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert complaint(log) == ""
    log.write_text('{"msg":"a","level":"error"}\nno json\n{"msg":"b","level":"error"}\n{"msg":"c","level":"warning"}\n')
    assert complaint(log) == "b"


def test_only_crun_is_told_to_leave_control_groups_alone() -> None:
    commands = {kind: Runtime(kind, f"/{kind}").start(Path("/b"), "n", "") for kind in ("crun", "runc")}
    assert "--cgroup-manager=disabled" in commands["crun"]
    assert "--cgroup-manager=disabled" not in commands["runc"]
    assert Runtime("crun", "/c").delete(Path("/b"), "n") == ()
    assert Runtime("runc", "/r").delete(Path("/b"), "n")[-3:] == ("delete", "--force", "n")
