"""Tokens, request ids and addresses: what is accepted and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid, Unavailable
from portico.serving import request_context
from portico.serving.addresses import Address, close_all, is_loopback, open_sockets
from portico.serving.http_guards import host_name
from portico.serving.identity import BearerToken


@given(st.text())
def test_no_header_but_the_right_one_is_accepted(header):
    token = BearerToken("s3cret")
    scheme, _, rest = header.partition(" ")
    assert token.accepts(header) is (scheme.lower() == "bearer" and rest.strip() == "s3cret")


def test_the_right_header_is_accepted_and_the_secret_not_shown():
    token = BearerToken("s3cret")
    assert token.accepts("Bearer s3cret")
    assert token.accepts("bearer s3cret ")
    assert "s3cret" not in repr(token)


@pytest.mark.parametrize("secret", ["", "two words", "tab\t", "ümlaut"])
def test_a_token_that_no_header_can_carry_is_refused(secret):
    with pytest.raises(Invalid) as caught:
        BearerToken(secret)
    assert caught.value.field == "auth.token"


@given(st.text())
def test_a_request_id_is_always_fit_for_a_header(offered):
    accepted = request_context.accept_request_id(offered)
    assert accepted.isascii()
    assert accepted.isprintable()
    assert 0 < len(accepted) <= 128


def test_new_request_ids_differ():
    assert len({request_context.new_request_id() for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_loopback_names(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("header", "name"), [("A.b:80", "a.b"), ("a.b", "a.b"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("", "")]
)
def test_host_headers(header, name):
    assert host_name(header) == name


def test_addresses_are_written_as_urls_have_them():
    assert str(Address("::1", 80)) == "[::1]:80"
    assert str(Address("localhost", 80)) == "localhost:80"


def test_a_name_with_several_addresses_gets_one_port():
    sockets = open_sockets(Address("localhost", 0))
    assert len({listener.getsockname()[1] for listener in sockets}) == 1
    close_all(sockets)


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        (Address("192.0.2.1", 0), Invalid, "this machine has no such address"),
        (Address("no-such-host.invalid", 80), Invalid, "the host name is unknown"),
        (Address("127.0.0.1", 65_536), Invalid, "from 0 to 65535"),
    ],
)
def test_addresses_that_cannot_be_had(address, error, words):
    with pytest.raises(error, match=words) as caught:
        open_sockets(address)
    assert str(address) in str(caught.value)


def test_a_port_is_had_once():
    first = open_sockets(Address("127.0.0.1", 0))
    port = first[0].getsockname()[1]
    with pytest.raises(Unavailable, match="in use"):
        open_sockets(Address("127.0.0.1", port))
    close_all(first)
    close_all(open_sockets(Address("127.0.0.1", port)))
