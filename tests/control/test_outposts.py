"""Outposts: who is listened to, and questions that are answered or fail, but never hang."""

import asyncio

import pytest
from harness import FakeLine, make_plane

from portico.domain.errors import Forbidden, NotFound, Unavailable
from portico.domain.frames import OutpostHello, OutpostReady, Question, Reply


class Door:
    async def asked(self, node, payload):
        if payload == b"bad":
            raise NotFound("no such thing")
        if payload == b"broken":
            raise RuntimeError
        return payload + node.encode()


def opened():
    plane = make_plane()
    plane.extensions = {"d": Door()}
    return plane


def join(plane, node="n1", door="d"):
    line = FakeLine()
    return plane.connect(OutpostHello(door, node, plane.secret, "h:1"), line), line


def story(play):
    asyncio.run(play())


def test_only_outposts_of_ours_are_welcome():
    plane = opened()
    with pytest.raises(Forbidden):
        join(plane, door="other")
    with pytest.raises(Forbidden):
        plane.connect(OutpostHello("d", "n1", "wrong"), FakeLine())
    _, line = join(plane)
    assert line.sent == [OutpostReady()]


def test_a_question_is_answered_or_refused():
    async def play():
        plane = opened()
        session, line = join(plane)
        for error in ("", "no"):
            asked = asyncio.ensure_future(plane.outposts.ask("d", "n1", b"?"))
            await asyncio.sleep(0)
            session.receive(Reply(line.of(Question)[-1].number, b"!", error))
            if error:
                with pytest.raises(Unavailable, match="no"):
                    await asked
            else:
                assert await asked == b"!"
        assert plane.outposts._questions == {}

    story(play)


@pytest.mark.parametrize("replaced", [True, False])
def test_a_question_to_an_outpost_that_leaves_fails_at_once(replaced):
    async def play():
        plane = opened()
        session, line = join(plane)
        asked = asyncio.ensure_future(plane.outposts.ask("d", "n1", b"?"))
        await asyncio.sleep(0)
        if replaced:
            join(plane)
            assert line.closed
        session.lost()
        with pytest.raises(Unavailable, match="gone"):
            await asked
        assert len(plane.outposts.sessions) == int(replaced)

    story(play)


def test_what_is_only_said_waits_for_nobody():
    async def play():
        plane = opened()
        plane.outposts.say("d", "n1", b"lost")
        session, line = join(plane)
        plane.outposts.say("d", "n1", b"heard")
        (question,) = line.of(Question)
        assert question.payload == b"heard"
        session.receive(Reply(question.number, error="nobody cares"))

    story(play)


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b"x", Reply(7, b"xn1")),
        (b"bad", Reply(7, error="NotFound: no such thing")),
        (b"broken", Reply(7, error="internal error")),
    ],
)
def test_an_outpost_is_answered_whatever_happens(payload, answer):
    async def play():
        session, line = join(opened())
        session.receive(Question(7, payload))
        while not line.of(Reply):
            await asyncio.sleep(0)
        assert line.of(Reply) == [answer]

    story(play)
