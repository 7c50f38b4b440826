"""Who calls: closed realms want the token, or a known name and its secret; open ones want nothing."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.mesos.serving.authentication import Access, BasicAuthentication, authentication
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


REALMS = frozenset({"closed"})
TOKEN, NAMED = Access("t0ken"), Access(credentials={"alice": "secret"})
BOTH = Access("t0ken", {"alice": "secret"})


@pytest.mark.parametrize("realm", ["closed", "open"])
def test_without_anything_that_opens_it_all_is_open(realm):
    assert authentication(Access(), REALMS).principal(realm, None) is None


@pytest.mark.parametrize("access", [TOKEN, BOTH])
@pytest.mark.parametrize("header", ["Bearer t0ken", "bearer  t0ken "])
def test_the_token_opens_to_nobody_in_particular(access, header):
    assert authentication(access, REALMS).principal("closed", header) is None


@pytest.mark.parametrize("access", [NAMED, BOTH])
def test_a_principal_gets_in_beside_the_token(access):
    assert authentication(access, REALMS).principal("closed", basic("alice:secret")) == "alice"


@pytest.mark.parametrize("access", [TOKEN, NAMED, BOTH])
def test_open_realms_stay_open(access):
    assert authentication(access, REALMS).principal("open", "Bearer wrong") is None


@pytest.mark.parametrize(
    ("access", "challenges"),
    [(TOKEN, [b"Bearer"]), (NAMED, [b'Basic realm="closed"']), (BOTH, [b"Bearer", b'Basic realm="closed"'])],
)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer t0ke", "Bearer t0kenn", "Basic t0ken", "t0ken", basic("alice:t0ken"), "Bearer \u00fc"],
)
def test_who_shows_neither_is_told_what_would_do(access, challenges, header):
    with pytest.raises(Refused) as caught:
        authentication(access, REALMS).principal("closed", header)
    assert caught.value.status == 401
    assert caught.value.headers == tuple((b"www-authenticate", one) for one in challenges)


def test_what_opens_an_address_is_not_repeated():
    assert repr(BOTH) == "Access(token=set, principals=['alice'])"
