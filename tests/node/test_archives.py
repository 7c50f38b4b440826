"""Unpacking: nothing outside, nothing beyond the allowance, whatever an archive says of itself."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck as Health
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Exhausted, PorticoError
from portico.node import archives
from portico.node.allowance import Allowance
from portico.node.fetcher import _BROKEN

MEGABYTE = 1 << 20
PACK = {
    "tar": bytes,
    "tgz": gzip.compress,
    "tar.gz": gzip.compress,
    "tbz2": bz2.compress,
    "tar.bz2": bz2.compress,
    "txz": lzma.compress,
    "tar.xz": lzma.compress,
}


def unpack(place, name, data, allowed=MEGABYTE):
    """Unpack into place/box and give what is there."""
    box = place / "box"
    box.mkdir(exist_ok=True)
    archive = place / name
    archive.write_bytes(data)
    source, sandbox = os.open(archive, os.O_RDONLY), os.open(box, os.O_RDONLY)
    try:
        archives.unpack(source, (name,), sandbox, Allowance(allowed), None)
    finally:
        os.close(source)
        os.close(sandbox)
        archive.unlink()
    return {str(path.relative_to(box)): path for path in box.rglob("*")}


def tar(*members):
    """Make a tar file of (name, content) or (name, TarInfo attributes)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                for key, value in content.items():
                    setattr(member, key, value)
                archive.addfile(member)
    return data.getvalue()


def zipped(*members, packing=zipfile.ZIP_DEFLATED):
    """Make a zip file of (name, content, mode)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", packing) as archive:
        for name, content, mode in members:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content, compress_type=packing)
    return data.getvalue()


@pytest.mark.parametrize("suffix", PACK)
def test_tar_by_every_suffix(tmp_path, suffix):
    data = tar(("dir", {"type": tarfile.DIRTYPE, "mode": 0o755}), ("dir/run", b"#!"), ("deep/er/file", b"text"))
    found = unpack(tmp_path, f"a.{suffix}", PACK[suffix](data))
    assert sorted(found) == ["deep", "deep/er", "deep/er/file", "dir", "dir/run"]
    assert found["deep/er/file"].read_bytes() == b"text"


def test_modes_lose_their_raised_rights(tmp_path):
    member = tarfile.TarInfo("tool")
    member.mode, member.size = 0o6777, 1
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(member, io.BytesIO(b"x"))
    assert stat.S_IMODE(unpack(tmp_path, "a.tar", data.getvalue())["tool"].stat().st_mode) == 0o755
    zip_data = zipped(
        ("sub/tool", b"x", stat.S_IFREG | 0o6777), ("plain", b"y", stat.S_IFREG | 0o446), ("empty/", b"", 0)
    )
    found = unpack(tmp_path, "a.zip", zip_data)
    assert stat.S_IMODE(found["sub/tool"].stat().st_mode) == 0o755
    assert stat.S_IMODE(found["plain"].stat().st_mode) == 0o644
    assert found["empty"].is_dir()


def test_single_gz(tmp_path):
    assert unpack(tmp_path, "words.gz", gzip.compress(b"some words"))["words"].read_bytes() == b"some words"


def test_xz_in_several_streams_with_padding(tmp_path):
    data = tar(("file", b"x" * 700_000))
    packed = lzma.compress(data[:1000]) + b"\0" * 8 + lzma.compress(data[1000:])
    assert unpack(tmp_path, "a.txz", packed)["file"].stat().st_size == 700_000


@pytest.mark.parametrize("name", ["a.tgz", "a.tbz2", "a.txz", "a.gz"])
def test_cut_off_files_fail(tmp_path, name):
    packed = PACK.get(name[2:], gzip.compress)(tar(("file", os.urandom(50_000))))
    with pytest.raises(_BROKEN):
        unpack(tmp_path, name, packed[: len(packed) // 2])


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tbz2", "a.txz", "a.gz", "a.zip"])
@pytest.mark.parametrize("data", [b"", b"garbage" * 500])
def test_garbage_fails(tmp_path, name, data):
    if (name, data) == ("a.gz", b""):
        assert unpack(tmp_path, name, data)["a"].read_bytes() == b"", "gzip takes an empty file for an empty one"
        return
    with pytest.raises(_BROKEN):
        unpack(tmp_path, name, data)


def test_cut_off_tar_fails(tmp_path):
    with pytest.raises(_BROKEN):
        unpack(tmp_path, "a.tar", tar(("file", b"x" * 50_000))[:20_000])


# ---- ways out --------------------------------------------------------------------------------------------------

SYMLINK, HARDLINK = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("../out", b"x")],
        [("a/../../out", b"x")],
        [("link", {"type": SYMLINK, "linkname": "/etc"})],
        [("link", {"type": SYMLINK, "linkname": "../outside"})],
        [("a/link", {"type": SYMLINK, "linkname": "../../outside"})],
        [("link", {"type": HARDLINK, "linkname": "../secret"})],
        [("link", {"type": HARDLINK, "linkname": "/etc/passwd"})],
        [("fifo", {"type": tarfile.FIFOTYPE})],
        [("device", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})],
        [("disk", {"type": tarfile.BLKTYPE, "devmajor": 8, "devminor": 0})],
        [("dir", {"type": SYMLINK, "linkname": "."}), ("dir/file", b"through a link")],
        [("file", b"x"), ("file/below", b"x")],
    ],
)
def test_tar_entries_that_are_refused(tmp_path, members):
    (tmp_path / "outside").mkdir()
    (tmp_path / "secret").write_text("secret")
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises(_BROKEN):
        unpack(tmp_path, "a.tar", tar(*members))
    after = sorted(path for path in tmp_path.rglob("*") if "box" not in path.relative_to(tmp_path).parts)
    assert after == before
    assert not any(stat.S_ISFIFO(path.lstat().st_mode) for path in (tmp_path / "box").rglob("*"))


def test_absolute_names_land_inside(tmp_path):
    found = unpack(tmp_path, "a.tar", tar(("/etc/portico-test", b"x")))
    assert found["etc/portico-test"].read_bytes() == b"x"


def test_links_inside_are_kept(tmp_path):
    data = tar(
        ("lib/real", b"text"),
        ("lib/soft", {"type": SYMLINK, "linkname": "../lib/real"}),
        ("lib/hard", {"type": HARDLINK, "linkname": "lib/real"}),
        ("lib/real2", b"old"),
        ("lib/real2", b"new"),
    )
    found = unpack(tmp_path, "a.tar", data)
    assert str(found["lib/soft"].readlink()) == "../lib/real"
    assert found["lib/hard"].samefile(found["lib/real"])
    assert found["lib/real2"].read_bytes() == b"new"


def test_replaced_name_does_not_write_through_its_old_link(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "box").mkdir()
    (tmp_path / "box/file").symlink_to(tmp_path / "secret")
    (tmp_path / "box/hard").hardlink_to(tmp_path / "secret")
    found = unpack(tmp_path, "a.tar", tar(("file", b"x"), ("hard", b"y")))
    assert found["file"].read_bytes() == b"x"
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize(
    "member",
    [
        ("../out", b"x", 0),
        ("/abs", b"x", 0),
        ("a/../../out", b"x", 0),
        ("link", b"/etc", stat.S_IFLNK | 0o777),
        ("link", b"../x", stat.S_IFLNK | 0o777),
        ("fifo", b"", stat.S_IFIFO | 0o600),
        ("dev", b"", stat.S_IFCHR | 0o600),
    ],
)
def test_zip_entries_that_are_refused(tmp_path, member):
    with pytest.raises(PorticoError):
        unpack(tmp_path, "a.zip", zipped(member))
    assert [path.name for path in tmp_path.rglob("*")] == ["box"]


def test_zip_link_inside_is_kept_and_not_written_through(tmp_path):
    good = zipped(("real/file", b"x", 0), ("link", b"real", stat.S_IFLNK | 0o777))
    assert str(unpack(tmp_path, "a.zip", good)["link"].readlink()) == "real"
    with pytest.raises(PorticoError):
        unpack(tmp_path, "b.zip", zipped(("link/file", b"y", 0)))
    assert (tmp_path / "box/real/file").read_bytes() == b"x"


PARTS = st.sampled_from(["..", ".", "", "a", "b", "link", "/", "out"]) | st.text(min_size=1, max_size=3)
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, SYMLINK, HARDLINK, tarfile.FIFOTYPE, tarfile.CONTTYPE])


@settings(max_examples=80, suppress_health_check=[Health.function_scoped_fixture], deadline=None)
@given(members=st.lists(st.tuples(NAMES, KINDS, NAMES), min_size=1, max_size=6))
def test_no_tar_writes_outside(tmp_path_factory, members):
    place = tmp_path_factory.mktemp("tar")
    (place / "out").write_text("secret")
    entries = []
    for name, kind, target in members:
        regular = kind in {tarfile.REGTYPE, tarfile.CONTTYPE}
        entries.append((name, b"planted" if regular else {"type": kind, "linkname": target}))
    try:
        data = tar(*entries)
    except (UnicodeError, ValueError):
        return
    with suppress(*_BROKEN):
        unpack(place, "a.tar", data)
    check_nothing_outside(place)


@settings(max_examples=80, suppress_health_check=[Health.function_scoped_fixture], deadline=None)
@given(members=st.lists(st.tuples(NAMES, st.booleans(), NAMES), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_zip_writes_outside(tmp_path_factory, members):
    place = tmp_path_factory.mktemp("zip")
    (place / "out").write_text("secret")
    try:
        data = zipped(
            *[(name, target if link else "planted", stat.S_IFLNK if link else 0) for name, link, target in members]
        )
    except (UnicodeError, ValueError):
        return
    with suppress(*_BROKEN):
        unpack(place, "a.zip", data)
    check_nothing_outside(place)


def check_nothing_outside(place):
    assert {path.name for path in place.iterdir()} == {"box", "out"}
    assert (place / "out").read_text() == "secret"
    for path in (place / "box").rglob("*"):
        kind = path.lstat().st_mode
        assert stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind)
        assert not stat.S_ISREG(kind) or path.read_text() == "planted"


# ---- bombs -----------------------------------------------------------------------------------------------------


def size_on_disk(place):
    return sum(path.lstat().st_size for path in (place / "box").rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tgz", gzip.compress(tar(("zeros", bytes(20 * MEGABYTE))))),
        ("a.tbz2", bz2.compress(tar(("zeros", bytes(20 * MEGABYTE))), 1)),
        ("a.txz", lzma.compress(tar(("zeros", bytes(20 * MEGABYTE))), preset=0)),
        ("a.gz", gzip.compress(bytes(20 * MEGABYTE))),
        ("a.zip", zipped(("zeros", bytes(20 * MEGABYTE), 0))),
        ("b.zip", zipped(*[(f"part{i}", bytes(MEGABYTE // 2), 0) for i in range(8)])),
        ("c.zip", zipped(("zeros", bytes(20 * MEGABYTE), 0), packing=zipfile.ZIP_BZIP2)),
    ],
)
def test_bombs_stop_while_they_unpack(tmp_path, name, data):
    assert len(data) < MEGABYTE
    with pytest.raises(Exhausted):
        unpack(tmp_path, name, data)
    assert size_on_disk(tmp_path) <= MEGABYTE


def test_zip_that_lies_about_its_size(tmp_path):
    data = bytearray(zipped(("zeros", bytes(20 * MEGABYTE), 0)))
    for offset in (22, data.index(b"PK\x01\x02") + 24):
        data[offset : offset + 4] = (100).to_bytes(4, "little")
    with pytest.raises(_BROKEN):
        unpack(tmp_path, "a.zip", bytes(data))
    assert size_on_disk(tmp_path) <= MEGABYTE


def test_huge_tar_header_is_not_read_into_memory(tmp_path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 7 << 30
    with pytest.raises(Exhausted, match="header"):
        unpack(tmp_path, "a.tar", header.tobuf() + bytes(1 << 20), allowed=1 << 40)


def test_empty_entries_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ENTRY_LIMIT", 10)
    with pytest.raises(Exhausted, match="10 entries"):
        unpack(tmp_path, "a.tar", tar(*[(f"f{i}", b"") for i in range(11)]))
    with pytest.raises(Exhausted, match="10 entries"):
        unpack(tmp_path, "a.zip", zipped(*[(f"g{i}", b"", 0) for i in range(11)]))


def test_large_zip_listing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_DIRECTORY_LIMIT", 1000)
    with pytest.raises(Exhausted, match="listing"):
        unpack(tmp_path, "a.zip", zipped(*[(f"name{i}", b"", 0) for i in range(30)]))


def test_xz_that_wants_much_memory_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(b"x" * 1000, filters=filters))
    # The block header's dictionary size: 40 means 4 GiB - 1; its checksum follows the padding.
    start = 12
    length = (packed[start] + 1) * 4
    packed[start + 4] = 40
    packed[start + length - 4 : start + length] = zlib.crc32(packed[start : start + length - 4]).to_bytes(4, "little")
    with pytest.raises(lzma.LZMAError, match=r"(?i)memory"):
        unpack(tmp_path, "a.txz", bytes(packed))


def test_encrypted_zip_fails(tmp_path):
    data = bytearray(zipped(("secret", b"x", 0)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(_BROKEN):
        unpack(tmp_path, "a.zip", bytes(data))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tar.xz", True),
        ("a.gz", True),
        ("a.zip", True),
        ("a.txt", False),
        ("tar", False),
        (".gz", False),
        (".tar.gz", False),
    ],
)
def test_suffixes(name, expected):
    assert archives.is_archive(name) is expected
