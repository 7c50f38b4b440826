"""What has happened to Calls and Results, as those hear it who watch.

Owns the words only; who watches what is `control.calls.watching`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Change(StrEnum):
    """What changed."""

    NEW_CALL = "new_call"
    CALL_STATE = "call_state"
    NEW_RESULT = "new_result"
    RESULT_STATE = "result_state"
    RESULT_OWNER = "result_owner"


class Happening(msgspec.Struct, frozen=True, gc=False):
    """One durable change. `number` is the Call's or Result's, `session` the Session's number, `state` the new state's.

    Of a NEW_RESULT or RESULT_OWNER, `owner` is the Call's text now and `before` what it was; of a Call, `id` is its
    text and `pod`, `host` who has it. `links` is a Call's encoded `Links`, for a NEW_CALL only, with `payload`,
    `initial` (text) and `options` (the number of its options).
    """

    change: Change
    session: int
    number: int
    state: int = 0
    id: str = ""
    owner: str = ""
    before: str = ""
    pod: str = ""
    host: str = ""
    payload: int = 0
    initial: str = ""
    options: int = 0
    links: bytes = b""
