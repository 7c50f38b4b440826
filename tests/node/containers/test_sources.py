import pytest

from portico.domain.errors import Invalid, NotFound
from portico.node.containers.references import Reference
from portico.node.containers.sources import HostRoot, Layout, Registry, find_sources

DIGEST = "sha256:" + "ab" * 32
TABLE = {
    "acme/tool:1": "oci:/images/tool:one",
    "acme/tool:2": "oci:/images/tool:two",
    "acme/any": "registry:127.0.0.1:5000/mirror/any",
    "acme/one:3": "registry:reg.example:443/one",
    "acme/fixed": "registry:reg.example/fixed:9",
    "base:latest": "oci:/images/base:b",
    "mine": "host",
}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("portico/host", HostRoot()),
        ("portico/host:7", HostRoot()),
        ("mine", HostRoot()),
        ("mine:2", HostRoot()),
        ("acme/tool:1", Layout("/images/tool", "one")),
        ("base", Layout("/images/base", "b")),
        ("acme/any", Registry(Reference("mirror/any", "127.0.0.1:5000", "latest"))),
        ("acme/any:7", Registry(Reference("mirror/any", "127.0.0.1:5000", "7"))),
        (f"acme/any@{DIGEST}", Registry(Reference("mirror/any", "127.0.0.1:5000", "", DIGEST))),
        (f"acme/any:7@{DIGEST}", Registry(Reference("mirror/any", "127.0.0.1:5000", "7", DIGEST))),
        (f"acme/tool:2@{DIGEST}", Layout("/images/tool", "two")),
        ("acme/one:3", Registry(Reference("one", "reg.example:443", "3"))),
        ("acme/fixed:1", Registry(Reference("fixed", "reg.example", "9"))),
        ("quay.io/x/y:2", Registry(Reference("x/y", "quay.io", "2"))),
    ],
)
def test_a_name_has_its_source(name: str, source: object) -> None:
    assert find_sources(TABLE, name) == (source,)


def test_a_digest_may_be_in_any_source_of_its_name() -> None:
    assert find_sources(TABLE, f"acme/tool@{DIGEST}") == (Layout("/images/tool", "one"), Layout("/images/tool", "two"))


@pytest.mark.parametrize("name", ["acme/tool:3", "acme/tool", "acme/one:4", "busybox", f"busybox@{DIGEST}"])
def test_a_name_that_nobody_serves_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="names no registry"):
        find_sources(TABLE, name)


@pytest.mark.parametrize(
    "source", ["", "hosts", "oci:", "oci:dir", "oci::x", "registry:", "registry:plain/name", "x:y"]
)
def test_a_wrong_entry_is_refused(source: str) -> None:
    with pytest.raises(Invalid):
        find_sources({"a": source}, "a")
