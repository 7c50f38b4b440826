"""Where mounts come from: the node, the Run's own sandbox, or that of the Run above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.domain.containers import Mount
from portico.domain.errors import Forbidden, Invalid
from portico.node.containers.places import mount_source


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    for run in ("own", "above"):
        (tmp_path / run).mkdir()
    return tmp_path / "own"


def test_a_relative_source_is_in_the_sandbox_of_the_run_that_is_named(sandbox: Path) -> None:
    assert mount_source(Mount("/d", "v/a", create=True), sandbox) == sandbox / "v" / "a"
    shared = mount_source(Mount("/d", "v", create=True, run="above"), sandbox)
    assert shared == sandbox.parent / "above" / "v"
    assert shared.is_dir()


@pytest.mark.parametrize("run", ["..", "a/b", "/etc"])
def test_no_other_folder_can_be_named(sandbox: Path, run: str) -> None:
    with pytest.raises((Invalid, ValueError)):
        mount_source(Mount("/d", "v", create=True, run=run), sandbox)


def test_a_link_there_is_refused(sandbox: Path) -> None:
    (sandbox.parent / "above" / "v").symlink_to("/etc")
    with pytest.raises((Forbidden, Invalid)):
        mount_source(Mount("/d", "v", run="above"), sandbox)
