"""The agent with the lean worker: what a task may do, and what is told of it."""

from __future__ import annotations

import pytest
from doors.armonik.outpost.control import DEFAULTS, FACTS, NAMING, SESSION
from doors.armonik.outpost.rig import eventually

from portico.domain.calls.frames import SessionFacts, Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import SMALL, CallOptions, OptionsPatch
from portico.doors.armonik.outpost.calling import MOST_ERROR


def test_what_a_task_sends_comes_with_its_end(lean):
    ending = lean.control.run(b"echo:hello", outputs=2)
    assert ending.verdict is Verdict.OK
    assert [lean.control.bytes_of(content) for _, content in ending.effects.data] == [b"hello", b"hello"]
    assert ending.fetched_at <= ending.started_at <= ending.processed_at <= ending.ended_at
    assert ending.effects.calls == ()


def test_a_task_that_does_nothing_has_no_effects(lean):
    assert lean.control.run(b"nothing").effects is None


def test_the_order_of_an_assignment_is_kept(lean):
    calls = [lean.control.call(f"echo:{index}".encode()) for index in range(40)]
    lean.control.assign(*calls)
    endings = [lean.control.ending(call) for call in calls]
    begun = [ending.started_at for ending in endings]
    assert begun == sorted(begun)
    assert [lean.control.bytes_of(ending.effects.data[0][1]) for ending in endings] == [
        str(index).encode() for index in range(40)
    ]


@pytest.mark.parametrize("size", [0, SMALL, SMALL + 1, 5 << 20])
def test_large_results_are_stored_before_the_end_is_told(lean, size):
    ending = lean.control.run(f"large:{size}".encode())
    content = ending.effects.data[0][1]
    assert (content.inline is None) == (size > SMALL)
    assert content.size == size
    assert lean.control.bytes_of(content) == b"x" * size


def test_data_large_and_small_are_brought_before_a_task_begins(lean):
    ending = lean.control.run(b"joined", needs=[b"", b"small", b"y" * (3 << 20)])
    assert lean.control.bytes_of(ending.effects.data[0][1]) == b"+small+" + b"y" * (3 << 20)


def test_data_that_are_gone_end_a_task_for_good(lean):
    ending = lean.control.run(b"joined", needs=[None])
    assert ending.verdict is Verdict.DATA_MISSING
    assert "no such data" in ending.error
    assert ending.started_at == 0


@pytest.mark.parametrize(
    ("payload", "verdict", "error"),
    [
        (b"say:no good", Verdict.ERROR, "no good"),
        (b"fail:bad", Verdict.ERROR, "bad"),
        (b"crash:oh", Verdict.FAILED, "Worker returned error Internal:\nValueError: oh"),
        (b"unknown", Verdict.FAILED, "Worker returned error Internal:\nKeyError: 'unknown'"),
        (b"vanish", Verdict.FAILED, "file 0"),
    ],
)
def test_ends_of_tasks_that_do_not_go_well(lean, payload, verdict, error):
    ending = lean.control.run(payload)
    assert (ending.verdict, ending.effects) == (verdict, None)
    assert error in ending.error


@pytest.mark.parametrize(
    ("what", "verdict", "error"),
    [
        ("raised", Verdict.FAILED, "Worker returned error Internal:\nFileNotFoundError: no \\udcff"),
        ("failed", Verdict.ERROR, "no \\udcff"),
        ("said", Verdict.ERROR, "no \\udcff"),
        ("long", Verdict.ERROR, "long" * (MOST_ERROR // 4)),
        ("object", Verdict.FAILED, "Worker returned error Internal:\nprocess returned object, where only a text"),
        ("number", Verdict.FAILED, "Worker "),
    ],
)
def test_an_answer_that_is_hard_to_tell_is_told_all_the_same(lean, what, verdict, error):
    ending = lean.control.run(f"odd:{what}".encode())
    assert ending.verdict is verdict
    assert ending.error.startswith(error)
    assert len(ending.error) <= MOST_ERROR + 100
    assert lean.control.run(b"echo:x").verdict is Verdict.OK


def test_what_a_task_creates_and_submits_is_told_in_one_report(lean):
    call = lean.control.assign(lean.control.call(b"split"))
    effects = lean.control.ending(call).effects
    assert [result.name for result in effects.results] == ["big", "bare", "in"]
    big, bare, small = effects.results
    assert (big.content, bare.content) == (None, None)
    data = dict(effects.data)
    assert lean.control.bytes_of(data[big.number]) == b"b" * (3 << 20)
    assert data[bare.number].inline == b"late"
    assert small.content.inline == b"small"
    (created,) = effects.calls
    assert (created.payload, created.outputs, created.dependencies) == (small.number, call.outputs, (big.number,))
    assert created.options == OptionsPatch(max_duration=1_500_000, max_retries=4, priority=3, options={"a": "b"})


def test_ids_are_final_and_nothing_is_told_of_a_task_that_fails(lean):
    ending = lean.control.run(b"split:failed ")
    assert ending.effects is None
    assert NAMING.number(Kind.CALL, ending.error.removeprefix("failed "))


def test_numbers_are_asked_for_ahead_in_blocks(lean):
    before = len(lean.control.asked)
    effects = lean.control.run(b"many:300").effects
    numbers = [result.number for result in effects.results]
    assert numbers == sorted(set(numbers))
    assert len(lean.control.asked) - before < 8


def test_a_task_may_fetch_further_data(lean):
    lean.control.data[77] = b"z" * (2 << 20)
    ending = lean.control.run(f"fetch:{NAMING.text(Kind.RESULT, 77)}".encode())
    assert lean.control.bytes_of(ending.effects.data[0][1]) == b"z" * (2 << 20)


def test_a_task_is_told_what_it_is(lean):
    options = CallOptions(max_duration=2_500_000, max_retries=1, priority=1, partition="default", options={"k": "v"})
    call = lean.control.assign(lean.control.call(b"told", options=options))
    said = lean.control.ending(call).error
    assert said.startswith(f"{call.id} {NAMING.text(Kind.SESSION, SESSION)} 2.5 {{'k': 'v'}}")


def test_only_what_lasts_is_told_as_begun(lean):
    short, long = lean.control.call(b"nothing"), lean.control.call(b"wait:0.2")
    lean.control.assign(short, long)
    lean.control.ending(long)
    assert (long.call, long.lease) in lean.control.begun
    assert lean.control.begun[long.call, long.lease].started_at > 0


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ("wrong token", "INVALID_ARGUMENT: The communication token is not the running task's"),
        ("no token", "INVALID_ARGUMENT: The communication token is missing"),
        ("other session", "INVALID_ARGUMENT: The running task is not of session other"),
        ("missing file", "NOT_FOUND: there is no file"),
        ("strange result", "NOT_FOUND: Result was not found: ../../etc/passwd"),
        ("partition", "INVALID_ARGUMENT: Partition 'strange' is not one of the session's: default, other"),
        ("priority", "INVALID_ARGUMENT: Max priority is 100"),
        ("nothing", "INVALID_ARGUMENT: task_creations must not be empty"),
        ("common", "UNIMPLEMENTED: Common data are not served"),
        ("direct", "UNIMPLEMENTED: Direct data are not served"),
        ("unknown data", "NOT_FOUND: no such data"),
        ("legacy cut", "error: the stream ended before its last task"),
        ("legacy outputs", "error: Result was not found: strange"),
        ("legacy token", "error: The communication token is not the running task's"),
    ],
)
def test_what_the_agent_refuses_its_worker(lean, wrong, answer):
    assert lean.control.run(f"raw:{wrong}".encode()).error.startswith(answer)


def test_a_session_closed_to_workers_takes_no_subtasks(lean):
    facts = SessionFacts(SESSION, worker_submission=False, partitions=("default",), defaults=DEFAULTS)
    call = lean.control.call(b"raw:closed", facts=facts)
    lean.control.assign(call, facts=facts)
    said = lean.control.ending(call).error
    assert said == "FAILED_PRECONDITION: Submission for the session is closed: Worker submission is closed"


def test_older_workers_submit_by_a_stream(lean):
    call = lean.control.assign(lean.control.call(b"old"))
    effects = lean.control.ending(call).effects
    (payload,), (created,) = effects.results, effects.calls
    assert payload.content.inline == b"payload"
    assert (created.payload, created.outputs) == (payload.number, call.outputs)
    assert created.options.max_retries == 5


def test_a_call_that_outlives_its_task_is_refused(lean, tmp_path):
    said = tmp_path / "said"
    assert lean.control.run(f"late:{said}".encode()).verdict is Verdict.OK
    eventually(lambda: lean.control.run(b"wait:0.05") and said.exists())
    assert said.read_text().split(":")[0] in {"UNAVAILABLE", "INVALID_ARGUMENT"}


def test_many_small_results_are_told_whole(lean):
    call = lean.control.assign(lean.control.call(b"pile", outputs=60))
    effects = lean.control.ending(call).effects
    assert {number: lean.control.bytes_of(content) for number, content in effects.data} == {
        number: NAMING.text(Kind.RESULT, number).encode() * 600 for number in call.outputs
    }


def test_of_what_is_sent_twice_the_later_counts(lean):
    call = lean.control.assign(lean.control.call(b"twice", outputs=3))
    data = dict(lean.control.ending(call).effects.data)
    assert [lean.control.bytes_of(data[number]) for number in call.outputs] == [b"small", b"x" * 50_000, b"later"]


def test_results_told_early_and_late_are_all_there(lean):
    call = lean.control.assign(lean.control.call(b"told_early", outputs=2))
    data = dict(lean.control.ending(call).effects.data)
    assert [lean.control.bytes_of(data[number]) for number in call.outputs] == [b"early", b"late"]


def test_folders_do_not_pile_up(lean):
    for _ in range(3):
        lean.control.run(b"echo:x", facts=FACTS)
    eventually(lambda: len(lean.rooms()) <= 4 and all(not list(room.iterdir()) for room in lean.rooms()))
