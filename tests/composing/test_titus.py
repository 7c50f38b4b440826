"""The Titus door's part of the composition: who a call or a request was proven to come from."""

from types import SimpleNamespace

from starlette.requests import Request

from portico.composing import titus
from portico.serving.http_protocols import PEER
from portico.serving.peers import PEER_METADATA, Peer, encode_peer

ALICE = Peer("alice", ("aa", "bb"))


def context(peer, **facts):
    return SimpleNamespace(
        peer=lambda: peer,
        auth_context=lambda: facts.get("proven", {}),
        invocation_metadata=lambda: facts.get("metadata", ()),
    )


def test_a_call_is_its_certificates():
    handed_on = ((PEER_METADATA, encode_peer(ALICE)),)
    assert titus._proven_of_call(context("unix:/run/portico", metadata=handed_on)) == "alice"
    assert titus._proven_of_call(context("ipv4:127.0.0.1:1", metadata=handed_on)) == ""
    assert titus._proven_of_call(context("ipv4:127.0.0.1:1")) == ""


def test_a_request_is_its_certificates():
    def request(extensions):
        return Request({"type": "http", "headers": [], "extensions": extensions})

    assert titus._proven_of_request(request({PEER: lambda: ALICE})) == "alice"
    assert titus._proven_of_request(request({PEER: lambda: None})) == ""
    assert titus._proven_of_request(request({})) == ""
