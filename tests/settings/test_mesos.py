"""The table `[doors.mesos]`, and the disks of nodes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portico.settings import Settings, SettingsError, load
from portico.settings.model import DiskSettings


def loaded(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    file = tmp_path / "p.toml"
    file.write_text(text)
    return load(file, environ or {}, {})


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_by_default_nobody_is_asked_and_nothing_is_left_out(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "")
    assert (settings.mesos_credentials, settings.mesos_limit_disk, settings.mesos_whitelist) == ({}, False, None)


# ---- principals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["", "authenticate = true\n"])
def test_principals_from_a_table(tmp_path: Path, switch: str) -> None:
    text = f"[doors.mesos]\n{switch}[doors.mesos.credentials]\nalice = 's3cret'\nbob = 'a b:c'\n"
    assert loaded(tmp_path, text).mesos_credentials == {"alice": "s3cret", "bob": "a b:c"}


def test_principals_that_are_not_asked_for(tmp_path: Path) -> None:
    text = "[doors.mesos]\nauthenticate = false\ncredentials = { alice = 's' }\n"
    assert loaded(tmp_path, text).mesos_credentials == {}


@pytest.mark.parametrize(
    "content",
    [
        "alice s3cret\n\n  bob   other \n",
        json.dumps(
            {"credentials": [{"principal": "alice", "secret": "s3cret"}, {"principal": "bob", "secret": "other"}]}
        ),
    ],
)
def test_principals_from_a_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "credentials").write_text(content)
    text = "[doors.mesos]\ncredentials = 'credentials'\n"
    assert loaded(tmp_path, text).mesos_credentials == {"alice": "s3cret", "bob": "other"}
    environ = {"PORTICO_DOORS__MESOS__CREDENTIALS": str(tmp_path / "credentials")}
    assert loaded(tmp_path, "", environ).mesos_credentials == {"alice": "s3cret", "bob": "other"}


EXPECTED = "a table of secrets by principal, or a file with lines PRINCIPAL SECRET or JSON as Mesos reads it"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "authenticate = true",
            "2: doors.mesos.authenticate: nobody has credentials; expected doors.mesos.credentials",
        ),
        ("authenticate = true\ncredentials = {}", "2: doors.mesos.authenticate: nobody has credentials; expected"),
        ("authenticate = 1\ncredentials = { a = 'b' }", "2: doors.mesos.authenticate: got an integer; expected"),
        ("credentials = 3", f"2: doors.mesos.credentials: neither a table nor the name of a file; expected {EXPECTED}"),
        (
            "credentials = 'none'",
            "2: doors.mesos.credentials: none cannot be read: No such file or directory; expected",
        ),
        ("credentials = 'odd'", "2: doors.mesos.credentials: odd:2 is not a principal and its secret; expected"),
        ("credentials = 'json'", "2: doors.mesos.credentials: json is not the JSON of credentials; expected"),
        ("credentials = 'empty'", "2: doors.mesos.credentials: empty has no credentials in it; expected"),
        ("credentials = 'bytes'", "2: doors.mesos.credentials: bytes cannot be read: it is no text; expected"),
        (
            "credentials = { 'a:b' = 'x' }",
            "2: doors.mesos.credentials.\"a:b\": 'a:b' cannot name a principal; expected",
        ),
        ("credentials = { a = '' }", "2: doors.mesos.credentials.a: the secret of 'a' is empty or has characters"),
        ("credentials = { a = 7 }", "2: doors.mesos.credentials.a: got an integer; expected a string"),
    ],
)
def test_wrong_principals_are_refused_without_their_secrets(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "odd").write_text("alice fine\nbob hunter2 more\n")
    (tmp_path / "json").write_text('{"credentials": [{"principal": "hunter2"}]}')
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"a \xff\n")
    found = complaint(tmp_path, f"[doors.mesos]\n{text}\n")
    assert f"p.toml:{said}" in found
    assert "hunter2" not in found


# ---- nodes -----------------------------------------------------------------------------------------------------


def test_the_nodes_that_are_offered(tmp_path: Path) -> None:
    text = "[[nodes]]\nname = 'a'\n[[nodes]]\nname = 'b'\n[doors.mesos]\nwhitelist = ['b']\nlimit_disk = true\n"
    settings = loaded(tmp_path, text)
    assert (settings.mesos_whitelist, settings.mesos_limit_disk) == (frozenset({"b"}), True)
    assert loaded(tmp_path, "[doors.mesos]\nwhitelist = ['host']\n").mesos_whitelist == frozenset({"host"})
    assert loaded(tmp_path, "[doors.mesos]\nwhitelist = []\n").mesos_whitelist == frozenset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("whitelist = ['alpa']", "4: doors.mesos.whitelist: no node is named 'alpa'; expected alpha"),
        ("whitelist = 'alpha'", "4: doors.mesos.whitelist: got a string; expected an array of strings"),
        ("limit_disk = 'yes'", "4: doors.mesos.limit_disk: got a string; expected true or false"),
    ],
)
def test_wrong_switches_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert f"p.toml:{said}" in complaint(tmp_path, f"[[nodes]]\nname = 'alpha'\n[doors.mesos]\n{text}\n")


def test_disks_of_a_node(tmp_path: Path) -> None:
    text = "[[nodes]]\ndisks = [{ type = 'path', root = 'd', size = 1.5 }, { type = 'mount', root = '/mnt/x' }]\n"
    (node,) = loaded(tmp_path, text).nodes
    assert node.disks == (
        DiskSettings(type="path", root=tmp_path / "d", size=1500),
        DiskSettings(type="mount", root=Path("/mnt/x")),
    )


@pytest.mark.parametrize(
    ("disks", "said"),
    [
        ("[{ root = '/d' }]", "2: nodes[0].disks[0]: type is missing; expected path or mount"),
        ("[{ type = 'raw', root = '/d' }]", "2: nodes[0].disks[0].type: 'raw' is not known; expected"),
        ("[{ type = 'path' }]", "2: nodes[0].disks[0]: root is missing; expected the folder where the disk is"),
        ("[{ type = 'path', root = '/d', size = 0 }]", "2: nodes[0].disks[0].size: nothing; expected a size in MB"),
        ("[{ type = 'path', root = '/d', size = -1 }]", "2: nodes[0].disks[0].size: -1 is out of range; expected"),
        ("[{ type = 'path', root = '/d', Size = 1 }]", "2: nodes[0].disks[0].Size: unknown key; expected size"),
        ("{ type = 'path', root = '/d' }", "2: nodes[0].disks: got a table; expected an array of tables"),
        (
            "[{ type = 'path', root = '/d' }, { type = 'mount', root = '/d/e' }]",
            "2: nodes[0].disks: /d/e lies within another disk, or another one in it: /d; expected a folder of its own",
        ),
    ],
)
def test_wrong_disks_are_refused(tmp_path: Path, disks: str, said: str) -> None:
    assert f"p.toml:{said}" in complaint(tmp_path, f"[[nodes]]\ndisks = {disks}\n")


def test_two_nodes_have_no_disk_in_common(tmp_path: Path) -> None:
    one = "[[nodes]]\ndisks = [{ type = 'path', root = '/d' }]\n"
    assert "p.toml:4: nodes[1].disks: /d lies within another disk" in complaint(tmp_path, one + one)
