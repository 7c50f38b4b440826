from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from node.containers.images import GROUP, PASSWD

from portico.domain.errors import Invalid
from portico.node.containers.identities import Identity, find_identity


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD + "broken:line\nbad:x:no:no::/:\n")
    (tmp_path / "etc/group").write_text(GROUP)
    return tmp_path


@pytest.mark.parametrize(
    ("user", "identity"),
    [
        ("", Identity(0, 0, (), "/root")),
        ("worker", Identity(1234, 2345, (3456,), "/home/worker")),
        ("1234", Identity(1234, 2345, (3456,), "/home/worker")),
        ("worker:extra", Identity(1234, 3456, (), "/home/worker")),
        ("77", Identity(77, 0, (), "/")),
        ("77:88", Identity(77, 88, (), "/")),
        (":workers", Identity(0, 2345, (), "/root")),
    ],
)
def test_users_are_those_of_the_image(root: Path, user: str, identity: Identity) -> None:
    assert find_identity(str(root), user) == identity


@pytest.mark.parametrize("user", ["nobody", "worker:nope", "bad", "-1", "4294967296", "broken"])
def test_a_user_that_the_image_does_not_have_is_refused(root: Path, user: str) -> None:
    with pytest.raises(Invalid, match="the image has no"):
        find_identity(str(root), user)


def test_an_image_without_users_has_root_and_numbers(tmp_path: Path) -> None:
    assert find_identity(str(tmp_path), "") == Identity()
    assert find_identity(str(tmp_path), "5") == Identity(5)


def test_a_link_to_the_machines_own_users_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").symlink_to("/etc/passwd")
    with pytest.raises(Invalid):
        find_identity(str(tmp_path), "daemon")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=80), st.text(max_size=8))
def test_any_file_gives_an_identity_or_is_refused(root: Path, data: bytes, user: str) -> None:
    (root / "etc/passwd").write_bytes(data)
    try:
        identity = find_identity(str(root), user)
    except Invalid:
        return
    assert 0 <= identity.uid < 1 << 32
    assert identity.home.startswith("/")
