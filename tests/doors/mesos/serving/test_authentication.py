"""Basic authentication: closed realms want a known name and its secret, open ones nothing."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.mesos.serving.authentication import BasicAuthentication
from portico.doors.mesos.serving.exchange import Refused

WHO = BasicAuthentication({"alice": "secret", "bób": "ö:x", "empty": ""}, frozenset({"closed"}))


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(("text", "name"), [("alice:secret", "alice"), ("bób:ö:x", "bób"), ("empty:", "empty")])
def test_name_and_secret_prove_a_principal(text, name):
    assert WHO.principal("closed", basic(text)) == name
    assert WHO.principal("closed", basic(text).replace("Basic", "basic")) == name


def test_an_open_realm_asks_for_nothing():
    assert WHO.principal("open", None) is None
    assert WHO.principal("open", basic("alice:wrong")) is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ???",
        "Bearer alice",
        basic("alice:wrong"),
        basic("nobody:"),
        basic("alice"),
        basic(":"),
    ],
)
def test_anything_else_is_refused_with_a_challenge(header):
    with pytest.raises(Refused) as caught:
        WHO.principal("closed", header)
    assert caught.value.status == 401
    assert caught.value.headers == ((b"www-authenticate", b'Basic realm="closed"'),)


@given(st.text(max_size=30) | st.binary(max_size=20).map(lambda data: "Basic " + b64encode(data).decode()))
def test_arbitrary_headers_are_refused(header):
    with pytest.raises(Refused):
        WHO.principal("closed", header)
