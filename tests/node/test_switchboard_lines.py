"""What strangers may say on the lines of a switchboard."""

from __future__ import annotations

import socket

from hypothesis import given, settings
from hypothesis import strategies as st
from node.boards import Boards

from portico.node.switchboard_lines import (
    HEAD,
    INPUT,
    Line,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_whatever_is_said_a_line_gives_whole_frames_or_hangs_up(pieces: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    line = Line(ours)
    said = b"".join(pieces)
    heard: list[tuple[bytes, bytes]] = []
    with theirs:
        for piece in pieces:
            if line.open and piece:
                theirs.sendall(piece)
                heard += line.receive()
        assert (
            b"".join(HEAD.pack(kind, len(data)) + data for kind, data in heard)
            == said[: sum(HEAD.size + len(data) for _, data in heard)]
        )
    line.close()


def test_strangers_and_nonsense_cost_only_their_own_line(boards: Boards) -> None:
    board = boards("pipes", "cat")
    reader, writer = board.reader(), board.writer()
    for nonsense in (b"\xff" * 64, b"I\0\0\0\1x", b"R\0\0\0\0Z\0\0\0\4abcd", b"W\0"):
        caller = board.call()
        caller.socket.sendall(nonsense)
        caller.socket.shutdown(socket.SHUT_WR)
        while caller.hear()[0]:
            pass
    writer.say(INPUT, b"still here")
    writer.say(INPUT)
    assert reader.rest() == (b"still here", b"", True)
    assert board.end() == 0
