import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Damaged
from portico.node.containers.image_config import (
    ImageConfig,
    read_image_config,
    read_index,
    read_manifest,
    variables,
)

DIGEST = "sha256:" + "ab" * 32
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["config", "Env", "Cmd", "User", "layers", "digest", "size", "manifests", "annotations"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_a_whole_configuration_is_read() -> None:
    document = {
        "os": "linux",
        "config": {
            "Env": ["A=1", "B=x=y", "EMPTY=", "=bad"],
            "User": "me:us",
            "WorkingDir": "/w",
            "Entrypoint": ["/e"],
            "Cmd": ["c"],
            "StopSignal": "SIGINT",
            "Labels": {"a": "b"},
        },
    }
    config = read_image_config(json.dumps(document).encode())
    assert config == ImageConfig(("A=1", "B=x=y", "EMPTY="), "me:us", "/w", ("/e",), ("c",), "SIGINT")
    assert variables(config) == {"A": "1", "B": "x=y", "EMPTY": ""}


@pytest.mark.parametrize("text", ["{}", '{"config":null}', '{"config":{"Env":null,"Cmd":null,"User":null}}'])
def test_what_is_missing_or_null_is_empty(text: str) -> None:
    assert read_image_config(text.encode()) == ImageConfig()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"config":{"Env":"A=1"}}', '{"config":{"Cmd":["a\\u0000b"]}}', "[" * 100_000]
)
def test_a_wrong_configuration_is_damaged(text: str) -> None:
    with pytest.raises(Damaged):
        read_image_config(text.encode())


@pytest.mark.parametrize(
    "descriptor",
    [
        {"digest": "md5:x", "size": 1},
        {"digest": "sha256:../../x", "size": 1},
        {"digest": DIGEST, "size": -1},
        {"digest": DIGEST},
    ],
)
def test_a_part_without_a_proper_digest_is_damaged(descriptor: dict[str, object]) -> None:
    with pytest.raises(Damaged):
        read_index(json.dumps({"manifests": [descriptor]}).encode())
    with pytest.raises(Damaged):
        read_manifest(json.dumps({"config": {"digest": DIGEST, "size": 1}, "layers": [descriptor]}).encode())


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_damaged(data: bytes) -> None:
    for read in (read_image_config, read_index, read_manifest):
        try:
            read(data)
        except Damaged as error:
            assert str(error)
