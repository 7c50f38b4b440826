"""Reports: their numbers, what is kept, and how large they may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.calls.frames import Begun, CallEnding, Effects, Lease, NewCall, NewResult, Verdict
from portico.domain.calls.values import Content, OptionsPatch
from portico.domain.errors import Exhausted
from portico.domain.framing import MAX_FRAME, encode
from portico.domain.identity import Instant
from portico.doors.armonik.outpost.deeds import MOST_INLINE, Deeds
from portico.doors.armonik.outpost.ledger import Ledger


def ending(call, effects=None):
    return CallEnding(call, call + 100, Verdict.OK, Instant(1), effects=effects)


def begun(call):
    return Begun(call, call + 100, Instant(1), Instant(2))


def test_who_leaves_says_so_from_then_on_and_also_with_nothing_else_to_tell():
    ledger = Ledger()
    ledger.end(ending(1))
    assert [report.leaving for report in ledger.reports()] == [False]
    ledger.leave()
    assert not ledger.settled
    (report,) = ledger.reports()
    assert (report.sequence, report.ended, report.leaving) == (2, (), True)
    assert ledger.reports() == []
    ledger.give_back(Lease(2, 102))
    ledger.end(ending(3))
    (report,) = ledger.reports()
    assert (report.returned, report.leaving) == ((Lease(2, 102),), True)
    ledger.acknowledge(3)
    assert ledger.settled


def test_all_that_is_pending_goes_into_one_report():
    ledger = Ledger()
    ledger.end(ending(1))
    ledger.begin(begun(2))
    ledger.give_back(Lease(3, 103))
    (report,) = ledger.reports()
    assert (report.sequence, report.begun, report.ended, report.returned) == (
        1,
        (begun(2),),
        (ending(1),),
        (Lease(3, 103),),
    )
    assert ledger.reports() == []


def test_a_return_alone_is_a_report():
    ledger = Ledger()
    ledger.give_back(Lease(3, 103))
    (report,) = ledger.reports()
    assert report.returned == (Lease(3, 103),)


def test_heavy_ends_are_told_apart():
    ledger = Ledger()
    heavy = Effects(data=tuple((n, Content(30_000, b"x" * 30_000)) for n in range(MOST_INLINE // 30_000)))
    for call in range(5):
        ledger.end(ending(call, heavy))
    reports = ledger.reports()
    assert [one.call for report in reports for one in report.ended] == list(range(5))
    assert [report.sequence for report in reports] == [1, 2, 3]
    assert all(len(encode(report)) < MAX_FRAME for report in reports)


def without_end(keep, what):
    while True:
        keep(what)


def test_the_largest_end_fits_into_a_frame():
    ledger = Ledger()
    data = tuple((n, Content(32_768, b"x" * 32_768)) for n in range(MOST_INLINE // 32_768))
    deeds = Deeds()
    options = OptionsPatch(application_name="n" * 100)
    with pytest.raises(Exhausted):
        without_end(deeds.submit, [NewCall(1 << 40, 1 << 40, (1 << 40,), (1 << 40,), options)] * 10_000)
    with pytest.raises(Exhausted):
        without_end(deeds.create_results, [NewResult(1 << 40, "ü" * 50)])
    for number, content in data:
        deeds.put(number, content)
    ledger.end(ending(1, deeds.effects()))
    (report,) = ledger.reports()
    assert len(encode(report)) < MAX_FRAME


@given(st.lists(st.sampled_from(["end", "begin", "return", "report", "ack", "again"]), max_size=40))
def test_nothing_is_lost_or_told_out_of_order(steps):
    ledger, made, facts, acknowledged = Ledger(), [], 0, 0
    for step in steps:
        match step:
            case "end":
                ledger.end(ending(facts))
                facts += 1
            case "begin":
                ledger.begin(begun(facts))
                facts += 1
            case "return":
                ledger.give_back(Lease(facts, facts + 100))
                facts += 1
            case "report":
                made += ledger.reports()
            case "ack" if acknowledged < len(made):
                acknowledged += 1
                ledger.acknowledge(acknowledged)
            case "again":
                assert ledger.untold() == made[acknowledged:]
    made += ledger.reports()
    assert [report.sequence for report in made] == list(range(1, len(made) + 1))
    told = [one.call for report in made for one in (*report.begun, *report.ended, *report.returned)]
    assert sorted(told) == list(range(facts))
    ledger.acknowledge(len(made))
    assert ledger.settled
    assert ledger.leases() == []


def test_a_lease_is_kept_until_control_knows_of_its_end():
    ledger = Ledger()
    ledger.end(ending(1))
    assert ledger.leases() == [Lease(1, 101)]
    (report,) = ledger.reports()
    assert ledger.leases() == [Lease(1, 101)]
    ledger.acknowledge(report.sequence)
    assert ledger.leases() == []
