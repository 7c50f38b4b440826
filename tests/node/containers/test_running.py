"""What a container's process is, sees and may do; how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from node.containers.site import QUITS, TALKS, boxed, bundles, output, script, ship, told
from node.control import play, settled, until
from node.test_crash import has_memory_cgroup

from portico.domain.containers import Mount, MountKind, Parameter, Rlimit
from portico.domain.runs import CheckKind, EndCause, Fault, Fetch, HealthCheck, Limits

pytestmark = pytest.mark.containers
MEGABYTE = 1 << 20


def test_image_and_run_say_together_what_runs(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            assert (await told(site, boxed("i", image=TALKS)))[1] == "first image words\n"
            assert (await told(site, boxed("a", "mine", image=TALKS)))[1] == "first mine\n"
            shown = await told(
                site,
                boxed("e", "pwd; id; env", image=TALKS, entrypoint=("/bin/sh", "-c"), environment={"COLOUR": "blue"}),
            )
            lines = shown[1].splitlines()
            assert lines[:2] == ["/work", "uid=1234(worker) gid=2345 groups=2345,3456(extra)"] or lines[0] == "/work"
            assert "uid=1234(worker)" in lines[1]
            assert "3456" in lines[1]
            assert {"COLOUR=blue", "SHAPE=round", "HOME=/home/worker", "PORTICO_SANDBOX=/sandbox"} <= set(lines)
            assert not any(line.startswith("LANG=") for line in lines)

    play(story())


def test_user_directory_and_sandbox_as_the_run_says(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            text = "pwd; id -u; id -g; echo made > file; umask"
            outcome, said = await told(site, script("r", text, user="worker", sandbox_target="/mnt/here", umask=0o027))
            assert (outcome.exit_code, said.split()) == (0, ["/mnt/here", "1234", "2345", "0027"])
            assert (await site.control.ask("read", "r", "file")).data == b"made\n"
            assert (site.directory / "sandboxes" / "r" / "file").stat().st_uid == 1234
            assert (await told(site, script("s", "pwd; id", working_directory="/tmp", user="77:88")))[1].startswith(
                "/tmp\nuid=77 gid=88"
            )

    play(story())


def test_the_image_stays_as_it_is(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            assert (await told(site, script("a", "echo x > /etc/new; rm /etc/group; ls /etc")))[1].split() == [
                "hosts",
                "new",
                "passwd",
                "resolv.conf",
            ]
            assert (await told(site, script("b", "ls /etc")))[1].split() == ["group", "hosts", "passwd", "resolv.conf"]
            outcome, _ = await told(site, script("c", "touch /etc/new", read_only_root=True))
            assert outcome.exit_code == 1
            assert "Read-only file system" in await output(site, "c", "stderr")
            assert (await told(site, script("d", "touch /sandbox/x && echo ok", read_only_root=True)))[1] == "ok\n"

    play(story())


def test_mounts(layout: Path, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "in").write_text("from outside")
    mounts = (
        Mount("/ro", str(tmp_path / "given"), read_only=True),
        Mount("/rw", str(tmp_path / "given")),
        Mount("/volume", str(tmp_path / "volumes" / "one"), create=True),
        Mount("/part", "inside", create=True),
        Mount("/mem", kind=MountKind.TMPFS, size=4096),
    )
    text = "cat /ro/in; echo; touch /ro/x; echo out > /rw/out; echo v > /volume/v; echo p > /part/p; dd if=/dev/zero of=/mem/big bs=8192 count=1"

    async def story() -> None:
        async with ship(layout) as site:
            _, said = await told(site, script("r", text, mounts=mounts))
            errors = await output(site, "r", "stderr")
            assert said == "from outside\n"
            assert "/ro/x: Read-only file system" in errors
            assert "No space left on device" in errors
            assert (await site.control.ask("read", "r", "inside/p")).data == b"p\n"
            missing, _ = await told(site, script("m", "true", mounts=(Mount("/x", "/no/such/place"),)))
            assert missing.cause is EndCause.LAUNCH_FAILED
            assert "mount source '/no/such/place' does not exist" in missing.message
            climbs, _ = await told(site, script("k", "true", mounts=(Mount("/x", "../other"),)))
            assert climbs.cause is EndCause.LAUNCH_FAILED

    play(story())
    assert (tmp_path / "given" / "out").read_text() == "out\n"
    assert (tmp_path / "volumes" / "one" / "v").read_text() == "v\n"


def test_exit_codes_and_signals(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            assert (await told(site, script("a", "exit 37")))[0].exit_code == 37
            outcome, _ = await told(site, script("b", "ulimit -c 0; ulimit -t 1; while :; do :; done"))
            assert outcome.cause is EndCause.SIGNALLED
            assert outcome.exit_code is None
            assert outcome.signal in (9, 24)
            outcome, said = await told(site, script("c", "echo out; echo err >&2", capture=10))
            assert (outcome.output, said, await output(site, "c", "stderr")) == (b"out\n", "out\n", "err\n")

    play(story())


def test_a_container_sees_only_itself(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            shown = (await told(site, script("a", "ps; hostname; ls /", hostname="boxed")))[1]
            assert "sh -c ps" in shown.splitlines()[1].replace("/bin/", "")
            assert len([line for line in shown.splitlines() if line.strip()[:1].isdigit()]) <= 3
            assert "boxed" in shown.split()
            assert "work" in shown.split()

    play(story())


@pytest.mark.skipif(not has_memory_cgroup(), reason="no writable memory controller here")
def test_too_much_memory_is_the_end_and_says_so(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            limits = Limits(memory=24 * MEGABYTE, output=0)
            launch = script("r", "awk 'BEGIN { s = \"x\"; while (1) s = s s }'", limits=limits)
            outcome, _ = await told(site, launch)
            assert outcome.cause is EndCause.OUT_OF_MEMORY
            assert outcome.peak_memory >= 20 * MEGABYTE

    play(story())


def test_limits_hold_inside(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            limits = Limits(open_files=77, pids=4, output=0)
            text = "ulimit -n; ulimit -c; for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; echo done"
            outcome, said = await told(site, script("r", text, limits=limits, rlimits=(Rlimit("RLIMIT_CORE", 0, 0),)))
            assert said.split()[:2] == ["77", "0"]
            assert "can't fork" in await output(site, "r", "stderr")
            assert outcome.exit_code == 2

    play(story())


def test_rights(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            bits = "grep -E 'Cap(Eff|Bnd)' /proc/self/status"
            default = (await told(site, script("d", bits)))[1].split()
            none = (await told(site, script("n", bits, drop_capabilities=("ALL",))))[1].split()
            privileged = (
                await told(
                    site, script("p", f"{bits}; test -b /dev/vda -o -e /dev/kmsg && echo devices", privileged=True)
                )
            )[1].split()
            assert none[1] == none[3] == "0" * 16
            assert default[1] == default[3] != none[1]
            assert int(privileged[1], 16) & int(default[1], 16) == int(default[1], 16)
            assert privileged[1] != default[1]
            assert privileged[4:] == ["devices"]
            plain_user = (await told(site, script("u", bits, user="worker")))[1].split()
            assert plain_user[1] == "0" * 16

    play(story())


def test_a_stop_asks_as_the_image_wants_and_then_insists(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(boxed("polite", image=QUITS, grace=10))
            await settled(site, "polite", b"ready\n")
            control.stop("polite", grace=10)
            outcome = await control.outcome("polite")
            assert (outcome.cause, outcome.exit_code) == (EndCause.STOPPED, 3)
            assert await output(site, "polite") == "ready\nasked\n"
            control.launch(script("deaf", "trap '' TERM; sleep 1000 & echo ready; sleep 1000"))
            await settled(site, "deaf", b"ready\n")
            control.stop("deaf", grace=0.2)
            outcome = await control.outcome("deaf")
            assert (outcome.cause, outcome.signal) == (EndCause.STOPPED, 9)

    play(story())


def test_parameters_are_understood_or_refused(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            given = (Parameter("hostname", "named"), Parameter("tmpfs", "/scratch"))
            assert (await told(site, script("a", "hostname; touch /scratch/x", parameters=given)))[1] == "named\n"
            outcome, _ = await told(site, script("b", "true", parameters=(Parameter("gpus", "all"),)))
            assert outcome.cause is EndCause.LAUNCH_FAILED
            assert "container parameter 'gpus' is not understood" in outcome.message

    play(story())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"argv": ("/no/such",)}, "no/such"),
        ({"argv": ()}, "names a command"),
        ({"user": "nobody"}, "the image has no user 'nobody'"),
        ({"network": "blue"}, "is no network"),
        ({"add_capabilities": ("FLY",)}, "no capability 'FLY'"),
        ({"stop_signal": "NOPE"}, "no signal 'NOPE'"),
        ({"mounts": (Mount("relative", "/"),)}, "no place in a container"),
        ({"rlimits": (Rlimit("files", 1),)}, "no process limit 'files'"),
        ({"user": "no\0body"}, "the image has no user"),
        ({"mounts": (Mount("/a", "/\0b"),)}, "does not exist on this node"),
    ],
)
def test_what_cannot_be_says_why(layout: Path, fields: dict[str, object], said: str) -> None:
    fields = dict(fields)
    argv = fields.pop("argv", ("/bin/true",))

    async def story() -> None:
        async with ship(layout) as site:
            outcome, _ = await told(site, boxed("r", *argv, **fields))  # type: ignore[misc]
            assert outcome.cause is EndCause.LAUNCH_FAILED
            assert said in outcome.message
            assert outcome.fault is Fault.REQUEST
            await until(lambda: not bundles(site))

    play(story())


def test_files_are_fetched_before_the_start(layout: Path, tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\necho fetched")

    async def story() -> None:
        async with ship(layout) as site:
            fetch = (Fetch(f"file://{tmp_path}/tool", executable=True),)
            assert (await told(site, boxed("r", "./tool", fetch=fetch)))[1] == "fetched\n"
            outcome, _ = await told(site, boxed("s", "true", fetch=(Fetch(f"file://{tmp_path}/none"),)))
            assert outcome.cause is EndCause.FETCH_FAILED

    play(story())


def test_what_no_system_can_be_told_costs_only_its_own_container(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            agent = site.agent
            for number, fields in enumerate(
                (
                    {"image": "acme/\0:1"},
                    {"hostname": "a\0b"},
                    {"mounts": (Mount("/a\0b", "x", create=True),)},
                    {"environment": {"A": "a\0b"}},
                    {"working_directory": "a\0b"},
                    {"network": "cni:a\0b"},
                )
            ):
                outcome, _ = await told(site, boxed(f"r{number}", "/bin/true", **fields))  # type: ignore[arg-type]
                assert (outcome.cause, outcome.fault) == (EndCause.LAUNCH_FAILED, Fault.REQUEST), (fields, outcome)
            kept = await told(site, boxed("whole", "/bin/echo", "\\u0000"))
            assert (kept[0].exit_code, kept[1]) == (0, "\\u0000\n")
            assert site.agent == agent

    play(story())


def test_checks_look_inside(layout: Path) -> None:
    text = "touch /tmp/well; while [ ! -e /sandbox/go ]; do sleep 0.05; done; rm /tmp/well; sleep 1000"
    looks = {"delay": 10_000, "interval": 50_000, "grace": 5_000_000, "failures": 2}

    async def story() -> None:
        async with ship(layout) as site:
            check = HealthCheck(CheckKind.COMMAND, ("/bin/test", "-e", "/tmp/well"), **looks)
            site.control.launch(script("r", text, check=check, grace=0))
            await site.control.until(lambda: site.control.health.get("r") == [True])
            (site.directory / "sandboxes" / "r" / "go").touch()
            assert (await site.control.outcome("r")).cause is EndCause.UNHEALTHY

    play(story())
