import signal

import pytest

from portico.domain.containers import Container
from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Micros
from portico.domain.runs import RunSpec
from portico.node.containers import commands
from portico.node.containers.image_config import ImageConfig

IMAGE = ImageConfig(("PATH=/image", "A=image", "B=image"), "", "", ("/entry", "e"), ("cmd",))


@pytest.mark.parametrize(
    ("entrypoint", "argv", "runs"),
    [
        (None, (), ("/entry", "e", "cmd")),
        (None, ("mine",), ("/entry", "e", "mine")),
        (("/own",), (), ("/own",)),
        (("/own",), ("mine",), ("/own", "mine")),
        ((), ("mine", "words"), ("mine", "words")),
    ],
)
def test_entry_point_and_arguments(
    entrypoint: tuple[str, ...] | None, argv: tuple[str, ...], runs: tuple[str, ...]
) -> None:
    assert commands.command(Container("i", entrypoint), RunSpec(argv=argv), IMAGE) == runs


@pytest.mark.parametrize("image", [IMAGE, ImageConfig()])
def test_nothing_to_run_is_refused(image: ImageConfig) -> None:
    with pytest.raises(Invalid, match="names a command"):
        commands.command(Container("i", ()), RunSpec(), image)


def test_variables_of_the_run_go_over_ours_over_those_of_the_image() -> None:
    spec = RunSpec(environment={"B": "run", "PORTICO_NODE": "mine"})
    order = LaunchOrder("r", 3, spec, Micros(0), ports=((5, 6),))
    found = commands.environment(
        order, Container("i", sandbox_target="/s"), IMAGE, "/home/u", ("n", "/sock", "/node/s")
    )
    assert found == {
        "PATH": "/image", "A": "image", "B": "run", "HOME": "/home/u", "PORTICO_SANDBOX": "/s", "PORTICO_RUN_ID": "r",
        "PORTICO_RUN_TOKEN": "3", "PORTICO_NODE": "mine", "PORT0": "5", "PORT1": "6", "PORTS": "5,6",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "image", "directory"),
    [
        ("", "", "/sandbox"),
        ("", "/", "/sandbox"),
        ("", "/app", "/app"),
        ("", "app", "/app"),
        ("sub", "/app", "/sandbox/sub"),
        ("/abs", "/app", "/abs"),
    ],
)
def test_where_it_runs(stated: str, image: str, directory: str) -> None:
    spec = RunSpec(working_directory=stated)
    assert commands.working_directory(Container("i"), spec, ImageConfig(working_dir=image)) == directory


@pytest.mark.parametrize(
    ("stated", "image", "number"),
    [("", "", signal.SIGTERM), ("", "SIGINT", signal.SIGINT), ("9", "SIGINT", 9), ("usr1", "", signal.SIGUSR1)],
)
def test_the_signal_that_asks_for_the_end(stated: str, image: str, number: int) -> None:
    assert commands.stop_signal(Container("i", stop_signal=stated), ImageConfig(stop_signal=image)) == number


@pytest.mark.parametrize("name", ["SIGNOPE", "0", "-1", "999", "²"])
def test_a_signal_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no signal"):
        commands.stop_signal(Container("i", stop_signal=name), ImageConfig())
