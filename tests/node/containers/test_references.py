import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.node.containers.references import Reference, is_digest, parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("busybox", Reference("busybox")),
        ("acme/tool:1", Reference("acme/tool", tag="1")),
        ("localhost/tool", Reference("tool", "localhost")),
        ("127.0.0.1:5000/acme/tool:v1.2_3-x", Reference("acme/tool", "127.0.0.1:5000", "v1.2_3-x")),
        ("docker.io/library/busybox", Reference("library/busybox", "docker.io")),
        ("[::1]:5000/a", Reference("a", "[::1]:5000")),
        (f"a/b@{DIGEST}", Reference("a/b", digest=DIGEST)),
        (f"quay.io/a/b:1@{DIGEST}", Reference("a/b", "quay.io", "1", DIGEST)),
        ("a__b/c--d/e.f_g", Reference("a__b/c--d/e.f_g")),
    ],
)
def test_names_are_taken_apart_and_put_together(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "A/b", "a//b", "a/", "/a", "a:", "a: b", "a b", "a@", "a@sha256:12", f"@{DIGEST}", "a:b:c", "-a", "a-",
        "host.name/", "host.name:99999999/a", "../a", "a/../b", "a\nb", "a\x00", "ho_st.x/a", "x" * 300, f"a@{DIGEST}0",
        "a:" + "x" * 129, "é",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_reference(text)
    assert caught.value.field == "image"


@given(st.text(st.sampled_from("aA0.-_/:@[] \n\0é") | st.characters(), max_size=40))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        reference = parse_reference(text)
    except Invalid:
        return
    assert str(reference) == text
    assert parse_reference(reference.tagged).tagged == reference.tagged
    assert re.fullmatch(r"[\w./:@\[\]-]+", text, re.ASCII)
    assert not text.startswith(("-", "/", "."))


def test_digests() -> None:
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST + "\n")
    assert not is_digest(DIGEST.upper())
