import json
from pathlib import Path

import pytest
from node.containers.images import make_layout

from portico.domain.errors import Damaged, NotFound
from portico.node.containers.layouts import blob_path, find_manifest, load_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_layout(
        tmp_path / "l", {"one": {}, "two": {"Cmd": ["x"]}}, b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0"
    )
    return tmp_path / "l"


def test_a_tag_names_a_manifest_whose_parts_are_checked(folder: Path) -> None:
    digests = {tag: find_manifest(str(folder), tag) for tag in ("one", "two")}
    assert digests["one"] != digests["two"]
    assert len(load_manifest(str(folder), digests["one"]).layers) == 1


def test_no_folder_and_no_tag_are_not_found(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is no image layout"):
        find_manifest(str(tmp_path), "one")
    with pytest.raises(NotFound, match="has no tag 'three'"):
        find_manifest(str(folder), "three")


@pytest.mark.parametrize("part", ["config", "layer", "manifest"])
@pytest.mark.parametrize("harm", ["alter", "cut", "lose"])
def test_a_harmed_part_is_named(folder: Path, part: str, harm: str) -> None:
    digest = find_manifest(str(folder), "one")
    manifest = json.loads(Path(blob_path(str(folder), digest)).read_bytes())
    target = {"config": manifest["config"]["digest"], "layer": manifest["layers"][0]["digest"], "manifest": digest}[
        part
    ]
    place = Path(blob_path(str(folder), target))
    data = place.read_bytes()
    if harm == "lose":
        place.unlink()
    else:
        place.write_bytes(data[:-1] if harm == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Damaged, match=target):
        load_manifest(str(folder), digest)


def test_an_index_that_is_no_index_is_damaged(folder: Path) -> None:
    (folder / "index.json").write_text('{"manifests": 1}')
    with pytest.raises(Damaged, match="index"):
        find_manifest(str(folder), "one")
